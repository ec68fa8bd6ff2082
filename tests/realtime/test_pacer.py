"""Pacer against a clock that only moves when told to."""

import signal

import pytest

from orchestrator.errors import DescriptionError, SimulationError
from orchestrator.realtime.pacer import Pacer
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance


class Clock:
    """A clock that moves by sleeping and by what steps are said to cost."""

    def __init__(self, now: float = 1000.0, oversleep: float = 0.0) -> None:
        self.now, self.oversleep = now, oversleep
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, duration: float) -> None:
        self.slept.append(duration)
        self.now += duration + self.oversleep


def _run(clock: Clock, pacer: Pacer, costs: dict[int, float], cost: float = 0.25, steps: int = 8) -> Memory:
    """Macro steps of 1 s that cost 0.25 s of the clock each, some of them more."""

    def step(t: float, h: float, u: object, x: object) -> list[float]:
        clock.now += costs.get(round(t), cost)
        return [t + h]

    memory = Memory()
    double = FunctionInstance(lambda t, u, x: x, step=step, state=[0.0])
    with simulation([double], stop=float(steps), step_size=1.0, observers=[memory]) as run:
        run.run(pacer=pacer)
    return memory


def test_a_run_in_real_time_takes_as_long_as_it_simulates() -> None:
    clock = Clock()
    pacer = Pacer(1.0, clock=clock, sleep=clock.sleep)
    _run(clock, pacer, {})
    assert clock.now == 1008.0
    assert clock.slept == [0.75] * 8
    assert pacer.report.overruns == 0
    assert pacer.report.steps == 8
    assert pacer.report.load == pytest.approx(0.25)


def test_a_run_at_twice_the_speed_takes_half_as_long() -> None:
    clock = Clock()
    _run(clock, Pacer(2.0, clock=clock, sleep=clock.sleep), {})
    assert clock.now == 1004.0


def test_late_steps_are_counted_and_their_time_is_caught_up() -> None:
    clock = Clock()
    pacer = Pacer(1.0, clock=clock, sleep=clock.sleep)
    memory = _run(clock, pacer, {2: 2.5})
    # step 2 ends at 4.5 (due 3), step 3 at 4.75 (due 4), step 4 at 5.0 (due 5, in time)
    assert clock.now == 1008.0
    assert pacer.report.overruns == 2
    assert pacer.report.worst == 1.5
    assert pacer.report.overrun_rate == 0.25
    assert [(event.t, event.kind) for event in memory.events] == [(3.0, "overrun"), (5.0, "caught_up")]
    assert "1500 ms after its deadline" in memory.events[0].message
    assert "2 late macro steps in a row, the worst by 1500 ms" in memory.events[1].message


def test_the_stop_policy_ends_the_run_at_the_late_step_which_is_still_recorded() -> None:
    clock = Clock()
    pacer = Pacer(1.0, "stop", clock=clock, sleep=clock.sleep)
    memory = Memory()
    double = FunctionInstance(lambda t, u, x: x, step=lambda t, h, u, x: _spend(clock, 1.5, x), state=[0.0])
    late = pytest.raises(SimulationError, match="t = 1 s was reached 500 ms after its deadline")
    with late, simulation([double], stop=5.0, step_size=1.0, observers=[memory]) as run:
        run.run(pacer=pacer)
    assert memory.times == [0.0, 1.0]
    assert double.calls[-2:] == ["terminate", "close"]


def _spend(clock: Clock, cost: float, x: object) -> object:
    clock.now += cost
    return x


def test_a_late_wake_up_is_lateness_but_no_overrun_and_does_not_add_up() -> None:
    clock = Clock(oversleep=0.01)
    pacer = Pacer(1.0, clock=clock, sleep=clock.sleep)
    _run(clock, pacer, {})
    assert clock.now == pytest.approx(1008.01)
    report = pacer.report
    assert report.overruns == 0
    assert 0.01 - 1e-9 <= report.late_p50 <= 0.01 * 1.048
    assert report.late_p999 == pytest.approx(0.01, rel=1e-6)
    assert "0 overruns" in str(report)


def test_a_sleep_that_ends_too_early_is_continued() -> None:
    clock = Clock(oversleep=-0.25)
    pacer = Pacer(1.0, clock=clock, sleep=lambda duration: clock.sleep(max(duration, 0.5)))
    pacer.begin(0.0)
    pacer.wait(1.0)
    assert clock.now >= 1001.0
    assert len(clock.slept) > 1


def test_a_run_that_goes_on_later_is_paced_from_then_on() -> None:
    clock = Clock()
    pacer = Pacer(1.0, clock=clock, sleep=clock.sleep)
    pacer.begin(0.0)
    pacer.wait(1.0)
    clock.now += 3600.0
    pacer.begin(1.0)
    pacer.wait(2.0)
    assert pacer.report.overruns == 0
    assert clock.now == 4602.0


def test_control_c_ends_the_wait_at_once_and_what_was_reached_is_recorded() -> None:
    clock, memory = Clock(), Memory()
    pacer = Pacer(1.0, clock=clock, sleep=lambda duration: signal.raise_signal(signal.SIGINT))
    double = FunctionInstance(lambda t, u: u)
    interrupted = pytest.raises(KeyboardInterrupt)
    with interrupted, simulation([double], stop=5.0, step_size=1.0, observers=[memory]) as run:
        run.run(pacer=pacer)
    assert memory.times == [0.0, 1.0]
    assert memory.events[-1].kind == "interrupted"
    assert double.calls[-2:] == ["terminate", "close"]


def test_a_speed_that_is_not_positive_is_refused() -> None:
    with pytest.raises(DescriptionError, match="speed 0 is not positive"):
        Pacer(0.0)
