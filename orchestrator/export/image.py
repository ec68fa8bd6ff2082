"""Image: where the values of a container lie in memory, and what they are at the start."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fmus.container.values import Call, Type
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Values
from orchestrator.signals import Block
from orchestrator.system.connector import Connector

_FMI2: Final = {
    "Real": Type.FLOAT64,
    "Integer": Type.INT32,
    "Enumeration": Type.INT32,
    "Boolean": Type.INTEGER32_BOOLEAN,
}
_FMI1: Final = _FMI2 | {"Boolean": Type.BOOLEAN}
_FMI3: Final = {each.value.title().replace("Uint", "UInt"): each for each in Type} | {"Enumeration": Type.INT64}
_TYPES: Final = {"1": _FMI1, "2": _FMI2, "3": _FMI3}


Types = Mapping[tuple[str, str], Type]
"""The types in memory of all numbers, by component and connector."""


def type_of(model: ModelInfo, connector: Connector) -> Type:
    """The type of a number in the memory of an FMU."""
    return _TYPES[model.fmi_version[0]][model.types[connector.name]]


class Place(NamedTuple):
    """Where the values of a connector lie."""

    type: Type
    offset: int

    def element(self, index: int) -> int:
        """The offset of one element."""
        return self.offset + index * self.type.dtype.itemsize


class Image:
    """Memory that grows by calls; all of it is zero until `start` says otherwise. `types` are those of all numbers."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self.places: dict[tuple[str, str], Place] = {}
        self._size = 0
        self._starts: list[tuple[int, bytes]] = []

    def calls(self, component: str, blocks: Iterable[Block]) -> tuple[Call, ...]:
        """Lay out the numbers of blocks, one call for each type."""
        by_type: dict[Type, list[Connector]] = {}
        for block in blocks:
            for connector in block.bundle.connectors:
                if connector.storage.numeric:
                    by_type.setdefault(self._types[component, connector.name], []).append(connector)
        return tuple(self._call(component, kind, mine) for kind, mine in by_type.items())

    def call(self, component: str, connector: Connector) -> Call:
        """The call for one connector alone, at its place, which is made where it has none."""
        key = (component, connector.name)
        if key not in self.places:
            return self._call(component, self._types[key], [connector])
        kind, offset = self.places[key]
        return Call(kind, (connector.reference,), offset, connector.size, connector.elements)

    def room(self, size: int) -> int:
        """Where there is room for so many bytes, which are zero at the start."""
        first, self._size = self._size, -(-(self._size + size) // 8) * 8
        return first

    def start(self, component: str, connector: Connector, values: Values | Sequence[float]) -> None:
        """Say what the values of a connector are at the start: one for all elements, or one for each."""
        kind, offset = self.places[component, connector.name]
        numbers = np.broadcast_to(np.asarray(values, dtype=kind.dtype), connector.size)
        self._starts.append((offset, numbers.tobytes()))

    def fill(self, offset: int, data: bytes) -> None:
        """Say what lies at a place at the start."""
        self._starts.append((offset, data))

    def started(self, starts: Mapping[tuple[str, str], Connector]) -> None:
        """Take the start values that connectors declare."""
        for (component, _), connector in starts.items():
            if connector.start is not None:
                self.start(component, connector, np.asarray(connector.start))

    def bytes(self) -> NDArray[np.uint8]:
        """The image at the start."""
        image = np.zeros(self._size, np.uint8)
        for offset, data in self._starts:
            image[offset : offset + len(data)] = np.frombuffer(data, np.uint8)
        return image

    def _call(self, component: str, kind: Type, connectors: Sequence[Connector]) -> Call:
        first, size = self._size, kind.dtype.itemsize
        offset = first
        for connector in connectors:
            self.places[component, connector.name] = Place(kind, offset)
            offset += connector.size * size
        self._size = -(-offset // 8) * 8
        references = tuple(connector.reference for connector in connectors)
        names = tuple(element for connector in connectors for element in connector.elements)
        return Call(kind, references, first, len(names), names)
