"""Loop: macro steps in the compiled loop, and in Python what it cannot do."""

import math
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

from orchestrator.errors import FailedStepError, StepError
from orchestrator.instance import StepResult
from orchestrator.master.algorithm import COMPLETED, MacroStep, Steppable
from orchestrator.master.compiled.anchor import Anchor
from orchestrator.master.compiled.counts import Counts
from orchestrator.master.compiled.entrance import Entrance
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.made import Made, Steps, over
from orchestrator.master.compiled.parallel.threads import Ahead, Parallel
from orchestrator.master.compiled.past import Past
from orchestrator.master.compiled.rolling import Rolling, rolling
from orchestrator.master.compiled.rows import RowWriter
from orchestrator.master.compiled.samples import samples_for
from orchestrator.master.compiled.solved import Solved
from orchestrator.master.compiled.tables import word
from orchestrator.master.coupling import Coupling
from orchestrator.master.participant import advance_each
from orchestrator.master.rates import Part
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_size import FixedStep
from orchestrator.native import Native, NativeAnswer
from orchestrator.signals import RowTable, gather

_STRIDE: Final = 0.05
"""How long (s) the loop runs before Python looks for Ctrl-C and the like, where a single step does not take longer."""

_PAUSES: Final = 20.0
"""It runs so many times as long as it takes to begin, which takes longer the more components there are."""

_SLICE: Final = 0.01
"""How long (s) the hot loop runs before the time is looked at."""


class _Behind(NamedTuple):
    """Why the hot loop came back behind a call, and what doStep answered where that was the call."""

    why: int
    result: StepResult | None = None


