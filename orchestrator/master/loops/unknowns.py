"""Unknowns: the outputs that close a loop, which have to be known before their components have stepped."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Values
from orchestrator.master.compiled.tables import address
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.workspace import Vector, Workspace
from orchestrator.signals import Place, Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage

Discrete = tuple[Values, ...]
"""Values that are passed on as they are, one array per storage class."""


class Bounds(NamedTuple):
    """Declared least and largest values of the unknowns (n), infinite where none are declared."""

    low: Vector
    high: Vector


class _Known(NamedTuple):
    """Elements of one flat array of the signals and their names."""

    array: Values
    where: NDArray[np.intp]
    names: tuple[str, ...]


class Unknowns:
    """The sources of torn links: of links to components of a loop that step before the source, or are the source.

    Float values are what is solved for, `names` are theirs; all others only have to come to rest. A value that flows
    along several links is one unknown.
    """

    def __init__(self, signals: Signals, torn: Iterable[Link]) -> None:
        by_place: dict[tuple[Storage, int], list[Link]] = defaultdict(list)
        for link in torn:
            place = _source(signals, link)
            by_place[place.connector.storage, place.start].append(link)
        groups: dict[Storage, list[list[Link]]] = defaultdict(list)
        for (storage, _), links in by_place.items():
            groups[storage].append(links)
        solved = groups.pop(Storage.FLOAT64, [])
        self._float = _known(signals, Storage.FLOAT64, [links[0] for links in solved])
        self._discrete = [_known(signals, storage, [each[0] for each in links]) for storage, links in groups.items()]
        self._objects = [known for known in self._discrete if known.array.dtype == object]
        self._nominals: Vector = np.array([_nominal(signals, links) for links in solved], dtype=np.float64)
        self._declared = ~np.isnan(self._nominals)
        self.bounds = _bounds(signals, solved)
        """Least and largest values that the outputs declare, or inputs that they feed."""

    @property
    def names(self) -> tuple[str, ...]:
        """What is solved for, as `component.variable`."""
        return self._float.names

    @property
    def places(self) -> NDArray[np.intp]:
        """Where it lies in the float values of the signals."""
        return self._float.where

    @property
    def declared(self) -> NDArray[np.bool_]:
        """Which of them have a declared nominal value."""
        return self._declared

    def read_discrete(self) -> Discrete:
        """The values in the signals that are not solved for."""
        return tuple(known.array[known.where] for known in self._discrete)

    def read_objects(self) -> Discrete:
        """Those of them that only Python can look at, texts and bytes."""
        return tuple(known.array[known.where] for known in self._objects)

    def put_objects(self, values: Discrete) -> None:
        """Write these into the signals again."""
        for known, each in zip(self._objects, values, strict=True):
            known.array[known.where] = each

    @property
    def by_address(self) -> bool:
        """Whether compiled functions can reach all of them."""
        return not self._objects

    def lay_out(self, memory: Workspace) -> Vector:
        """Tell the compiled functions where the unknowns are, and what is declared of them.

        The result are the nominal values where they are declared, else the largest magnitudes accepted in this run.
        """
        places = address(self._float.array) + at.WORD * self._float.where
        memory[at.COUNT] = places.size
        memory.keep_words(at.PLACES, places.tolist())
        memory.keep(at.NOMINALS, self._nominals)
        memory.keep(at.LOW, self.bounds.low)
        memory.keep(at.HIGH, self.bounds.high)
        largest = memory.keep_learnt(at.LARGEST, np.where(self.declared, self._nominals, 0.0))
        numbers = [known for known in self._discrete if known.array.dtype != object]
        kept = memory.keep_words(at.DISCRETE, [0] * sum(known.where.size for known in numbers))
        rows = [
            (address(known.array) + known.array.itemsize * int(place), known.array.itemsize)
            for known in numbers
            for place in known.where
        ]
        memory.table(at.DISCRETE, [(place, address(kept) + at.WORD * k, size) for k, (place, size) in enumerate(rows)])
        return largest

    def moved(self, before: Discrete, after: Discrete) -> tuple[str, ...]:
        """Names of the discrete values that changed, with both values."""
        return tuple(
            f"'{name}' ({old} -> {new})"
            for known, olds, news in zip(self._discrete, before, after, strict=True)
            for name, old, new in zip(known.names, olds, news, strict=True)
            if old != new
        )


def torn_links(links: Iterable[Link], order: Sequence[str]) -> list[Link]:
    """The links within a loop that lead to a component that steps before their source, or to the source itself.

    `order` is that in which the components of the loop step.
    """
    position = {name: index for index, name in enumerate(order)}
    inside = [link for link in links if {link.source.component, link.destination.component} <= position.keys()]
    return [
        link
        for link in inside
        if not link.delay and position[link.source.component] >= position[link.destination.component]
    ]


def fewest_torn(links: Iterable[Link], order: Sequence[str]) -> list[str]:
    """The order, begun elsewhere in the circle where that leaves fewer values to be known beforehand."""
    place = {name: index for index, name in enumerate(order)}
    inside = [
        link for link in links if not link.delay and {link.source.component, link.destination.component} <= place.keys()
    ]
    number = {source: index for index, source in enumerate(dict.fromkeys(link.source for link in inside))}
    sources = np.array([number[link.source] for link in inside], dtype=np.intp)
    begins = np.array([place[link.source.component] for link in inside], dtype=np.intp)
    ends = np.array([place[link.destination.component] for link in inside], dtype=np.intp)

    def unknown(start: int) -> int:
        torn = (begins - start) % len(order) >= (ends - start) % len(order)
        return int(np.unique(sources[torn]).size)

    start = min(range(len(order)), key=unknown)
    return [*order[start:], *order[:start]]


def _source(signals: Signals, link: Link) -> Place:
    return signals.place(*link.source)


def _known(signals: Signals, storage: Storage, links: Sequence[Link]) -> _Known:
    where = np.array([_source(signals, link).start for link in links], dtype=np.intp)
    names = tuple(
        f"{link.source.component}.{_source(signals, link).connector.elements[link.source.element]}" for link in links
    )
    return _Known(signals.array(storage), where, names)


def _bounds(signals: Signals, solved: Iterable[Sequence[Link]]) -> Bounds:
    ranges = []
    for links in solved:
        own = _source(signals, links[0]).connector
        low, high = [_or(own.minimum, -np.inf)], [_or(own.maximum, np.inf)]
        for link in links:
            fed = signals.place(*link.destination).connector
            if link.conversion.factor and link.mapping is None:
                ends = (_or(fed.minimum, -np.inf), _or(fed.maximum, np.inf))
                back = sorted((end - link.conversion.offset) / link.conversion.factor for end in ends)
                low.append(back[0])
                high.append(back[1])
        ranges.append((max(low), min(high)))
    low_high = np.array(ranges, dtype=np.float64).reshape(-1, 2)
    return Bounds(low_high[:, 0], low_high[:, 1])


def _or(declared: float | None, otherwise: float) -> float:
    return otherwise if declared is None else float(declared)


def _nominal(signals: Signals, links: Sequence[Link]) -> float:
    """The declared nominal value of an output, else the smallest of the inputs that it feeds; NaN where none is."""
    own = _source(signals, links[0]).connector.declared_nominal
    if own is not None:
        return own
    fed = [(signals.place(*link.destination).connector.declared_nominal, link.conversion.factor) for link in links]
    return min((nominal / abs(factor) for nominal, factor in fed if nominal and factor), default=np.nan)
