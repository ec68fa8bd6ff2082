"""Connections of one system: from SSP's start and end to source and destination (SSP 2.0, section 5.3.2)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from orchestrator.ssp.common import markup, transformation
from orchestrator.ssp.directions import End, end, forwards
from orchestrator.ssp.document import Document, Element, grandchildren, integer
from orchestrator.ssp.own import connection_fields
from orchestrator.system.description import Connection, Endpoint
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector


class Face(NamedTuple):
    """What connections see of a system or element: its path in the description, and its connectors."""

    path: str
    connectors: Mapping[str, DeclaredConnector]


class _Resolved(NamedTuple):
    endpoint: Endpoint
    end: End


def connections(document: Document, system: Element, own: Face, elements: Mapping[str, Face]) -> Iterator[Connection]:
    """The connections of a system; `elements` are its elements by the names that they have in the file."""
    fed: dict[Endpoint, int] = {}
    for each in grandchildren(system, "Connections", "Connection"):
        start = _resolved(document, each, "start", own, elements)
        finish = _resolved(document, each, "end", own, elements)
        if start is None or finish is None:
            continue
        try:
            source, destination = (start, finish) if forwards(start.end, finish.end) else (finish, start)
        except ValueError as error:
            document.problem(each, f"{_told(each)} {error}")
            continue
        if destination.endpoint in fed:
            other = fed[destination.endpoint]
            document.problem(each, f"{_told(each)} feeds what line {other} feeds as well; keep one of them")
        fed[destination.endpoint] = each.sourceline
        yield Connection(
            source=source.endpoint,
            destination=destination.endpoint,
            transformation=transformation(document, each),
            suppress_unit_conversion=document.truth(each, "suppressUnitConversion"),
            markup=markup(each, "ConnectionGeometry"),
            **connection_fields(document, each),
        )


def _resolved(
    document: Document, element: Element, which: str, own: Face, elements: Mapping[str, Face]
) -> _Resolved | None:
    owner, name = element.get(f"{which}Element"), document.required(element, f"{which}Connector")
    face = own if owner is None else elements.get(owner)
    if face is None:
        document.problem(element, f"{which}Element: there is no element '{owner}' here; {nearest(owner, elements)}")
        return None
    connector = face.connectors.get(name)
    if connector is None:
        where = "the system" if owner is None else f"'{owner}'"
        document.problem(
            element, f"{which}Connector: {where} has no connector '{name}'; {nearest(name, face.connectors)}"
        )
        return None
    endpoint = Endpoint(component=face.path, connector=name + _indices(document, element, f"{which}Indices"))
    return _Resolved(endpoint, end("system" if owner is None else "element", connector))


def _indices(document: Document, element: Element, name: str) -> str:
    text = element.get(name)
    if text is None:
        return ""
    indices = [integer(part) for part in text.split()]
    if not indices or any(index is None or index < 1 for index in indices):
        document.problem(element, f"{name}={text[:40]!r} is no list of indices, which count from 1; correct it")
    return f"[{','.join(map(str, indices))}]"


def _told(element: Element) -> str:
    ends = (
        f"{_dotted(element.get(f'{which}Element'))}{element.get(f'{which}Connector')}" for which in ("start", "end")
    )
    return "'{}' to '{}'".format(*ends)


def _dotted(owner: str | None) -> str:
    return f"{owner}." if owner is not None else ""
