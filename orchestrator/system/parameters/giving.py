"""Parameters: the values that a description gives, in the interfaces of its components."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.system.connections.flattening import Flattened, Reached
from orchestrator.system.connector import Causality, Connector, Scalar
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.names import nearest
from orchestrator.system.parameters.bindings import Assignment, Target, bind
from orchestrator.system.parameters.reading import Applied, Way, read_scalar
from orchestrator.system.parameters.start_values import Offer, StartValues
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.unit_text import find_unit, settled
from orchestrator.system.values import Given, Quantity

Values = dict[str, dict[str, NDArray[Any]]]
"""Component -> connector -> all its elements in its storage type."""


class Parameters(NamedTuple):
    """What a description gives: the values, what was done to them on the way, and what was passed over and why."""

    values: Values
    applied: tuple[Applied, ...]
    passed_over: tuple[str, ...]


def parameter_values(description: SystemDescription, interfaces: Interfaces) -> Values:
    """The values that the description gives, in the unit and storage type of each variable.

    Scalars spread over arrays; elements that are not named keep their start values. All problems are reported in one
    DescriptionError: unknown or unsettable names, wrong types, units or lengths, values outside min and max.
    """
    return given_parameters(description, interfaces).values


def given_parameters(description: SystemDescription, interfaces: Interfaces) -> Parameters:
    """As `parameter_values`, with the story of each value."""
    return _Giving(description, interfaces).result()


def configured(description: SystemDescription) -> dict[str, Component]:
    """The components with all values that are given to them by name as their `parameters`.

    Structural parameters must be known before the file of a component says what its variables are.
    """
    reader = Reader(description.constants, description.units)
    given: dict[str, dict[str, Given]] = {name: {} for name in description.components}
    for assignment in bind(description).assignments:
        for target in assignment.targets:
            if target.owner in given:
                given[target.owner].pop(target.name, None)
                given[target.owner][target.name] = _plain(reader, assignment.given)
    return {
        name: component if given[name] == component.parameters else component.model_copy(update={"parameters": values})
        for (name, component), values in zip(description.components.items(), given.values(), strict=True)
    }


def _plain(reader: Reader, given: Given) -> Given:
    if not isinstance(given, str):
        return given
    try:
        read = reader.read(given, None)
    except DescriptionError:
        return given
    return read.value if read.unit is None else given


class _Giving:
    def __init__(self, description: SystemDescription, interfaces: Interfaces) -> None:
        self._description = description
        self._reader = Reader(description.constants, description.units)
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        self._flattened = _flattened(description, interfaces)
        sources = (
            _sources(description, self._interfaces)
            if self._flattened is None
            else _flat_sources(self._flattened, interfaces)
        )
        self._values = {
            name: StartValues(interface, sources.get(name, {})) for name, interface in self._interfaces.items()
        }
        self._applied: dict[tuple[str, ...], Applied] = {}
        self._problems: list[str] = []
        self._passed_over: list[str] = []

    def result(self) -> Parameters:
        bound = bind(self._description)
        for assignment in bound.assignments:
            if not [True for target in assignment.targets if self._give(assignment, target)]:
                self._nothing(assignment)
        problems = [*bound.problems, *self._problems]
        for given in self._values.values():
            given.finish()
            problems += given.problems
            self._passed_over += given.passed_over
        if problems:
            raise DescriptionError("\n".join(problems))
        values = {name: self._values[name].values for name in self._description.components}
        applied = self._holding()
        return Parameters(values, applied, tuple(self._passed_over))

    def _holding(self) -> tuple[Applied, ...]:
        """The stories of the values that no other value wins over."""
        places = {name: given.places() for name, given in self._values.items()}
        return tuple(one for key, one in self._applied.items() if key[1:3] in places[key[0]])

    def _give(self, assignment: Assignment, target: Target) -> bool:
        """Give a value to what a name means; False where it means nothing."""
        if target.owner not in self._interfaces:
            return self._give_through(assignment, target)
        elements = self._interfaces[target.owner].find(target.name)
        if elements is None:
            return False
        read = partial(self._read, assignment, None, target.owner)
        offer = Offer(assignment.place, assignment.given, read, assignment.layer, assignment.bound)
        self._values[target.owner].add(elements, offer)
        return True

    def _give_through(self, assignment: Assignment, target: Target) -> bool:
        """Give a value to what a connector of a nested system is connected to in it."""
        if self._flattened is None:
            return True  # the connections are wrong, which resolution reports
        reached = self._flattened.reached(target.owner, target.name)
        given = assignment.given.value if isinstance(assignment.given, Quantity) else assignment.given
        size = 1 + max((each.element for each in reached), default=0)
        if isinstance(given, tuple) and reached and len(given) != size:
            self._problems.append(f"{assignment.place}: {len(given)} values for {size} elements; give one for each")
            return True
        for each in reached:
            self._give_element(assignment, target, each)
        if not reached:
            self._passed_over.append(f"{assignment.place}: '{target.name}' is connected to nothing that takes a value")
        return True

    def _give_element(self, assignment: Assignment, target: Target, reached: Reached) -> None:
        component, connector, position = reached.destination
        element = self._interfaces[component].find(connector)
        assert element is not None
        given = _picked(assignment.given, reached.element)
        read = partial(self._read, assignment, (target, reached), component)
        offer = Offer(assignment.place, given, read, assignment.layer, assignment.bound)
        self._values[component].add(element[position : position + 1], offer)

    def _read(
        self,
        assignment: Assignment,
        through: tuple[Target, Reached] | None,
        component: str,
        connector: Connector,
        given: Given,
    ) -> Scalar:
        way = Way(assignment.units, assignment.mapping, *self._boundary(through))
        scalar, applied = read_scalar(self._reader, self._in_known_unit(component, connector), given, way)
        if applied is not None:
            name = f"{component}.{connector.name}"
            key = (component, connector.name, assignment.place, applied.unit, applied.transformation)
            # The first of the elements of an array speaks for all that are treated alike.
            self._applied.setdefault(key, applied._replace(place=assignment.place, variable=name))
        return scalar

    def _in_known_unit(self, component: str, connector: Connector) -> Connector:
        """The connector in the unit that the description defines or declares for it, where its file defines none."""
        unit = settled(connector.unit, self._description.units)
        declared = self._description.components[component].connectors.get(connector.name)
        if declared is not None and declared.unit is not None and (unit is None or unit.exponents is None):
            unit = find_unit(declared.unit, self._description.units)
        return connector if unit == connector.unit else replace(connector, unit=unit)

    def _boundary(self, through: tuple[Target, Reached] | None) -> tuple[Reached | None, Mapping[str, int]]:
        if through is None:
            return None, {}
        target, reached = through
        declared = self._description.subsystems[target.owner].connectors[target.name].enumeration
        return reached, self._description.enumerations.get(declared or "", {})

    def _nothing(self, assignment: Assignment) -> None:
        if assignment.optional:
            self._passed_over.append(f"{assignment.place}: nothing has this name; it is given to nothing")
            return
        self._problems.append(f"{assignment.place}: unknown variable; {self._hint(assignment.targets)}")

    def _hint(self, targets: Sequence[Target]) -> str:
        kinds = (Causality.PARAMETER, Causality.INPUT)
        meant = [(self._interfaces[each.owner], each.name) for each in targets if each.owner in self._interfaces]
        if len(meant) == 1:
            interface, name = meant[0]
            return interface.hint(name, *kinds)
        known = [variable for interface, _ in meant for variable in interface.names(*kinds)]
        return nearest(targets[-1].name, known) if known else "no component is named so; correct the target"


def _picked(given: Given, element: int) -> Given:
    if isinstance(given, Quantity) and isinstance(given.value, tuple):
        return Quantity(value=given.value[element], unit=given.unit)
    return given[element] if isinstance(given, tuple) else given


def _flattened(description: SystemDescription, interfaces: Interfaces) -> Flattened | None:
    """The connections through nested systems; None where there are none, or they are wrong."""
    if not description.subsystems:
        return None
    try:
        return Flattened(description, interfaces)
    except DescriptionError:
        return None


def _flat_sources(flattened: Flattened, interfaces: Interfaces) -> dict[str, dict[str, str]]:
    names = {(name, each.name): each for name, connectors in interfaces.items() for each in connectors}
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    for link in flattened.links:
        component, connector, position = link.destination
        if names[component, connector].causality is not Causality.INPUT:
            continue  # a tunable parameter has its start value until its connection sets it
        source = names[link.source[:2]].elements[link.source.element]
        element = names[component, connector].elements[position]
        sources[component][element] = f"{link.source.component}.{source}"
    return sources


def _sources(description: SystemDescription, interfaces: Mapping[str, Interface]) -> dict[str, dict[str, str]]:
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    for connection in description.connections:
        component, connector = connection.destination.component, connection.destination.connector
        elements = interfaces[component].find(connector) if component in interfaces else None
        if elements and elements[0].connector.causality is Causality.INPUT:
            sources[component][connector] = str(connection.source)
    return sources
