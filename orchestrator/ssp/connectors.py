"""Connectors and signal dictionaries: what elements of a system show to the others (SSP 2.0, 5.2.1 and 8)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from orchestrator.ssp.common import enumerations, markup, units
from orchestrator.ssp.document import Document, Element, children, grandchildren, local
from orchestrator.ssp.naming import merged
from orchestrator.ssp.vocabulary import KINDS, TYPES
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector, UnitDefinition

MAX_DIMENSIONS = 32
_TYPES = (*TYPES, "Clock")


@dataclass(frozen=True)
class Terms:
    """How the unit and enumeration names of one file are called in the description."""

    units: Mapping[str, str]
    enumerations: Mapping[str, str]


class Definitions:
    """Units and enumerations of all files: names are of one file alone, and are renamed where two files conflict."""

    def __init__(self) -> None:
        self.units: dict[str, UnitDefinition] = {}
        self.enumerations: dict[str, dict[str, int]] = {}

    def add(self, document: Document) -> Terms:
        """Take over the definitions of a file."""
        return Terms(merged(self.units, units(document)), merged(self.enumerations, enumerations(document)))


class _Type(NamedTuple):
    name: str | None
    element: Element | None


def connectors(document: Document, element: Element, terms: Terms) -> dict[str, DeclaredConnector]:
    """The connectors of a system, component or signal dictionary reference."""
    found: dict[str, DeclaredConnector] = {}
    for each in grandchildren(element, "Connectors", "Connector"):
        name = document.required(each, "name")
        if name in found:
            document.problem(each, f"appears twice on '{element.get('name')}'; keep one of them")
        document.required(each, "kind")
        kind = document.choice(each, "kind", KINDS, "unspecified")
        found[name] = DeclaredConnector(kind=kind, **_declared(document, each, terms))
    _check_references(document, element, found)
    return found


def entries(document: Document, terms: Terms) -> dict[str, DeclaredConnector]:
    """The entries of a signal dictionary; a signal is what the connections make of it."""
    found: dict[str, DeclaredConnector] = {}
    for each in children(document.root, "DictionaryEntry"):
        name = document.required(each, "name")
        if name in found:
            document.problem(each, "appears twice in the signal dictionary; keep one of them")
        found[name] = DeclaredConnector(kind="inout", **_declared(document, each, terms))
        if found[name].type is None:
            document.problem(each, f"has no type; give one of {', '.join(TYPES)}")
    return found


def referring(
    declared: Mapping[str, DeclaredConnector], signals: Mapping[str, DeclaredConnector]
) -> Iterator[tuple[str, DeclaredConnector | None]]:
    """Connectors of a signal dictionary reference, their open types from the entries; None without an entry."""
    for name, connector in declared.items():
        signal = signals.get(name)
        if signal is None or connector.type is not None:
            yield name, connector if signal is not None else None
            continue
        typed = ("type", "unit", "enumeration", "mime_type", "dimensions")
        yield name, connector.model_copy(update={field: getattr(signal, field) for field in typed})


def _declared(document: Document, element: Element, terms: Terms) -> dict[str, Any]:
    kind = _type(document, element)
    fields: dict[str, Any] = {
        "type": kind.name,
        "dimensions": dimensions(document, element),
        "clocks": tuple(each.get("name") for each in _clocks(element)),
        "markup": markup(element, "ConnectorGeometry"),
    }
    if kind.element is not None:
        fields |= _of_type(document, element, kind.element, terms)
    return fields


def _type(document: Document, element: Element) -> _Type:
    # An element Clock without a name is the type, one with a name refers to a clock of the same element.
    found = [each for each in element.iterchildren("{*}*") if local(each) in _TYPES]
    types = [each for each in found if local(each) != "Clock" or each.get("name") is None]
    if len(types) > 1:
        document.problem(element, f"has the types {' and '.join(map(local, types))}; keep one of them")
    return _Type(local(types[0]), types[0]) if types else _Type(None, None)


def _clocks(element: Element) -> Iterator[Element]:
    return (each for each in children(element, "Clock") if each.get("name") is not None)


def _of_type(document: Document, element: Element, kind: Element, terms: Terms) -> dict[str, Any]:
    unit = kind.get("unit") or None  # tools write an empty name where there is no unit
    enumeration = kind.get("name") if local(kind) == "Enumeration" else None
    if enumeration is not None and enumeration not in terms.enumerations:
        hint = nearest(enumeration, terms.enumerations)
        document.problem(element, f"the enumeration '{enumeration}' is not defined in this file; {hint}")
    return {
        "unit": None if unit is None else terms.units.get(unit, unit),
        "enumeration": None if enumeration is None else terms.enumerations.get(enumeration, enumeration),
        "mime_type": kind.get("mime-type"),
        "interval_variability": kind.get("intervalVariability"),
    }


def dimensions(document: Document, element: Element) -> tuple[int | str | None, ...]:
    """The extents of an array (section 4.5.3): sizes, names of connectors that hold them, or None."""
    found: list[int | str | None] = []
    for each in children(element, "Dimension"):
        size, connector = each.get("size"), each.get("sizeConnector")
        if size is not None and connector is not None:
            document.problem(element, "a Dimension has both size and sizeConnector; keep one of them")
        found.append(document.whole(each, "size", 0, range(2**31)) if size is not None else connector)
    if len(found) > MAX_DIMENSIONS:
        document.problem(element, f"has {len(found)} dimensions, more than {MAX_DIMENSIONS}; use fewer")
    return tuple(found)


def _check_references(document: Document, element: Element, found: Mapping[str, DeclaredConnector]) -> None:
    for name, connector in found.items():
        sizes: Iterable[str] = (extent for extent in connector.dimensions if isinstance(extent, str))
        for what, other in [
            *(("sizeConnector", size) for size in sizes),
            *(("Clock", one) for one in connector.clocks),
        ]:
            if other not in found:
                document.problem(
                    element, f"connector '{name}': {what} '{other}' is no connector here; {nearest(other, found)}"
                )
