"""Entrance: what comes before compiled functions step components, and behind it."""

from orchestrator.master.compiled.anchor import Anchor
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.packing import pack
from orchestrator.master.compiled.rolling import Rolling
from orchestrator.native import HAPPENINGS, Clock, Native, Steady


class Entrance:
    """Asks components whether they may be stepped, and what steps of them are told: 1 `enter`, 2 `leave`, repeated.

    Where nothing happened to steady components since then, nobody is asked again: of many, all would have to be fetched
    from memory.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._natives = {number: each for number, each in enumerate(program.natives) if each is not None}
        self._begins = [each.begin for each in self._natives.values()]
        self._asked: dict[int, Native] = {}
        self._anchor: Anchor | Rolling | None = None
        self._told: list[bool] | None = None
        self._steady = not program.ways and all(isinstance(each, Steady) for each in self._natives.values())
        self._clock, self._found, self._left = Clock(), -1, -1
        program.put(at.NARROWED, *program.narrowed)
        pack(program)

    def enter(self, t: float, anchor: Anchor | Rolling | None) -> None:
        """Steps are about to be made from t (s) on, where the anchor keeps everything; raises what they would raise."""
        known = self._steady and HAPPENINGS.count == self._found
        for begin in () if known else self._begins:
            begin()
        self._found = HAPPENINGS.count
        if anchor is not None:
            anchor.keep(t)
        if anchor is not self._anchor or self._told is None:
            self._anchor, self._told = anchor, None
            kept = () if anchor is None else anchor.numbers
            self._asked = {number: each for number, each in self._natives.items() if number not in kept}
        elif known:
            return
        told = [each.flag for each in self._asked.values()]
        if told != self._told:
            self._tell(told)

    def leave(self, t: float) -> None:
        """All components were stepped up to t (s)."""
        self._clock.time = t
        if self._steady and HAPPENINGS.count != self._left:
            for each in self._natives.values():
                each.follow(self._clock)  # type: ignore[attr-defined] # all are steady
            self._left = HAPPENINGS.count
        elif not self._steady:
            for each in self._natives.values():
                each.arrived(t)

    def _tell(self, told: list[bool]) -> None:
        """No state is kept of these components, or is; of all others one is."""
        column = self._program.rows[:, at.KEEPS_NO_STATE // at.WORD]
        column[:] = 0
        column[list(self._asked)] = told
        self._told = told
        pack(self._program)
