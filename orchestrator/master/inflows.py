"""Inflows: connected inputs of one component that come from alike sources, and the polynomials through their past."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, Instance, OutputSlopes, held_inputs, output_slopes
from orchestrator.master.memory import Remembered
from orchestrator.master.polynomials import History, Point, Vector, onwards
from orchestrator.master.rates import Period
from orchestrator.signals import Block
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector, Storage, Variability


class Origin(NamedTuple):
    """Where inputs come from, as far as it matters for their course.

    `ahead`: their sources step before the component does, so that the newest values are those of the end of the step.
    `period`: their sources step less often than the system.
    """

    ahead: bool
    period: Period | None = None

    def valid(self, t: float) -> float:
        """The time (s) of the values that there are at the beginning of a macro step at t."""
        return t if self.period is None else self.period.begin(t)

    def newest(self, t: float, end: float) -> float:
        """The time (s) of the newest values when the component steps, in a macro step from t to `end`."""
        if self.ahead and (self.period is None or self.period.ends(t, end)):
            return end
        return self.valid(t)


class Fed(NamedTuple):
    """One element of the float inputs of a component that a link feeds with continuous values."""

    element: int
    link: Link


class Inflow:
    """Elements of one origin: `where` are their places among all elements that have a course."""

    def __init__(
        self, origin: Origin, fed: Sequence[Fed], where: NDArray[np.intp], instances: Mapping[str, Instance], order: int
    ) -> None:
        self.origin, self.where, self._order = origin, where, order
        self._history = History(order)
        self.derivatives = tuple(_derivatives(fed, instances)) if order > 0 else ()

    def record(self, t: float, values: Vector) -> Vector | None:
        """A macro step begins at t (s), where the elements have these values; those of the last point, None if new.

        What comes from a source that has not stepped since is known already.
        """
        points, valid = self._history.points, self.origin.valid(t)
        if points and valid <= points[-1].time:
            return None
        before = points[-1].values if points else None
        self._history.add(Point(valid, values.copy(), self._slopes()))
        return before

    def course(self, start: float, h: float, newest: Point | None, held: Vector) -> Vector:
        """Coefficients (3, n) over a step from `start` by h (s); `newest` values count where they are newer.

        Where nothing is known of the past, the values `held` (n,) are all there is.
        """
        points = self._history.points
        if not points:
            return np.stack([held, np.zeros_like(held), np.zeros_like(held)])
        if newest is not None and newest.time <= points[-1].time:
            newest = None
        return onwards(points, newest, start, h, self._order)

    def forget(self) -> None:
        """What was before does not tell where the inputs go: something jumped."""
        self._history.points = []

    def remembered(self) -> Remembered:
        """The last communication points."""
        return self._history.remembered()

    def remember(self, memory: Remembered) -> None:
        """Go back to earlier ones."""
        self._history.remember(memory)

    def _slopes(self) -> Vector | None:
        if not self.derivatives:
            return None
        slopes = np.full(self.where.size, np.nan)
        for each in self.derivatives:
            each.read(slopes)
        return slopes


class Derivatives:
    """Derivatives of outputs of one component that knows them, and which elements of an inflow they are those of."""

    def __init__(self, known: OutputSlopes, connectors: Sequence[Connector], fed: Iterable[tuple[int, Link]]) -> None:
        self.known, self.bundle = known, Bundle.of(connectors)
        ends = np.cumsum([0, *(connector.size for connector in connectors)]).tolist()
        starts = dict(zip([connector.name for connector in connectors], ends, strict=False))
        self._slopes = np.zeros(self.bundle.size)
        self.targets = [
            (starts[link.source.connector] + link.source.element, place, link.conversion.factor) for place, link in fed
        ]

    def read(self, slopes: Vector) -> None:
        """Read them, as derivatives of the inputs."""
        self.known.get(self.bundle, self._slopes)
        for position, place, factor in self.targets:
            slopes[place] = factor * self._slopes[position]


def _derivatives(fed: Sequence[Fed], instances: Mapping[str, Instance]) -> Iterator[Derivatives]:
    by_source: dict[str, list[tuple[int, Link]]] = defaultdict(list)
    for place, (_, link) in enumerate(fed):
        by_source[link.source.component].append((place, link))
    for name, mine in by_source.items():
        known = output_slopes(instances[name])
        if known is None:
            continue
        told = [(place, link) for place, link in mine if link.source.connector in known.names]
        wanted = {link.source.connector for _, link in told}
        if wanted:
            connectors = [connector for connector in instances[name].connectors if connector.name in wanted]
            yield Derivatives(known, connectors, told)


def fed_elements(block: Block, links: Iterable[Link], instances: Mapping[str, Instance]) -> Iterator[Fed]:
    """The elements of the float inputs of one component that continuous outputs feed.

    Discrete inputs, and parameters that are set by connections, have no course; they are held.
    """
    start = 0
    starts: dict[str, int] = {}
    held: frozenset[str] = frozenset()
    for connector in block.bundle.connectors:
        if connector.causality is Causality.INPUT and connector.variability is Variability.CONTINUOUS:
            starts[connector.name] = start
        start += connector.size
    for link in links:
        held = held or frozenset(held_inputs(instances[link.destination.component]))
        name = link.destination.connector
        if name in starts and name not in held and _is_continuous(link, instances):
            yield Fed(starts[name] + link.destination.element, link)


def _is_continuous(link: Link, instances: Mapping[str, Instance]) -> bool:
    connectors = instances[link.source.component].connectors
    source = next(connector for connector in connectors if connector.name == link.source.connector)
    return source.storage is Storage.FLOAT64 and source.variability is Variability.CONTINUOUS
