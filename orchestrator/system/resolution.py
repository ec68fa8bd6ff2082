"""Resolution: what the names in a description mean, element by element, in the interfaces of its components.

The name of a connector stands for all of its elements, `S[3]` for one of them. FMI 2.0 has no arrays: there `S` also
stands for the scalars `S[1]` to `S[n]`, so that one description serves both versions of an FMU.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Connection, Endpoint, SystemDescription
from orchestrator.system.interface import Element, Interface, Interfaces
from orchestrator.system.names import nearest
from orchestrator.system.substitution import Substitution
from orchestrator.system.units import IDENTITY, Conversion, conversion


class Slot(NamedTuple):
    """One element of a connector of a component; elements count from 0, row by row."""

    component: str
    connector: str
    element: int


class Link(NamedTuple):
    """One value that flows: destination = conversion(mapping(source)), at every communication point.

    `mapping` is None where no value takes the place of another. `through` names the connectors of nested systems on
    the way.
    """

    source: Slot
    destination: Slot
    conversion: Conversion = IDENTITY
    mapping: Substitution | None = None
    through: tuple[str, ...] = ()


def resolve(description: SystemDescription, interfaces: Interfaces) -> tuple[Link, ...]:
    """Every connection as links between single elements, in the order of the description.

    All problems are reported in one DescriptionError: unknown names, wrong causality, sizes or storage, inputs with two
    sources. UnitError where units without a conversion are the only problem.
    """
    return _Resolver(interfaces).resolve(description)


class _Resolver:
    def __init__(self, interfaces: Interfaces) -> None:
        self._interfaces = {name: Interface(connectors) for name, connectors in interfaces.items()}
        self._conversions: dict[tuple[Any, Any], Conversion] = {}
        self._feeding: dict[Slot, Connection] = {}
        self._problems: list[str] = []
        self._unit_problems: list[str] = []

    def resolve(self, description: SystemDescription) -> tuple[Link, ...]:
        links = [link for connection in description.connections for link in self._links(connection)]
        if self._problems:
            raise DescriptionError("\n".join(self._problems + self._unit_problems))
        if self._unit_problems:
            raise UnitError("\n".join(self._unit_problems))
        return tuple(links)

    def _links(self, connection: Connection) -> Iterator[Link]:
        before = len(self._problems)
        ends = [self._elements(connection, end) for end in (connection.source, connection.destination)]
        if ends[0] is None or ends[1] is None:
            return
        self._problems += _mismatches(connection, ends[0], ends[1])
        if len(self._problems) > before:
            return
        for source, destination in zip(ends[0], ends[1], strict=True):
            link = self._link(connection, source, destination)
            if link is not None:
                yield link

    def _elements(self, connection: Connection, end: Endpoint) -> tuple[Element, ...] | None:
        interface = self._interfaces.get(end.component)
        if interface is None:
            hint = nearest(end.component, self._interfaces)
            self._problems.append(f"{connection}: there is no component '{end.component}'; {hint}")
            return None
        elements = interface.find(end.connector)
        if elements is None:
            wanted = Causality.OUTPUT if end is connection.source else Causality.INPUT
            hint = interface.hint(end.connector, wanted)
            self._problems.append(f"{connection}: '{end.component}' has no {wanted} '{end.connector}'; {hint}")
        return elements

    def _link(self, connection: Connection, source: Element, destination: Element) -> Link | None:
        slot = Slot(connection.destination.component, destination.connector.name, destination.position)
        other = self._feeding.setdefault(slot, connection)
        if other is not connection:
            self._problems.append(
                f"{connection}: '{slot.component}.{destination.name}' already has a source: '{other}'; keep one of them"
            )
            return None
        factors = self._conversion(connection, source.connector, destination.connector)
        return Link(Slot(connection.source.component, source.connector.name, source.position), slot, factors)

    def _conversion(self, connection: Connection, source: Connector, destination: Connector) -> Conversion:
        pair = (source.unit, destination.unit)
        if pair not in self._conversions:
            try:
                self._conversions[pair] = conversion(*pair)
            except UnitError as error:
                self._unit_problems.append(f"{connection}: {error}; declare convertible units in the FMUs")
                return IDENTITY
        return self._conversions[pair]


def _mismatches(connection: Connection, sources: Sequence[Element], destinations: Sequence[Element]) -> list[str]:
    problems = _once(_source_problem(connection.source, element.connector) for element in sources)
    problems += _once(_destination_problem(connection.destination, element.connector) for element in destinations)
    if len(sources) != len(destinations):
        sizes = f"'{connection.source}' has size {len(sources)}, '{connection.destination}' {len(destinations)}"
        problems.append(f"{sizes}; connect equal sizes, or single elements such as 'S[1]'")
    elif not problems:
        pairs = zip(sources, destinations, strict=True)
        problems = _once(_storage_problem(source.connector, destination.connector) for source, destination in pairs)
    return [f"{connection}: {problem}" for problem in problems]


def _once(problems: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(problem for problem in problems if problem is not None))


_PARAMETERS = (Causality.PARAMETER, Causality.CALCULATED_PARAMETER, Causality.STRUCTURAL_PARAMETER)


def _source_problem(end: Endpoint, connector: Connector) -> str | None:
    if connector.causality is Causality.OUTPUT:
        return None
    if connector.causality in _PARAMETERS:
        remedy = "give its value to the destination under 'parameters' instead"
    elif connector.causality is Causality.LOCAL:
        remedy = "local variables can be recorded but not connected; export the FMU with it as an output"
    else:
        remedy = "connect an output"
    return f"the source '{end.component}.{connector.name}' is {_a(connector.causality)}, not an output; {remedy}"


def _destination_problem(end: Endpoint, connector: Connector) -> str | None:
    if connector.causality is Causality.INPUT:
        return None
    if connector.causality in _PARAMETERS:
        remedy = f"FMI connects no parameters: set it under 'components.{end.component}.parameters'"
    elif connector.causality is Causality.OUTPUT:
        remedy = "connections read 'source -> destination': is this one written backwards?"
    else:
        remedy = "connect an input"
    return f"the destination '{end.component}.{connector.name}' is {_a(connector.causality)}, not an input; {remedy}"


def _a(causality: Causality) -> str:
    return f"{'an' if causality.value[0] in 'aeiou' else 'a'} {causality.value}"


def _storage_problem(source: Connector, destination: Connector) -> str | None:
    pair = (source.storage, destination.storage)
    if source.storage is destination.storage or pair == (Storage.INT64, Storage.FLOAT64):
        return None
    if pair == (Storage.INT64, Storage.UINT64) and source.unsigned:
        return None
    if Storage.UINT64 in pair and source.storage.numeric and destination.storage.numeric:
        return f"{pair[0]} does not connect to {pair[1]}, which does not hold all of its values; connect equal types"
    return f"{pair[0]} does not connect to {pair[1]}; connect equal types, or an integer to a float"
