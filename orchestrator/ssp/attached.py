"""Attached files: icons, meta data and signatures that elements name, and that nothing else refers to."""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from orchestrator.ssp.document import Element, local, xml_text
from orchestrator.ssp.packages import Place
from orchestrator.system.structure import Markup

_NAMED: Final = {"ElementGeometry": "iconSource", "MetaData": "source", "Signature": "source"}
"""Elements that name a file, and the attribute that does."""


def with_files(about: Markup, element: Element, place: Place) -> Markup:
    """What an element says for others, with the files of the package that it names; what is not there is left alone."""
    files = {}
    for part in element.iterchildren(*(f"{{*}}{name}" for name in _NAMED)):
        for each, attribute in _naming(part):
            try:
                files[each.get(attribute)] = place.existing(each.get(attribute))
            except ValueError:
                continue
    return about.model_copy(update={"files": files}) if files else about


def renamed(text: str, names: Mapping[str, str]) -> str:
    """An element that was kept as text, with other names of its files."""
    element = etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    changed = [(each, attribute) for each, attribute in _naming(element) if each.get(attribute) in names]
    for each, attribute in changed:
        each.set(attribute, names[each.get(attribute)])
    return xml_text(element) if changed else text


def _naming(element: Element) -> Iterator[tuple[Element, str]]:
    """Elements that name a file relative to their own file, with the attribute."""
    for each in element.iter(etree.Element):
        attribute = _NAMED.get(local(each))
        if attribute is not None and each.get(attribute) and each.get("sourceBase", "file") in ("file", "SSD"):
            yield each, attribute
