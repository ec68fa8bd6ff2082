"""Runs under error control go on, end and are told of alike, whoever makes their steps: statuses, checkpoints."""

import signal
import threading
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.realtime.pacer import Pacer
from orchestrator.recording.results import Results
from tests.fmi import toys
from tests.master.compiled.test_statuses import (
    DISCARD,
    ERROR,
    FATAL,
    IN_EARLY_STEP,
    IN_ENDING_STEP,
    IN_GET,
    IN_SET,
    IN_STEP,
    OK,
    WARNING,
    bad_system,
    binaries,
    disturbed,
    needs_compiler,
    returns,
    stops,
    ways,
    writes,
)
from tests.textbook import lotka_volterra, two_mass

__all__ = ["binaries"]

CONTROL: dict[str, Any] = {"step_control": {"method": "error", "tolerance": 1e-3}}
IN_RETURN = 9
"""Where a state is gone back to."""

ALGORITHMS = pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])


FLAGS = {
    "fmi2": 'canGetAndSetFMUstate="true" canHandleVariableCommunicationStepSize="true"',
    "fmi3": 'canGetAndSetFMUState="true" canHandleVariableCommunicationStepSize="true"',
}


@pytest.fixture
def fmus(binaries, tmp_path):
    """The misbehaving FMU, which says that it can go back; it has no state beside its inputs."""

    def make(version: str, number: int) -> str:
        entries = {
            "modelDescription.xml": toys.description(version, flags=FLAGS[version]),
            f"binaries/{toys.platform(version)}/bad.so": binaries[version].read_bytes(),
        }
        return str(toys.archive(tmp_path / f"{version}-{number}.fmu", entries))

    return make


@needs_compiler
@pytest.mark.parametrize(("number", "algorithm"), [(1, "gauss_seidel"), (2, "jacobi")])
@pytest.mark.parametrize("where", [IN_STEP, IN_SET, IN_GET, IN_EARLY_STEP, IN_ENDING_STEP, IN_RETURN])
@pytest.mark.parametrize("status", [OK, WARNING, DISCARD, ERROR, FATAL])
@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_status_is_taken_alike(version, status, where, number, algorithm, fmus, caplog):
    system = {**bad_system(fmus, version), **CONTROL, "algorithm": algorithm}
    compiled, interpreted = ways(system, disturbed(number, where, status), caplog)
    for seen in (compiled, interpreted):  # how often it is said depends on how often a step is tried
        seen["logged"] = {line for line in seen["logged"] if "state given back" not in line}
    assert compiled == interpreted


@needs_compiler
@pytest.mark.parametrize("where", [IN_STEP, IN_SET, IN_GET])
def test_a_component_at_a_rate_of_its_own_that_must_not_be_called_again_is_told_of_alike(where, fmus, caplog):
    def go(run: Any) -> None:
        run.run(until=0.5)
        run.write("c1.where", where)
        run.write("c1.status", FATAL)
        run.run()

    system = {**bad_system(fmus, "fmi3"), **CONTROL}
    for component in system["components"].values():
        component["step_size"] = 0.0625
    system["components"]["c3"] = {"source": fmus("fmi3", 3)}
    compiled, interpreted = ways(system, go, caplog)
    assert compiled == interpreted
    assert compiled["error"] is not None


@ALGORITHMS
def test_a_run_stops_on_the_way_alike(algorithm, caplog):
    description = lotka_volterra(0.1, stop=3.0, algorithm=algorithm, **CONTROL)
    compiled, interpreted = ways(description, stops, caplog)
    assert compiled == interpreted


@ALGORITHMS
def test_what_is_written_between_steps_takes_effect_alike(algorithm, caplog):
    description = two_mass("displacement", 0.1, stop=4.0, algorithm=algorithm, **CONTROL)
    description = description.model_copy(update={"connections": description.connections[:2]})
    compiled, interpreted = ways(description, writes, caplog)
    assert compiled == interpreted


@ALGORITHMS
def test_a_run_goes_back_to_a_checkpoint_alike(algorithm, caplog):
    description = lotka_volterra(0.1, stop=3.0, algorithm=algorithm, **CONTROL)
    compiled, interpreted = ways(description, returns, caplog)
    assert compiled == interpreted


def test_a_run_resumed_from_a_checkpoint_goes_on_alike():
    """Behind a point that is none of the grid."""
    description = lotka_volterra(0.5, stop=3.0, extrapolation={"order": 1}, **CONTROL)
    with open_simulation(description) as run:
        while run.time % 0.5 < 1e-9:
            run.step()
        point = run.checkpoint()
        whole = run.run()
    for interpreted in (False, True):
        with open_simulation(description, resume=point, interpreted=interpreted) as run:
            rest = run.run()
        assert np.array_equal(rest.times, whole.times[-rest.times.size :])
        assert all(np.array_equal(rest[name], whole[name][-rest.times.size :]) for name in whole.names)


def test_a_run_with_pace_waits_for_every_point(caplog):
    """Steps of this kind end between deadlines that nobody knows beforehand."""
    waits: list[list[float]] = []

    def go(run: Any) -> None:
        now = [0.0]
        pacer = Pacer(1.0, clock=lambda: now[0], sleep=lambda duration: now.__setitem__(0, now[0] + duration))
        run.run(pacer=pacer)
        waits.append([now[0], pacer.report.overruns])

    compiled, interpreted = ways(lotka_volterra(0.5, stop=3.0, **CONTROL), go, caplog)
    assert compiled == interpreted
    assert waits[0] == waits[1]
    assert waits[0][0] == pytest.approx(3.0)


def test_ctrl_c_ends_the_run_soon_and_loses_nothing_recorded(tmp_path):
    """The bound is loose, for machines that are busy."""
    pressed: list[float] = []

    def press() -> None:
        pressed.append(perf_counter())
        signal.raise_signal(signal.SIGINT)  # Python acts on it in the main thread

    timer = threading.Timer(0.3, press)
    with open_simulation(lotka_volterra(0.5, stop=1e7, **CONTROL), output=tmp_path) as run:
        run.initialize()
        assert run.strides
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            run.run()
        took, counts, reached = perf_counter() - pressed[0], run.coupling.statistics, run.time
    assert took < 2.0
    results = Results.load(tmp_path / "textbook.parquet")
    assert results.times[-1] == reached
    assert len(results) == counts.macro_steps + 1
