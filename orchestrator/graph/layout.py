"""Layout: where the boxes and lines of a layered picture of a graph go.

The method is that of Sugiyama, Tagawa and Toda (IEEE Transactions on Systems, Man, and Cybernetics 11, 1981): cut
cycles, put nodes into layers, order each layer so that few lines cross, then give coordinates.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import networkx as nx

SWEEPS = 12
"""How often the order of all layers is improved forth and back."""

Edge = tuple[str, str]
_Node = Hashable  # a name, or (edge, layer) where a line passes through a layer


class Point(NamedTuple):
    """A place: `layer` counts from the left, `row` downwards from the middle, one row for each box."""

    layer: int
    row: float


class Layout(NamedTuple):
    """Places of the nodes, and for each edge the places that its line passes, from its source to its destination.

    `against` are the edges that run against the direction of the layers, or within one.
    """

    nodes: Mapping[str, Point]
    lines: Mapping[Edge, tuple[Point, ...]]
    against: frozenset[Edge]

    @property
    def layers(self) -> int:
        """Number of layers."""
        return 1 + max((point.layer for point in self.nodes.values()), default=-1)


def layered(order: Sequence[str], edges: Iterable[Edge]) -> Layout:
    """Lay out a graph of the nodes in `order`; an edge to an earlier node runs against the direction of reading.

    The result depends on nothing but the arguments. Edges from a node to itself have no line.
    """
    edges = tuple(dict.fromkeys(edge for edge in edges if edge[0] != edge[1]))
    forward = _acyclic(order, edges)
    layer = _layers(order, forward)
    chains = {edge: _chain(edge, forward[edge], layer) for edge in edges}
    rows = _rows(order, layer, chains)
    nodes = {name: Point(layer[name], rows[name]) for name in order}
    lines = {}
    for edge, chain in chains.items():
        points = tuple(_point(node, rows, layer) for node in chain)
        lines[edge] = points if forward[edge] == edge else points[::-1]
    return Layout(nodes, lines, frozenset(edge for edge in edges if forward[edge] != edge))


def _acyclic(order: Sequence[str], edges: Sequence[Edge]) -> dict[Edge, Edge]:
    """Each edge as it is laid out: reversed where it closes a cycle, by depth-first search in the given order."""
    successors: dict[str, list[str]] = defaultdict(list)
    for source, destination in edges:
        successors[source].append(destination)
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(order)
    graph.add_edges_from(edges)
    closing = {
        edge for component in nx.strongly_connected_components(graph) for edge in _closing(component, order, successors)
    }
    return {edge: (edge[1], edge[0]) if edge in closing else edge for edge in edges}


def _closing(component: set[str], order: Sequence[str], successors: Mapping[str, list[str]]) -> set[Edge]:
    """The edges that lead back to a node whose search is still open."""
    closing: set[Edge] = set()
    done: set[str] = set()
    for root in order:
        if root not in component or root in done:
            continue
        path, stack = {root}, [(root, iter(successors.get(root, ())))]
        while stack:
            node, following = stack[-1]
            after = next((name for name in following if name in component), None)
            if after is None:
                stack.pop()
                path.discard(node)
                done.add(node)
            elif after in path:
                closing.add((node, after))
            elif after not in done:
                path.add(after)
                stack.append((after, iter(successors.get(after, ()))))
    return closing


def _layers(order: Sequence[str], forward: Mapping[Edge, Edge]) -> dict[str, int]:
    """The longest path to each node; sources stand directly before the first node that they feed."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(order)
    graph.add_edges_from(dict.fromkeys(forward.values()))
    sequence = list(nx.lexicographical_topological_sort(graph, key=list(order).index))
    layer: dict[str, int] = {}
    for name in sequence:
        layer[name] = 1 + max((layer[before] for before in graph.predecessors(name)), default=-1)
    for name in reversed(sequence):
        after = [layer[following] for following in graph.successors(name)]
        if after and not any(True for _ in graph.predecessors(name)):
            layer[name] = min(after) - 1
    return layer


