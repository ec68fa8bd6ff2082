"""Feeding: which connectors the outputs of an input component go to, through nested systems too."""

from collections.abc import Collection, Mapping, Sequence

from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Endpoint, SystemDescription
from orchestrator.system.interface import Element, Interface, Interfaces


def fed_by(
    name: str, outputs: Collection[str], description: SystemDescription, interfaces: Interfaces
) -> dict[str, Connector]:
    """The first connector that each output of the component `name` feeds, by the connections of the description."""
    known = {component: Interface(connectors) for component, connectors in interfaces.items()}
    mine = Interface([Connector(output, Causality.OUTPUT, Storage.FLOAT64, 0) for output in outputs])
    fed: dict[str, Connector] = {}
    for connection in description.connections:
        sources = mine.find(connection.source.connector) if connection.source.component == name else None
        destinations = _reached(connection.destination, description, known) if sources else ()
        for source, destination in zip(sources or (), destinations, strict=False):
            fed.setdefault(source.connector.name, destination.connector)
    return fed


def _reached(end: Endpoint, description: SystemDescription, interfaces: Mapping[str, Interface]) -> Sequence[Element]:
    """The first elements of a component behind an end, through the connectors of nested systems."""
    waiting, seen = [end], {end}
    while waiting:
        end = waiting.pop(0)
        elements = interfaces[end.component].find(end.connector) if end.component in interfaces else None
        if elements:
            return elements
        behind = [each.destination for each in description.connections if each.source == end]
        waiting += [each for each in behind if each not in seen]
        seen.update(behind)
    return ()
