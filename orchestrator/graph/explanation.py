"""Explanation: what `cotwin explain` says about a system before it runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
from orchestrator.graph.levels import Levels, parallel_levels
from orchestrator.graph.schedule import build_schedule, stages
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector

MAX_LOOPS = 100


class Delay(NamedTuple):
    """By how many macro steps values arrive late at most, because inputs are held over a step.

    A component with a larger step of its own holds its outputs over that step.
    """

    jacobi: int
    gauss_seidel: int
    iterative: int = 0

    def __add__(self, other: "Delay") -> "Delay":  # type: ignore[override]
        """The delay of one way after the other."""
        return Delay(*(mine + its for mine, its in zip(self, other, strict=True)))


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
    """All connections from one component to another, and the delay of their values.

    `delayed` are those among them that declare a delay; `delay` is that of the others, where there are others.
    `variables` are the ends of the first of those.
    """

    source: str
    destination: str
    connections: int
    delay: Delay
    delayed: int = 0
    variables: tuple[Variable, Variable] | None = None


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
    """A cycle of components (the first one comes again at the end) and the delay once around it.

    `path` names the variables on one way around: that of direct feedthrough where it is algebraic, otherwise the first
    connection between each two.
    """

    components: tuple[str, ...]
    algebraic: bool
    delay: Delay
    path: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Everything about the structure of a system.

    `feedthrough` lists (component, output, inputs that it depends on directly). `assumed_full` are the outputs whose
    dependencies are unknown. `loops` holds at most MAX_LOOPS cycles, `more_loops` tells whether there are others.
    `algebraic_loops` are closed paths of variables; a system that has one runs with `iterative` only. `parameters` are
    the tunable parameters that connections set, which no standard provides. `levels` are by algorithm. `circles` are
    the components that feed each other in a circle, which `iterative` solves together.
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
    levels: Mapping[str, Levels] = field(default_factory=dict)
    circles: tuple[tuple[str, ...], ...] = ()


def explanation(  # noqa: PLR0913 -- what a run is made of
    step_size: float,
    interfaces: Interfaces,
    feedthrough: Feedthrough,
    links: Sequence[Link],
    identities: Mapping[str, Mapping[str, str]],
    *,
    step_sizes: Mapping[str, float] | None = None,
    iterate: bool = False,
) -> Explanation:
    """Explain a system from the interfaces, feedthrough and identities of its components and its links.

    `step_sizes` (s) are those of components that have their own. With `iterate` the stages are those of a run that
    solves loops in each macro step.
    """
    solved = build_schedule(interfaces, feedthrough, links, iterate=True)
    order = solved.stages if iterate else stages(interfaces, feedthrough, links)
    steps = {name: (step_sizes or {}).get(name, step_size) for name in interfaces}
    connections = _connections(order, links, {name: _held(steps[name], step_size) for name in interfaces})
    loops = tuple(islice(_loops(connections, variable_graph(interfaces, feedthrough, links)), MAX_LOOPS + 1))
    depends = dependencies(interfaces, feedthrough, links)
    names = [name for stage in order for name in stage]
    assumed = {(name, c.name) for name, each in interfaces.items() for c in each if is_assumed(c, feedthrough[name])}
    return Explanation(
        components=tuple(
            _component(name, connectors, identities[name], steps[name]) for name, connectors in interfaces.items()
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
        levels={
            "jacobi": parallel_levels("jacobi", names, links),
            "gauss_seidel": parallel_levels("gauss_seidel", names, links),
            "iterative": parallel_levels("iterative", solved.order, links, solved.loops),
        },
        circles=solved.loops,
    )


def _held(own: float, step_size: float) -> int:
    """Macro steps over which the outputs of a component are held beyond one."""
    return max(round(own / step_size), 1) - 1


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


def _connections(
    order: Sequence[Sequence[str]], links: Sequence[Link], held: Mapping[str, int]
) -> dict[tuple[str, str], ConnectionSummary]:
    # Jacobi passes on what was known at the last communication point; Gauss-Seidel passes on at once what an earlier
    # component of the same macro step has just computed; where loops are solved, everything arrives at once.
    position = {name: index for index, name in enumerate(name for stage in order for name in stage)}
    pairs: dict[tuple[str, str], dict[tuple[Variable, Variable], bool]] = {}
    for link in links:
        pair = (link.source.component, link.destination.component)
        pairs.setdefault(pair, {}).setdefault((link.source[:2], link.destination[:2]), link.delay)
    found = {}
    for (source, destination), ends in pairs.items():
        late = all(ends.values())
        behind = position[source] >= position[destination]
        delay = Delay(*(steps + held[source] for steps in (1, int(behind or late), int(late))))
        first = next((end for end, delayed in ends.items() if not delayed), next(iter(ends)))
        found[source, destination] = ConnectionSummary(source, destination, len(ends), delay, sum(ends.values()), first)
    return found


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
        summaries = [connections[pair] for pair in pairwise(closed)]
        delay = sum((summary.delay for summary in summaries), Delay(0, 0, 0))
        direct = _direct_path(closed, variables)
        ends = [end for summary in summaries if summary.variables is not None for end in summary.variables]
        yield LoopSummary(closed, bool(direct), delay, direct or (*ends[1:], ends[0], ends[1]))


def _direct_path(closed: Sequence[str], variables: "nx.DiGraph[Variable]") -> tuple[Variable, ...]:
    """A way of direct feedthrough around a cycle of components, empty where there is none."""
    steps = set(pairwise(closed))
    passed: nx.DiGraph[Variable] = nx.DiGraph()
    for edge in variables.edges:
        connection = variables.edges[edge]["connection"]
        if not connection or (edge[0][0], edge[1][0]) in steps:
            passed.add_edge(*edge, connection=connection)
    return next(iter(algebraic_loops(passed)), ())
