"""Slopes: how what comes out of a sweep follows the unknowns, from how each component responds to its inputs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Instance
from orchestrator.master.loops.method import Matrix, Vector
from orchestrator.master.loops.responses import Response, Values
from orchestrator.master.memory import Remembered
from orchestrator.signals import Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Connector, Storage


class Slopes:
    """dG/dx (n, n) by the chain rule along the links of a loop; `places` (n) are those of the unknowns in the floats.

    `instances` are in the order in which they step. Call order in each macro step: 1 `begin`, 2 `take` after each
    sweep, `matrix` where it is wanted.
    """

    def __init__(
        self, instances: Sequence[Instance], links: Iterable[Link], signals: Signals, places: Sequence[int]
    ) -> None:
        self._column = {place: index for index, place in enumerate(places)}
        into: dict[str, list[Link]] = defaultdict(list)
        read: dict[str, set[str]] = defaultdict(set)
        for link in links:
            ends = [signals.place(*end).connector.storage for end in (link.source, link.destination)]
            if ends == [Storage.FLOAT64, Storage.FLOAT64]:
                into[link.destination.component].append(link)
                read[link.source.component].add(link.source.connector)
        self._parts = [_part(each, into[each.name], read[each.name], signals) for each in instances]

    def begin(self, h: float) -> None:
        """A macro step of h (s) begins."""
        for part in self._parts:
            part.response.begin(h)

    def take(self) -> None:
        """A sweep is done: learn from it."""
        for part in self._parts:
            part.response.take()

    def matrix(self) -> Matrix | None:
        """The slopes at the values of the last sweep; None while nothing is known of a component."""
        if not all(part.response.known for part in self._parts):
            return None
        result = np.zeros((len(self._column), len(self._column)))
        found: dict[int, Vector] = {}
        for part in self._parts:
            self._follow(part, found, result)
        return result

    def forget(self) -> None:
        """Nothing that was learnt is used any more."""
        for part in self._parts:
            part.response.forget()

    def remembered(self) -> Remembered:
        """What was learnt of each component."""
        return {part.name: part.response.remembered() for part in self._parts}

    def remember(self, memory: Remembered) -> None:
        """Go back to what was known then."""
        for part in self._parts:
            part.response.remember(memory[part.name])

    def _follow(self, part: "_Part", found: dict[int, Vector], result: Matrix) -> None:
        """Take the slopes of all outputs before into `found`, by their places; add those of this component."""
        seeds = np.zeros((part.width, len(self._column)))
        for feed in part.feeds:
            seeds[feed.row] = feed.factor * self._slope(feed.source, found)
        for place, slope in zip(part.gives.tolist(), part.response.matrix() @ seeds, strict=True):
            found[place] = slope
            if place in self._column:
                result[self._column[place]] = slope

    def _slope(self, place: int, found: Mapping[int, Vector]) -> Vector:
        """That of an output that has been followed already, else of an unknown by itself."""
        if place in found:
            return found[place]
        unit = np.zeros(len(self._column))
        unit[self._column[place]] = 1.0
        return unit


class _Feed(NamedTuple):
    """Place of a source, the row of the inputs that it goes to, and the factor on the way."""

    source: int
    row: int
    factor: float


class _Part(NamedTuple):
    """One component: its response, the number of its inputs, what feeds them, and the places of its outputs."""

    name: str
    response: Response
    width: int
    feeds: tuple[_Feed, ...]
    gives: NDArray[np.intp]


def _part(instance: Instance, links: Sequence[Link], outputs: Iterable[str], signals: Signals) -> _Part:
    by_name = {connector.name: connector for connector in instance.connectors}
    taken = [by_name[name] for name in sorted({link.destination.connector for link in links})]
    given = [by_name[name] for name in sorted(outputs)]
    values = Values(taken, given, _places(instance.name, taken, signals), _places(instance.name, given, signals))
    row = {place: index for index, place in enumerate(values.given.tolist())}
    feeds = tuple(
        _Feed(signals.place(*link.source).start, row[signals.place(*link.destination).start], link.conversion.factor)
        for link in links
    )
    response = Response(instance, values, signals.float64)
    return _Part(instance.name, response, values.given.size, feeds, values.gives)


def _places(component: str, connectors: Sequence[Connector], signals: Signals) -> NDArray[np.intp]:
    places = [signals.place(component, connector.name) for connector in connectors]
    return np.array([index for place in places for index in range(place.start, place.stop)], dtype=np.intp)
