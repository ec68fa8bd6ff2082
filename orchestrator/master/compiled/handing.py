"""Handing over: a trial that compiled functions made and cannot judge, as the readable master goes on with it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.algorithm import COMPLETED
from orchestrator.master.compiled.layout import control as ct
from orchestrator.master.compiled.layout import doubling as db
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import SLOT
from orchestrator.master.compiled.lowering import NUMBERS, Program
from orchestrator.master.compiled.tables import Words, address
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory, Remembered
from orchestrator.master.snapshot import Snapshot
from orchestrator.master.step_control.doubling import Tried
from orchestrator.master.step_control.journey import Arrival
from orchestrator.master.step_control.judge import Judge, Trial
from orchestrator.master.step_control.outputs import Watched


class Beside:
    """Everything that goes back with the components: numbers of the signals, and what components remember of inputs.

    `rows` are words for `layout.control.KEPT`. `START` and `MIDDLE` are where it is kept.
    """

    START: Final = 0
    MIDDLE: Final = 1

    def __init__(self, coupling: Coupling, program: Program, memories: Mapping[str, Memory]) -> None:
        self._coupling, self._ways, self._memories = coupling, tuple(program.ways.values()), memories
        arrays = [coupling.signals.array(storage) for storage in NUMBERS]
        arrays += [array for way in self._ways for array in way.memory]
        arrays += [array for each in program.loops for array in each.loop.iteration.learnt]
        self._live = [_words(each) for each in arrays if each.size]
        self._kept = [[np.zeros_like(each) for each in self._live] for _ in range(2)]
        places = zip(self._live, *self._kept, strict=True)
        self.rows = [(address(live), address(one), live.size, address(two)) for live, one, two in places]

    def now(self, states: Mapping[str, object]) -> Snapshot:
        """A snapshot of it as it is, with these states."""
        memory: dict[str, Remembered] = {}
        for way in self._ways:
            way.store()
        for name, each in self._memories.items():
            memory[name] = each.remembered()
        return Snapshot(dict(states), self._coupling.signals.copy(), memory)

    def at(self, place: int, states: Mapping[str, object]) -> Snapshot:
        """A snapshot of what is kept."""
        before = [each.copy() for each in self._live]
        self.put(self._kept[place])
        try:
            return self.now(states)
        finally:
            self.put(before)

    def put_start(self) -> None:
        """Go back to what is kept of the start."""
        self.put(self._kept[Beside.START])
        for way in self._ways:
            way.store()

    def put(self, kept: Sequence[Words]) -> None:
        """Go back to this."""
        for live, words in zip(self._live, kept, strict=True):
            live[:] = words


class Handing:
    """Makes a trial out of what compiled functions left in their words, which are at its end."""

    def __init__(self, coupling: Coupling, program: Program, judge: Judge, beside: Beside) -> None:
        self._coupling, self._judge, self._beside = coupling, judge, beside
        self._natives = [each for each in program.natives if each is not None]

    def trial(self, control: Words, slots: Sequence[Words]) -> Tried:
        """The trial; the signals are those of its start then."""
        doubles, times = control.view(np.float64), self._judge.times
        end = self._arrival(times[2], self._beside.now({}))
        start, middle = (
            self._arrival(t, self._beside.at(place, self._states(slots[place], t)))
            for place, t in ((Beside.START, times[0]), (Beside.MIDDLE, times[1]))
        )
        whole = Arrival(COMPLETED, float(doubles[ct.WHOLE_TIME // 8]), Watched(self._judge.floats(db.AT_WHOLE), ()))
        self._beside.put_start()
        return Tried(Trial(start, whole, middle, end), float(doubles[ct.ATTEMPT // 8]))

    def _arrival(self, t: float, snapshot: Snapshot) -> Arrival:
        return Arrival(COMPLETED, t, self._judge.outputs.of(snapshot.signals), snapshot=snapshot)

    def _states(self, rows: Words, t: float) -> dict[str, object]:
        found: dict[str, object] = {}
        for participant, each, row in zip(self._coupling.participants, self._natives, rows, strict=True):
            assert each.states is not None
            found[participant.name] = each.states.adopt(int(row[SLOT // at.WORD]), t)
        return found


def _words(array: NDArray[Any]) -> Words:
    """The words of an array in memory; one of single bytes has room behind them for whole words."""
    whole = array if array.itemsize == at.WORD else array.base
    assert isinstance(whole, np.ndarray)
    return whole.reshape(-1).view(np.int64)
