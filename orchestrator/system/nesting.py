"""Nesting: a system as a part of another one; its components and connections carry its path from then on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from orchestrator.system.description import Component, Connection, Endpoint, SystemDescription
from orchestrator.system.solving import Bond
from orchestrator.system.structure import ParameterBinding, Subsystem, UnitDefinition
from orchestrator.system.values import Given


class Nested(NamedTuple):
    """What a nested system adds to the one around it."""

    components: dict[str, Component]
    connections: tuple[Connection, ...]
    subsystems: dict[str, Subsystem]
    bonds: dict[str, Bond]


DEFINITIONS: Mapping[str, TypeAdapter[dict[str, Any]]] = {
    "units": TypeAdapter(dict[str, UnitDefinition]),
    "constants": TypeAdapter(dict[str, Given]),
    "enumerations": TypeAdapter(dict[str, dict[str, int]]),
}
"""What the systems of a description share: definitions of one name must be the same in all of them."""


def nested(path: str, system: SystemDescription, parameters: Mapping[str, Any]) -> Nested:
    """Put a system under a path; `parameters` win over those that it gives itself, named as from inside it.

    Its experiment, step size, record, and how it is solved (but for its bonds) are those of the system around it.
    """
    subsystems = {_under(path, key): _moved(path, part) for key, part in system.subsystems.items()}
    whole = subsystems.get(path, Subsystem(markup=system.markup))
    if parameters:
        binding = ParameterBinding(values=dict(parameters))
        whole = whole.model_copy(update={"bindings": (*whole.bindings, binding)})
    return Nested(
        {_under(path, key): component for key, component in system.components.items()},
        tuple(_placed(path, connection) for connection in system.connections),
        {path: whole, **{key: part for key, part in subsystems.items() if key != path}},
        {_under(path, key): _bound(path, bond) for key, bond in system.bonds.items()},
    )


def clashes(known: Mapping[str, Mapping[str, Any]], other: SystemDescription) -> list[str]:
    """Names that a system defines otherwise than what is known already, such as `units.rpm`; by kind of definition."""
    found = []
    for kind, adapter in DEFINITIONS.items():
        theirs = getattr(other, kind)
        common = {name: known[kind][name] for name in theirs if name in known[kind]}
        mine = adapter.validate_python(common)
        found += [f"{kind}.{name}" for name in common if mine[name] != theirs[name]]
    return found


def _under(path: str, name: str) -> str:
    return f"{path}/{name}" if name else path


def _placed(path: str, connection: Connection) -> Connection:
    ends = {
        key: Endpoint(component=_under(path, end.component), connector=end.connector)
        for key, end in (("source", connection.source), ("destination", connection.destination))
    }
    return connection.model_copy(update=ends)


def _bound(path: str, bond: Bond) -> Bond:
    texts = (
        " -> ".join(f"{_under(path, component)}.{connector}" for component, connector in ends) for ends in bond.ends
    )
    return bond.model_copy(update={"connections": tuple(texts)})


def _moved(path: str, part: Subsystem) -> Subsystem:
    if part.signal_dictionary is None:
        return part
    return part.model_copy(update={"signal_dictionary": _under(path, part.signal_dictionary.lstrip("/"))})
