"""Collecting trajectories: in order, once, and never with values that are no numbers."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import SurrogateError
from surrogates.dataset import Trajectory, collect
from surrogates.design import Design, DesignSpace, Range, Split, make_designs

DESIGNS = make_designs(DesignSpace((Range("x", 1.0, 2.0),), (Range("u", 0.0, 1.0),)), Split.TRAIN, 4, 6, 0.5, seed=0)


def run(design: Design) -> Trajectory:
    u = np.append(design.inputs["u"], design.inputs["u"][-1])
    return Trajectory(design.key, design.split, design.step, {"x": design.fixed["x"] + u[:, None], "u": u[:, None]})


def refuse(design: Design) -> Trajectory:
    raise AssertionError("not to be run again")


def test_what_was_run_once_is_read_back_and_not_run_again(tmp_path: Path):
    told: list[tuple[int, int]] = []
    first = collect(run, DESIGNS, cache=tmp_path, tag="a", progress=lambda done, total: told.append((done, total)))
    again = collect(refuse, DESIGNS, cache=tmp_path, tag="a")
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]
    for one, other, design in zip(first, again, DESIGNS, strict=True):
        assert one.key == other.key == design.key
        np.testing.assert_array_equal(one.values["x"], other.values["x"])


def test_another_component_is_run_anew(tmp_path: Path):
    collect(run, DESIGNS, cache=tmp_path, tag="a")
    with pytest.raises(AssertionError, match="not to be run again"):
        collect(refuse, DESIGNS, cache=tmp_path, tag="b")


def test_the_map_that_is_handed_in_does_the_work():
    seen: list[int] = []

    def backwards(function, designs):
        results = {design.index: function(design) for design in reversed(list(designs))}
        seen.extend(results)
        return [results[index] for index in sorted(results)]

    trajectories = collect(run, DESIGNS, map=backwards)
    assert seen == [3, 2, 1, 0]
    assert [one.key for one in trajectories] == [design.key for design in DESIGNS]


def test_a_value_that_is_no_number_is_refused_with_its_place():
    def broken(design: Design) -> Trajectory:
        trajectory = run(design)
        trajectory.values["x"][4] = np.nan
        return trajectory

    with pytest.raises(SurrogateError, match="train design 0: 'x' is not finite at step 4 of 6"):
        collect(broken, DESIGNS)
