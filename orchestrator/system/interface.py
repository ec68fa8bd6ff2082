"""Interface: the names under which the elements of a component's connectors are found."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product
from typing import NamedTuple

from orchestrator.system.connector import Causality, Connector

Interfaces = Mapping[str, Sequence[Connector]]
"""Component name -> its connectors."""

_INDEXED = re.compile(r"(?P<name>.+)\[(?P<index>\d+(?:,\d+)*)\]")


class Element(NamedTuple):
    """One element of a connector; elements count from 0, row by row."""

    connector: Connector
    position: int

    @property
    def name(self) -> str:
        """Name of the element, such as `S[3]`."""
        return self.connector.elements[self.position]


class Interface:
    """The connectors of one component by name, by element, and by the common name of scalars `S[1]` to `S[n]`."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self.connectors = {connector.name: connector for connector in connectors}
        self._families = _families(connectors)

    def find(self, name: str) -> tuple[Element, ...] | None:
        """The elements that a name stands for, or None where it stands for nothing."""
        connector = self.connectors.get(name)
        if connector is not None:
            return tuple(Element(connector, position) for position in range(connector.size))
        return self._families.get(name) or self._element(name)

    def names(self, *causalities: Causality) -> tuple[str, ...]:
        """Names to suggest: of the connectors of these causalities first, then of all others."""
        names = sorted(self.connectors.values(), key=lambda connector: connector.causality not in causalities)
        return (*(connector.name for connector in names), *self._families)

    def _element(self, name: str) -> tuple[Element, ...] | None:
        indexed = _INDEXED.fullmatch(name)
        array = self.connectors.get(indexed["name"]) if indexed else None
        if array is None or name not in array.elements:
            return None
        return (Element(array, array.elements.index(name)),)


def _families(connectors: Sequence[Connector]) -> dict[str, tuple[Element, ...]]:
    members: dict[str, dict[tuple[int, ...], Connector]] = defaultdict(dict)
    for connector in connectors:
        indexed = _INDEXED.fullmatch(connector.name)
        if indexed and not connector.shape:
            members[indexed["name"]][tuple(map(int, indexed["index"].split(",")))] = connector
    return {
        name: tuple(Element(family[index], 0) for index in sorted(family))
        for name, family in members.items()
        if _complete(family)
    }


def _complete(family: dict[tuple[int, ...], Connector]) -> bool:
    # Only a full box of indices from 1 on is an array; anything else shares a name by chance.
    if len({len(index) for index in family}) != 1:
        return False
    extents = [max(extent) for extent in zip(*family, strict=True)]
    return set(family) == set(product(*(range(1, extent + 1) for extent in extents)))
