"""Ends of connections as SSP has them: a connector, or one element of it by its indices."""

from collections.abc import Iterable, Mapping
from itertools import product

from orchestrator.system.connections.ports import boundary_connectors
from orchestrator.system.connector import Causality
from orchestrator.system.description import Connection, Endpoint, SystemDescription
from orchestrator.system.indices import indexed, is_one_element, pick
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector


class Ends:
    """What the ends of the connections of a description stand for."""

    def __init__(self, description: SystemDescription, interfaces: Interfaces) -> None:
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        self._declared: dict[str, Mapping[str, DeclaredConnector]] = dict(boundary_connectors(description))
        self._declared |= {name: component.connectors for name, component in description.components.items()}

    def connector(self, end: Endpoint) -> str:
        """The connector that a written end belongs to."""
        interface, declared = self._interfaces.get(end.component), self._declared[end.component]
        known: Iterable[str] = declared if interface is None else {**interface.connectors, **declared}
        if end.connector in known:
            return end.connector
        parts = indexed(end.connector)
        return parts.name if parts is not None else end.connector

    def separate(self, connection: Connection) -> tuple[Connection, ...]:
        """A connection as connections of connectors and single elements; LookupError says what does not exist."""
        ends = connection.source, connection.destination
        written = self._written(ends[0], Causality.OUTPUT), self._written(ends[1], Causality.INPUT)
        if written[0] is not None and written[1] is not None:
            return (_between(connection, written[0], written[1]),)
        elements = [self._elements(end) for end in ends]
        if len(elements[0]) != len(elements[1]):
            raise LookupError(f"{len(elements[0])} elements feed {len(elements[1])}; connect as many")
        pairs = zip(*elements, strict=True)
        return tuple(_between(connection, *pair, first=number == 0) for number, pair in enumerate(pairs))

    def _written(self, end: Endpoint, wanted: Causality) -> str | None:
        """The name of an end that SSP has as it stands; None where it stands for several."""
        if end.component not in self._declared:
            raise LookupError(f"there is no component '{end.component}'; {nearest(end.component, self._declared)}")
        declared, interface = self._declared[end.component], self._interfaces.get(end.component)
        if end.connector in declared or (interface is not None and end.connector in interface.connectors):
            return end.connector
        if interface is not None:
            found = interface.find(end.connector)
            if found is None:
                hint = interface.hint(end.connector, wanted)
                raise LookupError(f"'{end.component}' has no {wanted} '{end.connector}'; {hint}")
            return found[0].name if len(found) == 1 else None
        parts = indexed(end.connector)
        if parts is None or parts.name not in declared:
            hint = nearest(end.connector, declared)
            raise LookupError(f"'{end.component}' declares no connector '{end.connector}'; {hint}")
        if not is_one_element(end.connector):
            return None
        return f"{parts.name}[{','.join(str(first) for first, _ in parts.ranges)}]"

    def _elements(self, end: Endpoint) -> tuple[str, ...]:
        """The names of all elements that an end stands for, row by row."""
        interface = self._interfaces.get(end.component)
        found = None if interface is None else interface.find(end.connector)
        if found is not None:
            return tuple(element.name for element in found)
        declared = self._declared[end.component]
        parts = None if end.connector in declared else indexed(end.connector)
        name = end.connector if parts is None else parts.name
        shape = tuple(extent for extent in declared[name].dimensions if isinstance(extent, int))
        if len(shape) != len(declared[name].dimensions):
            raise LookupError(f"the size of '{end}' is open; declare its dimensions")
        names = [_element(name, index) for index in product(*(range(1, extent + 1) for extent in shape))]
        picked = None if parts is None else pick(parts, shape)
        if parts is not None and picked is None:
            raise LookupError(f"'{end}' is outside of the indices {','.join(f'1:{extent}' for extent in shape)}")
        return tuple(names if picked is None else (names[position] for position in picked.positions))


def _element(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, index))}]" if index else name


def _between(connection: Connection, source: str, destination: str, *, first: bool = True) -> Connection:
    changes = {
        "source": connection.source.model_copy(update={"connector": source}),
        "destination": connection.destination.model_copy(update={"connector": destination}),
    }
    # What is drawn and noted is drawn and noted once.
    return connection.model_copy(update=changes if first else {**changes, "markup": type(connection.markup)()})
