"""Meaning: everything that a description says about the components that it names, with all that is wrong at once."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.connections.flattening import Flattened
from orchestrator.system.connections.links import Link
from orchestrator.system.connections.views import Views, views_of
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.parameters.giving import Parameters, given_parameters

ResultT = TypeVar("ResultT")


class Meaning(NamedTuple):
    """Values that flow, values that are given, and the connectors of nested systems with theirs."""

    links: tuple[Link, ...]
    parameters: Parameters
    views: Views


def meaning_of(description: SystemDescription, interfaces: Interfaces) -> Meaning:
    """What connections and parameters mean in the interfaces of the components.

    One DescriptionError tells all that is wrong with both; UnitError where units without a conversion are the only
    problem.
    """
    problems: list[DescriptionError] = []
    flattened = _tried(lambda: Flattened(description, interfaces), problems)
    parameters = _tried(lambda: given_parameters(description, interfaces), problems)
    if flattened is None or parameters is None:
        raise _joined(problems)
    return Meaning(flattened.links, parameters, views_of(flattened.aliases()))


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
