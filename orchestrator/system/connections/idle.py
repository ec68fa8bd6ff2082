"""Idle connections: those that lead from no component to none, between nested systems and dictionaries alone."""

from orchestrator.system.description import Connection, Endpoint, SystemDescription

_Node = tuple[str, str]


def idle(description: SystemDescription) -> list[tuple[Connection, ...]]:
    """Connections by which nothing reaches a component or the border of the whole system, those that meet together.

    All references to one signal dictionary are one place.
    """
    above: dict[_Node, _Node] = {}
    busy: set[_Node] = set()
    for connection in description.connections:
        ends = [_node(description, end) for end in (connection.source, connection.destination)]
        first, second = (_top(above, node) for node in ends)
        above[second] = first
        busy.update(node for node in ends if node[0] in description.components or not node[0])
    reached = {_top(above, node) for node in busy}
    groups: dict[_Node, list[Connection]] = {}
    for connection in description.connections:
        top = _top(above, _node(description, connection.source))
        if top not in reached:
            groups.setdefault(top, []).append(connection)
    return [tuple(group) for group in groups.values()]


def _node(description: SystemDescription, end: Endpoint) -> _Node:
    system = description.subsystems.get(end.component)
    dictionary = None if system is None else system.signal_dictionary
    name = end.connector.partition("[")[0]
    return (end.component, name) if dictionary is None else (f"dictionary {dictionary}", name)


def _top(above: dict[_Node, _Node], node: _Node) -> _Node:
    while (next_above := above.get(node, node)) != node:
        above[node] = above.get(next_above, next_above)
        node = next_above
    return node
