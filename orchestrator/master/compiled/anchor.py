"""Anchor: where a stride begins, kept by compiled functions in memory that is used again and again."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from orchestrator.master.compiled.layout.states import STATUS, state_row
from orchestrator.master.compiled.tables import Words, address
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory, Remembered
from orchestrator.master.snapshot import Rollback
from orchestrator.native import Native, NativeStates, native
from orchestrator.system.connector import Storage


class Anchor:
    """All that goes back to where a stride began: 1 `keep`, 2 `go_back`, repeated; nothing has to be freed.

    It is for `components`, by number, with their C sides and what keeps their states.
    """

    def __init__(
        self,
        components: Mapping[int, tuple[Native, NativeStates]],
        coupling: Coupling,
        memories: Mapping[str, Memory],
    ) -> None:
        from orchestrator.master.compiled.hot import (
            states as hot_states,  # compiled, or loaded, when it is first needed
        )

        self._hot: Any = hot_states
        self.numbers = frozenset(components)
        self._natives = [found for found, _ in components.values()]
        self._states = [states for _, states in components.values()]
        self._rows: Words = np.array([state_row(one.handle, two) for one, two in components.values()])
        self._first, self._end = address(self._rows), address(self._rows) + self._rows.nbytes
        self._status = self._rows[:, STATUS // self._rows.itemsize]
        self._signals, self._memories = coupling.signals, tuple(memories.items())
        arrays = {storage: self._signals.array(storage) for storage in Storage}
        self._moved = [(array, array.copy()) for array in arrays.values() if array.size]
        self._memory: dict[str, Remembered] = {}
        self._time = 0.0

    def keep(self, t: float) -> None:
        """Keep everything as it is now, at t (s); StepError where a component cannot."""
        self._time = t
        row = self._first
        while self._hot.keep(row, self._end) != 0:
            row = self._told(row)
        for array, kept in self._moved:
            np.copyto(kept, array)
        self._memory = {name: memory.remembered() for name, memory in self._memories}

    def go_back(self) -> None:
        """Take everything back; StepError where a component does not go, once all that can have gone."""
        self._status[:] = 0
        if self._hot.go_back(self._first, self._end) != 0:
            for number in np.flatnonzero(self._status):
                self._states[number].failed(int(self._status[number]), setting=True)
        for found in self._natives:
            found.arrived(self._time)
        for name, memory in self._memories:
            memory.remember(self._memory[name])
        for array, kept in self._moved:
            np.copyto(array, kept)

    def _told(self, row: int) -> int:
        """Raise what the status of the first of these rows that has one means; a warning leads to the row behind."""
        size = self._rows.itemsize * self._rows.shape[1]
        number = (row - self._first) // size
        while self._status[number] == 0:
            number += 1
        status, self._status[number] = int(self._status[number]), 0
        self._states[number].failed(status, setting=False)
        return int(self._first + size * (number + 1))


def anchor(coupling: Coupling, rollback: Rollback) -> Anchor | None:
    """What keeps all that this takes back and disturbs nothing; None where Python has to do it for a component."""
    components: dict[int, tuple[Native, NativeStates]] = {}
    for number, participant in enumerate(coupling.participants):
        if participant.name not in rollback.names or not participant.instance.capabilities.get_set_state:
            continue
        found = native(participant.instance)
        exact = found is not None and (found.repeats_exactly or participant.is_swept)
        if found is None or found.states is None or not exact:
            return None
        components[number] = (found, found.states)
    return Anchor(components, coupling, rollback.memories) if components else None
