"""Systems: the elements of an SSD, nested as the paths of a description say (SSP 2.0, section 5)."""

from collections import defaultdict
from typing import Final, TypeVar

from orchestrator.ssp.document import Element
from orchestrator.ssp.naming import usable
from orchestrator.ssp.vocabulary import (
    FMU_TYPE,
    IMPLEMENTATIONS,
    OWN_COMPONENT_FIELDS,
    OWN_CONNECTION_FIELDS,
    SIGNALS_TYPE,
    SURROGATE_TYPE,
    TABLE_TYPES,
)
from orchestrator.ssp.writing.bindings import Bindings
from orchestrator.ssp.writing.borders import above, loops_inside
from orchestrator.ssp.writing.common import put_transformation, put_type
from orchestrator.ssp.writing.draft import Draft
from orchestrator.ssp.writing.tree import annotate, described, put, put_drawn, sub
from orchestrator.ssp.writing.version import KINDS_OF_1
from orchestrator.system.description import Component, Connection, Endpoint
from orchestrator.system.structure import DeclaredConnector, Markup, Subsystem

_TYPES: Final = {".fmu": None, ".surrogate": SURROGATE_TYPE, **{suffix: name for name, suffix in TABLE_TYPES.items()}}
_IMPLEMENTATIONS: Final = {kind: name for name, kind in IMPLEMENTATIONS.items() if kind is not None}

_Part = TypeVar("_Part", Component, Subsystem)


