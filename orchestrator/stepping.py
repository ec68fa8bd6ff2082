"""Stepping: from one communication point to the next, with the events that happen there."""

from collections.abc import Callable, Iterable

from orchestrator.master.composition import Master
from orchestrator.master.coupling import Coupling
from orchestrator.master.events import Events
from orchestrator.master.timeline import Timeline


class Stepping:
    """Call order: 1 `begin`, 2 `advance` (repeated). After an error 3 `give_up`, and nothing more.

    `tell` is called at a communication point at which an event is to happen, before it; `end_by` with the names of
    components that end the run. Only where it is not `under_way` the whole system is at one communication point.
    """

    def __init__(
        self,
        coupling: Coupling,
        master: Master,
        timeline: Timeline,
        tell: Callable[[], None],
        end_by: Callable[[Iterable[str]], None],
    ) -> None:
        self._coupling, self._signals, self._timeline = coupling, coupling.signals, timeline
        self._stepper = master.stepper
        self._tell, self._end_by = tell, end_by
        self._events = Events(coupling)
        self._eventful = bool(self._events)
        self._leaves_grid = self._eventful or master.stepper.leaves_grid
        self.under_way = False
        self.in_step = False
        """Whether values of the signals are of no use, since components are at different times."""

    def begin(self, t: float) -> None:
        """The event at the start time t (s); the initialization is done."""
        self._end_by(self._events.initialize(t))

    def advance(self) -> bool:
        """Make a macro step; False where a component ended the run before the end of the step."""
        self.under_way = True
        if self._eventful:
            self._prepare()
        t = self._timeline.time
        h = self._step_size(t)
        self._signals.keep()
        self.in_step = True
        outcome, end = self._stepper.step(t, h)
        if not outcome.completed:
            self._signals.restore()
        self.in_step = False
        if outcome.completed:
            self._arrive(end, event_needed=outcome.event_needed)
        self._end_by(outcome.terminate_requested_by)
        self.under_way = not outcome.completed
        return outcome.completed

    def give_up(self) -> None:
        """Leave the signals with the values of the last communication point."""
        if self.in_step:
            self._signals.restore()

    def _prepare(self) -> None:
        """What was written since the last step may take effect at events only."""
        if self._events.wanted():
            self._happen()
            self._tell()
        self._events.clear_clocks()

    def _happen(self) -> None:
        self._signals.keep()
        self.in_step = True
        ending = self._events.happen(self._timeline.time)
        self.in_step = False
        self._coupling.forget()
        self._end_by(ending)

    def _step_size(self, t: float) -> float:
        """To the next grid point, or to the next event that is known where that comes first (s)."""
        event = self._timeline.event_before_grid(self._events.known(t)) if self._eventful else None
        if event is not None:
            self._events.refuse_fixed(event)
            return event.time - t
        return self._timeline.to_grid()

    def _arrive(self, end: float, *, event_needed: bool) -> None:
        """Take the time of the grid where the step ended there, which is never a sum; the event, if there is one."""
        t = self._timeline.time
        if self._leaves_grid:
            self._timeline.arrive(end)
        else:
            self._timeline.index += 1
        now = self._timeline.time
        self._coupling.statistics.accept(now - t)
        if self._eventful and (event_needed or self._events.due(now, self._timeline.grid.step_size)):
            self._tell()
            self._happen()
