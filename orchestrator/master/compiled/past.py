"""Past: the last communication point, put together again after a macro step that did not come to its end."""

from orchestrator.instance import Values
from orchestrator.master.compiled.lowering import NUMBERS, Program
from orchestrator.master.compiled.tables import address
from orchestrator.master.coupling import Coupling
from orchestrator.signals import Block, gather
from orchestrator.system.connector import Storage


class Past:
    """The hot loop keeps what came out of components at the last points; the inputs at the last one follow.

    1 `begin`, at a communication point, 2 `keep`, after which `Signals.restore` goes back to the one with that index.
    """

    def __init__(self, coupling: Coupling, program: Program, *, newest: bool) -> None:
        self._coupling, self._kept, self._newest = coupling, program.kept, newest
        self._signals = coupling.signals
        self._tried = [coupling.participants[each] for loop in program.loops for each in loop.members]
        self._begun = 0
        objects = (self._signals.array(storage) for storage in Storage if storage not in NUMBERS)
        self._keeps_objects = any(array.size for array in objects)

    def begin(self, index: int, *, whole: bool = False) -> None:
        """The signals are those of this communication point; the hot loop keeps their numbers if not `whole`."""
        self._begun = index
        if whole:
            self._signals.keep()
        elif self._keeps_objects:
            self._signals.keep_objects()

    def keep(self, index: int) -> None:
        """Let the signals remember the point with this index; they stay as they are."""
        if index == self._begun:  # kept when the hot loop was entered
            return
        now = self._signals.copy()
        before, last = self._kept[(index - 1) % 4], self._kept[index % 4]
        for participant in self._coupling.participants:
            self._put((*participant.outputs, *participant.observed), before)
        gather(self._coupling.delayed if self._newest else self._coupling.plan)
        eventful = any(participant.events is not None for participant in self._coupling.participants)
        for participant in self._coupling.participants:
            if self._newest:
                gather(participant.plan)
            self._put((*participant.outputs, *participant.observed), last)
        for participant in self._tried:
            self._put(participant.inputs, last)
        if eventful:  # inputs are the newest already where events are looked for
            gather(self._coupling.plan)
        for storage in NUMBERS[1:]:  # of these the inputs are kept too
            self._signals.array(storage)[:] = last[storage]
        self._signals.keep()
        self._signals.put(now)

    def _put(self, blocks: tuple[Block, ...], kept: dict[Storage, Values]) -> None:
        for bundle, values in blocks:
            if bundle.storage in NUMBERS:
                whole = self._signals.array(bundle.storage)
                first = (address(values) - address(whole)) // values.itemsize
                values[:] = kept[bundle.storage][first : first + values.size]
