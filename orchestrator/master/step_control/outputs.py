"""Outputs whose errors step control watches: their values at one time, and how large an error of them is."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Values
from orchestrator.master.compiled.layout import doubling as at
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Remembered
from orchestrator.system.connections.links import Slot
from orchestrator.system.connector import Causality, Storage, Variability

Floats = NDArray[np.float64]


class Watched(NamedTuple):
    """Values of the watched outputs at one time: the floats (n,), and all others by storage class."""

    floats: Floats
    others: tuple[Values, ...]


class Outputs:
    """The connected outputs; with `ends` those too that follow states of components which others feed.

    An error of such a state is one of the coupling, whether or not somebody uses the output.

    The scale of a float is the largest of its declared nominal value and its absolute value. Where none is declared, it
    is the largest absolute value since the start, and 1 for an output that starts at 0. `address` is where compiled
    functions find what they need of it; see `layout.doubling`.
    """

    def __init__(self, coupling: Coupling, *, ends: bool = False) -> None:
        from orchestrator.master.compiled.hot import (
            doubling as hot_doubling,  # compiled, or loaded, when it is first needed
        )

        self._hot: Any = hot_doubling
        slots = tuple(dict.fromkeys([*(link.source for link in coupling.links), *(_ends(coupling) if ends else ())]))
        self._signals = coupling.signals
        floats = [slot for slot in slots if self._storage(slot) is Storage.FLOAT64]
        self.slots, self.names = tuple(floats), tuple(self._name(slot) for slot in floats)
        self.where = np.array([self._signals.place(*slot).start for slot in floats], np.intp)
        """Where they lie among the floats of the signals."""
        self.others = [
            (storage, np.array([self._signals.place(*slot).start for slot in mine], np.intp))
            for storage in Storage
            if storage is not Storage.FLOAT64
            if (mine := [slot for slot in slots if self._storage(slot) is storage])
        ]
        """Where values of other kinds lie among those of the signals."""
        connectors = [self._signals.place(*slot).connector for slot in floats]
        self.stepped = np.array([c.variability is not Variability.CONTINUOUS for c in connectors], np.bool_)
        """Floats that hold their value until they jump."""
        through = {p.name: p.instance.feedthrough for p in coupling.participants}
        self.fleeting = np.array([through[slot.component].get(slot.connector) != () for slot in floats], np.bool_)
        """Floats that inputs pass through directly, or may do: their errors are those of the inputs."""
        nominals = [c.declared_nominal for c in connectors]
        self._nominals = np.array([0.0 if nominal is None else abs(nominal) for nominal in nominals], np.float64)
        self._seen = np.zeros(len(self.slots))
        self._masks = self.stepped.astype(np.int64), self.fleeting.astype(np.int64)
        places = (array.ctypes.data for array in (self._nominals, self._seen))
        masks = (array.ctypes.data for array in self._masks)
        self._words = np.array([len(self.slots), *places, 0, *masks], np.int64)
        self.address: Final = int(self._words.ctypes.data)

    def now(self) -> Watched:
        """Copies of the values that the signals hold."""
        others = (self._signals.array(storage)[places] for storage, places in self.others)
        return Watched(self._signals.float64[self.where], tuple(others))

    def of(self, signals: Mapping[Storage, Values]) -> Watched:
        """Those of kept values of all signals."""
        others = (signals[storage][places] for storage, places in self.others)
        return Watched(signals[Storage.FLOAT64][self.where], tuple(others))

    def scales(self, *values: Floats) -> Floats:
        """What an error is to be divided by (n,), for errors between these values."""
        largest, found = np.max(np.abs(values), axis=0, initial=0.0), np.zeros(len(self.slots))
        self._hot.scales(self.address, largest.ctypes.data, found.ctypes.data)
        return found

    def see(self, values: Floats) -> None:
        """These values were reached for good; those of the start come first."""
        self._hot.see(self.address, values.ctypes.data)

    def remembered(self) -> Remembered:
        """The largest values that there were."""
        return {"seen": self._seen.copy() if self._has_seen else np.zeros(0)}

    def remember(self, memory: Remembered) -> None:
        """Go back to these."""
        seen = memory["seen"]
        self._words[at.HAS_SEEN // 8] = seen.size == self._seen.size
        self._seen[:] = seen if self._has_seen else 0.0

    @property
    def _has_seen(self) -> bool:
        return bool(self._words[at.HAS_SEEN // 8])

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
