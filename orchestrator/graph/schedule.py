"""Schedule: in which order components step and outputs are read, derived from connections and feedthrough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx

from orchestrator.graph.feedthrough import (
    Feedthrough,
    Interfaces,
    Variable,
    dependencies,
    refuse_algebraic_loops,
    variable_graph,
)
from orchestrator.system.connections.resolution import Link


class InitialStage(NamedTuple):
    """Outputs that are read together in Initialization Mode, by (component, connector).

    They depend directly only on inputs whose sources lie in stages before, and on those of the `loop` that they close,
    where they do: its connected inputs, which have to be found together with the outputs.
    """

    outputs: tuple[Variable, ...]
    loop: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class Schedule:
    """The order of a run.

    `stages` groups components: each comes after those whose outputs pass directly through it, or, where loops are
    iterated, after all that feed it but the members of its loop. Within a stage the order is that of the description.
    `initialization` orders the outputs. `loops` are the components that feed each other in a circle, in the order in
    which they step; there are none where loops are not iterated.
    """

    stages: tuple[tuple[str, ...], ...]
    initialization: tuple[InitialStage, ...]
    loops: tuple[tuple[str, ...], ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """All components, stage by stage."""
        return tuple(component for stage in self.stages for component in stage)


def build_schedule(
    interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link], *, iterate: bool = False
) -> Schedule:
    """Derive the schedule; the order of `interfaces` is that of the description and settles ties.

    With `iterate` the loops of components are solved in each macro step. Without it, raises AlgebraicLoopError where
    direct feedthrough and connections close a loop.
    """
    variables = variable_graph(interfaces, feedthrough, links)
    outputs = dependencies(interfaces, feedthrough, links)
    plain = stages(interfaces, feedthrough, links)
    if not iterate:
        refuse_algebraic_loops(variables, feedthrough)
        return Schedule(plain, _initialization(variables, outputs))
    position = {name: index for index, name in enumerate(name for stage in plain for name in stage)}
    graph = _component_graph(interfaces, (link for link in links if not link.delay))
    loops = [
        group for group in nx.strongly_connected_components(graph) if len(group) > 1 or _feeds_itself(graph, group)
    ]
    in_order = [tuple(sorted(group, key=position.__getitem__)) for group in loops]
    return Schedule(
        _generations(graph, position),
        _initialization(variables, outputs),
        tuple(sorted(in_order, key=lambda loop: position[loop[0]])),
    )


def stages(interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link]) -> tuple[tuple[str, ...], ...]:
    """Generations of the component graph; components that form a cycle there share a stage.

    The graph has an edge A -> B where an input of B that A feeds has direct feedthrough to an output of B.
    """
    passed = {name for inputs in dependencies(interfaces, feedthrough, links).values() for name in inputs}
    passing = (link for link in links if link.destination[:2] in passed and not link.delay)
    return _generations(_component_graph(interfaces, passing), {name: index for index, name in enumerate(interfaces)})


def _component_graph(interfaces: Interfaces, links: Iterable[Link]) -> "nx.DiGraph[str]":
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(interfaces)
    graph.add_edges_from((link.source.component, link.destination.component) for link in links)
    return graph


def _feeds_itself(graph: "nx.DiGraph[str]", group: set[str]) -> bool:
    return any(graph.has_edge(name, name) for name in group)


def _generations(graph: "nx.DiGraph[str]", position: dict[str, int]) -> tuple[tuple[str, ...], ...]:
    condensed = nx.condensation(graph)
    return tuple(
        _in_order((condensed.nodes[group]["members"] for group in generation), position)
        for generation in nx.topological_generations(condensed)
    )


def _in_order(groups: Iterable[set[str]], position: dict[str, int]) -> tuple[str, ...]:
    ordered = sorted(
        (sorted(group, key=position.__getitem__) for group in groups), key=lambda group: position[group[0]]
    )
    return tuple(name for group in ordered for name in group)


def _initialization(
    variables: "nx.DiGraph[Variable]", outputs: dict[Variable, tuple[Variable, ...]]
) -> tuple[InitialStage, ...]:
    """Generations of the condensed variable graph; each loop is a stage of its own."""
    position = {output: index for index, output in enumerate(outputs)}
    condensed = nx.condensation(variables)
    found: list[InitialStage] = []
    for generation in nx.topological_generations(condensed):
        groups = [condensed.nodes[group]["members"] for group in generation]
        single = [variable for group in groups if len(group) == 1 for variable in group]
        plain = tuple(sorted((one for one in single if one in position), key=position.__getitem__))
        found += [InitialStage(plain)] if plain else []
        found += [_loop(group, position) for group in groups if len(group) > 1]
    return tuple(found)


def _loop(group: set[Variable], position: dict[Variable, int]) -> InitialStage:
    outputs = sorted((variable for variable in group if variable in position), key=position.__getitem__)
    return InitialStage(tuple(outputs), tuple(sorted(variable for variable in group if variable not in position)))
