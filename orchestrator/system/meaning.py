"""Meaning: everything that a description says about the components that it names, with all that is wrong at once."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from orchestrator.errors import CotwinError, DescriptionError, UnitError
from orchestrator.system.connections.bonds import bond_links
from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connections.links import Link
from orchestrator.system.connections.views import Views, views_of
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.parameters.giving import Parameters, given_parameters
from orchestrator.system.rates import rates

ResultT = TypeVar("ResultT")


class Meaning(NamedTuple):
    """Values that flow, values that are given, and the connectors of nested systems with theirs."""

    links: tuple[Link, ...]
    parameters: Parameters
    views: Views


def meaning_of(description: SystemDescription, interfaces: Interfaces) -> Meaning:
    """What connections and parameters mean in the interfaces of the components.

    One DescriptionError tells all that is wrong with both, and with bonds and step sizes of components; UnitError where
    units without a conversion are the only problem.
    """
    problems: list[DescriptionError] = []
    flattened = _tried(lambda: Flattened(description, interfaces), problems)
    parameters = _tried(lambda: given_parameters(description, interfaces), problems)
    _tried(lambda: rates(description.components, description.step_size), problems)
    if flattened is not None:
        links = flattened.links
        _tried(lambda: bond_links(description.bonds, interfaces, links), problems)
    if flattened is None or parameters is None or problems:
        raise _joined(problems)
    return Meaning(flattened.links, parameters, views_of(flattened.aliases()))


def refusal(closed: Mapping[str, CotwinError], description: SystemDescription, interfaces: Interfaces) -> CotwinError:
    """The error for components that cannot be opened, with all that is wrong between the others.

    `closed` has an error for each of them, `interfaces` are those of the others. What is wrong with several components
    in the same way is told of the first one. Where there are nested systems, whose connectors may lead to what is not
    there, the errors of the components are all that is told.
    """
    told: dict[str, CotwinError] = {}
    for name, error in closed.items():
        told.setdefault(str(error).replace(f"'{name}'", "''"), error)
    problems: list[Any] = list(told.values())
    if not description.subsystems:
        try:
            meaning_of(_without(description, set(description.components) - set(interfaces)), interfaces)
        except DescriptionError as error:
            problems.append(error)
    return _joined(problems) if len(problems) > 1 else problems[0]


def _without(description: SystemDescription, parts: set[str]) -> SystemDescription:
    """The description without some of its components, and without what is connected to them."""
    bonds = {name: bond for name, bond in description.bonds.items() if not parts & {end for end, _ in bond.ends[0]}}
    left = {name: part for name, part in description.components.items() if name not in parts}
    connections = tuple(
        one for one in description.connections if not parts & {one.source.component, one.destination.component}
    )
    return description.model_copy(update={"components": left, "connections": connections, "bonds": bonds})


def _tried(check: Callable[[], ResultT], problems: list[DescriptionError]) -> ResultT | None:
    try:
        return check()
    except DescriptionError as error:
        problems.append(error)
        return None


def _joined(problems: list[Any]) -> DescriptionError:
    lines = dict.fromkeys(line for error in problems for line in str(error).split("\n"))
    kind = UnitError if all(isinstance(error, UnitError) for error in problems) else DescriptionError
    return kind("\n".join(lines))
