"""Journey: steps of the whole system that can be taken back, within one macro step."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from orchestrator.errors import FailedStepError, StepError
from orchestrator.master.algorithm import MacroStep
from orchestrator.master.coupling import Coupling
from orchestrator.master.events import Events
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.master.step_control.outputs import Outputs, Watched
from orchestrator.master.stepper import Advance, Stepper


@dataclass(frozen=True, eq=False)
class Arrival:
    """Where a step led: its outcome, the time (s) and the outputs there. `snapshot` where it can be gone back to.

    `pause`: the macro step has to end here, since an event is due or the run ends.
    """

    outcome: MacroStep
    t: float
    outputs: Watched
    pause: bool = False
    snapshot: Snapshot | None = None

    @property
    def advance(self) -> Advance:
        """The macro step that ends here."""
        return Advance(self.outcome, self.t)


@contextmanager
def ending() -> Iterator[None]:
    """Where a state cannot be kept or gone back to, no shorter step helps: it is no step that failed."""
    try:
        yield
    except FailedStepError as error:
        raise StepError(str(error), component=error.component, time=error.time) from error


class Journey:
    """Call order: 1 `begin` or `resume`, 2 `go`, `keep` and `back` in any order, 3 `end`, which frees what was kept."""

    def __init__(self, inner: Stepper, coupling: Coupling, rollback: Rollback, outputs: Outputs) -> None:
        self._inner, self._coupling, self._rollback, self._outputs = inner, coupling, rollback, outputs
        events = Events(coupling)
        self._events = events if events else None
        self._kept: list[Snapshot] = []
        self._at: Arrival | None = None

    def begin(self, t: float) -> Arrival:
        """The macro step begins at t (s)."""
        return self.keep(Arrival(MacroStep(), t, self._outputs.now()))

    def resume(self, kept: Iterable[Arrival], at: Arrival) -> None:
        """Somebody else came to these points, the last of which has a snapshot of all but the components."""
        assert at.snapshot is not None
        self._kept = [point.snapshot for point in kept if point.snapshot is not None]
        self._rollback.restore(at.snapshot)
        self._at = at

    def go(self, start: Arrival, h: float) -> Arrival:
        """Step by h (s) from a point; where the system is elsewhere, it goes back there first.

        The step may end early, or be refused by a component with a RefusedStepError.
        """
        if self._at is not start:
            self.back(start)
        self._at = None
        outcome, end = self._inner.step(start.t, h)
        pause = not outcome.completed or bool(outcome.terminate_requested_by) or outcome.event_needed
        pause = pause or (self._events is not None and self._events.due(end, h))
        self._at = Arrival(outcome, end, self._outputs.now(), pause)
        return self._at

    def keep(self, point: Arrival) -> Arrival:
        """The point where the system is, as one to which it can go back."""
        with ending():
            snapshot = self._rollback.keep()
        self._kept.append(snapshot)
        self._at = Arrival(point.outcome, point.t, point.outputs, point.pause, snapshot)
        return self._at

    def back(self, point: Arrival) -> None:
        """Go back to a kept point."""
        if self._at is point:
            return
        assert point.snapshot is not None
        with ending():
            self._rollback.restore(point.snapshot)
        self._at = point

    def drop(self, point: Arrival) -> None:
        """Free a kept point that nobody goes back to any more."""
        if point.snapshot in self._kept:
            self._kept.remove(point.snapshot)
            self._rollback.free(point.snapshot)

    def end(self) -> None:
        """Free all that was kept."""
        while self._kept:
            self._rollback.free(self._kept.pop())
        self._at = None
