"""Walk: from communication point to communication point, with everybody told who wants to know."""

from orchestrator.audience import Audience
from orchestrator.interruption import Interruption
from orchestrator.master.access import Access
from orchestrator.master.coupling import Coupling
from orchestrator.master.timeline import Timeline
from orchestrator.setup import Pacing
from orchestrator.signals import GatherPlan, gather
from orchestrator.stepping import Stepping


class Walk:
    """Call order: 1 `by`, 2 `advance` and then `tell` or `publish`, repeated. `views` are what nested systems show."""

    stepping: Stepping

    def __init__(
        self, coupling: Coupling, timeline: Timeline, audience: Audience, access: Access, views: GatherPlan
    ) -> None:
        self._coupling, self._timeline, self._audience = coupling, timeline, audience
        self._access, self._views = access, views
        self._recorded = False

    def by(self, stepping: Stepping) -> None:
        """Step by this."""
        self.stepping = stepping

    def advance(self, until: int | None = None) -> bool:
        """Make a macro step, or as many as can be made at once up to a point of the grid.

        What was written before takes effect now. False where a component ended the run before the end of the step.
        """
        self._coupling.changes.count += self._access.apply()
        self._recorded = False
        if not self.stepping.strides:
            return self.stepping.advance()
        rows = None if until is None else self._audience.rows
        try:
            stride = self.stepping.stride(until or self._timeline.index + 1, rows)
            self._recorded = stride.recorded
            return stride.completed
        finally:
            if rows is not None:
                self._audience.filled(self.stepping.rows)

    def tell(self) -> None:
        """Tell the observers where the run is."""
        self._audience.ask()
        gather(self._views)
        self._audience.communication_point(self._timeline.time, self._coupling.signals, recorded=self._recorded)

    def publish(self, pacer: Pacing | None, interruption: Interruption) -> None:
        """Tell the observers when the time has come."""
        late = None
        try:
            if pacer is not None:
                interruption.waiting = True
                late = pacer.wait(self._timeline.time)
        finally:
            interruption.waiting = False
            self.tell()
        if late is not None:
            self._audience.event(late)
