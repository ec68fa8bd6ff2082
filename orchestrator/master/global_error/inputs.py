"""Free inputs: what no connection gives the inputs of the components, as somebody wrote it between macro steps."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Values
from orchestrator.master.coupling import Coupling
from orchestrator.system.connector import Storage, Variability

Floats = NDArray[np.float64]


class Given(NamedTuple):
    """Continuous floats (n,), and all other values by storage class."""

    floats: Floats
    others: tuple[Values, ...]

    def agrees(self, other: "Given") -> bool:
        """Whether both may stand for one step: what is no continuous float is the same."""
        return all(np.array_equal(one, two) for one, two in zip(self.others, other.others, strict=True))


class FreeInputs:
    """The inputs of all components that no connection feeds."""

    def __init__(self, coupling: Coupling) -> None:
        self._signals = coupling.signals
        fed = {(link.destination.component, link.destination.connector) for link in coupling.links}
        smooth: list[int] = []
        others: dict[Storage, list[int]] = {}
        for participant in coupling.participants:
            for block in participant.inputs:
                for connector in block.bundle.connectors:
                    if (participant.name, connector.name) in fed:
                        continue
                    place = self._signals.place(participant.name, connector.name)
                    continuous = connector.variability is Variability.CONTINUOUS
                    plain = connector.storage is Storage.FLOAT64 and continuous
                    places = smooth if plain else others.setdefault(connector.storage, [])
                    places.extend(range(place.start, place.stop))
        self._smooth = np.array(smooth, np.intp)
        self._others = [(storage, np.array(places, np.intp)) for storage, places in others.items()]

    def now(self) -> Given:
        """Copies of what is given now."""
        others = tuple(self._signals.array(storage)[places] for storage, places in self._others)
        return Given(self._signals.float64[self._smooth], others)

    def put(self, given: Given) -> None:
        """Give these values."""
        self._signals.float64[self._smooth] = given.floats
        for (storage, places), values in zip(self._others, given.others, strict=True):
            self._signals.array(storage)[places] = values


def mean(steps: "Sequence[Made]") -> Given:
    """What to give in one step over several: the same integrals of the floats."""
    lengths = np.array([step.end - step.start for step in steps])
    floats = np.stack([step.given.floats for step in steps])
    if (floats == floats[0]).all():
        return steps[0].given
    return Given(np.asarray(lengths @ floats / lengths.sum()), steps[0].given.others)


class Made(NamedTuple):
    """A macro step that was made from `start` to `end` (s), and what was given in it."""

    start: float
    end: float
    given: Given

    def remembered(self) -> dict[str, Any]:
        """As plain data."""
        others = [values.copy() for values in self.given.others]
        return {"start": self.start, "end": self.end, "floats": self.given.floats.copy(), "others": others}

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Made":
        """From plain data."""
        return cls(data["start"], data["end"], Given(data["floats"].copy(), tuple(data["others"])))
