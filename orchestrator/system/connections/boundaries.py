"""Boundaries: the connectors through which values go in and out of nested systems, element by element."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import Final, NamedTuple

import numpy as np

from orchestrator.system.connections.links import Slot
from orchestrator.system.connector import Causality
from orchestrator.system.description import Connection, Endpoint
from orchestrator.system.indices import indexed, pick
from orchestrator.system.interface import Interface
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector

Shape = tuple[int, ...]

MAX_ELEMENTS: Final = 10_000_000
"""Elements of one connector of a nested system: a declared size costs nothing to write, its elements do."""


class End(NamedTuple):
    """What one end of a connection stands for, row by row."""

    slots: tuple[Slot, ...]
    shape: Shape


class Boundaries:
    """What the ends of connections stand for, in components and nested systems alike.

    Extents of nested systems that are left open are those of what the whole connector is connected to.
    """

    def __init__(
        self,
        connections: Iterable[Connection],
        interfaces: Mapping[str, Interface],
        systems: Mapping[str, Mapping[str, DeclaredConnector]],
    ) -> None:
        self._interfaces, self._systems = interfaces, systems
        self._shapes: dict[tuple[str, str], Shape] = {}
        for path, connectors in systems.items():
            for name, connector in connectors.items():
                fixed = tuple(extent for extent in connector.dimensions if isinstance(extent, int))
                if len(fixed) == len(connector.dimensions):
                    self._shapes[path, name] = fixed
        self._settle(connections)

    def find(self, end: Endpoint, wanted: Causality) -> End:
        """The elements that an end stands for. LookupError, with the nearest names, where it stands for nothing."""
        if end.component in self._interfaces:
            return _in_component(end, self._interfaces[end.component], wanted)
        system = self._systems.get(end.component)
        if system is None:
            if not end.component:
                declared = f"subsystems: {{'': {{connectors: {{{end.connector}: {{kind: input}}}}}}}}"
                raise LookupError(f"the system has no connectors; declare this one, as {declared}, or name a component")
            hint = nearest(end.component, (*self._interfaces, *filter(None, self._systems)))
            raise LookupError(f"there is no component '{end.component}'; {hint}")
        name = _connector_name(end.connector, system)
        if name is None:
            hint = nearest(end.connector, system)
            raise LookupError(f"{system_name(end.component)} has no connector '{end.connector}'; {hint}")
        shape = self._shapes.get((end.component, name))
        if shape is None:
            raise LookupError(f"the size of '{name}' of {system_name(end.component)} is open; declare its dimensions")
        if prod(shape) > MAX_ELEMENTS:
            raise LookupError(f"'{name}' of {system_name(end.component)} has {prod(shape)} elements; connect fewer")
        return self._picked(end, name, shape)

    def connector(self, end: Endpoint) -> str:
        """The connector of a nested system that an end names, with indices or without; LookupError where none."""
        name = _connector_name(end.connector, self._systems[end.component])
        if name is None:
            raise LookupError(end.connector)
        return name

    def shape(self, slot: Slot) -> Shape:
        """The shape of the connector of a nested system that an element belongs to."""
        return self._shapes[slot.component, slot.connector]

    def element_name(self, slot: Slot) -> str:
        """How people write an element of a nested system's connector: `S[2]`."""
        shape = self._shapes[slot.component, slot.connector]
        if not shape:
            return slot.connector
        return f"{slot.connector}[{','.join(str(index + 1) for index in np.unravel_index(slot.element, shape))}]"

    def elements(self, system: str, connector: str) -> tuple[Slot, ...]:
        """All elements of a connector of a nested system; none where its size is not known."""
        shape = self._shapes.get((system, connector))
        known = shape is not None and prod(shape) <= MAX_ELEMENTS
        return (
            ()
            if shape is None or not known
            else tuple(Slot(system, connector, element) for element in range(prod(shape)))
        )

    def _picked(self, end: Endpoint, name: str, shape: Shape) -> End:
        parts = None if end.connector == name else indexed(end.connector)
        whole = pick(parts, shape) if parts is not None else None
        if parts is not None and whole is None:
            has = f"has the indices {','.join(f'1:{extent}' for extent in shape)}" if shape else "is a scalar"
            raise LookupError(f"{system_name(end.component)} has no connector '{end.connector}'; '{name}' {has}")
        positions = range(prod(shape)) if whole is None else whole.positions
        slots = tuple(Slot(end.component, name, position) for position in positions)
        return End(slots, shape if whole is None else whole.shape)

    def _settle(self, connections: Iterable[Connection]) -> None:
        """Give connectors of open size the shape of what they are connected to, along any number of connections."""
        waiting = [(connection.source, connection.destination) for connection in connections]
        while True:
            left = [ends for ends in waiting if self._is_open(ends[0]) or self._is_open(ends[1])]
            settled = [self._take(*ends) or self._take(*reversed(ends)) for ends in left]
            if not any(settled):
                return
            waiting = left

    def _is_open(self, end: Endpoint) -> bool:
        system = self._systems.get(end.component)
        known = system is not None and end.connector in system
        return known and (end.component, end.connector) not in self._shapes

    def _take(self, end: Endpoint, other: Endpoint) -> bool:
        if not self._is_open(end):
            return False
        try:
            shape = self.find(other, Causality.OUTPUT).shape
        except LookupError:
            return False
        extents = self._systems[end.component][end.connector].dimensions
        pairs = zip(extents, shape, strict=False)
        if len(extents) != len(shape) or any(isinstance(one, int) and one != extent for one, extent in pairs):
            return False
        self._shapes[end.component, end.connector] = shape
        return True


def system_name(path: str) -> str:
    """A nested system as errors name it."""
    return f"the system '{path}'" if path else "the whole system"


def _in_component(end: Endpoint, interface: Interface, wanted: Causality) -> End:
    elements, shape = interface.find(end.connector), interface.shape(end.connector)
    if elements is None or shape is None:
        hint = interface.hint(end.connector, wanted)
        raise LookupError(f"'{end.component}' has no {wanted} '{end.connector}'; {hint}")
    return End(tuple(Slot(end.component, element.connector.name, element.position) for element in elements), shape)


def _connector_name(name: str, connectors: Mapping[str, DeclaredConnector]) -> str | None:
    if name in connectors:
        return name
    parts = indexed(name)
    return parts.name if parts is not None and parts.name in connectors else None
