from itertools import combinations, pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.graph.layout import Edge, Layout, layered


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[str], list[Edge]]:
    names = [f"n{number}" for number in range(draw(st.integers(1, 14)))]
    edges = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=30))
    return names, edges


def _crossings(layout: Layout, edges: list[Edge]) -> int:
    """Pairs of lines between the same two layers that change their order, counted in the drawing itself."""
    pieces = [piece for edge in edges for piece in zip(layout.lines[edge], layout.lines[edge][1:], strict=False)]
    return sum(
        (a.row - c.row) * (b.row - d.row) < -1e-9
        for (a, b), (c, d) in combinations([tuple(sorted(piece)) for piece in pieces], 2)
        if a.layer == c.layer
    )


@given(graphs())
def test_each_node_has_a_place_and_none_lies_on_another(graph: tuple[list[str], list[Edge]]) -> None:
    layout = layered(*graph)

    assert set(layout.nodes) == set(graph[0])
    for one, other in combinations(layout.nodes.values(), 2):
        assert one.layer != other.layer or abs(one.row - other.row) >= 1.0 - 1e-9


@given(graphs())
def test_lines_lead_from_source_to_destination_through_every_layer_between(graph: tuple[list[str], list[Edge]]) -> None:
    layout = layered(*graph)

    assert set(layout.lines) == {edge for edge in graph[1] if edge[0] != edge[1]}
    for (source, destination), line in layout.lines.items():
        assert (line[0], line[-1]) == (layout.nodes[source], layout.nodes[destination])
        step = -1 if (source, destination) in layout.against else 1
        assert all(after.layer - before.layer == step for before, after in pairwise(line))


@given(graphs())
def test_only_edges_of_cycles_run_against_the_layers(graph: tuple[list[str], list[Edge]]) -> None:
    layout = layered(*graph)
    loops = [part for part in nx.strongly_connected_components(nx.DiGraph(graph[1])) if len(part) > 1]

    assert all(any({*edge} <= loop for loop in loops) for edge in layout.against)
    assert len(layout.against) >= len(loops)


@given(graphs())
def test_the_same_graph_has_the_same_layout(graph: tuple[list[str], list[Edge]]) -> None:
    assert layered(*graph) == layered(*graph)


def test_a_chain_is_a_straight_line() -> None:
    names = [f"n{number}" for number in range(5)]

    layout = layered(names, list(pairwise(names)))

    assert [layout.nodes[name].layer for name in names] == [0, 1, 2, 3, 4]
    assert {layout.nodes[name].row for name in names} == {0.0}


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_a_tree_whose_leaves_are_named_in_any_order_is_drawn_without_crossings(depth: int) -> None:
    nodes = [f"{number:b}" for number in range(1, 2**depth)]
    edges = [(node[:-1], node) for node in nodes if len(node) > 1]
    shuffled = sorted(nodes, key=lambda node: (len(node), node[::-1]))  # neighbours in a layer have other parents

    assert _crossings(layered(shuffled, edges), edges) == 0


def test_a_source_stands_next_to_what_it_feeds() -> None:
    layout = layered(["late", "a", "b", "c"], [("a", "b"), ("b", "c"), ("late", "c")])

    assert layout.nodes["late"].layer == layout.nodes["c"].layer - 1
