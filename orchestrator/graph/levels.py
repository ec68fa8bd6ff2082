"""Levels: which components could step at the same time, without a change of any number."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.system.connections.resolution import Link

Levels = tuple[tuple[str, ...], ...]
"""Components that could step at the same time, level after level."""


def parallel_levels(
    algorithm: str, order: Sequence[str], links: Iterable[Link], loops: Sequence[Sequence[str]] = ()
) -> Levels:
    """Levels of one macro step of components that step in this order; the members of one of the `loops` share one.

    With `jacobi` all inputs are there at the beginning: one level. With `gauss_seidel` a component waits for those
    before it that feed it; those after it that feed it must not run ahead of it, since it takes their values of the
    last communication point. With `iterative` whole loops wait for each other. What flows with a declared delay is
    there at the beginning.
    """
    if algorithm == "jacobi":
        return (tuple(order),)
    unit = {name: names[0] for names in loops for name in names} if algorithm == "iterative" else {}
    position = {name: index for index, name in enumerate(order)}
    forward: dict[str, set[str]] = defaultdict(set)
    backward: dict[str, set[str]] = defaultdict(set)
    for link in links:
        source, destination = (unit.get(end, end) for end in (link.source.component, link.destination.component))
        if link.delay or source == destination:
            continue
        if position[source] < position[destination]:
            forward[destination].add(source)
        else:
            backward[source].add(destination)
    return _grouped(order, _numbers(order, unit, forward, backward))


def _numbers(
    order: Sequence[str],
    unit: Mapping[str, str],
    forward: Mapping[str, set[str]],
    backward: Mapping[str, set[str]],
) -> dict[str, int]:
    level: dict[str, int] = {}
    for name in order:
        if unit.get(name, name) != name:
            level[name] = level[unit[name]]
            continue
        after = [level[one] + 1 for one in forward.get(name, ())]
        level[name] = max((*after, *(level[one] for one in backward.get(name, ()))), default=0)
    return level


def _grouped(order: Sequence[str], level: Mapping[str, int]) -> Levels:
    groups: dict[int, list[str]] = defaultdict(list)
    for name in order:
        groups[level[name]].append(name)
    return tuple(tuple(groups[number]) for number in sorted(groups))