class Systems:
    """Writes the systems of a description, all of whose connections are within one system."""

    def __init__(self, draft: Draft, bindings: Bindings) -> None:
        self._draft, self._bindings = draft, bindings
        self._systems = {path: self._placed(part) for path, part in draft.description.subsystems.items()}
        components = {path: self._placed(part) for path, part in draft.description.components.items()}
        self._parts: dict[str, Component | Subsystem] = {**components, **self._systems}
        self._inside: dict[str, list[str]] = defaultdict(list)
        for path in self._parts:
            if path:
                self._inside[above(path)].append(path)
        self._connections: dict[str, list[Connection]] = defaultdict(list)
        for connection in draft.description.connections:
            self._connections[self._level(connection)].append(connection)

    def put(self, parent: Element, path: str) -> None:
        """A system with everything in it."""
        part = self._systems[path]
        element = sub(parent, "ssd:System", name=self._name(path), **self._draft.unique(described(part.markup)))
        self._interface(element, path, part)
        self._elements(element, path)
        if self._connections[path]:
            group = sub(element, "ssd:Connections")
            for connection in self._connections[path]:
                self._connection(group, path, connection)
        if part.dictionaries:
            group = sub(element, "ssd:SignalDictionaries")
            for name, dictionary in part.dictionaries.items():
                self._bindings.dictionary(group, name, dictionary)
        put_drawn(element, part.markup, "SystemGeometry", "GraphicalElements")
        annotate(element, part.markup)

    def _placed(self, part: _Part) -> _Part:
        return part.model_copy(update={"markup": self._draft.placed(part.markup)}) if part.markup.files else part

    def _elements(self, element: Element, path: str) -> None:
        inside = self._ordered(self._inside[path])
        group = sub(element, "ssd:Elements") if inside else None
        for inner in inside:
            part = self._parts[inner]
            if isinstance(part, Component):
                self._component(group, inner, part)
            elif part.signal_dictionary is not None:
                self._reference(group, inner, part)
            else:
                self.put(group, inner)

    def _component(self, group: Element, path: str, component: Component) -> None:
        fields = component.model_dump(
            mode="json", include=set(OWN_COMPONENT_FIELDS), exclude_defaults=True, by_alias=True
        )
        fields.pop("parameters", None)
        if component.swap is not None:
            fields["swap"]["surrogate"] = self._draft.package.add(component.swap.surrogate)
        if component.estimator is not None:
            fields["estimator"] = self._draft.package.add(component.estimator)
        kind = _IMPLEMENTATIONS.get(component.kind) if component.kind is not None else None
        if kind == "ScheduledExecution":
            self._draft.sayable.newer(f"component '{path}' of the kind {component.kind}")
        element = sub(
            group,
            "ssd:Component",
            name=self._name(path),
            type=self._type(path, component),
            source=None if component.source is None else self._draft.package.add(component.source),
            implementation=kind,
            **self._draft.unique(described(component.markup)),
        )
        self._interface(element, path, component)
        annotate(element, component.markup, fields)

    def _type(self, path: str, component: Component) -> str | None:
        if component.source is None:
            self._draft.sayable.newer(f"component '{path}', which has signals and no file")
            return SIGNALS_TYPE
        suffix = component.source.suffix.lower()
        if suffix not in _TYPES:
            known = ", ".join(_TYPES)
            self._draft.sayable.problem(f"component '{path}': {component.source} is none of {known}; give one of them")
        return _TYPES.get(suffix, FMU_TYPE)

    def _reference(self, group: Element, path: str, part: Subsystem) -> None:
        name = str(part.signal_dictionary).rpartition("/")[2]
        if self._visible(above(path), name) != part.signal_dictionary:
            self._draft.sayable.problem(
                f"subsystem '{path}' cannot refer to the signal dictionary '{part.signal_dictionary}': another one is "
                "nearer, or it is not around it; rename it"
            )
        about = self._draft.unique(described(part.markup))
        element = sub(group, "ssd:SignalDictionaryReference", name=self._name(path), dictionary=name, **about)
        self._interface(element, path, part)
        annotate(element, part.markup)

    def _visible(self, system: str, name: str) -> str | None:
        """The dictionary that a name means in a system: looked up from the inside outwards."""
        while True:
            if name in self._systems[system].dictionaries:
                return f"{system}/{name}" if system else name
            if not system:
                return None
            system = above(system)

    def _interface(self, element: Element, path: str, part: Component | Subsystem) -> None:
        """What all kinds of elements begin with."""
        group = sub(element, "ssd:Connectors") if part.connectors else None
        for name, connector in part.connectors.items():
            self._connector(group, f"connector '{path}.{name}'", name, connector)
        put_drawn(element, part.markup, "ElementGeometry")
        self._bindings.put(element, path, part)
        self._metadata(element, f"'{path}'", part.markup)

    def _connector(self, group: Element, place: str, name: str, connector: DeclaredConnector) -> None:
        if connector.kind not in KINDS_OF_1:
            self._draft.sayable.newer(f"{place} of the kind {connector.kind}")
        about = self._draft.unique(described(connector.markup))
        element = sub(group, "ssd:Connector", name=name, kind=connector.kind, **about)
        put_type(element, connector, place, self._draft.sayable)
        if any("systemInner" in text for text in connector.markup.geometry):
            self._draft.sayable.newer(f"{place}, placed inside of its system")
        put_drawn(element, connector.markup, "ConnectorGeometry")
        annotate(element, connector.markup)

    def _metadata(self, element: Element, place: str, about: Markup) -> None:
        if about.metadata:
            self._draft.sayable.newer(f"{place} with meta data or signatures")
        put(element, *about.metadata)

    def _connection(self, group: Element, system: str, connection: Connection) -> None:
        ends: dict[str, str | None] = {}
        for which, end in (("start", connection.source), ("end", connection.destination)):
            name, indices = self._indexed(end)
            ends[f"{which}Element"] = self._name(end.component) if end.component != system else None
            ends[f"{which}Connector"] = name
            ends[f"{which}Indices"] = indices
            if indices is not None:
                self._draft.sayable.newer(f"{connection}: indices")
        suppressed = "true" if connection.suppress_unit_conversion else None
        about = self._draft.unique(described(connection.markup))
        element = sub(group, "ssd:Connection", **ends, suppressUnitConversion=suppressed, **about)
        put_transformation(element, connection.transformation, str(connection), self._draft.sayable)
        put_drawn(element, connection.markup, "ConnectionGeometry")
        annotate(
            element, connection.markup, {name: True for name in OWN_CONNECTION_FIELDS if getattr(connection, name)}
        )

    def _indexed(self, end: Endpoint) -> tuple[str, str | None]:
        """The connector of an end, and the indices of the element that it is."""
        if end.connector in self._parts[end.component].connectors:
            return end.connector, None
        name, _, indices = end.connector.rpartition("[")
        return name, indices.rstrip("]").replace(",", " ")

    def _level(self, connection: Connection) -> str:
        """The system that a connection is in: its ends are that system or elements of it."""
        source, destination = connection.source.component, connection.destination.component
        if source == destination:
            owner = self._systems.get(source)
            names = [self._indexed(end)[0] for end in (connection.source, connection.destination)]
            inside = owner is not None and loops_inside(*(owner.connectors[name] for name in names))
            return source if inside else above(source)
        if source in self._systems and (not source or above(destination) == source) and destination:
            return source
        return destination if above(source) == destination else above(source)

    def _name(self, path: str) -> str:
        """The name of an element in the file."""
        label = self._parts[path].markup.label
        return label if label else path.rpartition("/")[2]

    def _ordered(self, paths: list[str]) -> list[str]:
        """The elements of a system in an order in which a reader gives them the names that they have here."""
        for order in (paths, sorted(paths)):
            names = {self._name(path): path.rpartition("/")[2] for path in order}
            if len(names) == len(order) and usable(names) == names:
                return order
        for path in paths:
            name = self._name(path)
            if usable([name])[name] != path.rpartition("/")[2]:
                self._draft.sayable.problem(
                    f"'{path}' has the label '{name[:80]}', by which it would come back as '{usable([name])[name]}'; "
                    "rename it so, or leave the label out"
                )
        return paths
