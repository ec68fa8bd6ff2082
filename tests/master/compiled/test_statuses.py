"""Statuses of FMUs, stops, writes and checkpoints: compiled runs go on, end and are told of as interpreted ones."""

import logging
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CotwinError
from tests.fmi import toys
from tests.textbook import lotka_volterra, two_mass

OK, WARNING, DISCARD, ERROR, FATAL = range(5)
IN_STEP, IN_SET, IN_GET, IN_EARLY_STEP, IN_ENDING_STEP = 0, 2, 3, 4, 5

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="the misbehaving FMU needs a C compiler")


@pytest.fixture(scope="session")
def binaries(tmp_path_factory):
    return {version: toys.library(version, tmp_path_factory.mktemp(version)) for version in ("fmi2", "fmi3")}


@pytest.fixture
def fmus(binaries, tmp_path):
    """The misbehaving FMU in both versions, each in a file of its own for each component."""

    def make(version: str, number: int) -> str:
        entries = {
            "modelDescription.xml": toys.description(version),
            f"binaries/{toys.platform(version)}/bad.so": binaries[version].read_bytes(),
        }
        return str(toys.archive(tmp_path / f"{version}-{number}.fmu", entries))

    return make


def ways(description: Any, go: Callable[[Any], Any], caplog: Any, **more: Any) -> list[dict[str, Any]]:
    """What can be seen of a run, compiled and interpreted."""
    seen = []
    for interpreted in (False, True):
        caplog.clear()
        error = told = None
        with (
            caplog.at_level(logging.DEBUG, "cotwin"),
            open_simulation(description, interpreted=interpreted, **more) as run,
        ):
            assert run.strides is not interpreted
            try:
                told = go(run)
            except CotwinError as caught:
                error = type(caught), str(caught)
            results = run.results()
            seen.append(
                {
                    "error": error,
                    "told": told,
                    "time": run.time,
                    "rows": {name: results[name].tolist() for name in results.names},
                    "times": results.times.tolist(),
                    "events": run.events,
                    "steps": {n: c.steps for n, c in run.coupling.statistics.components.items()},
                    "macro_steps": run.coupling.statistics.macro_steps,
                    # of several calls for one bundle each warning is told at once
                    "logged": sorted(each.getMessage() for each in caplog.records if each.name.startswith("cotwin")),
                    "signals": [array.tolist() for array in run.coupling.signals.copy().values()],
                }
            )
    return seen


def bad_system(fmus: Any, version: str) -> dict[str, Any]:
    components = {f"c{index}": {"source": fmus(version, index)} for index in range(3)}
    return {
        "name": "bad", "components": components, "connections": [], "experiment": {"stop": 2.0}, "step_size": 0.125,
        "record": ["*.y"],
    }  # fmt: skip


def disturbed(number: int, where: int, status: int) -> Callable[[Any], None]:
    """A run in which component `number` answers with this status, in this call, from 1 s to 1.5 s."""

    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write(f"c{number}.where", where)
        run.run(until=1.0)
        run.write(f"c{number}.status", status)
        run.run(until=1.5)
        run.write(f"c{number}.status", OK)
        run.run()

    return go


@needs_compiler
@pytest.mark.parametrize(("number", "algorithm"), [(1, "gauss_seidel"), (2, "jacobi")])
@pytest.mark.parametrize("where", [IN_STEP, IN_SET, IN_GET, IN_EARLY_STEP, IN_ENDING_STEP])
@pytest.mark.parametrize("status", [OK, WARNING, DISCARD, ERROR, FATAL])
@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_status_is_taken_alike(version, status, where, number, algorithm, fmus, caplog):
    system = {**bad_system(fmus, version), "algorithm": algorithm}
    compiled, interpreted = ways(system, disturbed(number, where, status), caplog)
    assert compiled == interpreted


def stops(run: Any) -> Any:
    run.run(until=0.5)
    run.step()
    run.step()
    run.run(until=1.5)
    held = run.run_until("prey.x < 19", limit=2.0)
    run.run()
    return held


def writes(run: Any) -> Any:
    told = []
    for each in range(5):
        run.run(until=0.5 * (each + 1))
        run.write("one.x_other" if each % 2 else "one.v_other", 0.1 * each)
        told.append(run.read("one.x"))
        told.append(run.step())
    run.run()
    return told


def returns(run: Any) -> Any:
    """Goes back to a checkpoint on the way, and on in a branch."""
    run.run(until=0.7)
    point = run.checkpoint()
    run.run(until=1.5)
    with run.branch() as other:
        other.run(until=2.0)
        told = [other.read("prey.x"), run.read("prey.x")]
    run.restore(point)
    run.run()
    return told


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_run_stops_on_the_way_alike(algorithm, caplog):
    description = lotka_volterra(0.01, stop=3.0, algorithm=algorithm)
    compiled, interpreted = ways(description, stops, caplog)
    assert compiled == interpreted


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_what_is_written_between_steps_takes_effect_alike(algorithm, caplog):
    description = two_mass("displacement", 0.01, stop=4.0, algorithm=algorithm)
    description = description.model_copy(update={"connections": description.connections[:2]})
    compiled, interpreted = ways(description, writes, caplog)
    assert compiled == interpreted


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_a_run_goes_back_to_a_checkpoint_alike(algorithm, caplog):
    description = lotka_volterra(0.01, stop=3.0, algorithm=algorithm)
    compiled, interpreted = ways(description, returns, caplog)
    assert compiled == interpreted


def test_a_run_resumed_from_the_file_of_a_checkpoint_goes_on_alike(tmp_path):
    description = lotka_volterra(0.01, stop=3.0)
    with open_simulation(description) as run:
        run.run(until=1.0)
        point = run.checkpoint()
    found = []
    for interpreted in (False, True):
        with open_simulation(description, resume=point, interpreted=interpreted) as run:
            found.append(run.run())
    assert np.array_equal(found[0].times, found[1].times)
    assert all(np.array_equal(found[0][name], found[1][name]) for name in found[1].names)


def test_ranges_that_are_checked_are_looked_at_by_python(caplog):
    description = lotka_volterra(0.01, stop=1.0)
    components = dict(description.components)
    components["prey"] = components["prey"].model_copy(update={"check_ranges": True})
    checked = description.model_copy(update={"components": components})
    compiled, interpreted = ways(checked, lambda run: run.run() and None, caplog)
    assert compiled == interpreted
