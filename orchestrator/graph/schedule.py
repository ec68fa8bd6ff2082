"""Schedule: in which order components step and outputs are read, derived from connections and feedthrough."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Schedule:
    """The order of a run.

    `stages` groups components: each comes after those whose outputs pass directly through it. Within a stage the order
    is that of the description. `initialization` groups outputs (component, connector): the outputs of a group depend
    directly only on inputs whose sources lie in groups before it.
    """

    stages: tuple[tuple[str, ...], ...]
    initialization: tuple[tuple[Variable, ...], ...]

    @property
    def order(self) -> tuple[str, ...]:
        """All components, stage by stage."""
        return tuple(component for stage in self.stages for component in stage)


def build_schedule(interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link]) -> Schedule:
    """Derive the schedule; the order of `interfaces` is that of the description and settles ties.

    Raises AlgebraicLoopError where direct feedthrough and connections close a loop.
    """
    variables = variable_graph(interfaces, feedthrough, links)
    refuse_algebraic_loops(variables, feedthrough)
    outputs = dependencies(interfaces, feedthrough, links)
    generations = nx.topological_generations(variables)
    return Schedule(stages(interfaces, feedthrough, links), _initialization(generations, outputs))


def stages(interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link]) -> tuple[tuple[str, ...], ...]:
    """Generations of the component graph; components that form a cycle there share a stage.

    The graph has an edge A -> B where an input of B that A feeds has direct feedthrough to an output of B.
    """
    passed = {name for inputs in dependencies(interfaces, feedthrough, links).values() for name in inputs}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(interfaces)
    graph.add_edges_from(
        (link.source.component, link.destination.component) for link in links if link.destination[:2] in passed
    )
    condensed = nx.condensation(graph)
    position = {name: index for index, name in enumerate(interfaces)}
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
    generations: Iterable[Iterable[Variable]], outputs: dict[Variable, tuple[Variable, ...]]
) -> tuple[tuple[Variable, ...], ...]:
    position = {output: index for index, output in enumerate(outputs)}
    groups = (
        sorted((variable for variable in generation if variable in position), key=position.__getitem__)
        for generation in generations
    )
    return tuple(tuple(group) for group in groups if group)
