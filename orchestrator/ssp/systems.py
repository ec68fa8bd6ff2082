"""Systems: elements within each other, made flat by path names; what is nested in other files is found there."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.ssp.attached import with_files
from orchestrator.ssp.common import markup
from orchestrator.ssp.connections import Face, connections
from orchestrator.ssp.connectors import connectors, entries, referring
from orchestrator.ssp.document import Element, children, grandchildren, local
from orchestrator.ssp.files import Files, Structure
from orchestrator.ssp.naming import usable
from orchestrator.ssp.own import component_fields
from orchestrator.ssp.parameters import bindings, own_parameters
from orchestrator.ssp.vocabulary import FMU_TYPE, IMPLEMENTATIONS, SSD_TYPE, SSP_TYPE, SURROGATE_TYPE, TABLE_TYPES
from orchestrator.system.description import Component, Connection
from orchestrator.system.names import nearest
from orchestrator.system.structure import DeclaredConnector, Markup, ParameterBinding, SignalDictionary, Subsystem

MAX_ELEMENTS: Final = 200_000
"""Elements of a system with all that is nested in it: files that refer to each other can describe any number."""
MAX_DEPTH: Final = 60

_SUFFIXES: Final = {FMU_TYPE: ".fmu", SURROGATE_TYPE: ".surrogate", **TABLE_TYPES}
_DRAWN: Final = ("ElementGeometry", "SystemGeometry", "GraphicalElements")


class _Dictionary(NamedTuple):
    identity: str
    entries: Mapping[str, DeclaredConnector]


@dataclass(frozen=True)
class _Around:
    """Where an element stands: the file, the path of the system around it, what can be referred to from there."""

    structure: Structure
    path: str
    dictionaries: "ChainMap[str, _Dictionary]"
    ancestors: tuple[tuple[str, ...], ...]

    def inner(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name


class Systems:
    """Reads a structure into parts of a description: `components`, `subsystems` and `connections`."""

    def __init__(self, files: Files) -> None:
        self.components: dict[str, Component] = {}
        self.subsystems: dict[str, Subsystem] = {}
        self.connections: list[Connection] = []
        self._files = files
        self._count = 0

    def read(self, structure: Structure) -> None:
        """Read the whole system; problems go to the collection of the files."""
        around = _Around(structure, "", ChainMap(), (structure.identity,))
        label = structure.system.get("name", "")
        about = markup(structure.system, *_DRAWN, label=label)
        self._system(structure.system, around, with_files(about, structure.system, structure.place), ())

    def _system(
        self, element: Element, around: _Around, about: Markup, more: tuple[ParameterBinding, ...]
    ) -> Mapping[str, DeclaredConnector]:
        """A system of the path of `around`; its connectors. `more` bindings come behind its own."""
        structure = around.structure
        declared = connectors(structure.document, element, structure.terms)
        defined = self._dictionaries(element, structure)
        known = {name: _Dictionary(around.inner(key), each.entries) for name, (key, each) in defined.items()}
        around = replace(around, dictionaries=around.dictionaries.new_child(known))
        self.subsystems[around.path] = Subsystem(
            connectors=declared,
            bindings=self._bindings(element, structure) + more,
            dictionaries=dict(defined.values()),
            markup=about,
        )
        faces = self._elements(element, around)
        own = Face(around.path, declared)
        self.connections += connections(structure.document, element, own, faces)
        return declared

    def _elements(self, element: Element, around: _Around) -> dict[str, Face]:
        document = around.structure.document
        found: dict[str, Element] = {}
        for group in children(element, "Elements"):
            for each in group.iterchildren("{*}*"):
                name = document.required(each, "name")
                if not name:
                    document.problem(each, "has an empty name; give it one")
                elif name in found:
                    document.problem(each, f"the system '{element.get('name')}' has two elements of this name")
                else:
                    found[name] = each
        self._count += len(found)
        if self._count > MAX_ELEMENTS or around.path.count("/") >= MAX_DEPTH:
            raise DescriptionError(
                f"{document.origin}: more than {MAX_ELEMENTS} elements or {MAX_DEPTH} systems within each other, at "
                f"'{around.path[:200]}'; nest less"
            )
        paths = {name: around.inner(fitted) for name, fitted in usable(found).items()}
        return {name: Face(paths[name], self._element(each, paths[name], around)) for name, each in found.items()}

    def _element(self, element: Element, path: str, around: _Around) -> Mapping[str, DeclaredConnector]:
        name = element.get("name")
        label = name if path.rpartition("/")[2] != name else None
        about = with_files(markup(element, *_DRAWN, label=label), element, around.structure.place)
        if local(element) == "System":
            return self._system(element, replace(around, path=path), about, ())
        if local(element) == "SignalDictionaryReference":
            return self._reference(element, path, around, about)
        if local(element) == "Component":
            return self._component(element, path, around, about)
        around.structure.document.problem(element, "is no Component, System or SignalDictionaryReference; remove it")
        return {}

    def _component(
        self, element: Element, path: str, around: _Around, about: Markup
    ) -> Mapping[str, DeclaredConnector]:
        structure = around.structure
        document = structure.document
        declared = connectors(document, element, structure.terms)
        kind, source = element.get("type", FMU_TYPE), element.get("source")
        fields: dict[str, Any] = {"connectors": declared, "markup": about}
        if source is None:
            self._without_file(element, path, around, fields)
        elif kind in (SSD_TYPE, SSP_TYPE) or source.startswith("#"):
            return self._nested(element, path, around, about, declared)
        elif kind not in _SUFFIXES:
            document.problem(element, f"is of the type '{kind[:80]}', which does not run; use one of {_told()}")
        else:
            try:
                fields["source"] = structure.place.existing(source, folder=kind == SURROGATE_TYPE)
            except ValueError as error:
                document.problem(element, f"source: {error}")
            else:
                self._with_file(element, path, around, fields)
        return declared

    def _without_file(self, element: Element, path: str, around: _Around, fields: dict[str, Any]) -> None:
        """An architecture without implementation is as good as an empty system; cotwin can generate its signals."""
        structure = around.structure
        own = component_fields(structure.document, element, structure.place)
        bound = self._bindings(element, structure)
        if "signals" in own:
            self._made(element, path, around, own | fields | {"bindings": bound})
        else:
            self.subsystems[path] = Subsystem(**fields, bindings=bound)

    def _with_file(self, element: Element, path: str, around: _Around, fields: dict[str, Any]) -> None:
        structure, kind = around.structure, element.get("type", FMU_TYPE)
        document, file = structure.document, fields["source"]
        if file.suffix.lower() != _SUFFIXES[kind]:
            document.problem(element, f"source: '{file.name}' is of the type {kind}: let it end in {_SUFFIXES[kind]}")
        implementation = document.choice(element, "implementation", tuple(IMPLEMENTATIONS), "any")
        fields |= {"kind": IMPLEMENTATIONS[implementation], "bindings": self._bindings(element, structure, file)}
        fields |= self._parameters(element, structure)
        self._made(element, path, around, component_fields(document, element, structure.place) | fields)

    def _made(self, element: Element, path: str, around: _Around, fields: dict[str, Any]) -> None:
        try:
            self.components[path] = Component(**fields)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                around.structure.document.problem(element, f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}")

    def _nested(
        self, element: Element, path: str, around: _Around, about: Markup, declared: Mapping[str, DeclaredConnector]
    ) -> Mapping[str, DeclaredConnector]:
        """A component that stands for the top system of another file (section 5.2.3, its last paragraph)."""
        document, source = around.structure.document, element.get("source")
        try:
            inner = self._files.nested(around.structure, source, element.get("type", SSD_TYPE))
        except (ValueError, DescriptionError) as error:
            document.problem(element, f"source: {error}")
            return declared
        if inner.identity in around.ancestors or _holds(inner.system, element):
            document.problem(
                element, f"source: '{source[:200]}' contains this component itself; nest no system in itself"
            )
            return declared
        there = _Around(inner, path, around.dictionaries, (*around.ancestors, inner.identity))
        drawn = markup(inner.system, "SystemGeometry", "GraphicalElements")
        notes = {"annotations": about.annotations + drawn.annotations, "geometry": about.geometry + drawn.geometry}
        file = inner.place.file
        bound = self._bindings(element, around.structure, file)
        found = self._system(inner.system, there, about.model_copy(update=notes), bound)
        for name in declared:
            if name not in found:
                document.problem(
                    element, f"connector '{name}': {file.name} has no such connector; {nearest(name, found)}"
                )
        return found

    def _reference(
        self, element: Element, path: str, around: _Around, about: Markup
    ) -> Mapping[str, DeclaredConnector]:
        structure = around.structure
        document, name = structure.document, element.get("dictionary", "")
        declared = connectors(document, element, structure.terms)
        dictionary = around.dictionaries.get(name)
        if dictionary is None:
            hint = nearest(name, around.dictionaries)
            document.problem(element, f"there is no signal dictionary '{name}' here or further out; {hint}")
            return declared
        typed = dict(referring(declared, dictionary.entries))
        for connector, found in typed.items():
            if found is None:
                hint = nearest(connector, dictionary.entries)
                document.problem(element, f"connector '{connector}': not in the dictionary '{name}'; {hint}")
        known = {connector: found for connector, found in typed.items() if found is not None}
        self.subsystems[path] = Subsystem(
            connectors=known,
            bindings=self._bindings(element, structure),
            signal_dictionary=dictionary.identity,
            markup=about,
        )
        return declared

    def _dictionaries(self, element: Element, structure: Structure) -> dict[str, tuple[str, SignalDictionary]]:
        """Dictionaries that a system defines, by their names in the file and in the description."""
        found: dict[str, SignalDictionary] = {}
        for each in grandchildren(element, "SignalDictionaries", "SignalDictionary"):
            name = structure.document.required(each, "name")
            if name in found:
                structure.document.problem(each, "the system defines this dictionary twice; keep one of them")
            loaded = self._files.load(structure, each, "SignalDictionary")
            if loaded is None:
                found[name] = SignalDictionary()
                continue
            terms = self._files.definitions.add(loaded.document)
            signals = entries(loaded.document, terms)
            found[name] = SignalDictionary(entries=signals, source=loaded.source, markup=markup(each))
        keys = usable(found)
        return {name: (keys[name], dictionary) for name, dictionary in found.items()}

    def _parameters(self, element: Element, structure: Structure) -> dict[str, Any]:
        load = partial(self._files.load, structure)
        given = own_parameters(element, load, structure.units)
        return {"parameters": given} if given else {}

    def _bindings(
        self, element: Element, structure: Structure, file: Path | None = None
    ) -> tuple[ParameterBinding, ...]:
        return bindings(element, lambda each, root: self._files.load(structure, each, root, file), structure.units)


def _holds(system: Element, element: Element) -> bool:
    return any(ancestor is system for ancestor in element.iterancestors())


def _told() -> str:
    return ", ".join((*_SUFFIXES, SSD_TYPE, SSP_TYPE))
