"""Feedthrough: the directed graph of variables, where algebraic loops show.

Nodes are connected inputs and all outputs as (component, connector). An edge leads along every connection, and from
every input to each output of its component that depends on it directly. Unknown dependencies count as full.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import networkx as nx

from orchestrator.errors import AlgebraicLoopError
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector, Variability

Variable = tuple[str, str]
"""A connector of a component: (component, connector)."""

Interfaces = Mapping[str, Sequence[Connector]]
Feedthrough = Mapping[str, Mapping[str, tuple[str, ...] | None]]
"""Component -> output -> the inputs that it depends on directly, None where that is unknown."""


def dependencies(
    interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link] = ()
) -> dict[Variable, tuple[Variable, ...]]:
    """Every output and the inputs of its component that it depends on directly; unknown means all of them.

    A variable that a link reads counts as an output. A tunable parameter that a link sets counts as an input on which
    every output depends, unless that would close an algebraic loop: then it breaks the loop, since it may well keep the
    value of the last communication point (FMI changes tunable parameters at communication points).
    """
    read = {link.source[:2] for link in links}
    depends: dict[Variable, tuple[Variable, ...]] = {}
    for component, connectors in interfaces.items():
        inputs = tuple(c.name for c in connectors if c.causality is Causality.INPUT)
        for connector in connectors:
            if connector.causality is Causality.OUTPUT or (component, connector.name) in read:
                names = _known(connector, feedthrough[component], inputs)
                depends[component, connector.name] = tuple((component, name) for name in names)
    return _with_parameters(depends, interfaces, links)


def is_assumed(connector: Connector, feedthrough: Mapping[str, tuple[str, ...] | None]) -> bool:
    """Whether it is unknown which inputs a variable depends on."""
    constant = connector.variability is Variability.CONSTANT
    return feedthrough.get(connector.name) is None and connector.causality not in _UNMOVED and not constant


_UNMOVED = (Causality.CALCULATED_PARAMETER, Causality.PARAMETER, Causality.STRUCTURAL_PARAMETER)


def _known(
    connector: Connector, feedthrough: Mapping[str, tuple[str, ...] | None], inputs: tuple[str, ...]
) -> tuple[str, ...]:
    return inputs if is_assumed(connector, feedthrough) else feedthrough.get(connector.name) or ()


def _with_parameters(
    depends: dict[Variable, tuple[Variable, ...]], interfaces: Interfaces, links: Sequence[Link]
) -> dict[Variable, tuple[Variable, ...]]:
    inputs = {(name, c.name) for name, each in interfaces.items() for c in each if c.causality is Causality.INPUT}
    parameters = dict.fromkeys(link.destination[:2] for link in links if link.destination[:2] not in inputs)
    for parameter in parameters:
        outputs = [output for output in depends if output[0] == parameter[0]]
        before = nx.ancestors(_graph(depends, links), parameter)
        if before.isdisjoint(outputs):
            depends.update((output, (*depends[output], parameter)) for output in outputs)
    return depends


def variable_graph(interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link]) -> "nx.DiGraph[Variable]":
    """Outputs and connected inputs; edges along connections and direct feedthrough, in the order of the description."""
    return _graph(dependencies(interfaces, feedthrough, links), links)


def _graph(depends: Mapping[Variable, Sequence[Variable]], links: Sequence[Link]) -> "nx.DiGraph[Variable]":
    graph: nx.DiGraph[Variable] = nx.DiGraph()
    graph.add_nodes_from(depends)
    for link in links:
        if not link.delay:
            graph.add_edge(link.source[:2], link.destination[:2], connection=True)
    for output, inputs in depends.items():
        graph.add_edges_from(((name, output) for name in inputs if name in graph), connection=False)
    return graph


def algebraic_loops(graph: "nx.DiGraph[Variable]") -> tuple[tuple[Variable, ...], ...]:
    """One closed path (its first variable comes again at the end) through each algebraic loop of a variable graph."""
    position = {variable: index for index, variable in enumerate(graph)}
    members = [sorted(loop, key=position.__getitem__) for loop in nx.strongly_connected_components(graph)]
    loops = sorted((loop for loop in members if len(loop) > 1), key=lambda loop: position[loop[0]])
    return tuple(_closed_path(graph, loop) for loop in loops)


def refuse_algebraic_loops(graph: "nx.DiGraph[Variable]", feedthrough: Feedthrough) -> None:
    """Raise AlgebraicLoopError with the path of every loop and the remedies, if there is one."""
    loops = algebraic_loops(graph)
    if not loops:
        return
    paths = "\n".join(f"algebraic loop: {written(loop)}" for loop in loops)
    remedy = (
        "Every output on the path depends directly on the input before it. Put a component without direct feedthrough "
        "on it (a state such as a sensor lag, or a sampled controller), declare 'delay: true' on one of its "
        "connections, or choose 'algorithm: iterative', which solves it in every macro step."
    )
    assumed = _assumed(graph, loops, feedthrough)
    if assumed:
        remedy += (
            f" The dependencies of {', '.join(assumed)} are unknown and taken as full: "
            "export them in the ModelStructure if they are fewer."
        )
    raise AlgebraicLoopError(f"{paths}\n{remedy}")


def written(path: Sequence[Variable]) -> str:
    """A path as people write it: `pid.u -> pid.y -> tank.u`."""
    return " -> ".join(f"{component}.{connector}" for component, connector in path)


def _closed_path(graph: "nx.DiGraph[Variable]", loop: Sequence[Variable]) -> tuple[Variable, ...]:
    # The shortest way round from the input that the description names first is the easiest one to read.
    inside = graph.subgraph(loop)
    destinations = {edge[1] for edge in inside.edges if inside.edges[edge]["connection"]}
    begin = next((variable for variable in loop if variable in destinations), loop[0])
    ways = [nx.shortest_path(inside, successor, begin) for successor in graph.successors(begin) if successor in inside]
    return (begin, *min(ways, key=len))


def _assumed(graph: "nx.DiGraph[Variable]", loops: Sequence[Sequence[Variable]], feedthrough: Feedthrough) -> list[str]:
    steps = [step for loop in loops for step in pairwise(loop) if not graph.edges[step]["connection"]]
    outputs = dict.fromkeys(output for _, output in steps)
    return [f"'{component}.{name}'" for component, name in outputs if feedthrough[component].get(name) is None]
