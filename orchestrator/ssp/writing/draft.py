"""Draft: what the parts of a writer share while files are made."""

from typing import Any

from orchestrator.ssp.attached import renamed
from orchestrator.ssp.document import Element
from orchestrator.ssp.writing.package import Package
from orchestrator.ssp.writing.tree import root, sub
from orchestrator.ssp.writing.version import Sayable
from orchestrator.system.description import SystemDescription
from orchestrator.system.structure import Markup

_NAMING = ("geometry", "metadata")


class Draft:
    """A description on its way into a package: its files, and what its version cannot say."""

    def __init__(self, description: SystemDescription) -> None:
        self.description = description
        self.package = Package()
        self.sayable = Sayable()
        self._ids: set[str] = set()
        self._versioned: list[Element] = []

    def versioned(self, parent: Element | None, name: str, /, **attributes: str | None) -> Element:
        """An element that says the version of its file: a root, or one given inline."""
        made = root(name, version="", **attributes) if parent is None else sub(parent, name, version="", **attributes)
        self._versioned.append(made)
        return made

    def placed(self, about: Markup) -> Markup:
        """What is said for others, with the files that it names in the package, under their new names."""
        names = {uri: self.package.keep(uri, path) for uri, path in about.files.items()}
        names = {uri: name for uri, name in names.items() if uri != name}
        if not names:
            return about
        kept = {field: tuple(renamed(text, names) for text in getattr(about, field)) for field in _NAMING}
        return about.model_copy(update=kept)

    def settle(self, wanted: str | None) -> str:
        """Settle the version of all files; DescriptionError where it cannot say everything."""
        version = self.sayable.version(wanted)
        for element in self._versioned:
            element.set("version", version)
        return version

    def unique(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """The attributes without an id that another element of the file has: two uses of one system give it twice."""
        if attributes.get("id") in self._ids:
            return {**attributes, "id": None}
        self._ids |= {attributes["id"]} if attributes.get("id") else set()
        return attributes
