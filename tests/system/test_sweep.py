"""Plans of sweeps: points against scipy and against what defines the methods."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from orchestrator.errors import DescriptionError
from orchestrator.system.sweep import plan_of, points, read_plan
from orchestrator.system.values import Quantity


def rows(**data):
    return points(plan_of(data, "plan.yaml"))


def array(made):
    return np.array([list(row.values()) for row in made])


def test_the_last_parameter_of_a_grid_varies_fastest():
    made = rows(method="grid", parameters={"a.x": {"values": [1, 2]}, "a.y": {"from": 0, "to": 1, "count": 3}})
    assert [tuple(row.values()) for row in made] == [(1, 0.0), (1, 0.5), (1, 1.0), (2, 0.0), (2, 0.5), (2, 1.0)]
    assert list(made[0]) == ["a.x", "a.y"]


def test_a_list_takes_the_values_of_all_parameters_side_by_side():
    made = rows(method="list", parameters={"a.x": {"values": [1, 2]}, "a.mode": {"values": ["low", "high"]}})
    assert made == ({"a.x": 1, "a.mode": "low"}, {"a.x": 2, "a.mode": "high"})


def test_a_log_scale_is_geometric_and_ends_exactly():
    (values,) = array(rows(parameters={"a.x": {"from": 0.1, "to": 1000, "count": 5, "scale": "log"}})).T
    assert values == pytest.approx([0.1, 1.0, 10.0, 100.0, 1000.0], rel=1e-14)
    assert values[-1] == 1000.0


def test_units_and_whole_numbers():
    made = rows(parameters={"a.x": {"values": [1.5], "unit": "1/h"}, "a.n": {"from": 2, "to": 4, "whole": True}})
    assert [row["a.n"] for row in made] == [2, 3, 4]
    assert made[0]["a.x"] == Quantity(value=1.5, unit="1/h")


@pytest.mark.parametrize("seed", [0, 7])
def test_sobol_points_are_the_sequence_of_scipy_with_the_seed(seed):
    ranges = {"a.x": {"from": -1, "to": 3}, "a.y": {"from": 1, "to": 100, "scale": "log"}}
    made = array(rows(method="sobol", count=32, seed=seed, parameters=ranges))
    unit = qmc.Sobol(2, rng=seed).random(32)
    assert made[:, 0] == pytest.approx(-1.0 + 4.0 * unit[:, 0], rel=1e-15)
    assert made[:, 1] == pytest.approx(100.0 ** unit[:, 1], rel=1e-14)


@given(st.integers(1, 40), st.integers(0, 2**31), st.integers(1, 4))
@settings(max_examples=30, deadline=None)
def test_each_stratum_of_a_latin_hypercube_holds_one_point_along_every_parameter(count, seed, dimensions):
    ranges = {f"a.x{index}": {"from": 0, "to": 1} for index in range(dimensions)}
    made = array(rows(method="latin_hypercube", count=count, seed=seed, parameters=ranges))
    strata = np.sort(np.floor(made * count).astype(int), axis=0)
    assert (strata == np.arange(count)[:, None]).all()


def test_whole_numbers_of_a_sobol_sequence_are_equally_often():
    made = rows(method="sobol", count=64, parameters={"a.n": {"from": 1, "to": 4, "whole": True}})
    counts = {number: sum(row["a.n"] == number for row in made) for number in (1, 2, 3, 4)}
    assert counts == {1: 16, 2: 16, 3: 16, 4: 16}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method: grid\n", ": parameters: missing; add the key 'parameters'"),
        ("method: gird\nparameters: {a.x: {values: [1]}}\n", ":1: method: "),
        ("parameters:\n  a.x: {values: [1], form: 2}\n", ":2: parameters.a.x.form: unknown key 'form'; did you mean"),
        ("parameters:\n  a.x: {from: 2, to: 1}\n", ":2: parameters.a.x: 'from' and 'to' are both needed"),
        ("parameters:\n  a.x: {values: [1], to: 1}\n", "give either 'values', a list, or 'from' and 'to'"),
        ("parameters:\n  a.x: {from: 0, to: 1, scale: log}\n", "a log scale begins above zero"),
        ("parameters:\n  a.x: {from: 0, to: 1}\n", "parameters.a.x: a range in a grid or list needs a 'count'"),
        ("method: sobol\nparameters: {a.x: {from: 0, to: 1}}\n", "'sobol' needs a 'count'"),
        ("method: sobol\ncount: 100\nparameters: {a.x: {from: 0, to: 1}}\n", "use 64 or 128 runs"),
        ("method: sobol\ncount: 4\nparameters: {a.x: {values: [1]}}\n", "needs a range for 'a.x'"),
        ("method: list\nparameters: {a.x: {values: [1]}, a.y: {values: [1, 2]}}\n", "not 'a.x' 1, 'a.y' 2"),
        ("count: 4\nparameters: {a.x: {values: [1]}}\n", "'grid' has no count and seed"),
        ("- 1\n", "expected keys such as 'method'"),
    ],
)
def test_wrong_plans_are_refused_with_file_and_line(tmp_path, text, said):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(DescriptionError) as refused:
        read_plan(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
