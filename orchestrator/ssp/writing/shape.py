"""Shape: a description as SSP can say it, every connection within one system and between declared connectors."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.errors import DescriptionError
from orchestrator.ssp.writing.borders import Borders, above
from orchestrator.ssp.writing.declared import Definitions, Types
from orchestrator.ssp.writing.ends import Ends
from orchestrator.system.connections.ports import boundary_connectors
from orchestrator.system.connector import Connector
from orchestrator.system.description import Component, Connection, Endpoint, SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.structure import DeclaredConnector, Subsystem


def shaped(description: SystemDescription, interfaces: Interfaces, types: Types) -> SystemDescription:
    """The same system with all connectors and systems that SSP needs; DescriptionError lists what it cannot say."""
    return _Shape(description, interfaces, types).result()


class _Shape:
    def __init__(self, description: SystemDescription, interfaces: Interfaces, types: Types) -> None:
        self._description, self._types = description, types
        self._ends = Ends(description, interfaces)
        self._definitions = Definitions(description.units, description.enumerations)
        self._known: dict[str, Mapping[str, Connector]] = {
            name: {each.name: each for each in connectors} for name, connectors in interfaces.items()
        }
        self._connectors = {path: _told(each.connectors) for path, each in description.components.items()}
        self._systems = {path: _told(each) for path, each in boundary_connectors(description).items()}
        self._borders = Borders(self._all_systems())

    def result(self) -> SystemDescription:
        connections: list[Connection] = []
        problems: list[str] = []
        for connection in self._description.connections:
            try:
                connections += self._written(connection)
            except LookupError as error:
                problems.append(f"{connection}: {error.args[0]}")
        if problems:
            raise DescriptionError("\n".join(problems))
        systems, components = self._subsystems(), self._components()
        declared = [part.connectors for part in systems.values()] + [part.connectors for part in components.values()]
        for unit in {each.unit: None for connectors in declared for each in connectors.values() if each.unit}:
            self._definitions.define(unit)
        return self._description.model_copy(
            update={
                "components": components,
                "connections": tuple(connections),
                "subsystems": systems,
                "units": self._definitions.units,
                "enumerations": self._definitions.enumerations,
            }
        )

    def _written(self, connection: Connection) -> Iterable[Connection]:
        if connection.as_parameter:
            raise LookupError(
                "SSP has no connections that set a parameter during the run (as_parameter); leave it out, or let the "
                "component have an input for it"
            )
        for part in self._ends.separate(connection):
            yield from self._borders.led(part, self._declared(part.source), self._declared(part.destination))

    def _declared(self, end: Endpoint) -> DeclaredConnector:
        """The connector of an end, declared from the file of the component where nothing else declares it."""
        name = self._ends.connector(end)
        if end.component in self._systems:
            known = self._systems[end.component][name]
            if name not in self._description.subsystems[end.component].connectors:  # an entry of a signal dictionary
                self._borders.connectors.setdefault(end.component, {})[name] = known
            return known
        declared = self._connectors[end.component]
        if name not in declared:
            kind = self._types.get(end.component, {}).get(name)
            declared[name] = self._definitions.declared(self._known[end.component][name], kind)
        return declared[name]

    def _components(self) -> dict[str, Component]:
        components = self._description.components
        return {path: _with(each, self._connectors[path]) for path, each in components.items()}

    def _subsystems(self) -> dict[str, Subsystem]:
        found = dict(self._all_systems())
        for path in found:
            given = self._description.subsystems.get(path, Subsystem())
            added = self._borders.connectors.get(path, {})
            found[path] = _with(given, {**_told(given.connectors), **added})
        root = found[""]
        if root.markup.label is None:
            named = root.markup.model_copy(update={"label": self._description.name})
            found[""] = root.model_copy(update={"markup": named})
        return found

    def _all_systems(self) -> dict[str, Any]:
        """Every system by its path, those that only paths of components tell of as well."""
        found: dict[str, Any] = {"": self._systems.get("", {})}
        for path in (*self._description.subsystems, *self._description.components):
            way: list[str] = []
            while path:
                way.insert(0, path)
                path = above(path)
            found |= {part: self._systems.get(part, {}) for part in way if part not in self._description.components}
        return found


def _with(part: Any, connectors: Mapping[str, DeclaredConnector]) -> Any:
    return part if part.connectors == connectors else part.model_copy(update={"connectors": dict(connectors)})


def _told(connectors: Mapping[str, DeclaredConnector]) -> dict[str, DeclaredConnector]:
    """Connectors whose unit or enumeration has the type that SSP says it with."""
    told = {}
    for name, each in connectors.items():
        implied = "Enumeration" if each.enumeration is not None else "Real" if each.unit is not None else None
        told[name] = each if each.type is not None or implied is None else each.model_copy(update={"type": implied})
    return told
