"""Slopes: how what comes out of a sweep follows the unknowns, from the directional derivatives of the components."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from orchestrator.instance import Bundle, DirectionalDerivatives, Instance, directional_derivatives
from orchestrator.master.loops.method import Matrix, Vector
from orchestrator.signals import Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector, Storage


class Slopes:
    """dG/dx (n, n) by the chain rule along the links of a loop; `places` (n) are those of the unknowns in the floats.

    It holds for what passes directly through components, and not for what the length of a step adds.
    """

    def __init__(
        self, instances: Sequence[Instance], links: Iterable[Link], signals: Signals, places: Sequence[int]
    ) -> None:
        self._count = len(places)
        column = {place: index for index, place in enumerate(places)}
        into: dict[str, list[Link]] = defaultdict(list)
        read: dict[str, set[str]] = defaultdict(set)
        for link in links:
            if signals.place(*link.source).connector.storage is Storage.FLOAT64:
                into[link.destination.component].append(link)
                read[link.source.component].add(link.source.connector)
        self._parts = [_Part(each, into[each.name], read[each.name], signals, column) for each in instances]

    def matrix(self) -> Matrix | None:
        """The slopes at the present time; None where a component with direct feedthrough does not tell its own."""
        if not all(part.known for part in self._parts):
            return None
        result = np.zeros((self._count, self._count))
        found: dict[int, Vector] = {}
        for part in self._parts:
            part.follow(found, result)
        return result


class _Part:
    """One component: the slopes of its outputs by the unknowns, from those of its inputs."""

    def __init__(
        self,
        instance: Instance,
        links: Sequence[Link],
        outputs: Iterable[str],
        signals: Signals,
        column: Mapping[int, int],
    ) -> None:
        by_name = {connector.name: connector for connector in instance.connectors}
        self._instance, self._signals, self._column = instance, signals, column
        self._outputs = [by_name[name] for name in sorted(outputs)]
        self._inputs = [by_name[name] for name in sorted({link.destination.connector for link in links})]
        self._links = links
        through = any(instance.feedthrough.get(connector.name) != () for connector in self._outputs)
        self._passes = bool(through and self._inputs)
        self._derivatives: DirectionalDerivatives | None = directional_derivatives(instance)

    @property
    def known(self) -> bool:
        """Whether it tells its slopes, or has none."""
        plain = all(connector.causality is Causality.INPUT for connector in self._inputs)
        return not self._passes or (self._derivatives is not None and plain)

    def follow(self, found: dict[int, Vector], result: Matrix) -> None:
        """Take the slopes of all outputs before into `found`, by their places; add those of this component."""
        count = result.shape[0]
        seeds = np.zeros((sum(connector.size for connector in self._inputs), count))
        starts = _starts(self._inputs)
        for link in self._links:
            place = self._signals.place(*link.source).start
            row = starts[link.destination.connector] + link.destination.element
            seeds[row] = link.conversion.factor * self._slope(place, found, count)
        slopes = self._multiplied(seeds)
        position = 0
        for connector in self._outputs:
            first = self._signals.place(self._instance.name, connector.name).start
            for element in range(connector.size):
                place = first + element
                found[place] = slopes[position]
                if place in self._column:
                    result[self._column[place]] = slopes[position]
                position += 1

    def _slope(self, place: int, found: Mapping[int, Vector], count: int) -> Vector:
        """That of an output that has been followed already, else of an unknown by itself."""
        if place in found:
            return found[place]
        unit = np.zeros(count)
        unit[self._column[place]] = 1.0
        return unit

    def _multiplied(self, seeds: Matrix) -> Matrix:
        count = sum(connector.size for connector in self._outputs)
        slopes = np.zeros((count, seeds.shape[1]))
        if not self._passes or self._derivatives is None:
            return slopes
        unknowns, knowns = Bundle.of(self._outputs), Bundle.of(self._inputs)
        for column in np.flatnonzero(seeds.any(axis=0)):
            result = np.zeros(count)
            self._derivatives.multiply(unknowns, knowns, np.ascontiguousarray(seeds[:, column]), result)
            slopes[:, column] = result
        return slopes


def _starts(connectors: Sequence[Connector]) -> dict[str, int]:
    ends = np.cumsum([0, *(connector.size for connector in connectors)]).tolist()
    return dict(zip([connector.name for connector in connectors], ends, strict=False))
