"""Trees: elements of SSP files, with what is kept for other tools, made into the bytes of a file."""

import json
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from orchestrator.errors import DescriptionError
from orchestrator.ssp.document import Element, local
from orchestrator.ssp.vocabulary import ANNOTATION, OWN, PREFIXES
from orchestrator.system.structure import Markup

_KEPT: Final = {"Annotation", "GraphicalElements", "MetaData", "Signature"}
"""Elements that come from a file as they are: white space may mean something in them."""


def root(name: str, /, **attributes: str | None) -> Element:
    """The root element of a file: `ssd:SystemStructureDescription`."""
    element = etree.Element(_tag(name), nsmap=dict(PREFIXES))
    _set(element, attributes)
    return element


def sub(parent: Element, name: str, /, **attributes: str | None) -> Element:
    """A new element behind those in its parent; attributes that are None are left out. `_` in names becomes `-`."""
    element = etree.SubElement(parent, _tag(name))
    _set(element, attributes)
    return element


def described(about: Markup) -> dict[str, str | None]:
    """The attributes that every element has."""
    return {"id": about.id, "description": about.description}


def put(parent: Element, *texts: str) -> None:
    """Append elements that were kept as text."""
    for text in texts:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
        try:
            parent.append(etree.fromstring(text, parser))
        except (etree.XMLSyntaxError, ValueError) as error:
            raise DescriptionError(
                f"{text[:60]!r}, kept for other tools at '{parent.get('name')}', is no XML element ({error}); correct "
                "it, or leave it out"
            ) from error


def put_drawn(parent: Element, about: Markup, *names: str) -> None:
    """Append the geometry of these names."""
    for name in names:
        put(parent, *(text for text in about.geometry if _named(text) == name))


def annotate(parent: Element, about: Markup, own: Mapping[str, Any] | None = None, prefix: str = "ssd") -> None:
    """Append the annotations of other tools and, where there is something to say, cotwin's own."""
    if not about.annotations and not own:
        return
    group = sub(parent, f"{prefix}:Annotations")
    put(group, *about.annotations)
    if own:
        annotation = sub(group, "ssc:Annotation", type=ANNOTATION)
        inside = etree.SubElement(annotation, f"{{{OWN}}}description", nsmap={None: OWN})
        inside.text = json.dumps(own, ensure_ascii=False, sort_keys=True, allow_nan=False)


def to_bytes(element: Element) -> bytes:
    """The file of a root element: the same tree gives the same bytes."""
    _indent(element, "\n")
    text: bytes = etree.tostring(element, xml_declaration=True, encoding="UTF-8")
    return text + b"\n"


def _set(element: Element, attributes: Mapping[str, str | None]) -> None:
    for name, value in attributes.items():
        if value is None:
            continue
        try:
            element.set(name.replace("_", "-"), value)
        except ValueError as error:
            raise DescriptionError(
                f"{local(element)}: {name}={value[:60]!r} holds characters that no XML file can; correct it"
            ) from error


def _tag(name: str) -> str:
    prefix, _, plain = name.partition(":")
    return f"{{{PREFIXES[prefix]}}}{plain}"


def _named(text: str) -> str:
    return text.lstrip("<").split(">")[0].split()[0].rstrip("/").rpartition(":")[2]


def _indent(element: Element, line: str) -> None:
    if local(element) in _KEPT or not len(element):
        return
    element.text = f"{line}  "
    for child in element:
        _indent(child, f"{line}  ")
        child.tail = f"{line}  "
    element[-1].tail = line
