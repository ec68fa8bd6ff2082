"""Inputs as straight lines over a step, for components that take them: second order in the step size, not first."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, InputSlopes, Instance, OutputSlopes, output_slopes
from orchestrator.master.memory import Remembered
from orchestrator.signals import Block, GatherPlan, gather
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage, Variability


class SlopedInputs:
    """The connected inputs of one component that take slopes.

    A source that knows the slope of its output at t gives it. An input whose source has made the step already goes
    straight from u(t) to u(t + h). For the others the slope is that from the last communication point to this one,
    (u(t) - u(t')) / (t - t'); it is 0 where there is no last point, as at the start and after an event. An input whose
    source changes in steps, such as a Boolean or a sampled controller, holds its newest value.
    """

    def __init__(self, instance: Instance, slopes: InputSlopes, blocks: Iterable[Block], plan: GatherPlan) -> None:
        self._instance, self._slopes, self._plan = instance, slopes, plan
        self._lines = [
            _Line(block, [c.name in slopes.names for c in block.bundle.connectors])
            for block in blocks
            if any(c.name in slopes.names for c in block.bundle.connectors)
        ]
        self._sources: list[_Source] = []
        self._last: float | None = None
        self._t: float | None = None

    def connect(self, links: Iterable[Link], before: Iterable[str], instances: Mapping[str, Instance]) -> None:
        """Take the links into the component, the components that step before it, and all instances."""
        earlier, links = set(before), tuple(link for link in links if _is_continuous(link, instances))
        for link in links:
            for line in self._lines:
                line.connect(link, ahead=link.source.component in earlier and not link.delay)
        for name in dict.fromkeys(link.source.component for link in links):
            known = output_slopes(instances[name])
            mine = [link for link in links if link.source.component == name]
            if known is not None:
                self._sources.append(_Source(known, instances[name], mine, self._lines))

    def begin(self, t: float) -> None:
        """A macro step begins at t (s): the signals hold the outputs valid there."""
        gather(self._plan)
        self._last, self._t = self._t, t
        for line in self._lines:
            line.begin()
        for source in self._sources:
            source.read()

    def forget(self) -> None:
        """What was before does not tell where the inputs go: something jumped."""
        self._t = None

    def remembered(self) -> Remembered:
        """The last two communication points and the inputs there."""
        return {"last": self._last, "t": self._t, "lines": [line.remembered() for line in self._lines]}

    def remember(self, memory: Remembered) -> None:
        """Go back to earlier communication points."""
        self._last, self._t = memory["last"], memory["t"]
        for line, remembered in zip(self._lines, memory["lines"], strict=True):
            line.remember(remembered)

    def set(self, t: float, h: float, *, newest: bool) -> None:
        """Give u(t) and the slopes for the step from t by h; with `newest` the inputs hold what has stepped already."""
        since = None if self._last is None else t - self._last
        for line in self._lines:
            slopes = line.slopes(h, since, newest=newest)
            values = line.values()
            self._instance.set(line.bundle, values)
            self._slopes.set(line.bundle, values, slopes, t)

    def finished(self) -> None:
        """The step is made; raises what went wrong with the inputs during it."""
        self._slopes.finished()


def _is_continuous(link: Link, instances: Mapping[str, Instance]) -> bool:
    connectors = instances[link.source.component].connectors
    source = next(connector for connector in connectors if connector.name == link.source.connector)
    return source.storage is Storage.FLOAT64 and source.variability is Variability.CONTINUOUS


class _Source:
    """One component that knows the slopes of its outputs, and where they go."""

    def __init__(self, known: OutputSlopes, instance: Instance, links: Iterable[Link], lines: "list[_Line]") -> None:
        self._known = known
        targets = [
            (link, line) for link in links if link.source.connector in known.names for line in lines if line.takes(link)
        ]
        wanted = {link.source.connector for link, _ in targets}
        connectors = [connector for connector in instance.connectors if connector.name in wanted]
        ends = np.cumsum([0, *(connector.size for connector in connectors)]).tolist()
        starts = dict(zip([connector.name for connector in connectors], ends, strict=False))
        self._bundle = Bundle.of(connectors) if connectors else None
        self._slopes = np.zeros(ends[-1])
        self._targets = [
            (starts[link.source.connector] + link.source.element, line, line.index(link), link.conversion.factor)
            for link, line in targets
        ]

    def read(self) -> None:
        if self._bundle is None:
            return
        self._known.get(self._bundle, self._slopes)
        for position, line, destination, factor in self._targets:
            line.derived[destination] = factor * self._slopes[position]


class _Line:
    def __init__(self, block: Block, chosen: list[bool]) -> None:
        connectors = [c for c, wanted in zip(block.bundle.connectors, chosen, strict=True) if wanted]
        sizes = [c.size for c in block.bundle.connectors]
        self.bundle = Bundle.of(connectors)
        self._values = block.values
        self._where = np.flatnonzero(np.repeat(chosen, sizes))
        self._starts: dict[str, int] = dict(
            zip([c.name for c in connectors], np.cumsum([0, *(c.size for c in connectors)]).tolist(), strict=False)
        )
        self._connected = np.zeros(self.bundle.size, np.bool_)
        self._ahead = np.zeros(self.bundle.size, np.bool_)
        self.derived = np.full(self.bundle.size, np.nan)
        self.now: NDArray[np.float64] = self._values[self._where]
        self._before = self.now.copy()

    def takes(self, link: Link) -> bool:
        return link.destination.connector in self._starts

    def index(self, link: Link) -> int:
        return self._starts[link.destination.connector] + link.destination.element

    def connect(self, link: Link, *, ahead: bool) -> None:
        if self.takes(link):
            self._connected[self.index(link)] = True
            self._ahead[self.index(link)] = ahead

    def begin(self) -> None:
        self._before, self.now = self.now, self._values[self._where]

    def remembered(self) -> Remembered:
        return {"before": self._before.copy(), "now": self.now.copy(), "derived": self.derived.copy()}

    def remember(self, memory: Remembered) -> None:
        self._before, self.now = memory["before"].copy(), memory["now"].copy()
        self.derived[:] = memory["derived"]

    def values(self) -> NDArray[np.float64]:
        """Where the lines begin: at the last communication point; inputs that are held have their newest value."""
        return np.where(self._connected, self.now, self._values[self._where])

    def slopes(self, h: float, since: float | None, *, newest: bool) -> NDArray[np.float64]:
        past = np.zeros_like(self.now) if since is None else (self.now - self._before) / since
        past = np.where(np.isnan(self.derived), past, self.derived)
        if newest:
            past = np.where(self._ahead, (self._values[self._where] - self.now) / h, past)
        return np.where(self._connected, past, 0.0)
