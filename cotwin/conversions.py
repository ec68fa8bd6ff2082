"""Conversions: every number that is not handed on as it is, as `cotwin explain` lists them."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from cotwin.tables import Table, number
from orchestrator.system.connections.links import Link
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.connector import Connector
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.parameters.giving import given_parameters
from orchestrator.system.parameters.reading import Applied
from orchestrator.system.quantities.units import IDENTITY


class _Described(Protocol):
    """What has connectors."""

    @property
    def connectors(self) -> tuple[Connector, ...]: ...


_HEADER = ("source", "destination", "from", "to", "factor", "offset", "also", "value")
_Row = tuple[str, ...]


def conversion_table(description: SystemDescription, models: Mapping[str, _Described]) -> Table:
    """A row for each connection and parameter with a conversion: destination = factor * source + offset.

    Beside units that are transformations of connections and mappings, changes of type, and replaced values. Elements
    of arrays that are converted alike share a row.
    """
    interfaces = {name: model.connectors for name, model in models.items()}
    rows = [*_connections(resolve(description, interfaces), interfaces)]
    rows += map(_parameter, given_parameters(description, interfaces).applied)
    return Table("Conversions", _HEADER, list(dict.fromkeys(rows)))


def _connections(links: tuple[Link, ...], interfaces: Interfaces) -> Iterator[_Row]:
    connectors = {(name, each.name): each for name, listed in interfaces.items() for each in listed}
    for link in links:
        source, destination = connectors[link.source[:2]], connectors[link.destination[:2]]
        also = []
        if source.storage is not destination.storage:
            also.append(f"{source.storage} to {destination.storage}")
        if link.mapping is not None:
            also += [f"{value} becomes {target}" for value, target in link.mapping.entries if value != target]
            also += ["other values are refused"] if link.mapping.total else []
        if not also and link.conversion == IDENTITY:
            continue
        yield (
            f"{link.source.component}.{source.name}",
            f"{link.destination.component}.{destination.name}",
            _unit(source),
            _unit(destination),
            *map(number, link.conversion),
            ", ".join(also),
            "",
        )


def _parameter(one: Applied) -> _Row:
    value = one.value if isinstance(one.value, str) else number(one.value)  # type: ignore[arg-type]
    return (
        one.given,
        one.variable,
        one.unit,
        one.target_unit,
        number(one.factor),
        number(one.offset),
        one.transformation,
        value,
    )


def _unit(connector: Connector) -> str:
    return "" if connector.unit is None else connector.unit.name
