"""Ports: kind, type and unit of every connector, as files and description say them together."""

from collections.abc import Mapping

from orchestrator.errors import UnitError
from orchestrator.system.connections.allowed import Owner, Side, kind_of
from orchestrator.system.connections.domains import declared_domain, domain_of
from orchestrator.system.connections.passage import Port
from orchestrator.system.connector import Connector, Variability
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interface
from orchestrator.system.quantities.unit_text import find_unit, settled
from orchestrator.system.quantities.units import IDENTITY, Unit, conversion
from orchestrator.system.structure import DeclaredConnector


def boundary_connectors(description: SystemDescription) -> dict[str, dict[str, DeclaredConnector]]:
    """The connectors of every nested system by path; a reference to a dictionary has those of the dictionary."""
    connectors = {}
    for path, system in description.subsystems.items():
        connectors[path] = dict(system.connectors)
        for name, entry in _entries(description, system.signal_dictionary).items():
            declared = system.connectors.get(name, DeclaredConnector(kind="inout"))
            filled = ("type", "unit", "enumeration", "dimensions")
            missing = {key: getattr(entry, key) for key in filled if not getattr(declared, key)}
            connectors[path][name] = declared.model_copy(update=missing)
    return connectors


def _entries(description: SystemDescription, dictionary: str | None) -> Mapping[str, DeclaredConnector]:
    if dictionary is None:
        return {}
    path, _, name = dictionary.rpartition("/")
    system = description.subsystems.get(path)
    found = None if system is None else system.dictionaries.get(name)
    return {} if found is None else found.entries


class Ports:
    """Kind, type and unit of connectors; `problems` and `unit_problems` tell what is declared wrongly."""

    def __init__(
        self,
        description: SystemDescription,
        interfaces: Mapping[str, Interface],
        boundaries: Mapping[str, Mapping[str, DeclaredConnector]],
    ) -> None:
        self.problems: list[str] = []
        self.unit_problems: list[str] = []
        self._description, self._interfaces, self._boundaries = description, interfaces, boundaries
        self._ports: dict[tuple[str, str], Port] = {}

    def kind(self, owner: str, connector: str) -> str:
        """The SSP kind of a connector of a component or nested system."""
        if owner not in self._interfaces:
            return self._boundaries[owner][connector].kind
        declared = self._declared(owner, connector)
        return kind_of(self._interfaces[owner].connectors[connector], None if declared is None else declared.kind)

    def side(self, owner: str, connector: str, side: Owner) -> Side:
        """A connector as one end of a connection."""
        name, kind = f"{owner}.{connector}", self.kind(owner, connector)
        if owner not in self._interfaces:
            return Side(name, kind, side, "parameters of a system around it")
        tunable = self._interfaces[owner].connectors[connector].variability is Variability.TUNABLE
        return Side(name, kind, side, f"components.{owner}.parameters", tunable)

    def port(self, owner: str, connector: str) -> Port:
        """The type and unit of a connector of a component or nested system."""
        if (owner, connector) not in self._ports:
            if owner in self._interfaces:
                port = self._of_component(owner, self._interfaces[owner].connectors[connector])
            else:
                port = self._of_boundary(owner, connector, self._boundaries[owner][connector])
            self._ports[owner, connector] = port
        return self._ports[owner, connector]

    def _of_boundary(self, owner: str, name: str, declared: DeclaredConnector) -> Port:
        domain = None
        try:
            domain = declared_domain(declared, self._description.enumerations)
        except ValueError as error:
            self.problems.append(f"connector '{owner}.{name}': {error}")
        return Port(domain, self._unit(f"{owner}.{name}", declared.unit), nested=True)

    def _of_component(self, owner: str, connector: Connector) -> Port:
        declared = self._declared(owner, connector.name)
        name = f"{owner}.{connector.name}"
        unit = self._unit(name, None if declared is None else declared.unit)
        try:
            own = settled(connector.unit, self._description.units)
        except UnitError as error:
            self.unit_problems.append(f"connector '{name}': {error}")
            own = connector.unit
        return Port(domain_of(connector), self._agreed(name, unit, own))

    def _declared(self, owner: str, connector: str) -> DeclaredConnector | None:
        component = self._description.components.get(owner)
        return None if component is None else component.connectors.get(connector)

    def _unit(self, connector: str, name: str | None) -> Unit | None:
        if name is None:
            return None
        try:
            return find_unit(name, self._description.units)
        except UnitError as error:
            if name in self._description.units:
                self.unit_problems.append(f"connector '{connector}': {error}")
            return Unit(name)

    def _agreed(self, connector: str, declared: Unit | None, own: Unit | None) -> Unit | None:
        """The unit of a component's connector: its own one where that is defined, otherwise the one declared."""
        if declared is None or own is None or own.exponents is None or declared.exponents is None:
            return own if declared is None or (own is not None and own.exponents is not None) else declared
        try:
            same = conversion(declared, own) == IDENTITY
        except UnitError:
            same = False
        if not same:
            self.unit_problems.append(
                f"connector '{connector}': it is declared in '{declared.name}', but its file has it in '{own.name}'; "
                "declare it in the unit of the file"
            )
        return own
