"""The parts that a macro step is made of, one by one: `python -m pytest benchmarks/micro`.

`make bench` runs them; a normal test run does not, and they hold nothing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import cotwin
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.selection import select
from orchestrator.signals import gather
from speed.masters.run_cotwin import described
from speed.workloads import ring_of_lags

STEPS = 10**9
"""More than are ever made."""


@pytest.fixture(params=[False, True], ids=["compiled", "interpreted"])
def simulation(request: pytest.FixtureRequest) -> Iterator[Any]:
    """W1 with ten components."""
    description = described(ring_of_lags(10, steps=STEPS), STEPS)
    with cotwin.open_simulation(description, interpreted=request.param) as opened:
        opened.initialize()
        yield opened


@pytest.fixture
def resting() -> Iterator[Any]:
    """W1 with ten components, of which only the values count."""
    with cotwin.open_simulation(described(ring_of_lags(10, steps=STEPS), STEPS)) as opened:
        opened.initialize()
        yield opened


def test_one_macro_step_and_back_to_python(benchmark: Any, simulation: Any) -> None:
    """What an observer that wants to see every communication point costs at least."""
    benchmark(simulation.step)


def test_a_run_of_a_thousand_macro_steps(benchmark: Any, simulation: Any) -> None:
    """The kernel entered once, with all that `run` does at its beginning and end."""
    steps = iter(range(1_000, STEPS, 1_000))
    benchmark.pedantic(lambda: simulation.run(until=next(steps) * 1e-3), rounds=20, warmup_rounds=1)


def test_gather_of_a_hundred_values_in_python(benchmark: Any, resting: Any) -> None:
    """Of one communication point, in the interpreted path."""
    benchmark(gather, resting.coupling.plan)


@pytest.mark.parametrize("kept", ["memory", "file"])
def test_recorder_told_of_a_communication_point_of_a_hundred_values(
    benchmark: Any, resting: Any, tmp_path: Path, kept: str
) -> None:
    """One row, in the interpreted path; in the file with its part of writing chunks."""
    columns = select(None, {name: instance.connectors for name, instance in resting.instances.items()})
    recorder = Recorder(columns, {}, tmp_path / "record.parquet" if kept == "file" else None)
    signals = resting.coupling.signals
    recorder.initialized(0.0, signals)
    times = iter(range(1, STEPS))
    benchmark.pedantic(
        lambda: recorder.communication_point(next(times) * 1e-3, signals), rounds=50, iterations=200, warmup_rounds=1
    )
    recorder.terminated(None)
