"""Declared connectors: SSP connects what elements declare; a description may leave that to the files of components."""

from collections.abc import Mapping
from typing import Final

from orchestrator.ssp.naming import merged
from orchestrator.ssp.vocabulary import BASE_UNITS
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.quantities.unit_text import find_unit
from orchestrator.system.quantities.units import Unit
from orchestrator.system.structure import DeclaredConnector, Kind, UnitDefinition

Types = Mapping[str, Mapping[str, str]]
"""Component -> connector -> its type in the file of the component, by the names of FMI."""

_ALIKE: Final = {
    "Real": "Real",
    "Float64": "Real",
    "Integer": "Integer",
    "Int32": "Integer",
    "Boolean": "Boolean",
    "String": "String",
    "Binary": "Binary",
    "Enumeration": "Enumeration",
    "Clock": "Clock",
}
"""Types of files that SSP 1.0 has by another name or the same; others are left open, which is the type of the file."""
_KINDS: Final[Mapping[Causality, Kind]] = {
    Causality.INPUT: "input",
    Causality.OUTPUT: "output",
    Causality.PARAMETER: "parameter",
    Causality.CALCULATED_PARAMETER: "calculatedParameter",
    Causality.STRUCTURAL_PARAMETER: "structuralParameter",
}
_BY_STORAGE: Final = {
    Storage.FLOAT64: "Real",
    Storage.BOOLEAN: "Boolean",
    Storage.STRING: "String",
    Storage.BINARY: "Binary",
}


class Definitions:
    """The units and enumerations of a description, and those that connectors of files add to them."""

    def __init__(self, units: Mapping[str, UnitDefinition], enumerations: Mapping[str, Mapping[str, int]]) -> None:
        self.units = dict(units)
        self.enumerations = {name: dict(items) for name, items in enumerations.items()}

    def define(self, name: str) -> None:
        """Define a unit whose name says what it is, as SSP demands; a name that says nothing stays as it is."""
        if name in self.units:
            return
        try:
            unit = find_unit(name)
        except ValueError:
            return
        self.units[name] = definition(unit)

    def declared(self, connector: Connector, kind: str | None) -> DeclaredConnector:
        """A connector of a file as a description declares it; `kind` is its type in the file, where that is known."""
        items = {name: number for number, name in connector.items}
        name = _ALIKE.get(kind) if kind is not None else _type(connector)
        if name == "Enumeration" and not items:
            name = None
        return DeclaredConnector(
            kind=_kind(connector),
            type=name,
            unit=self._unit(connector.unit) if name == "Real" else None,
            enumeration=self._enumeration(connector.name, items) if name == "Enumeration" else None,
            dimensions=connector.shape,
        )

    def _unit(self, unit: Unit | None) -> str | None:
        if unit is None or unit.exponents is None:
            return None  # what the file does not define, nobody can convert
        return merged(self.units, {unit.name: definition(unit)})[unit.name]

    def _enumeration(self, name: str, items: dict[str, int]) -> str:
        return merged(self.enumerations, {name: items})[name]


def definition(unit: Unit) -> UnitDefinition:
    """The definition of a unit that is known."""
    exponents = dict(zip(BASE_UNITS, unit.exponents or (), strict=False))
    return UnitDefinition(
        exponents={base: exponent for base, exponent in exponents.items() if exponent},
        factor=unit.factor,
        offset=unit.offset,
    )


def _type(connector: Connector) -> str | None:
    return "Enumeration" if connector.items else _BY_STORAGE.get(connector.storage)


def _kind(connector: Connector) -> Kind:
    if connector.causality is Causality.LOCAL and connector.variability is Variability.CONSTANT:
        return "constant"
    return _KINDS.get(connector.causality, "local")
