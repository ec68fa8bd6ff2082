"""Parameters: the values that a description gives, in the interfaces of its components."""

from collections import defaultdict
from typing import Any

from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Causality
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interface, Interfaces
from orchestrator.system.start_values import StartValues
from orchestrator.system.values import Given


def parameter_values(description: SystemDescription, interfaces: Interfaces) -> dict[str, dict[str, NDArray[Any]]]:
    """The values that the description gives: component -> connector -> all its elements in its storage type.

    Scalars spread over arrays; elements that are not named keep their start values. All problems are reported in one
    DescriptionError: unknown or unsettable names, wrong types or lengths, values outside min and max.
    """
    problems: list[str] = []
    sources = _sources(description)
    values: dict[str, dict[str, NDArray[Any]]] = {}
    for name, component in description.components.items():
        interface = Interface(interfaces[name])
        given = StartValues(f"components.{name}.parameters", interface, sources.get(name, {}))
        for key, value in component.parameters.items():
            if not _configured(interface, key, value):
                given.add(key, value)
        problems += given.problems
        values[name] = given.values
    if problems:
        raise DescriptionError("\n".join(problems))
    return values


def _configured(interface: Interface, name: str, value: Given) -> bool:
    """Whether this is a structural parameter that the component was opened with."""
    connector = interface.connectors.get(name)
    if connector is None or connector.causality is not Causality.STRUCTURAL_PARAMETER:
        return False
    return connector.start == (value,)


def _sources(description: SystemDescription) -> dict[str, dict[str, str]]:
    sources: dict[str, dict[str, str]] = defaultdict(dict)
    for connection in description.connections:
        sources[connection.destination.component][connection.destination.connector] = str(connection.source)
    return sources
