"""Walk: from communication point to communication point, with everybody told who wants to know."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrator.audience import Audience
from orchestrator.interruption import Interruption
from orchestrator.master.access import Access
from orchestrator.master.coupling import Coupling
from orchestrator.master.timeline import Timeline
from orchestrator.setup import Pacing
from orchestrator.signals import GatherPlan, RowTable, gather
from orchestrator.stepping import Stepping, Stride

_PATIENCE: Final = 10.0
"""How long (s) a paced loop may go on: a process that is killed loses what was recorded and not handed on."""

_WATCHED: Final = 1.0
"""How long (s) where observers are told where it is, and a period is as long as they may take: `_LEISURE` (s)."""

_LEISURE: Final = 0.05


class Walk:
    """Call order: 1 `by`, 2 `advance` and then `tell`, or within `paced` then `publish`, repeated.

    `views` are what nested systems show.
    """

    stepping: Stepping

    def __init__(
        self, coupling: Coupling, timeline: Timeline, audience: Audience, access: Access, views: GatherPlan
    ) -> None:
        self._coupling, self._timeline, self._audience = coupling, timeline, audience
        self._access, self._views = access, views
        self._recorded = False
        self._rows: RowTable | None = None
        self._pacer: Pacing | None = None
        self._interruption = Interruption()
        self._strides_paced = False

    def by(self, stepping: Stepping) -> None:
        """Step by this."""
        self.stepping = stepping

    @contextmanager
    def paced(self, pacer: Pacing | None, interruption: Interruption, *, at_once: bool) -> Iterator[bool]:
        """Within this a pacer says when points are published; whether steps may be made `at_once`, as is wanted."""
        self._pacer, self._interruption = pacer, interruption
        try:
            if pacer is not None:
                self.stepping.load()
                self._strides_paced = pacer.begin(self._timeline.time, compiled=at_once and self._strides_by_grid)
                at_once = self._strides_paced
            yield at_once
        finally:
            self._pacer, self._strides_paced = None, False
            if pacer is not None:
                pacer.end()

    def advance(self, until: int | None = None) -> bool:
        """Make a macro step, or as many as can be made at once up to a point of the grid.

        What was written before takes effect now. False where a component ended the run before the end of the step.
        """
        self._coupling.changes.count += self._access.apply()
        self._recorded = False
        if not (self._strides and self.stepping.ready()):
            return self.stepping.advance()
        rows = self._rows = None if until is None else self._audience.rows
        try:
            stride = self._stride(until, rows)
            self._recorded = stride.recorded
            return stride.completed
        finally:
            self._fill()
            self._hear()

    @property
    def _strides(self) -> bool:
        """Whether strides are made; where time is short none of which all would be made once more."""
        return self.stepping.strides and (self._pacer is None or not self.stepping.repeats)

    @property
    def _strides_by_grid(self) -> bool:
        """Whether they are made from point to point of the grid, so that their deadlines are known beforehand."""
        return self._strides and not self.stepping.is_controlled

    def _stride(self, until: int | None, rows: RowTable | None) -> Stride:
        """Up to a point of the grid, or one macro step."""
        if self.stepping.is_controlled:
            return self.stepping.controlled_stride(until, rows)
        until = until or self._timeline.index + 1
        if self._pacer is None or not self._strides_paced:
            return self.stepping.stride(until, rows)
        has_time = self._timeline.grid.step_size / self._pacer.speed >= _LEISURE
        patience = _WATCHED if has_time and not self._audience.only_recorded else _PATIENCE
        interruption = self._interruption
        return self._pacer.stride(
            lambda steps: self.stepping.stride(until, rows, steps), lambda: interruption.requested, patience
        )

    def _hear(self) -> None:
        for event in () if self._pacer is None else self._pacer.take_events():
            self._audience.event(event)

    def _fill(self) -> None:
        """Let the recorder have the rows that were written for it."""
        if self._rows is not None:
            self._rows = None
            self._audience.filled(self.stepping.rows, self._timeline.time)

    def tell(self) -> None:
        """Tell the observers where the run is."""
        self._fill()
        self._audience.ask()
        gather(self._views)
        self._audience.communication_point(self._timeline.time, self._coupling.signals, recorded=self._recorded)

    def publish(self) -> None:
        """Tell the observers when the time has come."""
        try:
            if self._pacer is not None and not self._interruption.requested:
                self._interruption.waiting = True
                self._pacer.wait(self._timeline.time)
        finally:
            self._interruption.waiting = False
            self.tell()
            self._hear()
