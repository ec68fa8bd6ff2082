"""Interface: the names under which the elements of a component's connectors are found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from orchestrator.system.connector import Causality, Connector
from orchestrator.system.indices import indexed, pick
from orchestrator.system.names import nearest

Interfaces = Mapping[str, Sequence[Connector]]
"""Component name -> its connectors."""


class Element(NamedTuple):
    """One element of a connector; elements count from 0, row by row."""

    connector: Connector
    position: int

    @property
    def name(self) -> str:
        """Name of the element, such as `S[3]`."""
        return self.connector.elements[self.position]


class _Array(NamedTuple):
    shape: tuple[int, ...]
    elements: tuple[Element, ...]


class Interface:
    """The connectors of one component by name, by indices, and by the common name of scalars `S[1]` to `S[n]`."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self.connectors = {connector.name: connector for connector in connectors}
        self._families = _families(connectors)
        self._arrays = {name: family for name, family in self._families.items() if name not in self.connectors}

    def find(self, name: str) -> tuple[Element, ...] | None:
        """The elements that a name stands for, row by row, or None where it stands for nothing."""
        found = self._find(name)
        return None if found is None else found.elements

    def shape(self, name: str) -> tuple[int, ...] | None:
        """The shape of what a name stands for, `()` for a scalar; None where it stands for nothing."""
        found = self._find(name)
        return None if found is None else found.shape

    def names(self, *causalities: Causality) -> tuple[str, ...]:
        """Names to suggest: of the connectors of these causalities first, then of all others."""
        names = sorted(self.connectors.values(), key=lambda connector: connector.causality not in causalities)
        return (*(connector.name for connector in names), *self._families)

    def hint(self, name: str, *causalities: Causality) -> str:
        """What to write in place of a name that stands for nothing: indices that exist, or the nearest name."""
        parts = indexed(name)
        array = None if parts is None else self._array(parts.name)
        if parts is None or array is None:
            return nearest(name, self.names(*causalities))
        if not array.shape:
            return f"'{parts.name}' is a scalar; leave the indices out"
        return f"'{parts.name}' has the indices {','.join(f'1:{extent}' for extent in array.shape)}"

    def _find(self, name: str) -> _Array | None:
        array = self._array(name)
        if array is not None:
            return array
        parts = indexed(name)
        whole = None if parts is None else self._array(parts.name)
        picked = None if parts is None or whole is None else pick(parts, whole.shape)
        if whole is None or picked is None:
            return None
        return _Array(picked.shape, tuple(whole.elements[position] for position in picked.positions))

    def _array(self, name: str) -> _Array | None:
        if name not in self._arrays and name in self.connectors:
            connector = self.connectors[name]
            elements = tuple(Element(connector, position) for position in range(connector.size))
            self._arrays[name] = _Array(connector.shape, elements)
        return self._arrays.get(name)


def _families(connectors: Sequence[Connector]) -> dict[str, _Array]:
    members: dict[str, dict[tuple[int, ...], Connector]] = defaultdict(dict)
    for connector in connectors:
        parts = None if connector.shape else indexed(connector.name)
        if parts is not None and not any(parts.kept):
            members[parts.name][tuple(first or 0 for first, _ in parts.ranges)] = connector
    families = {}
    for name, family in members.items():
        shape = _box(family)
        if shape is not None:
            families[name] = _Array(shape, tuple(Element(family[index], 0) for index in sorted(family)))
    return families


def _box(indices: Mapping[tuple[int, ...], Connector]) -> tuple[int, ...] | None:
    # Only a full box of indices from 1 on is an array; anything else shares a name by chance.
    if len({len(index) for index in indices}) != 1:
        return None
    extents = tuple(max(extent) for extent in zip(*indices, strict=True))
    return extents if min(map(min, indices)) == 1 and prod(extents) == len(indices) else None
