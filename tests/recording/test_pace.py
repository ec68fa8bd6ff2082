"""Records with fewer rows than there are communication points."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import StepError
from orchestrator.recording.pace import Pace
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.results import Results
from orchestrator.recording.selection import select
from orchestrator.simulation import Simulation
from tests.coupled import describe, setup
from tests.doubles import Faults, FunctionInstance
from tests.textbook import control_loop, lotka_volterra


def _due(times: Any, interval: float) -> list[int]:
    """Indices of the points at or after multiples of the interval, and of the last one, by exact fractions."""
    due, wanted = [], 0
    for index, t in enumerate(times):
        passed = math.floor((t - times[0]) / interval + 1e-9)
        if passed >= wanted:
            due.append(index)
            wanted = passed + 1
    return sorted({*due, len(times) - 1})


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize("interval", [0.001, 0.01, 0.03, 0.1, 0.025, math.pi / 100, 0.7, 100.0])
def test_rows_are_those_of_the_whole_record_at_the_interval(interval: float, interpreted: bool) -> None:
    results = []
    for changes in ({}, {"record_interval": interval}):
        with open_simulation(lotka_volterra(0.01, stop=3.0, **changes), interpreted=interpreted) as simulation:
            assert simulation.strides is not interpreted
            results.append(simulation.run())
    whole, thin = (Results(each._schema, each._read) for each in results)
    rows = _due(whole.times, interval)
    np.testing.assert_array_equal(thin.times, whole.times[rows])
    for name in whole.names:
        np.testing.assert_array_equal(thin[name], whole[name][rows])


def test_a_whole_number_of_steps_is_an_interval_over_millions_of_steps() -> None:
    pace, h = Pace(0.0, 0.003), 0.001
    due = [index for index in range(30_000_000, 30_003_000) if pace.due(index * h)]
    assert due[0] == 30_000_000
    assert set(np.diff(due)) == {3}


def test_compiled_and_interpreted_loops_decide_alike() -> None:
    from orchestrator.master.compiled.hot.pace import due

    random = np.random.default_rng(7)
    for _ in range(20):
        start, interval = random.normal(), 10.0 ** random.uniform(-6.0, 3.0)
        one, other = Pace(start, interval), Pace(start, interval)
        for t in np.sort(start + interval * random.choice([random.uniform(0, 1e6), 50.0]) * random.random(300)):
            assert one.due(float(t)) == due(other.words.ctypes.data, float(t))


def test_an_event_at_a_recorded_time_has_both_rows() -> None:
    stream = lambda **more: control_loop(0.05, algorithm="gauss_seidel", **more)  # noqa: E731
    with open_simulation(stream()) as simulation:
        whole = simulation.run()
    with open_simulation(stream(record_interval=0.5)) as simulation:
        thin = simulation.run()
    kept = {whole.times[index] for index in _due(whole.times, 0.5)}
    np.testing.assert_array_equal(thin.times, [t for t in whole.times if t in kept])


def test_a_run_that_fails_keeps_its_last_point(tmp_path: Path) -> None:
    faulty = FunctionInstance(lambda t, u: [t], name="faulty", inputs=(), faults=Faults(discard_at=0.5))
    description = describe(["faulty"])
    columns = select(None, {"faulty": faulty.connectors})
    recorder = Recorder(columns, {}, tmp_path / "run.parquet", pace=Pace(0.0, 0.4))
    with Simulation(setup([faulty], description), [recorder], recorder.results) as run, pytest.raises(StepError):
        run.run()
    results = Results.load(tmp_path / "run.parquet")
    np.testing.assert_allclose(results.times, [0.0, 0.4, 0.5], rtol=1e-14)
    np.testing.assert_allclose(results["faulty.y"], [0.0, 0.4, 0.5], rtol=1e-14)


def test_a_run_that_goes_on_from_a_checkpoint_has_the_same_rows(tmp_path: Path) -> None:
    system = lotka_volterra(0.01, stop=3.0, record_interval=0.07)
    with open_simulation(system) as simulation:
        whole = simulation.run()
    with open_simulation(system, output=tmp_path) as simulation:
        simulation.run(until=1.23)
        checkpoint = simulation.checkpoint()
        simulation.run(until=2.0)
    with open_simulation(system, output=tmp_path, resume=checkpoint) as simulation:
        resumed = simulation.run()
    np.testing.assert_array_equal(resumed.times, whole.times)
    for name in whole.names:
        np.testing.assert_array_equal(resumed[name], whole[name])
