"""Parallel split: which thread steps what, level after level, by what components cost."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from orchestrator.master.participant import Participant

Levels = tuple[tuple[int, ...], ...]
"""Numbers of the components that step at the same time, level after level."""

CHUNK: Final = 2_000.0
"""What is claimed at once costs about so much (ns) at least: a claim costs some tens."""
CHUNKS: Final = 8
"""A thread has no more chunks of its own than this."""
ROUND: Final = 500.0
"""What it costs (ns) to open a round for another thread and to wait for its end, about."""
_AS_GOOD: Final = 1.05


class Shares(NamedTuple):
    """A level, shared out: what the calling thread steps in any case, and the chunks of each thread."""

    mine: tuple[int, ...]
    chunks: tuple[tuple[tuple[int, ...], ...], ...]
    costs: float
    """The time (ns) that it takes all threads."""


def levels(participants: Sequence[Participant], *, newest: bool) -> Levels:
    """The components by level: none feeds another of its level, and all see the values that they see one by one.

    With `newest` (Gauss-Seidel) a component waits for those before it that feed it, and those after it that feed it
    wait until it has stepped. What flows at the beginning of a macro step keeps nobody waiting.
    """
    if not newest:
        return (tuple(range(len(participants))),)
    number = {each.name: index for index, each in enumerate(participants)}
    waits: list[set[int]] = [set() for _ in participants]
    for index, participant in enumerate(participants):
        for source in {number[link.source.component] for transfer in participant.plan for link in transfer.links}:
            if source != index:
                waits[max(source, index)].add(min(source, index))
    level: list[int] = []
    for index in range(len(participants)):
        level.append(max((level[each] + 1 for each in waits[index]), default=0))
    return tuple(tuple(i for i, one in enumerate(level) if one == deep) for deep in range(max(level, default=-1) + 1))


def split(level: Sequence[int], costs: Mapping[int, float], pinned: frozenset[int], threads: int) -> Shares:
    """Share out a level by the costs (ns) of its components; those pinned stay with the calling thread.

    Neighbours stay together where that is as good: they share cache lines.
    """
    mine = tuple(each for each in level if each in pinned)
    others = [each for each in level if each not in pinned]
    before = sum(costs[each] for each in mine)
    alone = before + sum(costs[each] for each in others)
    ways = [_neighbours(others, costs, before, threads), _largest_first(others, costs, before, threads)]
    took = [
        max(sum(costs[each] for each in share) + before * (not number) for number, share in enumerate(way))
        for way in ways
    ]
    best = 0 if took[0] <= _AS_GOOD * took[1] else 1
    if len(others) < 1 + (not mine) or took[best] + ROUND >= alone:
        return Shares(tuple(level), (), alone)
    return Shares(mine, tuple(_chunks(share, costs) for share in ways[best]), took[best] + ROUND)


def _neighbours(others: Sequence[int], costs: Mapping[int, float], before: float, threads: int) -> list[list[int]]:
    """Cut where the sum of the costs passes equal parts; the first thread has something to do `before`."""
    shares: list[list[int]] = [[] for _ in range(threads)]
    part = (before + sum(costs[each] for each in others)) / threads
    passed = before
    for each in others:
        middle = passed + 0.5 * costs[each]
        shares[min(int(middle / part), threads - 1) if part > 0.0 else 0].append(each)
        passed += costs[each]
    return shares


def _largest_first(others: Sequence[int], costs: Mapping[int, float], before: float, threads: int) -> list[list[int]]:
    """The dearest first, each to the thread with the least to do (Graham 1969: at most 4/3 of what is possible)."""
    shares: list[list[int]] = [[] for _ in range(threads)]
    load = [before] + [0.0] * (threads - 1)
    for each in sorted(others, key=lambda one: -costs[one]):
        least = min(range(threads), key=load.__getitem__)
        shares[least].append(each)
        load[least] += costs[each]
    return [sorted(share) for share in shares]


def _chunks(share: Sequence[int], costs: Mapping[int, float]) -> tuple[tuple[int, ...], ...]:
    """Cut a share into chunks that are worth a claim."""
    size = max(CHUNK, sum(costs[each] for each in share) / CHUNKS)
    chunks: list[list[int]] = []
    filled = size
    for each in share:
        if filled >= size:
            chunks.append([])
            filled = 0.0
        chunks[-1].append(each)
        filled += costs[each]
    return tuple(tuple(chunk) for chunk in chunks)
