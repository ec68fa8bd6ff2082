"""Pacer: lets simulated time pass no faster than the wall clock, times a speed."""

from collections.abc import Callable
from enum import StrEnum

from orchestrator.errors import DescriptionError, SimulationError
from orchestrator.observer import Event
from orchestrator.realtime import clock as wall
from orchestrator.realtime.histogram import Histogram
from orchestrator.realtime.report import PacingReport


class OverrunPolicy(StrEnum):
    """What a late macro step does: the run goes on and catches up where it can, or ends with an error."""

    CONTINUE = "continue"
    STOP = "stop"


class Pacer:
    """Deadlines on an absolute grid: deadline(t) = started + (t - start) / speed; one late step moves no other.

    `speed` is simulated over wall-clock seconds: 1 is real time. `clock` and `sleep` (both s) stand for the machine's.
    """

    def __init__(
        self,
        speed: float = 1.0,
        policy: OverrunPolicy | str = OverrunPolicy.CONTINUE,
        clock: Callable[[], float] = wall.seconds,
        sleep: Callable[[float], None] = wall.sleep,
    ) -> None:
        if not speed > 0.0:
            raise DescriptionError(
                f"speed {speed:g} is not positive. Give simulated seconds per second, 1 for real time"
            )
        self.speed, self.policy = speed, OverrunPolicy(policy)
        self._clock, self._sleep = clock, sleep
        self._started = self._start = self._released = 0.0
        self._lateness = Histogram()
        self._overruns = self._late_in_a_row = 0
        self._worst = self._worst_in_a_row = 0.0
        self._busy = self._elapsed = 0.0

    @property
    def report(self) -> PacingReport:
        """How well the run kept up so far."""
        p50, p99, p999 = (self._lateness.percentile(q) for q in (50.0, 99.0, 99.9))
        load = self._busy / self._elapsed if self._elapsed > 0.0 else 0.0
        return PacingReport(self.speed, self._lateness.count, self._overruns, self._worst, p50, p99, p999, load)

    def begin(self, t: float) -> None:
        """Tie simulated time t (s) to this moment."""
        self._start = t
        self._started = self._released = self._clock()

    def wait(self, t: float) -> Event | None:
        """Sleep until t (s) is due.

        Returns an event where lateness begins or ends. With the policy `stop` a late step raises SimulationError.
        """
        deadline = self._started + (t - self._start) / self.speed
        finished = self._clock()
        now = self._sleep_until(deadline, finished)
        self._busy += finished - self._released
        self._elapsed += now - self._released
        self._released = now
        self._lateness.add(now - deadline)
        late = finished - deadline
        return self._overrun(t, late) if late > 0.0 else self._in_time(t)

    def _sleep_until(self, deadline: float, now: float) -> float:
        while now < deadline:
            self._sleep(deadline - now)
            now = self._clock()
        return now

    def _overrun(self, t: float, late: float) -> Event | None:
        self._overruns += 1
        self._late_in_a_row += 1
        self._worst = max(self._worst, late)
        self._worst_in_a_row = max(self._worst_in_a_row, late)
        message = f"t = {t:.9g} s was reached {late * 1e3:.4g} ms after its deadline, at {self.speed:g} times real time"
        if self.policy is OverrunPolicy.STOP:
            raise SimulationError(f"{message}. Choose a lower speed or a larger step size", time=t)
        return Event(t, "", "overrun", message) if self._late_in_a_row == 1 else None

    def _in_time(self, t: float) -> Event | None:
        count, worst = self._late_in_a_row, self._worst_in_a_row
        self._late_in_a_row, self._worst_in_a_row = 0, 0.0
        if not count:
            return None
        return Event(t, "", "caught_up", f"{count} late macro steps in a row, the worst by {worst * 1e3:.4g} ms")
