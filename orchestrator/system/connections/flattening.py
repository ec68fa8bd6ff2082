"""Flattening: connections through the connectors of nested systems, followed from component to component.

Each element of a connector has one source at most, so that the way of a value back to its origin is a chain, of any
number of levels. What the connections on it do to the value is one conversion and one table of values in the end.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.connections.boundaries import system_name
from orchestrator.system.connections.domains import Domain
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connections.passage import Passage, Port
from orchestrator.system.connections.ports import Ports, boundary_connectors
from orchestrator.system.connections.routes import Hop, Routes
from orchestrator.system.connections.substitution import Substitution
from orchestrator.system.connector import Causality, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.quantities.units import Conversion, Unit


class Reached(NamedTuple):
    """An element of a component that a value given to an element of a nested system's connector gets to.

    destination = conversion(mapping(value)), with the value in `unit`, where one is known; `mapping` is None where no
    value takes the place of another.
    """

    element: int
    destination: Slot
    conversion: Conversion
    mapping: Substitution | None
    unit: Unit | None


class Alias(NamedTuple):
    """An element of a nested system's connector of a shape, and how it has its value from an output, in `unit`."""

    link: Link
    unit: Unit | None
    domain: Domain | None
    shape: tuple[int, ...]


class _Way(NamedTuple):
    """How a value came to an element: from its origin, through connectors of nested systems."""

    origin: Slot
    passage: Passage
    through: tuple[str, ...] = ()
    delay: bool = False


