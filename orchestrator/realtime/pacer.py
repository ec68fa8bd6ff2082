"""Pacer: lets simulated time pass no faster than the wall clock, times a speed."""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final

import numpy as np

from orchestrator.errors import DescriptionError, SimulationError
from orchestrator.master.compiled.made import Steps
from orchestrator.observer import Event
from orchestrator.realtime import clock as wall
from orchestrator.realtime import pace as pacing
from orchestrator.realtime.histogram import BINS, Histogram, bin_of
from orchestrator.realtime.paced_thread import PacedThread
from orchestrator.realtime.report import PacingReport
from orchestrator.setup import StrideT


class OverrunPolicy(StrEnum):
    """What a late macro step does.

    CONTINUE: those after it follow at once until the run has caught up. SKIP: deadlines that have passed are dropped,
    the next one ahead is kept, and the run stays behind the clock. STOP: the run ends with an error.
    """

    CONTINUE = "continue"
    SKIP = "skip"
    STOP = "stop"


_POLICIES: Final = {
    OverrunPolicy.CONTINUE: pacing.CONTINUE,
    OverrunPolicy.SKIP: pacing.SKIP,
    OverrunPolicy.STOP: pacing.STOP,
}


class Pacer:
    """Deadlines on an absolute grid: deadline(t) = started + (t - start) / speed; one late step moves no other.

    `speed` is simulated over wall-clock seconds: 1 is real time. For the last `margin` (s) before a deadline the clock
    is looked at instead of slept. `clock` and `sleep` (both s) stand for the machine's; with these a run that the
    compiled loop can make is made without Python, in a thread that is `privileged` where the operating system lets it:
    SCHED_FIFO, and memory that is not paged out.
    """

    def __init__(
        self,
        speed: float = 1.0,
        policy: OverrunPolicy | str = OverrunPolicy.CONTINUE,
        clock: Callable[[], float] = wall.seconds,
        sleep: Callable[[float], None] = wall.sleep,
        *,
        margin: float = 50e-6,
        privileged: bool = True,
    ) -> None:
        _check(speed, margin)
        self.speed, self.policy = speed, _policy(policy)
        self._clock, self._sleep = clock, sleep
        self._machine = clock is wall.seconds and sleep is wall.sleep
        self._pace = pacing.new_pace(speed, _POLICIES[self.policy], margin if self._machine else 0.0)
        self._marks = pacing.new_marks()
        self._lateness, self._overruns = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64)
        self._privileged = privileged
        self._thread: PacedThread | None = None

    @property
    def report(self) -> PacingReport:
        """How well the run kept up so far."""
        pace, lateness = self._pace, self.lateness
        p50, p99, p999 = (lateness.percentile(q) for q in (50.0, 99.0, 99.9))
        window = pace.released - pace.window
        return PacingReport(
            self.speed,
            int(pace.steps),
            int(pace.overruns),
            float(pace.worst),
            p50,
            p99,
            p999,
            load=float(pace.busy / pace.elapsed) if pace.elapsed > 0.0 else 0.0,
            late_most=float(pace.most_late),
            skipped=int(pace.skipped),
            behind=float(pace.moved),
            factor=float((pace.reached - pace.window_t) / window) if window > 0.0 else math.nan,
            scheduling="paced by Python" if self._thread is None else str(self._thread),
        )

    @property
    def lateness(self) -> Histogram:
        """How long after its deadline each communication point was released (s)."""
        return Histogram(self._lateness, float(self._pace.lateness), float(self._pace.most_late))

    @property
    def overruns(self) -> Histogram:
        """How long after its deadline each late macro step ended (s)."""
        return Histogram(self._overruns, float(self._pace.overrun), float(self._pace.worst))

    @property
    def waited(self) -> float:
        """Time (s) spent waiting for deadlines."""
        return float(self._pace.elapsed - self._pace.busy)

    def begin(self, t: float, *, compiled: bool = False) -> bool:
        """Tie simulated time t (s) to this moment; whether `stride` can be used, of a loop that is compiled.

        With `stride` it is tied to the moment at which the loop sets out.
        """
        compiled = compiled and self._machine
        self._thread = PacedThread.where_available(privileged=self._privileged) if compiled else None
        self._pace.start, self._pace.moved = t, 0.0
        pacing.begin(self._pace, self._clock())
        self._pace.begins = self._thread is not None
        return self._thread is not None

    def stride(self, make: Callable[[Steps], StrideT], ends: Callable[[], bool], patience: float) -> StrideT:
        """What `make` gives, whose macro steps are paced by the function it is called with, in a thread of its own.

        It comes back early where it `ends`, after `patience` (s), and where something is to be said or raised by
        `wait`, which is called next.
        """
        assert self._thread is not None
        self._pace.back = self._clock() + patience
        self._pace = self._pace.record()  # here, so that reports meanwhile tell how it goes
        try:
            return self._thread.stride(make, ends, self._pace, self._marks, self._lateness, self._overruns)
        finally:
            self._pace = pacing.Pace(self._pace)

    def wait(self, t: float) -> None:
        """Sleep until t (s) is due, if that was not done. With the policy `stop` a late step raises SimulationError."""
        if self._pace.reached != t:
            self._pace.begins = 0
            deadline = pacing.due(self._pace, t, self._clock())
            self._sleep_until(deadline)
            self._count(t, deadline)
        if self.policy is OverrunPolicy.STOP and self._pace.late > 0.0:
            raise SimulationError(f"{self._late(t)}. Choose a lower speed or a larger step size", time=t)

    def take_events(self) -> tuple[Event, ...]:
        """Where lateness began and ended since this was asked, and once what the operating system refused."""
        refused = None if self._thread is None else self._thread.take_refusal()
        events = () if refused is None else (Event(float(self._pace.start), "", "scheduling", refused),)
        marks = self._marks[: int(self._pace.marks)]
        self._pace.marks = 0
        return events + tuple(self._event(mark) for mark in marks)

    def end(self) -> None:
        """The run is not paced any longer."""
        if self._thread is not None:
            self._thread.end()

    def _sleep_until(self, deadline: float) -> None:
        now = self._clock()
        while now < deadline:
            if deadline - now > self._pace.margin:
                self._sleep(deadline - now - self._pace.margin)
            now = self._clock()

    def _count(self, t: float, deadline: float) -> None:
        pace = self._pace
        pacing.account(pace, self._marks, t, deadline, self._clock())
        self._lateness[bin_of(pace.waited_late)] += 1
        if pace.late > 0.0:
            self._overruns[bin_of(pace.late)] += 1

    def _late(self, t: float, late: float | None = None) -> str:
        late = self._pace.late if late is None else late
        return f"t = {t:.9g} s was reached {late * 1e3:.4g} ms after its deadline, at {self.speed:g} times real time"

    def _event(self, mark: Any) -> Event:
        t, count = float(mark.t), int(mark.count)
        if mark.kind == pacing.OVERRUN:
            dropped = f"; {count} deadlines dropped, {mark.moved:.4g} s behind the clock" if count else ""
            return Event(t, "", "overrun", self._late(t, mark.late) + dropped)
        return Event(t, "", "caught_up", f"{count} late macro steps in a row, the worst by {mark.late * 1e3:.4g} ms")


def _policy(name: OverrunPolicy | str) -> OverrunPolicy:
    try:
        return OverrunPolicy(name)
    except ValueError as error:
        raise DescriptionError(f"'{name}' says not what follows an overrun. Give {', '.join(OverrunPolicy)}") from error


def _check(speed: float, margin: float) -> None:
    if not 0.0 < speed < math.inf:
        raise DescriptionError(
            f"speed {speed:g} is not positive and finite. Give simulated seconds per second, 1 for real time"
        )
    if not 0.0 <= margin <= 0.01:
        raise DescriptionError(f"margin {margin:g} s is not between 0 and 0.01 s. Give some 50e-6 s, 0 for none")
