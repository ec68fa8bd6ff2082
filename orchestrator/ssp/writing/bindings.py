"""Bindings: parameter sets, mappings and signal dictionaries, inline or as files (SSP 2.0, sections 6 to 8)."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from orchestrator.errors import DescriptionError
from orchestrator.ssp.common import units
from orchestrator.ssp.document import Element, Problems, parse
from orchestrator.ssp.own import same
from orchestrator.ssp.packages import entry as entry_of
from orchestrator.ssp.parameters import parameter_set
from orchestrator.ssp.vocabulary import FLOAT_TYPES
from orchestrator.ssp.writing.common import put_dimensions, put_enumerations, put_transformation, put_type, put_units
from orchestrator.ssp.writing.declared import definition
from orchestrator.ssp.writing.draft import Draft
from orchestrator.ssp.writing.targets import Targets
from orchestrator.ssp.writing.tree import annotate, described, put, put_drawn, sub
from orchestrator.ssp.writing.values import Said, say
from orchestrator.ssp.writing.version import TYPES_OF_1
from orchestrator.system.description import Component
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.unit_text import find_unit
from orchestrator.system.structure import Mapping as MappingEntry
from orchestrator.system.structure import Markup, ParameterBinding, SignalDictionary, UnitDefinition
from orchestrator.system.values import Given, Quantity


class Bindings:
    """Writes the parameters and bindings of elements, and signal dictionaries."""

    def __init__(self, draft: Draft, targets: Targets) -> None:
        self._draft, self._targets = draft, targets
        self._reader = Reader(draft.description.constants, draft.description.units)

    def put(self, element: Element, path: str, part: Any) -> None:
        """The bindings of a system or component, its `parameters` first: later ones win."""
        owner = "components" if isinstance(part, Component) else "subsystems"
        place = f"{owner}.{path or chr(39) * 2}"
        said = self._targets.parameters(path, part) if isinstance(part, Component) else {}
        if not said and not part.bindings:
            return
        group = sub(element, "ssd:ParameterBindings")
        if said:
            self._parameters(group, f"{place}.parameters", part.parameters, said)
        for index, binding in enumerate(part.bindings):
            self._binding(group, f"{place}.bindings[{index}]", binding, getattr(part, "source", None))

    def dictionary(self, group: Element, name: str, dictionary: SignalDictionary) -> None:
        """A signal dictionary, as a file where it was read from one."""
        element = sub(group, "ssd:SignalDictionary", name=name, **described(dictionary.markup))
        if dictionary.source is None:
            self._entries(element, name, dictionary)
        else:
            self._file(element, dictionary.source, self._entries(None, name, dictionary))

    def _parameters(self, group: Element, place: str, given: Mapping[str, Given], said: Mapping[str, Said]) -> None:
        element = sub(group, "ssd:ParameterBinding")
        self._set(sub(element, "ssd:ParameterValues"), "parameters", place, said, {})
        note: dict[str, Any] = {"parameters": True}
        written = {name: each.back for name, each in said.items()}
        if written.keys() != given.keys() or any(not same(given[name], written[name]) for name in given):
            note |= {"given": _plain(given), "written": _plain(written)}
        annotate(element, Markup(), note)

    def _binding(self, group: Element, place: str, binding: ParameterBinding, component: Path | None) -> None:
        element = sub(group, "ssd:ParameterBinding", prefix=binding.prefix or None, **described(binding.markup))
        said = self._said(binding, place)
        name = binding.name if binding.name is not None else "parameters"
        inside = _inside(component, binding)
        if inside is not None:
            element.set("source", inside)
            element.set("sourceBase", "component")
        elif binding.source is None:
            self._set(sub(element, "ssd:ParameterValues"), name, place, said, binding.units)
        else:
            self._file(element, binding.source, self._set(None, name, place, said, binding.units))
        if binding.mapping is not None:
            mapping = sub(element, "ssd:ParameterMapping")
            if binding.mapping_source is None:
                self._mapping(mapping, place, binding.mapping)
            else:
                self._file(mapping, binding.mapping_source, self._mapping(None, place, binding.mapping))
        if binding.markup.metadata:
            self._draft.sayable.newer(f"{place} with meta data")
        put(element, *binding.markup.metadata)
        changed = {each: one for each, one in said.items() if not same(binding.values[each], one.back)}
        note = {
            "given": _plain({each: binding.values[each] for each in changed}),
            "written": _plain({each: one.back for each, one in changed.items()}),
        }
        annotate(element, binding.markup, note if changed else None)

    def _said(self, binding: ParameterBinding, place: str) -> dict[str, Said]:
        said = {}
        for name, given in binding.values.items():
            wanted = self._targets.wanted(binding, place, name)
            try:
                said[name] = say(given, wanted, self._reader, binding.units, binding.types.get(name))
            except DescriptionError as error:
                self._draft.sayable.problem(f"{place}.values.{name}: {error}")
        return said

    def _set(
        self,
        parent: Element | None,
        name: str,
        place: str,
        said: Mapping[str, Said],
        units: Mapping[str, UnitDefinition],
    ) -> Element:
        """A parameter set, in its parent or as a file of its own."""
        element = self._draft.versioned(parent, "ssv:ParameterSet", name=name)
        group = sub(element, "ssv:Parameters")
        for key, each in said.items():
            self._parameter(sub(group, "ssv:Parameter", name=key), f"{place}.values.{key}", each)
        used = {each.unit: None for each in said.values() if each.unit is not None}
        put_units(element, "ssv", {**dict(self._defined(used)), **units})
        return element

    def _parameter(self, element: Element, place: str, said: Said) -> None:
        if said.type not in TYPES_OF_1:
            self._draft.sayable.newer(f"{place} of the type {said.type}")
        more = {"unit": said.unit if said.type in FLOAT_TYPES else None, "mime_type": said.mime_type}
        listed = said.type in ("String", "Enumeration", "Binary") and len(said.texts) != 1
        typed = sub(element, f"ssv:{said.type}", value=None if listed else " ".join(said.texts), **more)
        for text in said.texts if listed else ():
            sub(typed, "ssv:Value", value=text)
        put_dimensions(element, said.dimensions, place, self._draft.sayable)

    def _mapping(self, parent: Element | None, place: str, mapping: Sequence[MappingEntry]) -> Element:
        element = self._draft.versioned(parent, "ssm:ParameterMapping")
        for index, entry in enumerate(mapping):
            suppressed = "true" if entry.suppress_unit_conversion else None
            names = {"source": entry.source, "target": entry.target}
            each = sub(element, "ssm:MappingEntry", **names, suppressUnitConversion=suppressed)
            put_transformation(each, entry.transformation, f"{place}.mapping[{index}]", self._draft.sayable)
        return element

    def _entries(self, parent: Element | None, name: str, dictionary: SignalDictionary) -> Element:
        element = self._draft.versioned(parent, "ssb:SignalDictionary")
        description, place = self._draft.description, f"signal dictionary '{name}'"
        for key, entry in dictionary.entries.items():
            each = sub(element, "ssb:DictionaryEntry", name=key, **described(entry.markup))
            put_type(each, entry, f"'{key}' of {place}", self._draft.sayable)
            put_drawn(each, entry.markup, "ConnectorGeometry")
            annotate(each, entry.markup, prefix="ssb")
        items = {each.enumeration: None for each in dictionary.entries.values() if each.enumeration is not None}
        known = {name: description.enumerations[name] for name in items if name in description.enumerations}
        put_enumerations(element, "ssb", known, self._draft.sayable)
        put_units(element, "ssb", dict(self._defined([e.unit for e in dictionary.entries.values() if e.unit])))
        return element

    def _file(self, element: Element, source: Path, content: Element) -> None:
        element.set("source", self._draft.package.add_tree(source.name, content))

    def _defined(self, names: Any) -> Iterator[tuple[str, UnitDefinition]]:
        """The definitions of units that are known: by the description, or by their name."""
        for name in names:
            try:
                yield name, definition(find_unit(name, self._draft.description.units))
            except ValueError:
                continue


def _inside(component: Path | None, binding: ParameterBinding) -> str | None:
    """The URI of a set that lies in the file of its component and still says what the binding says."""
    if component is None or binding.source is None or not binding.source.is_relative_to(component):
        return None
    uri = quote(binding.source.relative_to(component).as_posix())
    try:
        document = parse(entry_of(component, uri), str(binding.source), "ParameterSet", Problems())
    except (ValueError, DescriptionError):
        return None
    unchanged = parameter_set(document) == binding.values and units(document) == binding.units
    return uri if unchanged else None


def _plain(values: Mapping[str, Given]) -> dict[str, Any]:
    return {
        name: given.model_dump(mode="json") if isinstance(given, Quantity) else given for name, given in values.items()
    }
