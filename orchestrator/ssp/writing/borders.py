"""Borders: connections of SSP stay within one system; those that cross borders go through connectors of the systems."""

from collections.abc import Iterator, Mapping

from orchestrator.ssp.directions import end, forwards
from orchestrator.ssp.naming import free
from orchestrator.system.description import Connection, Endpoint
from orchestrator.system.structure import DeclaredConnector, Kind


def above(path: str) -> str:
    """The path of the system that an element is in."""
    return path.rpartition("/")[0]


def loops_inside(source: DeclaredConnector, destination: DeclaredConnector) -> bool:
    """Whether a connection from a system to itself is one within it: SSP allows its kinds either there or around it."""
    try:
        return forwards(end("system", source), end("system", destination))
    except ValueError:
        return False


class Borders:
    """Leads connections across borders; `connectors` are those that systems have got for it, by path and name.

    A value crosses a border once, however many connections carry it on. On the way it is that of the source, in its
    unit and type: conversion and transformation come with the last step, to the destination.
    """

    def __init__(self, systems: Mapping[str, Mapping[str, DeclaredConnector]]) -> None:
        self.connectors: dict[str, dict[str, DeclaredConnector]] = {}
        self._systems = systems
        self._passed: dict[tuple[str, Kind, str, str], Endpoint] = {}
        self._origins: dict[tuple[str, str], tuple[str, str]] = {}

    def led(
        self, connection: Connection, source: DeclaredConnector, destination: DeclaredConnector
    ) -> Iterator[Connection]:
        """The connections within single systems that make up a connection, from the source on."""
        level, last = self._levels(connection, source, destination)
        at = connection.source
        constant = destination.kind in ("parameter", "structuralParameter")
        leaving: Kind = "calculatedParameter" if constant else "output"
        entering: Kind = destination.kind if constant else "input"
        while not within(last, level):
            at, made = self._through(level, leaving, at, source)
            yield from made
            level = above(level)
        for system in _between(level, last):
            at, made = self._through(system, entering, at, source)
            yield from made
        yield connection.model_copy(update={"source": at})

    def _levels(self, connection: Connection, one: DeclaredConnector, other: DeclaredConnector) -> tuple[str, str]:
        """The systems in which the source and the destination are seen: a system sees its own connectors, too."""
        source, destination = connection.source.component, connection.destination.component
        inside = source in self._systems and within(destination, source)
        if source == destination:
            inside = inside and loops_inside(one, other)
            return (source, source) if inside else (above(source), above(source))
        around = destination in self._systems and within(source, destination)
        return source if inside else above(source), destination if around else above(destination)

    def _through(
        self, system: str, kind: Kind, at: Endpoint, source: DeclaredConnector
    ) -> tuple[Endpoint, list[Connection]]:
        """The other side of a border, and the connection to it where it is new."""
        base = at.connector.rpartition("[")[0] if source.dimensions and "[" in at.connector else at.connector
        indices = at.connector[len(base) :]
        origin = self._origins.get((at.component, base), (at.component, base))
        key = (system, kind, *origin)
        made = []
        if key not in self._passed:
            name = self._named(system, kind, *origin)
            self.connectors.setdefault(system, {})[name] = _alike(source, kind)
            self._passed[key] = Endpoint(component=system, connector=name)
            self._origins[system, name] = origin
            made.append(
                Connection(source=Endpoint(component=at.component, connector=base), destination=self._passed[key])
            )
        passed = self._passed[key]
        return passed.model_copy(update={"connector": passed.connector + indices}), made

    def _named(self, system: str, kind: Kind, component: str, connector: str) -> str:
        inner = component.removeprefix(f"{system}/") if kind in ("output", "calculatedParameter") else component
        taken = {**self._systems.get(system, {}), **self.connectors.get(system, {})}
        # A dot would make it the name of something within the system.
        return free(f"{inner.replace('/', '_')}_{connector}".strip("_").replace(".", "_"), taken)


def within(path: str, system: str) -> bool:
    """Whether something is a system or lies in it."""
    return not system or path == system or path.startswith(f"{system}/")


def _between(outer: str, inner: str) -> list[str]:
    """The systems from one into another that lies in it, that one included."""
    path: list[str] = []
    while inner != outer:
        path.insert(0, inner)
        inner = above(inner)
    return path


def _alike(source: DeclaredConnector, kind: Kind) -> DeclaredConnector:
    # Names of connectors that hold sizes mean something at the source alone.
    dimensions = tuple(extent if isinstance(extent, int) else None for extent in source.dimensions)
    return DeclaredConnector(
        kind=kind,
        type=source.type,
        unit=source.unit,
        enumeration=source.enumeration,
        mime_type=source.mime_type,
        dimensions=dimensions,
        interval_variability=source.interval_variability,
    )