class Flattened:
    """What the connections of a description mean, from component to component.

    `links` are the values that flow, in the order of the description. All problems are reported in one
    DescriptionError; UnitError where units without a conversion are the only problem.
    """

    def __init__(self, description: SystemDescription, interfaces: Interfaces) -> None:
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        boundaries = boundary_connectors(description)
        self._ports = Ports(description, self._interfaces, boundaries)
        self._routes = Routes(description, self._interfaces, boundaries, self._ports)
        self._ways: dict[Slot, _Way | None] = {}
        self._moved: dict[tuple[int, Passage, Port], Passage | None] = {}
        self._problems: dict[str, None] = {}
        self._unit_problems: dict[str, None] = {}
        self.links = tuple(link for link in map(self._link, self._routes.feeding) if link is not None)
        self._report()

    def reached(self, system: str, connector: str) -> tuple[Reached, ...]:
        """The elements of components that a value given to a connector of a nested system gets to.

        Connectors with a source of their own reach what they feed as well; see `origin`.
        """
        feeds: dict[Slot, list[Slot]] = defaultdict(list)
        for slot, hop in self._routes.feeding.items():
            feeds[hop.source].append(slot)
        found = []
        for start in self._routes.boundaries.elements(system, connector):
            waiting = [(start, Passage.begin(self._ports.port(system, connector)))]
            while waiting:
                slot, passage = waiting.pop()
                if slot.component in self._interfaces:
                    mapping = _needed(passage.mapping)
                    found.append(Reached(start.element, slot, passage.total, mapping, passage.given))
                for fed in reversed(feeds[slot]):
                    after = self._along(passage, fed, self._routes.feeding[fed])
                    waiting += [] if after is None else [(fed, after)]
        return tuple(found)

    def origin(self, slot: Slot) -> Slot:
        """Where the value of an element comes from: an output, or a connector of a nested system without a source."""
        while slot in self._routes.feeding:
            slot = self._routes.feeding[slot].source
        return slot

    def aliases(self) -> tuple[Alias, ...]:
        """Every element of a nested system's connector whose value comes from a component."""
        ways = [(slot, self._way(slot)) for slot in self._routes.feeding if slot.component not in self._interfaces]
        return tuple(
            Alias(
                Link(way.origin, slot, way.passage.total, _needed(way.passage.mapping)),
                way.passage.unit,
                way.passage.domain,
                self._routes.boundaries.shape(slot),
            )
            for slot, way in ways
            if way is not None and way.origin.component in self._interfaces
        )

    def _link(self, slot: Slot) -> Link | None:
        way, hop = self._way(slot), self._routes.feeding[slot]
        if way is None or way.origin.component not in self._interfaces:
            self._check_given(way, hop)
            return None
        if slot.component not in self._interfaces:
            return None
        self._check_tunable(way.origin, slot, hop)
        return Link(way.origin, slot, way.passage.total, _needed(way.passage.mapping), way.through, way.delay)

    def _way(self, slot: Slot) -> _Way | None:
        """The way of a value to an element; None where something on it is wrong."""
        chain: dict[Slot, Hop] = {}
        while slot not in self._ways and slot in self._routes.feeding:
            if slot in chain:
                self._refuse_circle(slot, chain)
                return None
            chain[slot] = self._routes.feeding[slot]
            slot = chain[slot].source
        way = self._ways[slot] if slot in self._ways else _Way(slot, Passage.begin(self._ports.port(*slot[:2])))
        for passed, hop in reversed(chain.items()):
            way = None if way is None else self._go_on(way, passed, hop)
            self._ways[passed] = way
        return way

    def _go_on(self, way: _Way, slot: Slot, hop: Hop) -> _Way | None:
        passage = self._along(way.passage, slot, hop)
        if passage is None:
            return None
        if slot.component in self._interfaces:
            return way._replace(passage=passage, delay=way.delay or hop.connection.delay)
        through = (*way.through, self._routes.element_name(slot))
        return _Way(way.origin, passage, through, way.delay or hop.connection.delay)

    def _along(self, passage: Passage, slot: Slot, hop: Hop) -> Passage | None:
        key = (hop.number, passage, self._ports.port(*slot[:2]))
        if key not in self._moved:
            self._moved[key] = None
            try:
                self._moved[key] = passage.along(hop.connection, key[2])
            except UnitError as error:
                self._unit_problems[f"{hop.connection}: {error}; declare convertible units in the FMUs"] = None
            except ValueError as error:
                self._problems[f"{hop.connection}: {error}"] = None
        return self._moved[key]

    def _refuse_circle(self, slot: Slot, chain: Mapping[Slot, Hop]) -> None:
        slots = list(chain)
        circle = slots[slots.index(slot) :]
        self._ways.update(dict.fromkeys(slots))
        names = " -> ".join(self._routes.element_name(each) for each in (slot, *reversed(circle)))
        self._problems[f"{names}: this circle has no source; connect an output to it, or leave a connection out"] = None

    def _check_given(self, way: _Way | None, hop: Hop) -> None:
        kind = None if way is None else self._ports.kind(*way.origin[:2])
        if way is not None and kind in ("output", "calculatedParameter", "local", "constant"):
            name = self._routes.element_name(way.origin)
            self._problems[
                f"{hop.connection}: nothing in {system_name(way.origin.component)} is connected to its {kind} "
                f"'{name}'; connect an output of what is in it"
            ] = None

    def _check_tunable(self, origin: Slot, slot: Slot, hop: Hop) -> None:
        connector = self._interfaces[slot.component].connectors[slot.connector]
        if connector.causality is Causality.INPUT or connector.variability is Variability.TUNABLE:
            return
        source = self._interfaces[origin.component].connectors[origin.connector]
        if source.variability in (Variability.FIXED, Variability.CONSTANT):
            return  # both are settled in Initialization Mode
        self._problems[
            f"{hop.connection}: '{slot.component}.{slot.connector}' is {connector.variability}, not tunable: it cannot "
            f"change during a run; set it under 'components.{slot.component}.parameters'"
        ] = None

    def _report(self) -> None:
        problems = [*self._routes.problems, *self._ports.problems, *self._problems]
        unit_problems = [*self._ports.unit_problems, *self._unit_problems]
        if problems:
            raise DescriptionError("\n".join(problems + unit_problems))
        if unit_problems:
            raise UnitError("\n".join(unit_problems))


def _needed(mapping: Substitution) -> Substitution | None:
    return None if mapping.changes_nothing else mapping
