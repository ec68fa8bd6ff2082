"""Stepping: from one communication point to the next, with the events that happen there."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from orchestrator.errors import RefusedStepError
from orchestrator.master.algorithm import COMPLETED
from orchestrator.master.compiled.anchor import Anchor, anchor
from orchestrator.master.compiled.controlled import ControlledLoop
from orchestrator.master.compiled.loop import CompiledLoop
from orchestrator.master.compiled.made import Made, Steps
from orchestrator.master.compiled.rolling import Rolling
from orchestrator.master.composition import Master
from orchestrator.master.coupling import Coupling
from orchestrator.master.events import Events
from orchestrator.master.statistics import Counted, Statistics
from orchestrator.master.step_control.refusals import Retry, WayBack
from orchestrator.master.timeline import Timeline
from orchestrator.signals import RowTable


class Stride(NamedTuple):
    """Macro steps made at once: whether the last one came to its end, and whether its end is recorded."""

    completed: bool
    recorded: bool


class _Point(NamedTuple):
    """Where a stride began: 1 `go_back`."""

    back: Callable[[], None]
    statistics: Statistics
    counted: Counted
    """What they had counted."""

    def go_back(self, *, with_counts: bool = True) -> None:
        """Take everything back, with what was counted of steps where they are made once more."""
        before = self.counted if with_counts else self.statistics.counted()
        self.back()
        self.statistics.put_back(before)


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
        loop: CompiledLoop | ControlledLoop | None = None,
    ) -> None:
        self._plain = master.plain
        self._coupling, self._signals, self._timeline = coupling, coupling.signals, timeline
        self._stepper = master.stepper
        self._tell, self._end_by = tell, end_by
        self._events = Events(coupling)
        self._eventful = bool(self._events)
        self._early = any(each.instance.capabilities.may_return_early for each in coupling.participants)
        self._loop = loop if isinstance(loop, CompiledLoop) else None
        self._controlled = loop if isinstance(loop, ControlledLoop) else None
        retry = None if self._loop is None or self._plain is None else self._plain.retry
        self._anchor: Anchor | Rolling | None = None if retry is None else anchor(coupling, retry.rollback)
        if retry is not None and self._loop is not None and retry.way_back is WayBack.SOME and not self._early:
            self._anchor = self._loop.roll(coupling, retry.rollback) or self._anchor
        self._leaves_grid = self._eventful or master.stepper.leaves_grid
        self.under_way = False
        self.rows = 0
        """Rows that are filled after a stride, also where it failed."""
        self.in_step = False
        """Whether values of the signals are of no use, since components are at different times."""

    def load(self) -> None:
        """Have everything that steps may come to need, so that no deadline is missed for it."""
        loop = self._loop or self._controlled
        if loop is not None:
            loop.load()

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

    @property
    def strides(self) -> bool:
        """Whether several macro steps can be made at once."""
        if self._controlled is not None:
            return self._controlled.ready
        if self._loop is None or self._plain is None or not self._timeline.on_grid:
            return False
        return self._plain.retry.calm and (not self._early or self._plain.retry.repeats)

    @property
    def by_address(self) -> tuple[str, ...]:
        """The components that strides step without Python."""
        loop = self._loop or self._controlled
        return () if loop is None else loop.by_address

    @property
    def is_controlled(self) -> bool:
        """Whether strides are `controlled_stride`, of steps under error control."""
        return self._controlled is not None

    @property
    def repeats(self) -> bool:
        """Whether all steps of a stride are made once more where a component returns early."""
        return self._early

    def ready(self) -> bool:
        """What was written since the last step takes effect; whether a step comes that can be one of a stride.

        It is none that ends at an event between two points of the grid.
        """
        self.under_way = True
        if not self._eventful:
            return True
        self._prepare()
        t = self._timeline.time
        return self._timeline.event_before_grid(self._events.known(t)) is None

    def stride(self, until: int, rows: RowTable | None = None, making: Steps | None = None) -> Stride:
        """Make macro steps up to the point `until` of the grid, or fewer, and record them where there are rows.

        `making` makes those that are made at once.

        Where a component refuses a step, those before it are made, or that one alone in the way that `advance` does.
        """
        assert self._loop is not None
        assert self._plain is not None
        self.rows = 0 if rows is None else rows.first  # also where a state cannot be kept
        retry, begun = self._plain.retry, self._timeline.index
        if retry.way_back is WayBack.SOME and not isinstance(self._anchor, Rolling):
            until = begun + 1
        if self._eventful:
            until = min(until, self._whole_until(begun))
            self._loop.look_for_events(self._look, self._events.first)
        self.under_way = True
        if retry.way_back is WayBack.NONE and not self._early:
            return self._striding(until, rows, making, None)
        if self._anchor is not None:
            return self._striding(until, rows, making, self._point(self._anchor.go_back))
        with self._kept(retry) as point:
            return self._striding(until, rows, making, point)

    def _striding(self, until: int, rows: RowTable | None, making: Steps | None, point: _Point | None) -> Stride:
        """Make the steps of a stride, which may go back to a point where one of them is refused."""
        assert self._loop is not None
        assert self._plain is not None
        self.in_step = True
        retry, begun = self._plain.retry, self._timeline.index
        for_good = retry.steps_for_good()
        try:
            made = self._loop.run(begun, until, rows, making, None if point is None else self._anchor)
        except BaseException as error:
            reached = self._loop.reached
            self.rows = reached.rows
            if isinstance(self._anchor, Rolling):  # up to the refused step one in each macro step
                for_good = [count + reached.point - begun for count in for_good]
            if not isinstance(error, RefusedStepError) or point is None or [*retry.steps_for_good()] != [*for_good]:
                self._come_to(reached.point)
                if isinstance(error, RefusedStepError):
                    raise retry.final(error) from error
                raise
            if reached.point == begun or isinstance(self._anchor, Rolling):
                self._come_to(reached.point)
                point.go_back(with_counts=False)
                return self._instead(error)
        else:
            if made.outcome.early_return is None or point is None:
                return self._taken(made)
            reached, self.rows = self._loop.reached, made.rows
        point.go_back()
        return self._before_left(begun, reached)

    def controlled_stride(self, until: int | None, rows: RowTable | None = None) -> Stride:
        """Make macro steps under error control up to a point of the grid, or fewer, or one; record them in the rows."""
        assert self._controlled is not None
        self.rows = 0 if rows is None else rows.first
        if self._eventful:
            self._prepare()
            t = self._timeline.time
            if self._timeline.event_before_grid(self._events.known(t)) is not None:
                return Stride(self.advance(), recorded=False)
            until = None if until is None else min(until, self._whole_until(self._timeline.index))
            self._controlled.look_for_events(self._events.first)
        self.under_way = self.in_step = True
        try:
            made = self._controlled.run(until, rows)
        finally:
            self.rows = self._controlled.rows
        self.in_step = False
        if made.begun or not made.steps:
            return Stride(self.advance(), recorded=False)
        if made.due:
            self._tell()
            self._happen()
        self.under_way = False
        return Stride(completed=True, recorded=made.recorded)

    @contextmanager
    def _kept(self, retry: Retry) -> Iterator[_Point]:
        """Where a stride begins. States kept for strides are not counted: how many they are depends on the time."""
        point = self._point(lambda: None)
        with retry.kept() as snapshot:
            self._coupling.statistics.put_back(point.counted)
            yield point._replace(back=partial(retry.go_back, snapshot))

    def _point(self, back: Callable[[], None]) -> _Point:
        statistics = self._coupling.statistics
        return _Point(back, statistics, statistics.counted())

    def _instead(self, refusal: RefusedStepError) -> Stride:
        """Everything has gone back to where the refused step began: make another in its place."""
        assert self._plain is not None
        self.in_step = False
        self._plain.retry.tried(refusal)
        return Stride(self.advance(), recorded=False)

    def _before_left(self, begun: int, refused: Made) -> Stride:
        """Everything has gone back to where the stride began: come to where a step was left once more."""
        assert self._loop is not None
        if refused.point == begun:
            self.in_step = False
            return Stride(self.advance(), recorded=False)
        again = begun
        while again < refused.point:  # as before: what was recorded holds
            again = self._loop.run(again, refused.point, None, anchor=self._anchor).point
        return self._taken(refused)

    def _whole_until(self, index: int) -> int:
        """Up to which point of the grid steps from this one on are whole, and end at no event."""
        return self._timeline.whole_until(index, self._events.known(self._timeline.grid.time(index)))

    def _look(self, index: int) -> int | None:
        """The same at a point that a stride has come to; None where an event happens there."""
        grid = self._timeline.grid
        return None if self._events.due(grid.time(index), grid.step_size) else self._whole_until(index)

    def _taken(self, made: Made) -> Stride:
        self.rows = made.rows
        if not made.outcome.completed:
            self._signals.restore()
        self.in_step = False
        self._come_to(made.point)
        if self._eventful and made.outcome.completed:
            self._happen_after(made)
        self._end_by(made.outcome.terminate_requested_by)
        self.under_way = not made.outcome.completed
        return Stride(made.outcome.completed, made.recorded)

    def _happen_after(self, made: Made) -> None:
        """The event at the end of a stride, if there is one; it is looked for where Python made the last step."""
        now, size = self._timeline.time, self._timeline.grid.step_size
        by_python = made.outcome is not COMPLETED
        if made.due or (by_python and (made.outcome.event_needed or self._events.due(now, size))):
            self._tell()
            self._happen()

    def _come_to(self, index: int) -> None:
        """Be at a later point of the grid: all steps up to it were whole ones."""
        count, grid = index - self._timeline.index, self._timeline.grid
        if count > 1:
            self._coupling.statistics.accept_alike(count - 1, grid.step_size)
        if count > 0:
            self._coupling.statistics.accept(grid.step(index - 1))
        self._timeline.index = index

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
        self._coupling.statistics.accept(self._timeline.covered(t))
        if self._eventful and (event_needed or self._events.due(now, self._timeline.grid.step_size)):
            self._tell()
            self._happen()