class CompiledLoop:
    """Makes macro steps of Jacobi or Gauss-Seidel by `advance` of the hot loop, bit by bit as the algorithm does.

    Where a component is no FMU, gives a status, or gives a value that is not finite, Python makes its step, and raises
    the error that it would raise otherwise.
    """

    def __init__(
        self,
        coupling: Coupling,
        program: Program,
        grid: FixedStep,
        parallel: Parallel | None = None,
        *,
        newest: bool,
    ) -> None:
        from orchestrator.master.compiled.hot import loop as hot_loop  # compiled, or loaded, when it is first needed

        self._hot: Any = hot_loop
        self._advance = hot_loop.advance
        self._program, self._grid, self._newest = program, grid, newest
        self._parallel = parallel
        self._participants, self._signals = coupling.participants, coupling.signals
        self._look: Callable[[int], int | None] = lambda _: None
        self._at_once = coupling.delayed if newest else coupling.plan
        self._entrance = Entrance(program)
        self._natives = [(i, each) for i, each in enumerate(program.natives) if each is not None]
        self._samples = samples_for(program)
        self._answers = memoryview(program.answers.data).cast("B")
        self._no_answers = bytes(program.answers.nbytes)
        self._past, self._rows = Past(coupling, program, newest=newest), RowWriter(program)
        self._ways = tuple(program.ways.values())
        self._solved = Solved(program, self._participants, self._samples)
        own = {*program.ways, *self._solved.members}
        counted = [number for number, _ in self._natives if number not in own]
        self._counts = Counts(coupling, counted, self._samples)
        self._alone = [
            each for i, each in enumerate(self._participants) if each.prepares and program.natives[i] is None
        ]
        self._rolling: Rolling | None = None
        self._pause = 0.0
        self._first, self._slice, self._last = program[at.COMPONENTS], 1, 0

    def run(
        self,
        index: int,
        until: int,
        rows: RowTable | None,
        steps: Steps | None = None,
        anchor: Anchor | Rolling | None = None,
    ) -> Made:
        """Make macro steps from `index` to `until`, or fewer where time passes, and record them where there are rows.

        `steps` makes them in a way of its own, and comes back when it wants to. An `anchor` keeps where they begin.

        After an incomplete macro step or an error `Signals.restore` gives the values of the last communication point.
        """
        began = perf_counter()
        self._begin(index, rows, anchor)
        self._pause = _PAUSES * (perf_counter() - began)
        try:
            return self._run(index, until, rows, steps)
        finally:
            self._solved.count()
            for way in self._ways:
                way.store()

    def _run(self, index: int, until: int, rows: RowTable | None, steps: Steps | None) -> Made:
        end = perf_counter() + max(_STRIDE, self._pause)
        outcome, recorded, due = COMPLETED, rows is not None, False
        while True:
            why = self._go(index, until) if steps is None else self._let(steps, index, until)
            index = self._program[at.INDEX]
            if why == at.ARRIVED:
                last = self._looked(index)
                due, until = last is None, min(until, index if last is None else last)
                why = at.DONE if due else int(self._hot.settle(self._program.address, index))
            if due:
                recorded = False
                break
            if why == at.FULL or (why == at.DONE and (index >= until or steps is not None or over(end))):
                break
            if why != at.DONE:
                outcome = self._by_python(why, index)
            if outcome is not COMPLETED:
                index, recorded = index + outcome.completed, False
                break
        if outcome is COMPLETED:
            self._counts.come_to(index, 0)
        self._arrived(self._grid.time(index))
        return Made(index, outcome, self._program[at.ROWS], recorded, due)

    def _arrived(self, t: float) -> None:
        if not self._ways:
            self._entrance.leave(t)
            return
        for number, found in self._natives:
            found.arrived(t if number not in self._program.ways else self._participants[number].reached(t))

    def roll(self, coupling: Coupling, rollback: Rollback) -> Rolling | None:
        """Let it be kept where each macro step begins; None where that takes Python."""
        self._rolling = rolling(coupling, self._program, self._grid, rollback)
        return self._rolling

    def look_for_events(self, look: Callable[[int], int | None], first: float | None) -> None:
        """Steps are made until an event happens, the `first` that is known at this time (s).

        `look` is asked at communication points where one may happen: up to which point steps are whole from there on,
        None where an event does.
        """
        self._look = look
        self._program[at.NEXT_EVENT] = word(math.inf if first is None else first)

    def _looked(self, index: int) -> int | None:
        try:
            return self._look(index)
        except BaseException:
            self._signals.keep()  # all components are there
            raise

    @property
    def by_address(self) -> tuple[str, ...]:
        """The components that the hot loop steps without Python."""
        return tuple(self._participants[number].name for number, _ in self._natives)

    def load(self) -> None:
        """Have all compiled functions that steps may come to need."""
        if self._parallel is not None:
            self._parallel.load()

    def close(self) -> None:
        """No more steps are made."""
        if self._parallel is not None:
            self._parallel.close()

    @property
    def reached(self) -> Made:
        """Where the loop was when a component refused a step."""
        index, rows = self._program[at.INDEX], self._program[at.ROWS]
        return Made(index, COMPLETED, rows, recorded=self._program[at.TIMES] != 0)

    def _begin(self, index: int, rows: RowTable | None, anchor: Anchor | Rolling | None) -> None:
        self._hot.enter(self._program.address, index)
        self._rows.give(rows)  # so that it is known which are filled, whatever comes
        try:
            self._entrance.enter(self._grid.time(index), anchor)
        except BaseException:
            self._signals.keep()  # nothing was stepped
            raise
        self._past.begin(index)
        self._solved.begin()
        self._answers[:] = self._no_answers
        for way in self._ways:
            way.load()
        self._counts.begin(index)
        if self._parallel is not None:
            self._parallel.begin()

    def _go(self, index: int, until: int) -> int:
        """Let the hot loop run for a part of the time that it may take; why it came back."""
        began = perf_counter()
        last = min(until, index + self._slice)
        if self._parallel is None:
            why = int(self._advance(self._program.address, last))
        else:
            why = self._parallel.advance(last)
        took = perf_counter() - began
        if self._samples is not None:
            self._samples.take(self._program[at.INDEX] - index, took)
        if why == at.DONE and took < _SLICE / 4.0 and last < until:
            self._slice *= 2 if took > _SLICE / 32.0 else 8
        elif took > _SLICE:
            self._slice = max(1, self._slice // 2)
        return why

    def _let(self, steps: Steps, index: int, until: int) -> int:
        """Let `steps` make macro steps; why it came back."""
        began, parallel = perf_counter(), self._parallel
        program = self._program.address
        why = steps(self._advance, program, program, until) if parallel is None else parallel.let(steps, until)
        if self._samples is not None:
            self._samples.take(self._program[at.INDEX] - index, perf_counter() - began)
        return why

    @property
    def _number(self) -> int:
        """The participant that is next."""
        return (self._program[at.COMPONENT] - self._first) // at.COMPONENT_ROW

    def _by_python(self, why: int, index: int) -> MacroStep:
        """Do what the hot loop could not: the step of one component, and those after it where that ends the run."""
        number, t, h = self._number, self._grid.time(index), self._grid.step(index)
        try:
            if why in (at.BEGINS, at.REFUSED, at.LEFT, at.UNKEPT):
                return self._begun(why, index)
            self._last = number
            self._check(number, index, why)
            self._counts.come_to(index, number + (why in (at.SET, at.STEPPED, at.GOT)))
            self._counts.begin(index, number + 1)
            outcome = self._component(why, number, t, h)
            if outcome is COMPLETED:
                self._program[at.COMPONENT] += at.COMPONENT_ROW
            elif outcome.completed:
                outcome = self._to_the_end(number + 1, t, h, outcome)
        except BaseException:
            self._come_to_nothing(index)
            raise
        if not outcome.completed:
            self._come_to_nothing(index)
        return outcome

    def _come_to_nothing(self, index: int) -> None:
        """The macro step does not come to its end; behind the last component one thread would not have stepped any."""
        self._past.keep(index)
        for later, way in self._program.ways.items():
            if later > self._last and self._parallel is not None and self._parallel.is_ahead(later):
                way.forget(index, begun=self._parallel.why(later) in (at.SET, at.STEPPED))

    def _to_the_end(self, number: int, t: float, h: float, before: MacroStep) -> MacroStep:
        """Step the components from this one on, in Python, where the run ends behind the step."""
        for way in self._ways:
            way.store()
        try:
            return advance_each(self._others(number), t, h, newest=self._newest, before=before)
        finally:
            for way in self._ways:
                way.load()

    def _others(self, number: int) -> Iterator[Steppable]:
        for each in range(number, len(self._participants)):
            self._last = each
            yield from self._behind(each)

    def _behind(self, number: int) -> Iterator[Steppable]:
        """A component behind one that ends the run with this macro step: another thread may have stepped it already."""
        parallel = self._parallel
        if parallel is None or not parallel.is_ahead(number):
            yield from self._solved.steppable(number)
            return

        def conclude(t: float, h: float) -> MacroStep:
            why = parallel.why(number)
            if number not in self._program.ways and why != at.PYTHON:
                self._counts.made(number, 1)
            return self._component(why, number, t, h)

        yield Ahead(conclude)

    def _begun(self, why: int, index: int) -> MacroStep:
        """Do what the hot loop cannot at the beginning of a macro step; all of a gather where a value does not pass."""
        self._counts.come_to(index, 0)
        program, t = self._program, self._grid.time(index)
        if why == at.UNKEPT and self._rolling is not None:
            self._rolling.kept()
        elif why == at.REFUSED:
            gather(self._at_once)
        elif why == at.LEFT:
            number = program.prepared[(program[at.PREPARING] - program[at.PREPARED]) // at.WORD]
            program.ways[number].store()
            self._participants[number].begin(t)
            program.ways[number].load()
            program[at.PREPARING] += at.WORD
        else:
            self._past.begin(index, whole=True)
            for participant in self._alone:
                participant.begin(t)
            gather(program.rest)
            program[at.ASKED] = index
        return COMPLETED

    def _check(self, number: int, index: int, why: int) -> None:
        """Raise what is wrong with a float that came out of one of the first components, which have stepped."""
        if self._hot.finite(self._program.address):
            return
        t, h = self._grid.time(index), self._grid.step(index)
        for each, participant in enumerate(self._participants[:number]):
            try:
                participant.check_outputs(sum(participant.span(t, h)), FailedStepError)
            except BaseException:
                self._counts.come_to(index, each + 1)
                self._solved.take_back(each, number)
                for later, way in self._program.ways.items():
                    if each < later < number and later not in self._solved.members:
                        way.forget(index)  # in Python they would not have stepped
                    elif later == number and why in (at.SET, at.STEPPED, at.GOT):
                        way.forget(index, begun=why != at.GOT)
                raise

    def _component(self, why: int, number: int, t: float, h: float) -> MacroStep:
        if number in self._solved:
            return self._solved.advance(number, t, h)
        participant, way = self._participants[number], self._program.ways.get(number)
        step, result = participant.span(t, h), None
        if why == at.PYTHON:
            if self._newest:
                gather(participant.plan)
        else:
            why, result = self._behind_call(why, number, step)
            if why == at.DONE:
                participant.check_outputs(step.start + step.length, FailedStepError)
                return COMPLETED
            if way is None and result is not None:
                return participant.conclude(result, *step)
            participant.statistics.steps -= way is None
        if way is None:
            return participant.advance(t, h, newest=self._newest)
        way.store()
        try:
            return participant.go_on(step, way.made, result, newest=self._newest)
        finally:
            way.load()

    def _behind_call(self, why: int, number: int, step: Part) -> _Behind:
        """Hand on statuses of calls, go on behind them where they are warnings, and tell what doStep answered."""
        participant, found, program = self._participants[number], self._program.natives[number], self._program
        assert found is not None
        try:
            while why in (at.SET, at.GOT):
                self._hand_on(number, found, self._part(number, step, setting=why == at.SET))
                why = int(self._hot.resume(program.address, program[at.COMPONENT], *step))
            if why != at.STEPPED:
                return _Behind(why)
            part = self._part(number, step, setting=True)
            return _Behind(why, found.answered(self._answer(number, program[at.STATUS]), *part))
        except Exception as error:
            raise participant.named(error, StepError, step.start) from error

    def _hand_on(self, number: int, found: Native, part: Part) -> None:
        program, way = self._program, self._program.ways.get(number)
        bundle, setting = program.calls[program[at.CALL]]
        found.arrived(part.start if setting else part.start + part.length)
        try:
            found.failed(program[at.STATUS], bundle, setting=setting)
        except Exception:
            if setting and way is not None:
                self._hot.restore(way.address)
            raise

    def _part(self, number: int, step: Part, *, setting: bool) -> Part:
        """The part of a step that is under way, or the last one where outputs are read."""
        way = self._program.ways.get(number)
        parts = self._participants[number].parts(*step)
        return parts[way.made if setting and way is not None else -1]

    def _answer(self, number: int, status: int) -> NativeAnswer:
        flags, reached = self._program.answers[number]
        self._program.answers[number] = 0
        event, terminate, early = (bool(int(flags) >> shift & 255) for shift in (0, 8, 16))
        return NativeAnswer(status, event, terminate, early, float(reached.view(np.float64)))
