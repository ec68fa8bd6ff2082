"""Targets: the variables that values of a description go to, which say in which type and unit others want them."""

from collections.abc import Mapping

from orchestrator.ssp.vocabulary import FLOAT_TYPES, INTEGER_RANGES
from orchestrator.ssp.writing.declared import Types
from orchestrator.ssp.writing.values import Said, Wanted, say, say_elements, wanted_by
from orchestrator.system.connections.ports import boundary_connectors
from orchestrator.system.connector import Causality
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.parameters.bindings import Target, bind
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.unit_text import find_unit
from orchestrator.system.structure import DeclaredConnector, ParameterBinding


class Targets:
    """Where the values of a description go, as far as the files of its components are known."""

    def __init__(self, description: SystemDescription, interfaces: Interfaces, types: Types) -> None:
        self._description, self._given, self._types = description, interfaces, types
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        self._boundaries = boundary_connectors(description)
        self._reader = Reader(description.constants, description.units)
        self._targets = {each.place: each.targets for each in bind(description).assignments}

    def parameters(self, path: str, component: Component) -> dict[str, Said]:
        """The `parameters` of a component as whole variables in their own units.

        As the description gives them where the file is not known. DescriptionError where they do not fit it.
        """
        interface = self._interfaces.get(path)
        if interface is None or not component.parameters:
            given = component.parameters.items()
            return {name: say(value, Wanted(), self._reader, {}) for name, value in given}
        alone = component.model_copy(update={"bindings": (), "swap": None})
        changes = {"components": {path: alone}, "connections": (), "subsystems": {}}
        values = parameter_values(self._description.model_copy(update=changes), {path: self._given[path]})[path]
        said = {name: say_elements(interface.connectors[name], values[name].tolist()) for name in values}
        for name in component.parameters:
            for element in interface.find(name) or ():
                if element.connector.causality is Causality.STRUCTURAL_PARAMETER:
                    said[element.connector.name] = say_elements(element.connector, element.connector.start or (0,))
        return said

    def wanted(self, binding: ParameterBinding, place: str, name: str) -> Wanted:
        """What the variables that a value of a binding goes to have in common."""
        found = [wanted for each in _places(binding, place, name) for wanted in self._wanted(each)]
        for field in Wanted._fields if found else ():
            if len({getattr(each, field) for each in found}) > 1:
                found = [each._replace(**{field: getattr(Wanted(), field)}) for each in found]
        return found[0] if found else Wanted()

    def _wanted(self, place: str) -> list[Wanted]:
        return [wanted for target in self._targets.get(place, ()) for wanted in self._of(target)]

    def _of(self, target: Target) -> list[Wanted]:
        if target.owner in self._interfaces:
            elements = self._interfaces[target.owner].find(target.name)
            return [] if elements is None else [wanted_by(elements[0].connector)]
        part = self._description.components.get(target.owner)
        known: Mapping[str, DeclaredConnector] = (
            self._boundaries.get(target.owner, {}) if part is None else part.connectors
        )
        declared = known.get(target.name)
        return [] if declared is None or declared.type in (None, "Clock") else [self._declared(declared)]

    def _declared(self, declared: DeclaredConnector) -> Wanted:
        unit = None
        if declared.unit is not None:
            try:
                unit = find_unit(declared.unit, self._description.units)
            except ValueError:
                unit = None
        shape = tuple(extent for extent in declared.dimensions if isinstance(extent, int))
        items = self._description.enumerations.get(declared.enumeration or "", {})
        kind = (
            "Real" if declared.type in FLOAT_TYPES else "Integer" if declared.type in INTEGER_RANGES else declared.type
        )
        return Wanted(kind, unit, shape, tuple((number, item) for item, number in items.items()))


def _places(binding: ParameterBinding, place: str, name: str) -> list[str]:
    """Where the assignments of one value of a binding are, as `bind` names them."""
    if binding.mapping is None:
        return [f"{place}.values.{name}"]
    full = f"{binding.prefix}{name}"
    return [f"{place}.mapping[{index}]" for index, entry in enumerate(binding.mapping) if entry.source == full]
