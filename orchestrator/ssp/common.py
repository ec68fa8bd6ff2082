"""Common content of SSP files: units, enumerations, annotations, transformations (SSP 2.0, section 4)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import ValidationError

from orchestrator.ssp.document import Document, Element, boolean, children, grandchildren, integer, local, xml_text
from orchestrator.ssp.vocabulary import ANNOTATION, AUTHORSHIP, BASE_UNITS
from orchestrator.system.structure import Markup, UnitDefinition
from orchestrator.system.transformation import Linear, MapEntry, Transformation, ValueMap

_MAPS: Mapping[str, Literal["boolean", "integer", "enumeration"]] = {
    "BooleanMappingTransformation": "boolean",
    "IntegerMappingTransformation": "integer",
    "EnumerationMappingTransformation": "enumeration",
}
_EXPONENTS = range(-1000, 1001)


def units(document: Document) -> dict[str, UnitDefinition]:
    """The units that a file defines."""
    return dict(_definitions(document, "Units", "Unit", _unit))


def enumerations(document: Document) -> dict[str, dict[str, int]]:
    """The enumerations that a file defines: the names of their items, and the value of each."""
    return dict(_definitions(document, "Enumerations", "Enumeration", _enumeration))


def markup(element: Element, *geometry: str, label: str | None = None) -> Markup:
    """What an element says for people and other tools; `geometry` names the children that are drawn."""
    parts = [(local(child), child) for child in element.iterchildren("{*}*")]
    drawn = tuple(xml_text(child) for wanted in geometry for name, child in parts if name == wanted)
    noted = tuple(xml_text(each) for each in _notes(parts) if each.get("type") != ANNOTATION)
    about = tuple(xml_text(child) for name, child in parts if name in ("MetaData", "Signature"))
    authorship = {name: element.get(name) for name in AUTHORSHIP if element.get(name) is not None}
    plain = (element.get("id"), element.get("description"))
    if not (drawn or noted or about or authorship or label or any(plain)):
        return _NOTHING
    return Markup(
        label=label,
        id=plain[0],
        description=plain[1],
        annotations=noted,
        geometry=drawn,
        metadata=about,
        authorship=authorship,
    )


_NOTHING = Markup()


def own_annotation(element: Element) -> Element | None:
    """cotwin's own annotation of an element, where there is one."""
    parts = ((local(child), child) for child in element.iterchildren("{*}*"))
    return next((each for each in _notes(parts) if each.get("type") == ANNOTATION), None)


def _notes(parts: Iterable[tuple[str, Element]]) -> Iterator[Element]:
    for name, group in parts:
        if name == "Annotations":
            yield from group.iterchildren("{*}Annotation")


def transformation(document: Document, element: Element) -> Transformation | None:
    """The transformation of a connection or mapping entry (section 4.5.2), where there is one."""
    found = [child for child in element.iterchildren("{*}*") if local(child).endswith("Transformation")]
    if not found:
        return None
    if len(found) > 1:
        document.problem(element, "has two transformations; keep one of them")
    if local(found[0]) == "LinearTransformation":
        factor, offset = document.real(found[0], "factor", 1.0), document.real(found[0], "offset", 0.0)
        return Linear(factor=factor, offset=offset)
    kind = _MAPS.get(local(found[0]))
    if kind is None:
        document.problem(element, f"the transformation {local(found[0])} is unknown; use one of SSP 2.0")
        return None
    return _value_map(document, found[0], kind)


def _value_map(
    document: Document, element: Element, kind: Literal["boolean", "integer", "enumeration"]
) -> ValueMap | None:
    entries = []
    for entry in children(element, "MapEntry"):
        pair = [_mapped(document.required(entry, name), kind) for name in ("source", "target")]
        if pair[0] is None or pair[1] is None:
            document.problem(entry, f"source and target must be of the kind {kind}; correct them")
            return None
        entries.append(MapEntry(source=pair[0], target=pair[1]))
    try:
        return ValueMap(kind=kind, entries=tuple(entries))
    except ValidationError as error:
        document.problem(element, error.errors()[0]["msg"].removeprefix("Value error, "))
        return None


def _mapped(text: str, kind: str) -> bool | int | str | None:
    if kind == "boolean":
        return boolean(text)
    return integer(text) if kind == "integer" else text


def _definitions(document: Document, group: str, name: str, read: Any) -> Iterator[tuple[str, Any]]:
    seen = set()
    for element in grandchildren(document.root, group, name):
        given = document.required(element, "name")
        if given in seen:
            document.problem(element, f"defined twice among the {group} of this file; keep one of them")
        seen.add(given)
        yield given, read(document, element)


def _unit(document: Document, element: Element) -> UnitDefinition:
    bases = list(element.iterchildren("{*}BaseUnit"))
    if len(bases) != 1:
        document.problem(element, f"has {len(bases)} elements BaseUnit; give one")
        return UnitDefinition()
    exponents = {name: document.whole(bases[0], name, 0, _EXPONENTS) for name in BASE_UNITS}
    factor, offset = document.real(bases[0], "factor", 1.0), document.real(bases[0], "offset", 0.0)
    if factor == 0.0:
        document.problem(element, "has the factor 0, by which nothing converts; correct it")
        factor = 1.0
    return UnitDefinition(
        exponents={name: value for name, value in exponents.items() if value}, factor=factor, offset=offset
    )


def _enumeration(document: Document, element: Element) -> dict[str, int]:
    items: dict[str, int] = {}
    for item in children(element, "Item"):
        name = document.required(item, "name")
        if name in items:
            document.problem(item, f"appears twice in the enumeration '{element.get('name')}'; keep one of them")
        items[name] = document.whole(item, "value", 0, range(-(2**63), 2**63))
    if not items:
        document.problem(element, "has no items; add some")
    return items
