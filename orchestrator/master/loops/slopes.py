"""Slopes: how what comes out of a sweep follows the unknowns, from how each component responds to its inputs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Instance
from orchestrator.master.compiled.tables import word
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.responses import Response, Values
from orchestrator.master.loops.workspace import Learnt
from orchestrator.master.memory import Remembered
from orchestrator.signals import Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Connector, Storage


class Slopes:
    """dG/dx (n, n) by the chain rule along the links of a loop; `places` (n) are those of the unknowns in the floats.

    `instances` are in the order in which they step. `responses` are those of all of them, and `learnt` what they learn;
    the chain is followed by `hot_slopes`, from the memory that is laid out here.
    """

    def __init__(
        self, instances: Sequence[Instance], links: Iterable[Link], signals: Signals, places: Sequence[int]
    ) -> None:
        self._column = {place: index for index, place in enumerate(places)}
        self._signals = signals
        into: dict[str, list[Link]] = defaultdict(list)
        read: dict[str, set[str]] = defaultdict(set)
        for link in links:
            ends = [signals.place(*end).connector.storage for end in (link.source, link.destination)]
            if ends == [Storage.FLOAT64, Storage.FLOAT64]:
                into[link.destination.component].append(link)
                read[link.source.component].add(link.source.connector)
        self.learnt = Learnt()
        self.responses: dict[str, Response] = {}
        followed: dict[int, int] = {}
        for each in instances:
            values = _values(each, into[each.name], read[each.name], signals)
            response = Response(each, values, signals.float64, self.learnt)
            self._chain(response, values, into[each.name], followed)
            self.responses[each.name] = response

    @property
    def by_address(self) -> bool:
        """Whether nothing is told by Python."""
        return all(response.by_address for response in self.responses.values())

    def tell(self) -> None:
        """Ask the components for their derivatives where that is asked of Python."""
        for response in self.responses.values():
            response.tell()

    def remembered(self) -> Remembered:
        """What was learnt of each component."""
        return {name: response.remembered() for name, response in self.responses.items()}

    def remember(self, memory: Remembered) -> None:
        """Go back to what was known then."""
        for name, response in self.responses.items():
            response.remember(memory[name])

    def _chain(self, response: Response, values: Values, links: Sequence[Link], followed: dict[int, int]) -> None:
        """Lay out what feeds a component; `followed` are the addresses of slopes of outputs by their places."""
        memory, count = response.memory, len(self._column)
        row = {place: index for index, place in enumerate(values.given.tolist())}
        memory.table(at.FEEDS, self._feeds(links, row, followed))
        memory.vector(at.SEEDS, values.given.size * count)
        memory.vector(at.FOLLOWS, values.gives.size * count)
        memory.keep_words(at.COLUMNS, [self._column.get(place, -1) for place in values.gives.tolist()])
        for index, place in enumerate(values.gives.tolist()):
            followed[place] = memory[at.FOLLOWS] + at.WORD * count * index

    def _feeds(
        self, links: Sequence[Link], row: Mapping[int, int], followed: Mapping[int, int]
    ) -> Iterator[tuple[int, ...]]:
        """Of an output that has been followed already, else of an unknown by itself."""
        for link in links:
            source = self._signals.place(*link.source).start
            taken = row[self._signals.place(*link.destination).start]
            slope = followed.get(source, 0)
            yield taken, word(link.conversion.factor), slope, 0 if slope else self._column[source]


def _values(instance: Instance, links: Sequence[Link], outputs: Iterable[str], signals: Signals) -> Values:
    by_name = {connector.name: connector for connector in instance.connectors}
    taken = [by_name[name] for name in sorted({link.destination.connector for link in links})]
    given = [by_name[name] for name in sorted(outputs)]
    return Values(taken, given, _places(instance.name, taken, signals), _places(instance.name, given, signals))


def _places(component: str, connectors: Sequence[Connector], signals: Signals) -> NDArray[np.intp]:
    places = [signals.place(component, connector.name) for connector in connectors]
    return np.array([index for place in places for index in range(place.start, place.stop)], dtype=np.intp)
