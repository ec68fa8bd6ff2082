"""Bonds: the two connections that each of them names, as the values that flow along them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connector import Causality
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.names import nearest
from orchestrator.system.solving import Bond


class BondLinks(NamedTuple):
    """The links of the first and of the second connection of a bond, in the order of their elements."""

    first: tuple[Link, ...]
    second: tuple[Link, ...]


def bond_links(bonds: Mapping[str, Bond], interfaces: Interfaces, links: Iterable[Link]) -> dict[str, BondLinks]:
    """What flows along the connections of bonds; a connection may lead through connectors of nested systems.

    DescriptionError names each that is no connection of the description.
    """
    feeding = {link.destination: link for link in links}
    known = {name: Interface(connectors) for name, connectors in interfaces.items()}
    found: dict[str, BondLinks] = {}
    problems: list[str] = []
    for name, bond in bonds.items():
        each: list[tuple[Link, ...]] = []
        for index, ends in enumerate(bond.ends):
            try:
                each.append(tuple(_along(ends, known, feeding)))
            except ValueError as error:
                problems.append(f"bonds.{name}.connections[{index}]: {bond.connections[index]}: {error}")
        if len(each) == 2:
            found[name] = BondLinks(*each)
    if problems:
        raise DescriptionError("\n".join(problems))
    return found


_End = tuple[str, str]


def _along(ends: tuple[_End, _End], known: Mapping[str, Interface], feeding: Mapping[Slot, Link]) -> Iterator[Link]:
    """The links between two ends; ValueError says why these are no connection."""
    sources, destinations = _slots(ends[0], known, Causality.OUTPUT), _slots(ends[1], known, Causality.INPUT)
    if len(sources) != len(destinations):
        raise ValueError(f"{len(sources)} elements feed {len(destinations)}; name a connection of the description")
    for source, destination in zip(sources, destinations, strict=True):
        link = feeding.get(destination)
        if link is None or link.source != source:
            fed = "nothing feeds it" if link is None else f"'{link.source.component}.{link.source.connector}' feeds it"
            raise ValueError(f"is no connection of the description: {fed}. Connect it, or name one that is there")
        yield link


def _slots(end: _End, known: Mapping[str, Interface], causality: Causality) -> list[Slot]:
    component, connector = end
    if component not in known:
        raise ValueError(f"there is no component '{component}'; {nearest(component, known)}")
    elements = known[component].find(connector)
    if elements is None:
        raise ValueError(f"'{component}' has no '{connector}'; {known[component].hint(connector, causality)}")
    return [Slot(component, element.connector.name, element.position) for element in elements]
