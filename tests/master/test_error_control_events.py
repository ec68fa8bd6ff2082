"""Events that fall due in the middle of a step that is only tried: none is missed, none happens twice."""

from bisect import bisect_right
from typing import Any

import numpy as np
import pytest

from orchestrator.instance import Capabilities, DiscreteUpdate, Status, StepResult
from orchestrator.system.connector import Causality
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance
from tests.master.event_doubles import EventDouble, discrete

TIMES = (0.1234, 0.5, 0.777, 0.7771, 1.9)


class Stairs(EventDouble):
    """y = number of events up to now; they are at `TIMES`, announced one by one, or found by returning early."""

    def __init__(self, *, announced: bool) -> None:
        able = Capabilities(get_set_state=True, may_return_early=not announced)
        super().__init__("stairs", outputs=[discrete("y", Causality.OUTPUT)], capabilities=able)
        self.announced, self.happened = announced, 0

    @property
    def next_time(self) -> float | None:
        due = TIMES[self.happened :]
        return due[0] if due and self.announced else None

    def do_step(self, t: float, h: float) -> StepResult:
        due = TIMES[self.happened :]
        if not self.announced and due and due[0] < t + h - 1e-12:
            assert due[0] > t - 1e-12, "an event was missed"
            self._enter("do_step")
            self.time, self._readable = due[0], True
            return StepResult(Status.OK, due[0], early_return=True, event_needed=True)
        result = super().do_step(t, h)
        return result._replace(event_needed=not self.announced and bool(due) and due[0] <= result.time + 1e-12)

    def update(self) -> DiscreteUpdate:
        self.happened = bisect_right(TIMES, self.time + 1e-12)
        self.values["y"] = np.array([float(self.happened)])
        return super().update()

    def save_state(self) -> Any:
        return super().save_state(), self.happened

    def restore_state(self, state: object) -> None:
        assert isinstance(state, tuple)
        self.happened = state[1]
        super().restore_state(state[0])


def integrator(name: str, gain: float, start: float) -> FunctionInstance:
    return FunctionInstance(lambda t, u, x: x, name=name, step=lambda t, h, u, x: x + gain * h * u, state=[start])


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("able", [True, False])
def test_events_in_the_middle_of_trials_happen_once_and_for_all_components(
    announced: bool, algorithm: str, able: bool
) -> None:
    """The sum of the stairs is exact where each event is met exactly: it is held in between."""
    stairs, total, memory = Stairs(announced=announced), integrator("total", 1.0, 0.0), Memory()
    total.feedthrough = {"y": ()}
    oscillator = [integrator("x", 1.0, 1.0), integrator("v", -1.0, 0.0)]
    if not able:
        oscillator[1].capabilities = Capabilities()
    seen = FunctionInstance(lambda t, u: 0.0 * u, name="seen")
    with simulation(
        [stairs, total, *oscillator, seen],
        ["stairs.y -> total.u", "total.y -> seen.u", "x.y -> v.u", "v.y -> x.u"],
        observers=[memory],
        step_size=0.8,
        stop=2.4,
        algorithm=algorithm,
        step_control={"method": "error", "tolerance": 3e-2},
    ) as run:
        run.run()
        statistics = run.coupling.statistics
    times = np.array(memory.times)
    exact = np.maximum(times[:, None] - np.array(TIMES), 0.0).sum(axis=1)
    np.testing.assert_allclose(memory.of("total", "y")[:, 0], exact, atol=1e-12)
    twice = times[:-1][np.diff(times) == 0.0]
    assert twice == pytest.approx(TIMES, abs=1e-12)
    assert stairs.happened == len(TIMES)
    assert np.abs(memory.of("x", "y")[:, 0] - np.cos(times)).max() < 0.2
    if able:
        assert statistics.rejected["error"] > 0
