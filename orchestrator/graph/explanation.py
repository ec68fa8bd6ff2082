"""Explanation: what `cotwin explain` says about a system before it runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import networkx as nx

from orchestrator.graph.feedthrough import (
    Feedthrough,
    Interfaces,
    Variable,
    algebraic_loops,
    dependencies,
    is_assumed,
    variable_graph,
)
from orchestrator.graph.schedule import stages
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector

MAX_LOOPS = 100


class Delay(NamedTuple):
    """By how many macro steps values arrive late because inputs are held over a step."""

    jacobi: int
    gauss_seidel: int


@dataclass(frozen=True)
class ComponentSummary:
    """One component: what it is, how many variables it has (arrays count as one), and its step (s)."""

    name: str
    kind: str
    fmi_version: str
    inputs: int
    outputs: int
    parameters: int
    states: int
    step_size: float


@dataclass(frozen=True)
class ConnectionSummary:
    """All connections from one component to another, and the delay of their values."""

    source: str
    destination: str
    connections: int
    delay: Delay


@dataclass(frozen=True)
class ParameterSummary:
    """A tunable parameter that a connection sets at communication points, and the delay of its values.

    `breaks_loop` tells one that keeps the value of the last communication point, since a loop would close otherwise.
    """

    source: Variable
    parameter: Variable
    delay: Delay
    breaks_loop: bool


@dataclass(frozen=True)
class LoopSummary:
    """A cycle of components (the first one comes again at the end) and the delay once around it."""

    components: tuple[str, ...]
    algebraic: bool
    delay: Delay


@dataclass(frozen=True)
class Explanation:
    """Everything about the structure of a system.

    `feedthrough` lists (component, output, inputs that it depends on directly). `assumed_full` are the outputs whose
    dependencies are unknown. `loops` holds at most MAX_LOOPS cycles, `more_loops` tells whether there are others.
    `algebraic_loops` are closed paths of variables; a system that has one cannot run. `parameters` are the tunable
    parameters that connections set, which no standard provides.
    """

    components: tuple[ComponentSummary, ...]
    stages: tuple[tuple[str, ...], ...]
    feedthrough: tuple[tuple[str, str, tuple[str, ...]], ...]
    assumed_full: tuple[Variable, ...]
    connections: tuple[ConnectionSummary, ...]
    loops: tuple[LoopSummary, ...]
    more_loops: bool
    algebraic_loops: tuple[tuple[Variable, ...], ...]
    step_size: float
    parameters: tuple[ParameterSummary, ...] = ()


def explanation(
    step_size: float,
    interfaces: Interfaces,
    feedthrough: Feedthrough,
    links: Sequence[Link],
    identities: Mapping[str, Mapping[str, str]],
) -> Explanation:
    """Explain a system from the interfaces, feedthrough and identities of its components and its links."""
    order = stages(interfaces, feedthrough, links)
    connections = _connections(order, links)
    loops = tuple(islice(_loops(connections, variable_graph(interfaces, feedthrough, links)), MAX_LOOPS + 1))
    depends = dependencies(interfaces, feedthrough, links)
    assumed = {(name, c.name) for name, each in interfaces.items() for c in each if is_assumed(c, feedthrough[name])}
    return Explanation(
        components=tuple(
            _component(name, connectors, identities[name], step_size) for name, connectors in interfaces.items()
        ),
        stages=order,
        feedthrough=tuple(
            (component, output, tuple(name for _, name in inputs)) for (component, output), inputs in depends.items()
        ),
        assumed_full=tuple(output for output in depends if output in assumed),
        connections=tuple(connections.values()),
        loops=loops[:MAX_LOOPS],
        more_loops=len(loops) > MAX_LOOPS,
        algebraic_loops=algebraic_loops(variable_graph(interfaces, feedthrough, links)),
        step_size=step_size,
        parameters=tuple(_parameters(interfaces, depends, connections, links)),
    )


def _component(
    name: str, connectors: Sequence[Connector], identity: Mapping[str, str], step_size: float
) -> ComponentSummary:
    count = {causality: sum(c.causality is causality for c in connectors) for causality in Causality}
    return ComponentSummary(
        name=name,
        kind=identity.get("kind", "unknown"),
        fmi_version=identity.get("fmi_version", ""),
        inputs=count[Causality.INPUT],
        outputs=count[Causality.OUTPUT],
        parameters=count[Causality.PARAMETER],
        states=sum(connector.is_state for connector in connectors),
        step_size=step_size,
    )


def _connections(order: Sequence[Sequence[str]], links: Sequence[Link]) -> dict[tuple[str, str], ConnectionSummary]:
    # Jacobi passes on what was known at the last communication point; Gauss-Seidel passes on at once what an earlier
    # component of the same macro step has just computed.
    position = {name: index for index, name in enumerate(name for stage in order for name in stage)}
    pairs: dict[tuple[str, str], set[tuple[Variable, Variable]]] = {}
    for link in links:
        pair = (link.source.component, link.destination.component)
        pairs.setdefault(pair, set()).add((link.source[:2], link.destination[:2]))
    return {
        (source, destination): ConnectionSummary(
            source, destination, len(connected), Delay(1, int(position[source] >= position[destination]))
        )
        for (source, destination), connected in pairs.items()
    }


def _parameters(
    interfaces: Interfaces,
    depends: Mapping[Variable, Sequence[Variable]],
    connections: Mapping[tuple[str, str], ConnectionSummary],
    links: Sequence[Link],
) -> Iterator[ParameterSummary]:
    inputs = {(name, c.name) for name, each in interfaces.items() for c in each if c.causality is Causality.INPUT}
    passed = {variable for variables in depends.values() for variable in variables}
    fed = {output[0] for output in depends}
    for source, parameter in dict.fromkeys((link.source[:2], link.destination[:2]) for link in links):
        if parameter not in inputs:
            delay = connections[source[0], parameter[0]].delay
            yield ParameterSummary(source, parameter, delay, parameter[0] in fed and parameter not in passed)


def _loops(
    connections: Mapping[tuple[str, str], ConnectionSummary], variables: "nx.DiGraph[Variable]"
) -> Iterator[LoopSummary]:
    # Numbers instead of names: the order of the cycles then does not vary with the hashes of strings.
    names = list(dict.fromkeys(name for pair in connections for name in pair))
    number = {name: index for index, name in enumerate(names)}
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((number[source], number[destination]) for source, destination in connections)
    for cycle in nx.simple_cycles(graph):
        begin = cycle.index(min(cycle))
        closed = tuple(names[index] for index in (*cycle[begin:], *cycle[:begin], cycle[begin]))
        delays = [connections[pair].delay for pair in pairwise(closed)]
        delay = Delay(sum(d.jacobi for d in delays), sum(d.gauss_seidel for d in delays))
        yield LoopSummary(closed, _is_algebraic(closed, variables), delay)


def _is_algebraic(closed: Sequence[str], variables: "nx.DiGraph[Variable]") -> bool:
    steps = set(pairwise(closed))
    passed = nx.DiGraph(
        edge for edge in variables.edges if not variables.edges[edge]["connection"] or (edge[0][0], edge[1][0]) in steps
    )
    return not nx.is_directed_acyclic_graph(passed)
