"""Outputs whose errors step control watches: their values at one time, and how large an error of them is."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Values
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Remembered
from orchestrator.system.connections.links import Slot
from orchestrator.system.connector import Causality, Storage, Variability

Floats = NDArray[np.float64]

_NOTHING = 1e-12
"""An output whose absolute value is not larger at the start counts as one that starts at 0."""


class Watched(NamedTuple):
    """Values of the watched outputs at one time: the floats (n,), and all others by storage class."""

    floats: Floats
    others: tuple[Values, ...]


class Outputs:
    """The connected outputs; with `ends` those too that follow states of components which others feed.

    An error of such a state is one of the coupling, whether or not somebody uses the output.

    The scale of a float is the largest of its declared nominal value and its absolute value. Where none is declared, it
    is the largest absolute value since the start, and 1 for an output that starts at 0.
    """

    def __init__(self, coupling: Coupling, *, ends: bool = False) -> None:
        slots = tuple(dict.fromkeys([*(link.source for link in coupling.links), *(_ends(coupling) if ends else ())]))
        self._signals = coupling.signals
        floats = [slot for slot in slots if self._storage(slot) is Storage.FLOAT64]
        self.slots, self.names = tuple(floats), tuple(self._name(slot) for slot in floats)
        self._where = np.array([self._signals.place(*slot).start for slot in floats], np.intp)
        self._others = [
            (self._signals.array(storage), np.array([self._signals.place(*slot).start for slot in mine], np.intp))
            for storage in Storage
            if storage is not Storage.FLOAT64
            if (mine := [slot for slot in slots if self._storage(slot) is storage])
        ]
        connectors = [self._signals.place(*slot).connector for slot in floats]
        self.stepped = np.array([c.variability is not Variability.CONTINUOUS for c in connectors], np.bool_)
        """Floats that hold their value until they jump."""
        through = {p.name: p.instance.feedthrough for p in coupling.participants}
        self.fleeting = np.array([through[slot.component].get(slot.connector) != () for slot in floats], np.bool_)
        """Floats that inputs pass through directly, or may do: their errors are those of the inputs."""
        nominals = [c.declared_nominal for c in connectors]
        self._nominals = np.array([0.0 if nominal is None else abs(nominal) for nominal in nominals])
        self._seen: Floats = np.zeros(0)

    def now(self) -> Watched:
        """Copies of the values that the signals hold."""
        return Watched(self._signals.float64[self._where], tuple(array[indices] for array, indices in self._others))

    def scales(self, *values: Floats) -> Floats:
        """What an error is to be divided by (n,), for errors between these values."""
        found = np.maximum(self._nominals, np.max(np.abs(values), axis=0, initial=0.0))
        return np.asarray(np.where(self._nominals > 0.0, found, np.maximum(found, self._seen)))

    def see(self, values: Floats) -> None:
        """These values were reached for good; those of the start come first."""
        if self._seen.size < values.size:
            self._seen = np.where(np.abs(values) > _NOTHING, np.abs(values), 1.0)
        self._seen = np.maximum(self._seen, np.abs(values))

    def remembered(self) -> Remembered:
        """The largest values that there were."""
        return {"seen": self._seen.copy()}

    def remember(self, memory: Remembered) -> None:
        """Go back to these."""
        self._seen = memory["seen"].copy()

    def _storage(self, slot: Slot) -> Storage:
        return self._signals.place(*slot).connector.storage

    def _name(self, slot: Slot) -> str:
        connector = self._signals.place(*slot).connector
        return f"{slot.component}.{connector.elements[slot.element]}"


def _ends(coupling: Coupling) -> Iterator[Slot]:
    """Continuous floats that inputs of their component change by its states alone, where it has connected inputs."""
    fed = {link.destination.component for link in coupling.links}
    for participant in coupling.participants:
        feedthrough = participant.instance.feedthrough
        for connector in participant.instance.connectors if participant.name in fed else ():
            continuous = connector.storage is Storage.FLOAT64 and connector.variability is Variability.CONTINUOUS
            if connector.causality is Causality.OUTPUT and continuous and feedthrough.get(connector.name) == ():
                yield from (Slot(participant.name, connector.name, element) for element in range(connector.size))


def differ(one: Watched, other: Watched) -> bool:
    """Whether a value that is no float has changed."""
    return not all(np.array_equal(a, b) for a, b in zip(one.others, other.others, strict=True))
