"""Points: single values that a scenario alters, where they go into components and where they come out."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle, InputSlopes, Instance, OutputSlopes, Values, input_slopes, output_slopes
from orchestrator.native import Native, native
from orchestrator.scenarios.effects import Effect
from orchestrator.signals import Signals
from orchestrator.system.connections.links import Slot


class Clock:
    """The time (s) for which values are altered."""

    now = 0.0


class Point:
    """One value with the effects that act on it now, in the order of the scenario.

    `raw` is what it was before them, last; None where it has no value yet. `free` tells an input that nothing feeds.
    """

    def __init__(self, slot: Slot, name: str, clock: Clock, *, is_input: bool, free: bool) -> None:
        self.slot, self.name, self._clock = slot, name, clock
        self.is_input, self.free = is_input, free
        self.raw: Any = None
        self._effects: list[tuple[int, Effect]] = []

    @property
    def active(self) -> bool:
        """Whether an effect acts on it."""
        return bool(self._effects)

    @property
    def value(self) -> Any:
        """What it is now for others; None where it has no value yet."""
        return None if self.raw is None else self.altered(self.raw)

    def add(self, order: int, effect: Effect) -> None:
        """Let an effect act, after those of a lower `order`."""
        self._effects = sorted([*self._effects, (order, effect)], key=lambda entry: entry[0])

    def remove(self, effect: Effect) -> None:
        """Let it act no longer."""
        self._effects = [entry for entry in self._effects if entry[1] is not effect]

    def go_back(self, raw: Any) -> None:
        """Be what it was before its effects at an earlier time; those are added anew."""
        self.raw, self._effects = raw, []

    def altered(self, raw: Any) -> Any:
        """What becomes of a value."""
        self.raw = value = plain(raw)
        for _, effect in self._effects:
            value = effect.apply(value, self._clock.now)
        return value


def plain(value: Any) -> Any:
    """A scalar of Python."""
    return value.item() if isinstance(value, np.generic) else value


class Arrivals:
    """Alters values on their way along connections; see `Alteration`."""

    def __init__(self, points: Iterable[Point]) -> None:
        self._points = tuple(points)
        self._places: dict[int, list[tuple[int, Point]]] = {}

    def attach(self, signals: Signals) -> None:
        """Find the places of the points."""
        places: dict[int, list[tuple[int, Point]]] = defaultdict(list)
        for point in self._points:
            place = signals.place(*point.slot)
            places[id(signals.array(place.connector.storage))].append((place.start, point))
        self._places = dict(places)

    def alters(self, slot: Slot) -> bool:
        """Whether the value on its way there is altered at times."""
        return any(point.slot == slot for point in self._points)

    def alter(self, array: Values, places: NDArray[np.intp], values: Values) -> None:
        """Change values in place that are about to be written at these places."""
        for start, point in self._places.get(id(array), ()):
            for index in np.flatnonzero(places == start):
                values[index] = point.altered(values[index])


class Altered:
    """An instance whose outputs others see altered; everything else is that of the instance inside."""

    def __init__(self, instance: Instance, points: Iterable[Point]) -> None:
        self.instance = instance
        self._inputs = {point.slot.connector for point in points if point.is_input}
        self._points: dict[str, list[Point]] = defaultdict(list)
        for point in points:
            if not point.is_input:
                self._points[point.slot.connector].append(point)
        self._where: dict[Bundle, Sequence[tuple[int, Point]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.instance, name)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read values, those of points altered."""
        self.instance.get(bundle, values)
        if bundle not in self._where:
            self._where[bundle] = tuple(self._positions(bundle))
        for position, point in self._where[bundle]:
            values[position] = point.altered(values[position])

    @property
    def native(self) -> Native | None:
        """The C side of the instance inside, where no output is altered."""
        return None if self._points else native(self.instance)

    @property
    def held_inputs(self) -> Collection[str]:
        """The inputs that are altered: they are held over a step."""
        return self._inputs

    @property
    def input_slopes(self) -> InputSlopes | None:
        """Slopes of the inputs that nothing alters."""
        slopes = input_slopes(self.instance)
        return slopes if slopes is None or not self._inputs else _FewerInputs(slopes, self._inputs)

    @property
    def output_slopes(self) -> OutputSlopes | None:
        """Slopes of the outputs that nothing alters."""
        slopes = output_slopes(self.instance)
        return slopes if slopes is None or not self._points else _FewerOutputs(slopes, self._points)

    def _positions(self, bundle: Bundle) -> Iterable[tuple[int, Point]]:
        start = 0
        for connector in bundle.connectors:
            for point in self._points.get(connector.name, ()):
                yield start + point.slot.element, point
            start += connector.size


def with_points(instance: Instance, points: Iterable[Point]) -> Instance:
    """The instance itself where no point lies in it, else one that alters them."""
    mine = [point for point in points if point.slot.component == instance.name]
    return cast("Instance", Altered(instance, mine)) if mine else instance


def unaltered(instance: Instance) -> Instance:
    """The instance inside one that a scenario alters."""
    return instance.instance if isinstance(instance, Altered) else instance


class _FewerInputs:
    def __init__(self, slopes: InputSlopes, without: Collection[str]) -> None:
        self._slopes = slopes
        self.names = [name for name in slopes.names if name not in without]

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:
        self._slopes.set(bundle, values, derivatives, t)

    def finished(self) -> None:
        self._slopes.finished()


class _FewerOutputs:
    def __init__(self, slopes: OutputSlopes, without: Mapping[str, object]) -> None:
        self._slopes = slopes
        self.names = [name for name in slopes.names if name not in without]

    def get(self, bundle: Bundle, slopes: Values) -> None:
        self._slopes.get(bundle, slopes)
