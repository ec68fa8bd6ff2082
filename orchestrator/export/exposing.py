"""Exposing: which variables of the components are variables of the whole, and what is said about them."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import networkx as nx

from fmus.container.description import fits_fmi2
from orchestrator.errors import DescriptionError
from orchestrator.export.image import Types
from orchestrator.graph.feedthrough import Feedthrough, variable_graph
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Causality, Connector, Variability
from orchestrator.system.interface import Interfaces
from orchestrator.system.names import nearest

READ: Final = (Causality.OUTPUT, Causality.LOCAL, Causality.CALCULATED_PARAMETER)
_NEVER: Final = (Causality.INDEPENDENT, Causality.STRUCTURAL_PARAMETER)


class Exposed(NamedTuple):
    """A variable of a component, and the causality that it has as one of the whole."""

    component: str
    connector: Connector
    causality: Causality

    @property
    def name(self) -> str:
        """Its name outside."""
        return f"{self.component}.{self.connector.name}"


class Choice(NamedTuple):
    """What is exposed, and what was left out and why."""

    exposed: tuple[Exposed, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chooser:
    """Chooses variables of the `interfaces` for FMI `version`; `fed` are the connectors that connections set."""

    interfaces: Interfaces
    types: Types
    fed: Collection[tuple[str, str]]
    version: str

    def default(self, recorded: Collection[tuple[str, str]]) -> Choice:
        """Unconnected inputs, parameters that nothing sets, and what is recorded and neither of these."""
        chosen, left = [], []
        for component, connector in self._all():
            exposed = self._exposed(component, connector)
            seen = connector.causality in READ and (component, connector.name) in recorded
            if seen or exposed.causality in (Causality.INPUT, Causality.PARAMETER):
                obstacle = self._obstacle(exposed)
                if obstacle is None:
                    chosen.append(exposed)
                else:
                    left.append(f"{exposed.name} is not exposed: {obstacle}")
        return Choice(tuple(chosen), tuple(left))

    def named(self, patterns: Sequence[str]) -> Choice:
        """What matches a pattern with the wildcards * and ?; DescriptionError for what is not there, or cannot be."""
        known = {f"{component}.{connector.name}": (component, connector) for component, connector in self._all()}
        chosen: dict[str, Exposed] = {}
        problems = []
        for pattern in patterns:
            exposed = [self._exposed(*known[name], by_name=True) for name in known if _matches(pattern, name)]
            if not exposed:
                problems.append(f"--expose {pattern:.200}: no such variable; {nearest(pattern, known)}")
            for each in exposed:
                obstacle = self._obstacle(each)
                if obstacle is None:
                    chosen[each.name] = each
                elif each.name == pattern:
                    problems.append(f"--expose {pattern:.200}: {obstacle}")
        if problems:
            raise DescriptionError("\n".join(problems))
        return Choice(tuple(chosen[name] for name in known if name in chosen))

    def _all(self) -> Iterator[tuple[str, Connector]]:
        for component, connectors in self.interfaces.items():
            for connector in connectors:
                yield component, connector

    def _exposed(self, component: str, connector: Connector, *, by_name: bool = False) -> Exposed:
        """A variable with its causality outside: what a connection sets can only be seen."""
        causality = connector.causality
        if (component, connector.name) in self.fed:
            causality = Causality.LOCAL
        elif by_name and causality is Causality.LOCAL and connector.variability in _CHANGING:
            causality = Causality.OUTPUT
        return Exposed(component, connector, causality)

    def _obstacle(self, exposed: Exposed) -> str | None:
        connector = exposed.connector
        if not connector.storage.numeric:
            return f"a container exposes no {connector.storage}. Leave it out"
        if connector.causality in _NEVER:
            return f"it is {connector.causality}. Expose inputs, outputs, locals and parameters"
        if (exposed.component, connector.name) not in self.types:
            return "it is an alias with the opposite sign. Expose the variable that it is an alias of"
        if self.version == "2.0" and not self._fits(exposed):
            return "FMI 2.0 has no type for its values. Export for FMI 3.0"
        if exposed.causality in (Causality.INPUT, Causality.PARAMETER) and connector.start is None:
            return "its FMU declares no start value for it. Export that FMU with one"
        return None

    def _fits(self, exposed: Exposed) -> bool:
        enumeration = bool(exposed.connector.items)
        return enumeration or fits_fmi2(self.types[exposed.component, exposed.connector.name])


_CHANGING: Final = (Variability.CONTINUOUS, Variability.DISCRETE)


def _matches(pattern: str, name: str) -> bool:
    pieces = (re.escape(piece).replace(r"\?", ".") for piece in re.split(r"\*+", pattern))
    return re.fullmatch(".*".join(pieces), name) is not None


def dependencies(
    interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link], exposed: Sequence[Exposed]
) -> dict[str, tuple[str, ...]]:
    """Inputs of the whole, by name, that each output of it depends on directly, through all components between."""
    graph = variable_graph(interfaces, feedthrough, links)
    inputs = {(each.component, each.connector.name): each.name for each in exposed if _is_input(each)}
    for component, connectors in interfaces.items():
        everything = tuple(c.name for c in connectors if c.causality is Causality.INPUT)
        for connector in (one for one in connectors if one.causality in READ):
            names = feedthrough[component].get(connector.name)
            names = everything if names is None else names
            graph.add_edges_from(((component, name), (component, connector.name)) for name in names)
    found = {}
    for each in exposed:
        if each.causality is Causality.OUTPUT:
            before = nx.ancestors(graph, (each.component, each.connector.name))
            found[each.name] = tuple(name for key, name in inputs.items() if key in before)
    return found


def _is_input(exposed: Exposed) -> bool:
    return exposed.causality is Causality.INPUT
