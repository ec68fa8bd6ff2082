"""Solved: loops of components in the compiled loop, as Python sees them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from orchestrator.errors import StepError
from orchestrator.master.algorithm import MacroStep, Steppable
from orchestrator.master.compiled.layout import loops as of
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import STATUS
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.lowering_loops import LoweredLoop
from orchestrator.master.compiled.samples import Samples
from orchestrator.master.compiled.tables import address
from orchestrator.master.participant import Participant
from orchestrator.master.step_control.journey import ending
from orchestrator.native import NativeAnswer
from orchestrator.signals import GatherPlan

_WARNING = 1
_ERROR = 3


class Solved:
    """The loops of a program: 1 `begin`, 2 `advance` where one is left to Python, 3 `count`, all repeated."""

    def __init__(self, program: Program, participants: Sequence[Participant], samples: Samples | None) -> None:
        self._program, self._participants, self._samples = program, participants, samples
        self._loops = {each.first: each for each in program.loops}
        self.members = frozenset(number for each in program.loops for number in each.members)
        """The numbers of components that belong to a loop."""
        for each in self._loops.values():
            if samples is not None and each.words is not None:
                each.words[of.STATE_COSTS // at.WORD] = address(samples.state_costs)

    def __contains__(self, number: int) -> bool:
        """Whether the row with this number stands for a loop."""
        return number in self._loops

    def steppable(self, number: int) -> Iterator[Steppable]:
        """Who steps where this row is: a component, a loop, or nobody, since its loop steps it."""
        if number in self._loops:
            yield _ByPython(lambda t, h: self.advance(number, t, h))
        elif number not in self.members:
            yield self._participants[number]

    def begin(self) -> None:
        """Steps are about to be made."""
        for each in self._loops.values():
            if each.words is not None:
                each.words[of.RESTS // at.WORD] = 0

    def advance(self, number: int, t: float, h: float) -> MacroStep:
        """Let Python solve a loop over a step from t by h (s): nothing of what compiled functions tried is left."""
        lowered = self._loops[number]
        if lowered.words is not None:
            self._count(lowered)
            for each in lowered.members:
                self._arrived(each, t)
            self.require_back(number, t, h)
            self._program.answers[list(lowered.members)] = 0
        early_before = lowered.loop.early_in_a_row
        with self._remembering(lowered):
            outcome = lowered.loop.advance(t, h)
        if outcome.early_return is not None:  # this step is made once more
            lowered.loop.early_in_a_row = early_before
        return outcome

    @contextmanager
    def _remembering(self, lowered: LoweredLoop) -> Iterator[None]:
        """Components with a way of their own know in Python what they remember, and compiled functions afterwards."""
        ways = [self._program.ways[each] for each in lowered.members if each in self._program.ways]
        for way in ways:
            way.store()
        try:
            yield
        finally:
            for way in ways:
                way.load()

    def take_back(self, after: int, before: int) -> None:
        """Loops between these numbers have been solved in a macro step in which they would not have been in Python."""
        from orchestrator.master.compiled.hot import (
            iterate as hot_iterate,  # compiled, or loaded, when it is first needed
        )

        for number, lowered in self._loops.items():
            if after < number < before and lowered.words is not None:
                hot_iterate.take_back_counts(address(lowered.words))

    def count(self) -> None:
        """Count what the compiled functions did since this was called last."""
        for each in self._loops.values():
            self._count(each)

    def _count(self, lowered: LoweredLoop) -> None:
        if lowered.words is None:
            return
        counts = lowered.loop.statistics
        solved, evaluations = counts.solved, counts.evaluations
        lowered.loop.count()
        solved, evaluations = counts.solved - solved, counts.evaluations - evaluations
        for number in lowered.members:
            statistics = self._participants[number].statistics
            statistics.saves += solved
            statistics.restores += evaluations - solved
            if self._samples is not None:
                self._samples.saves[number] += solved
                self._samples.restores[number] += evaluations - solved
            self._made(number, evaluations)

    def _made(self, number: int, steps: int) -> None:
        """Count steps, but of a component with a way of its own, which counts them itself."""
        if number in self._program.ways:
            return
        self._participants[number].statistics.steps += steps
        if self._samples is not None:
            self._samples.steps[number] += steps

    def _arrived(self, number: int, t: float) -> None:
        found = self._program.natives[number]
        assert found is not None
        found.arrived(t)

    def require_back(self, number: int, t: float, h: float) -> None:
        """Raise what keeps the components of a loop from being where the step began: an end of all calls, say.

        Or a refused return. `number` is that of its row.
        """
        lowered = self._loops[number]
        assert lowered.words is not None
        assert lowered.states is not None
        why = int(lowered.words[of.WHY // at.WORD])
        lowered.words[of.WHY // at.WORD] = at.BEGINS
        if why == at.BEGINS:
            return
        if why in (at.SET, at.STEPPED, at.GOT) and self._program[at.STATUS] > _ERROR:
            self._end(lowered, why, t, h)
        kept = why != at.LEFT
        for number, status in zip(lowered.members, lowered.states[:, STATUS // at.WORD].tolist(), strict=True):
            found = self._program.natives[number]
            if status > (_WARNING if kept else _ERROR) and found is not None and found.states is not None:
                with self._naming(number, t), ending():
                    found.states.failed(status, setting=kept)
        self._forget(lowered)

    def _forget(self, lowered: LoweredLoop) -> None:
        """No error is to quote what components said in sweeps that are taken back."""
        assert lowered.messages is not None
        for number, (_, before) in zip(lowered.members, lowered.messages.tolist(), strict=True):
            found = self._program.natives[number]
            if found is not None and found.states is not None:
                found.states.forget(before)

    def _end(self, lowered: LoweredLoop, why: int, t: float, h: float) -> None:
        """Raise what a component answered after which there are no more calls, with all that was done counted."""
        assert lowered.words is not None
        assert lowered.rows is not None
        place = (int(lowered.words[of.MEMBER // at.WORD]) - address(lowered.rows)) // at.COMPONENT_ROW
        for each in lowered.members:
            self._participants[each].statistics.saves += 1
        for each in lowered.members[: place + 1]:
            self._made(each, 1)
        number, status = lowered.members[place], self._program[at.STATUS]
        found, participant = self._program.natives[number], self._participants[number]
        assert found is not None
        step, way = participant.span(t, h), self._program.ways.get(number)
        part = participant.parts(*step)[way.made if way is not None and why != at.GOT else -1]
        with self._naming(number, step.start):
            if why == at.STEPPED:
                found.answered(NativeAnswer(status), *part)
            bundle, setting = self._program.calls[self._program[at.CALL]]
            found.arrived(part.start if setting else sum(part))
            found.failed(status, bundle, setting=setting)

    @contextmanager
    def _naming(self, number: int, t: float) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            raise self._participants[number].named(error, StepError, t) from error


class _ByPython:
    """A loop behind a component that ends the run."""

    plan: GatherPlan = ()

    def __init__(self, solve: Callable[[float, float], MacroStep]) -> None:
        self._solve = solve

    def advance(self, t: float, h: float, *, newest: bool = False) -> MacroStep:  # noqa: ARG002
        """Solve it over the step from t by h (s)."""
        return self._solve(t, h)
