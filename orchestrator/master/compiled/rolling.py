"""Rolling: where each macro step of a stride began, kept by compiled functions.

A solver begins anew where its component goes back, so that steps from the beginning of a stride on would not come to
the same again; and a component that cannot go back has made its own. As in the readable path, those that can go back to
where the refused step began, and no further.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import GET, STATUS, state_row
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import Words, address
from orchestrator.master.coupling import Coupling
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_size import FixedStep
from orchestrator.native import Native, NativeStates, undisturbed


class Rolling:
    """All that goes back to where the macro step began at which a program is: 1 `keep`, 2 `go_back`, repeated.

    `numbers` are those of the components that go back, which step before all others.
    """

    def __init__(self, coupling: Coupling, program: Program, grid: FixedStep, rollback: Rollback) -> None:
        from orchestrator.master.compiled.hot import (
            states as hot_states,  # compiled, or loaded, when it is first needed
        )

        self._hot: Any = hot_states
        self._program, self._grid, self._signals = program, grid, coupling.signals
        self._all = [each for each in program.natives if each is not None]
        self._natives = self._all[: len(rollback.names)]
        self.numbers = frozenset(range(len(self._natives)))
        self._rows: Words = np.array([_row(each) for each in self._natives], np.int64)
        self._status = self._rows[:, STATUS // at.WORD]
        self._ways = tuple(program.ways.values())
        live = [_words(array) for way in self._ways for array in way.memory if array.size]
        self._memory = [(each, np.zeros_like(each)) for each in live]
        first = address(self._rows)
        program.put(at.ROLLING, first, first + self._rows.nbytes)
        copies = ((address(one), address(other), one.size) for one, other in self._memory)
        program.put(at.ROLLING_MEMORY, *program.tables.table(copies))

    def keep(self, t: float) -> None:
        """Steps are about to be made from t (s) on; where each of them begins is kept there."""

    def kept(self) -> None:
        """Keep what compiled functions could not; StepError where a component cannot."""
        row, size = address(self._rows), self._rows.strides[0]
        while self._hot.keep(row, address(self._rows) + self._rows.nbytes) != 0:
            number = int(np.flatnonzero(self._status)[0])
            status, self._status[number] = int(self._status[number]), 0
            _states(self._natives[number]).failed(status, setting=False)
            row = address(self._rows) + size * (number + 1)
        for live, kept in self._memory:
            kept[:] = live
        self._program[at.ROLLED] = self._program[at.INDEX]

    def go_back(self) -> None:
        """Take everything back; StepError where a component does not go, once all that can have gone."""
        self._status[:] = 0
        if self._hot.go_back(address(self._rows), address(self._rows) + self._rows.nbytes) != 0:
            for number in np.flatnonzero(self._status):
                _states(self._natives[number]).failed(int(self._status[number]), setting=True)
        t = self._grid.time(self._program[at.ROLLED])
        for found in self._all:
            found.arrived(t)
        for live, kept in self._memory:
            live[:] = kept
        for way in self._ways:
            way.store()
        self._signals.restore()


def rolling(coupling: Coupling, program: Program, grid: FixedStep, rollback: Rollback) -> Rolling | None:
    """What keeps where each macro step begins; None where compiled functions do not know all that goes back."""
    goes_back, stays = len(rollback.names), coupling.participants[len(rollback.names) :]
    by_address = all(program.natives) and all(each.states for each in program.natives[:goes_back] if each is not None)
    counted = all(each.pace is None for each in stays)  # one step in each macro step
    alone = {each.name for number, each in enumerate(coupling.participants) if number in program.ways} | {"refusals"}
    known = set(rollback.memories) <= alone and all(each.events is None for each in coupling.participants)
    if program.loops or not (by_address and known and counted):
        return None
    return Rolling(coupling, program, grid, rollback)


def _row(found: Native) -> list[int]:
    row = state_row(found.handle, _states(found))
    row[GET // at.WORD] = undisturbed(_states(found))
    return row


def _states(found: Native) -> NativeStates:
    assert found.states is not None
    return found.states


def _words(array: NDArray[Any]) -> Words:
    """The words of an array in memory."""
    return array.reshape(-1).view(np.int64)
