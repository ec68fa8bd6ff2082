"""Comparison: contenders and the C floor take turns on one system, so that the machine's noise meets all of them."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from speed.contender import Answer, Contender, NoAnswerError, Running
from speed.lines import Line
from speed.system import System

TOLERANCE: Final = 1e-9
"""Largest difference of outputs at the end that counts as the same results."""
_SHORT: Final = 0.5
"""Who takes less than this (s) for a turn, with opening the system, gets more of them."""
_MORE: Final = 4
_PROBE: Final = 20
"""Macro steps that tell how many fit into a turn; more where these take less than this part of one."""
_TELLING: Final = 0.1
_SETTLED: Final = 1.0


@dataclass(frozen=True)
class Effort:
    """How much is measured: turns of each contender, how long one should take (s), and how long it may (s)."""

    turns: int = 5
    turn: float = 2.0
    scale: float = 1.0
    limit: float = 60.0

    def steps(self, count: int) -> int:
        """So many macro steps, or fewer in a quick run."""
        return max(_PROBE, int(count * self.scale))


class Turns:
    """One contender's turns; slow ones make fewer macro steps."""

    def __init__(self, contender: Contender | None, system: System, effort: Effort, opened: ExitStack) -> None:
        self.name = contender.name if contender else "C floor"
        self.best: Answer | None = None
        self.first: Answer | None = None
        self.last: Answer | None = None
        self.note = ""
        self.steps = system.steps
        self._turns = self._usual = effort.turns
        self._limit = effort.limit
        self._made = 0
        self._onward = contender is not None and contender.onward
        self._running = opened.enter_context(Running(contender, system))
        if self._onward:
            self._settle(_SETTLED * effort.scale)
        if contender is not None:
            self._probe(effort)

    def _settle(self, seconds: float) -> None:
        """One that goes on finds out whether several threads are faster, and loads them, before it is measured."""
        began, steps = perf_counter(), _PROBE
        while perf_counter() - began < seconds:
            try:
                self._run(steps)
            except NoAnswerError as failed:
                self.note = str(failed)
                return
            steps = min(2 * steps, self.steps)

    def _probe(self, effort: Effort) -> None:
        steps, seconds = 0, 0.0
        while seconds < _TELLING * effort.turn and steps < self.steps:
            steps = min(max(_PROBE, 10 * steps), self.steps)
            try:
                seconds = self._run(steps).seconds
            except NoAnswerError as failed:
                self.note = str(failed)
                return
        self.steps = max(_PROBE, min(self.steps, int(effort.turn * steps / seconds)))
        if seconds / steps * self.steps > 0.5 * effort.turn:
            self._turns = min(self._turns, 2)

    def take(self, turn: int) -> None:
        """Run once more."""
        if self.note or turn >= self._turns:
            return
        began = perf_counter()
        try:
            answer = self._run(self.steps)
        except NoAnswerError as failed:
            self.note = str(failed)
            return
        if perf_counter() - began < _SHORT:
            self._turns = _MORE * self._usual
        self.last = answer
        if self.best is None or answer.seconds < self.best.seconds:
            self.best = answer

    def _run(self, steps: int) -> Answer:
        answer = self._running.run(steps, self._limit)
        self.first = self.first or answer
        self._made = self._made + steps if self._onward else steps
        return answer

    def beside(self, steps: int) -> float | None:
        """us that a run takes beside its macro steps: the best of some short ones, without so many at their cost."""
        if self.cost is None:
            return None
        shortest = min(self._run(steps).seconds for _ in range(_MORE * self._usual))
        return shortest * 1e6 - steps * self.cost

    @property
    def made(self) -> int:
        """Macro steps behind the outputs of the last turn."""
        return self._made

    def finals(self, steps: int) -> list[float]:
        """Outputs after so many macro steps."""
        return self._running.run(steps, self._limit).finals

    @property
    def cost(self) -> float | None:
        """us a macro step, of the best turn."""
        return self.best.seconds / self.steps * 1e6 if self.best and not self.note else None


def compare(
    section: str, workload: str, system: System, contenders: Sequence[Contender], effort: Effort, *, short: int = 0
) -> Iterator[Line]:
    """Lines of the floor and of all contenders, in us a macro step.

    Where there is a `short` run, of so many macro steps, other lines follow: what a run takes beside these, in us.
    """
    with ExitStack() as opened:
        floor = Turns(None, system, effort, opened)
        others = [Turns(contender, system, effort, opened) for contender in contenders]
        for turn in range(_MORE * effort.turns):
            for each in (floor, *others):
                each.take(turn)
        yield Line(section, workload, floor.name, floor.cost, "us/macro step")
        for each in others:
            yield _line(section, workload, each, floor)
        for each in others if short else ():
            yield Line(section, f"{workload}: beginning and end of a run", each.name, each.beside(short), "us")


def _line(section: str, workload: str, turns: Turns, floor: Turns) -> Line:
    difference = None
    note = turns.note
    if turns.last is not None and not note:
        expected = floor.finals(turns.made)
        difference = max(abs(a - b) for a, b in zip(turns.last.finals, expected, strict=True))
        note = "" if difference <= TOLERANCE else f"results differ by {difference:.1e}"
    return Line(
        section,
        workload,
        turns.name,
        turns.cost,
        "us/macro step",
        comparator=floor.name,
        reference=floor.cost,
        difference=difference,
        memory=turns.first.memory / 1e3 if turns.first and turns.first.memory else None,
        note=note,
    )