def _chain(edge: Edge, forward: Edge, layer: Mapping[str, int]) -> tuple[_Node, ...]:
    """The nodes that a line visits from left to right: its ends, and a place in each layer between them."""
    source, destination = forward
    between = [(edge, number) for number in range(layer[source] + 1, layer[destination])]
    return (source, *between, destination)


def _point(node: _Node, rows: Mapping[_Node, float], layer: Mapping[str, int]) -> Point:
    number = layer[node] if isinstance(node, str) else node[1]  # type: ignore[index]
    return Point(number, rows[node])


def _rows(
    order: Sequence[str], layer: Mapping[str, int], chains: Mapping[Edge, tuple[_Node, ...]]
) -> dict[_Node, float]:
    columns: dict[int, list[_Node]] = defaultdict(list)
    for name in order:
        columns[layer[name]].append(name)
    for chain in chains.values():
        for node in chain[1:-1]:
            columns[node[1]].append(node)  # type: ignore[index]
    links = list(dict.fromkeys(pair for chain in chains.values() for pair in pairwise(chain)))
    ordered = _untangled([columns[number] for number in sorted(columns)], links)
    return _placed(ordered, links)


def _untangled(columns: list[list[_Node]], links: Sequence[tuple[_Node, _Node]]) -> list[list[_Node]]:
    """The columns with each node at the mean of its neighbours in the column before, swept forth and back."""
    left, right = _neighbours(links)
    best, fewest = columns, _crossings(columns, right)
    for sweep in range(2 * SWEEPS):
        neighbours, sequence = (left, columns[1:]) if sweep % 2 == 0 else (right, columns[-2::-1])
        place = {node: index for column in columns for index, node in enumerate(column)}
        sorted_columns = {id(column): column for column in columns}
        for column in sequence:
            means = {node: _mean([place[near] for near in neighbours[node]], place[node]) for node in column}
            better = sorted(column, key=means.__getitem__)
            place.update({node: index for index, node in enumerate(better)})
            sorted_columns[id(column)] = better
        columns = [sorted_columns[id(column)] for column in columns]
        crossings = _crossings(columns, right)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _neighbours(
    links: Sequence[tuple[_Node, _Node]],
) -> tuple[Mapping[_Node, list[_Node]], Mapping[_Node, list[_Node]]]:
    left: dict[_Node, list[_Node]] = defaultdict(list)
    right: dict[_Node, list[_Node]] = defaultdict(list)
    for one, other in links:
        right[one].append(other)
        left[other].append(one)
    return left, right


def _crossings(columns: Sequence[Sequence[_Node]], right: Mapping[_Node, list[_Node]]) -> int:
    total = 0
    place = {node: index for column in columns for index, node in enumerate(column)}
    for column in columns:
        ends = [place[after] for node in column for after in sorted(right[node], key=place.__getitem__)]
        total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
    return total


def _placed(columns: Sequence[Sequence[_Node]], links: Sequence[tuple[_Node, _Node]]) -> dict[_Node, float]:
    """Rows near those of the neighbours, one apart within a column where both are nodes, half where lines pass."""
    left, right = _neighbours(links)
    rows: dict[_Node, float] = {}
    for column in columns:
        rows.update({node: index - (len(column) - 1) / 2 for index, node in enumerate(column)})
    for sweep in range(2 * SWEEPS):
        neighbours = left if sweep % 2 == 0 else right
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wanted = [_mean([rows[near] for near in neighbours[node]], rows[node]) for node in column]
            rows.update(zip(column, _apart(column, wanted), strict=True))
    return rows


def _apart(column: Sequence[_Node], wanted: Sequence[float]) -> list[float]:
    """The rows nearest to the wanted ones (least squares) that keep order and distance: pool adjacent violators."""
    shift, total = [], 0.0
    for index, node in enumerate(column):
        if index:
            total += 1.0 if isinstance(node, str) and isinstance(column[index - 1], str) else 0.6
        shift.append(total)
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, shift, strict=True):
        blocks.append((want - offset, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (value, count), (before, many) = blocks.pop(), blocks.pop()
            blocks.append(((value * count + before * many) / (count + many), count + many))
    flat = [value for value, count in blocks for _ in range(count)]
    return [value + offset for value, offset in zip(flat, shift, strict=True)]


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
