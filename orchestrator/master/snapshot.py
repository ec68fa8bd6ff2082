"""Snapshot: a coupled system at one communication point, to which it can be taken back."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

from orchestrator.errors import CapabilityError
from orchestrator.instance import Values
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory, Remembered
from orchestrator.master.participant import Participant
from orchestrator.system.connector import Storage


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Kept states by component, the values of all signals, and what the parts of the master remember."""

    states: dict[str, object]
    signals: Mapping[Storage, Values]
    memory: Mapping[str, Remembered] = field(default_factory=dict)


class Rollback:
    """Takes components and the master back to a communication point: 1 `keep`, 2 `restore` (repeated), 3 `free`.

    `memories` are the parts of the master that go back with the components. `unable` are components that cannot.
    Where `participants` are given, these alone go back, within the step of an algorithm; all signals do.
    """

    def __init__(
        self,
        coupling: Coupling,
        memories: Mapping[str, Memory] | None = None,
        participants: Sequence[Participant] | None = None,
    ) -> None:
        self._coupling = coupling
        self._participants = coupling.participants if participants is None else tuple(participants)
        own = {p.name: p for p in self._participants if not p.is_plain}
        self.memories = {**(coupling.memories if participants is None else own), **(memories or {})}
        self.unable = tuple(p.name for p in self._participants if not p.instance.capabilities.get_set_state)

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the components that are to go back."""
        return tuple(participant.name for participant in self._participants)

    def leading(self) -> "Rollback":
        """The same for the components alone that step before the first one that cannot go back."""
        able = list(takewhile(lambda participant: participant.name not in self.unable, self._participants))
        return Rollback(self._coupling, self.memories, able)

    @property
    def able(self) -> bool:
        """Whether there is a component that can go back."""
        return len(self.unable) < len(self._participants)

    def require(self, what: str) -> None:
        """CapabilityError that names every component that cannot go back, where there is one; `what` needs it."""
        if self.unable:
            names = ", ".join(f"'{name}'" for name in self.unable)
            raise CapabilityError(
                f"{what} takes components back to an earlier time, which {names} cannot: they do not declare get/set "
                "FMU state. Export them with that capability, or choose a constant step size and an algorithm "
                "without iteration"
            )

    def keep(self, *, repeatable: bool = True) -> Snapshot:
        """Keep everything as it is now; components that cannot keep their state are left out.

        After each return the steps are the same to the bit. Where `repeatable`, they are so before the first one too:
        what begins anew at a kept state, the solver of Model Exchange, does it now. Otherwise nothing is disturbed.
        """
        states: dict[str, object] = {}
        for participant in self._participants:
            able = participant.instance.capabilities
            if able.get_set_state:
                state = states[participant.name] = participant.instance.save_state()
                participant.statistics.saves += 1
                if repeatable and able.begins_anew:
                    participant.instance.restore_state(state)
        memory = {name: memory.remembered() for name, memory in self.memories.items()}
        return Snapshot(states, self._coupling.signals.copy(), memory)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back; components that kept no state stay where they are."""
        for participant in self._participants:
            if participant.name in snapshot.states:
                participant.instance.restore_state(snapshot.states[participant.name])
                participant.statistics.restores += 1
        for name, memory in self.memories.items():
            memory.remember(snapshot.memory[name])
        self._coupling.signals.put(snapshot.signals)

    def free(self, snapshot: Snapshot) -> None:
        """Release the kept states."""
        for participant in self._participants:
            if participant.name in snapshot.states:
                participant.instance.free_state(snapshot.states.pop(participant.name))

    @contextmanager
    def kept(self, *, repeatable: bool = True) -> Iterator[Snapshot]:
        """A snapshot of now, freed at the end."""
        snapshot = self.keep(repeatable=repeatable)
        try:
            yield snapshot
        finally:
            self.free(snapshot)
