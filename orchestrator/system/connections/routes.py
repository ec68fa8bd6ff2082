"""Routes: which element of which connector feeds which, connection by connection."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from orchestrator.system.connections.allowed import Owner, Side, refusals
from orchestrator.system.connections.boundaries import Boundaries, End
from orchestrator.system.connections.links import Slot
from orchestrator.system.connections.ports import Ports
from orchestrator.system.connector import Causality
from orchestrator.system.description import Connection, Endpoint, SystemDescription
from orchestrator.system.interface import Interface
from orchestrator.system.structure import DeclaredConnector


class Hop(NamedTuple):
    """The one source of an element, and the connection that it comes along; connections are numbered."""

    source: Slot
    connection: Connection
    number: int


class Routes:
    """`feeding` gives the source of every element that has one, in the order of the description.

    `problems` tells names that there are not, kinds that do not connect, sizes that differ and second sources.
    """

    def __init__(
        self,
        description: SystemDescription,
        interfaces: Mapping[str, Interface],
        boundaries: Mapping[str, Mapping[str, DeclaredConnector]],
        ports: Ports,
    ) -> None:
        self.feeding: dict[Slot, Hop] = {}
        self._shared = 0
        self.problems = [
            f"'{path}' names both a component and a nested system; rename one of them"
            for path in boundaries
            if path in interfaces
        ]
        self._description, self._interfaces, self._ports = description, interfaces, ports
        self.boundaries = Boundaries(description.connections, interfaces, boundaries)
        for number, connection in enumerate(description.connections):
            self._connect(connection, number)
        self._share(boundaries)

    def element_name(self, slot: Slot) -> str:
        """How people write an element: `cooling.S[2]`."""
        if slot.component in self._interfaces:
            name = self._interfaces[slot.component].connectors[slot.connector].elements[slot.element]
        else:
            name = self.boundaries.element_name(slot)
        return f"{slot.component}.{name}"

    def _connect(self, connection: Connection, number: int) -> None:
        source = self._end(connection, connection.source, Causality.OUTPUT)
        destination = self._end(connection, connection.destination, Causality.INPUT)
        if source is None or destination is None:
            return
        problems = list(self._refusals(connection, source, destination))
        if len(source.slots) != len(destination.slots):
            sizes = (
                f"'{connection.source}' has size {len(source.slots)}, '{connection.destination}' "
                f"{len(destination.slots)}"
            )
            problems.append(f"{sizes}; connect equal sizes, or elements such as 'S[1]' and 'S[2:3]'")
        self.problems += [f"{connection}: {problem}" for problem in dict.fromkeys(problems)]
        if not problems:
            for one, other in zip(source.slots, destination.slots, strict=True):
                self._feed(other, Hop(one, connection, number))

    def _end(self, connection: Connection, end: Endpoint, wanted: Causality) -> End | None:
        try:
            return self.boundaries.find(end, wanted)
        except LookupError as error:
            self.problems.append(f"{connection}: {error.args[0]}")
            return None

    def _refusals(self, connection: Connection, source: End, destination: End) -> Iterator[str]:
        owners = self._owners(connection)
        for one in self._sides(source, owners[0]):
            for other in self._sides(destination, owners[1]):
                yield from refusals(one, other, as_parameter=connection.as_parameter)

    def _sides(self, end: End, owner: Owner) -> Collection[Side]:
        """The first connector of each kind."""
        sides: dict[str, Side] = {}
        for component, connector in dict.fromkeys(slot[:2] for slot in end.slots):
            side = self._ports.side(component, connector, owner)
            sides.setdefault(side.kind, side)
        return sides.values()

    def _owners(self, connection: Connection) -> tuple[Owner, Owner]:
        """Whether the ends belong to the system around the connection, or to something in it."""
        source, destination = connection.source.component, connection.destination.component
        if source == destination and source not in self._interfaces:
            kind = self._ports.kind(source, self.boundaries.connector(connection.source))
            given = kind in ("input", "parameter", "structuralParameter", "unspecified")
            return ("system", "system") if given else ("element", "element")
        return (
            "system" if self._contains(source, destination) else "element",
            "system" if self._contains(destination, source) else "element",
        )

    def _contains(self, system: str, path: str) -> bool:
        return system not in self._interfaces and (not system or path.startswith(f"{system}/"))

    def _feed(self, slot: Slot, hop: Hop) -> None:
        other = self.feeding.setdefault(slot, hop)
        if other is not hop:
            self.problems.append(
                f"{hop.connection}: '{self.element_name(slot)}' already has a source: '{other.connection}'; keep one "
                "of them"
            )

    def _share(self, boundaries: Mapping[str, Mapping[str, DeclaredConnector]]) -> None:
        """All references to one signal dictionary have the values that one of them is given."""
        references: dict[str, list[str]] = defaultdict(list)
        for path, system in self._description.subsystems.items():
            if system.signal_dictionary is not None:
                references[system.signal_dictionary].append(path)
        for paths in references.values():
            given: dict[tuple[str, int], list[Slot]] = defaultdict(list)
            for slot in self.feeding:
                if slot.component in paths:
                    given[slot[1:]].append(slot)
            for (connector, _), (first, *others) in given.items():
                sharing = [path for path in paths if path != first.component and connector in boundaries[path]]
                self._pass_on(first, others, sharing)

    def _pass_on(self, given: Slot, others: Iterable[Slot], paths: Iterable[str]) -> None:
        for other in others:
            self.problems.append(
                f"{self.feeding[other].connection}: '{self.element_name(given)}' is a signal of the same dictionary "
                f"and already has a source: '{self.feeding[given].connection}'; keep one of them"
            )
        if others:
            return
        for path in paths:
            source, destination = (Endpoint(component=each, connector=given[1]) for each in (given.component, path))
            shared = Connection(source=source, destination=destination)
            self._shared += 1
            self.feeding[given._replace(component=path)] = Hop(given, shared, -self._shared)
