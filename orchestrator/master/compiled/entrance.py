"""Entrance: what comes before compiled functions step components."""

from orchestrator.master.compiled import layout as at
from orchestrator.master.compiled.anchor import Anchor
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.packing import pack
from orchestrator.native import Native


class Entrance:
    """Asks components whether they may be stepped, and what steps of them are told: 1 `enter`, repeated."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._natives = {number: each for number, each in enumerate(program.natives) if each is not None}
        self._begins = [each.begin for each in self._natives.values()]
        self._asked: dict[int, Native] = {}
        self._anchor: Anchor | None = None
        self._told: list[bool] | None = None
        pack(program)

    def enter(self, t: float, anchor: Anchor | None) -> None:
        """Steps are about to be made from t (s) on, where the anchor keeps everything; raises what they would raise."""
        for begin in self._begins:
            begin()
        if anchor is not None:
            anchor.keep(t)
        if anchor is not self._anchor or self._told is None:
            self._anchor, self._told = anchor, None
            kept = () if anchor is None else anchor.numbers
            self._asked = {number: each for number, each in self._natives.items() if number not in kept}
        told = [each.flag for each in self._asked.values()]
        if told != self._told:
            self._tell(told)

    def _tell(self, told: list[bool]) -> None:
        """No state is kept of these components, or is; of all others one is."""
        column = self._program.rows[:, at.KEEPS_NO_STATE // at.WORD]
        column[:] = 0
        column[list(self._asked)] = told
        self._told = told
        pack(self._program)
