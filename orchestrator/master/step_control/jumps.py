"""Jumps: when something jumps within a step in which the slope test found that it does, and how exactly."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.statistics import Statistics
from orchestrator.master.step_control.journey import Arrival, Journey
from orchestrator.master.step_control.outputs import Floats, Outputs, Watched, differ

Mask = NDArray[np.bool_]

_ROUNDING = 1e-9

_MOVED = 0.25
"""Part of a jump by which an output must have left its line to count as having jumped."""


class Bracket(NamedTuple):
    """Something jumps after `a` and not after `b`: the outputs in `jumping` leave their lines from a by `size` (n,).

    `slopes` (1/s, n) are those before. `limit` (s) is the time after which nothing may be tried.
    """

    a: Arrival
    b: Arrival
    slopes: Floats
    jumping: Mask
    limit: float

    @property
    def width(self) -> float:
        """How exactly the time of the jump is known (s)."""
        return self.b.t - self.a.t

    def line(self, t: float) -> Floats:
        """Where the outputs would be at t (s) without the jump."""
        return np.asarray(self.a.outputs.floats + self.slopes * (t - self.a.t))


Path = list[Arrival]
"""The ends of the steps that were made for good, one after the other."""


class _Search(NamedTuple):
    """The bracket to begin with, which outputs jump, how far they were off their lines at its end, and all before."""

    bracket: Bracket
    jumping: Mask
    size: Floats
    before: Watched

    @classmethod
    def of(cls, bracket: Bracket) -> "_Search":
        size = np.abs(bracket.b.outputs.floats - bracket.line(bracket.b.t))
        return cls(bracket, bracket.jumping & (size > 0.0), size, bracket.a.outputs)

    def has_jumped(self, probe: Arrival) -> bool:
        off = np.abs(probe.outputs.floats - self.bracket.line(probe.t))
        return differ(self.before, probe.outputs) or bool((off > _MOVED * self.size)[self.jumping].any())


class Localizer:
    """Halves a bracket until the late effect of the jump on the other outputs is below the tolerance.

    Each try is one step of the system: what has not jumped by then is kept, the rest taken back. How fast the others
    react is seen in a step beyond the jump. A bracket not wider than `smallest` (s) is narrow enough in any case.
    """

    def __init__(
        self, journey: Journey, outputs: Outputs, statistics: Statistics, tolerance: float, smallest: float
    ) -> None:
        from orchestrator.master.compiled.hot import (
            doubling as hot_doubling,  # compiled, or loaded, when it is first needed
        )

        self._is_kink: Any = hot_doubling.is_kink
        self._journey, self._outputs, self._statistics = journey, outputs, statistics
        self._tolerance, self._smallest = tolerance, smallest

    def narrow(self, bracket: Bracket, wanted: float | None) -> Path:
        """The way to where the jump is over; `wanted` (s) is the width that is narrow enough, None where not known.

        Also ends where an event is due before the jump.
        """
        search = _Search.of(bracket)
        path: Path = []
        direct = True
        at_end = bracket.b.t >= bracket.limit and wanted is None
        while bracket.width > max(wanted or 0.0, self._smallest) * (1.0 + _ROUNDING):
            if wanted is None and bracket.b.t + bracket.width <= bracket.limit + _ROUNDING * bracket.width:
                wanted, search = self._look_beyond(bracket, search)
                continue
            # what is sampled jumps at the end of a step more often than by chance
            probe = self._journey.go(bracket.a, bracket.width - self._smallest if at_end else bracket.width / 2.0)
            at_end = False
            kept = self._journey.keep(probe)
            if search.has_jumped(probe):
                self._statistics.rejected["jump"] += 1
                self._forget(bracket.b, search.bracket.b)
                bracket, direct = bracket._replace(b=kept), True
            else:
                self._forget(bracket.a, search.bracket.a)
                bracket, direct = bracket._replace(a=kept), False
                path.append(kept)
                if kept.pause:
                    return path
        if not direct:
            return [*path, self._journey.go(bracket.a, bracket.width)]
        self._journey.back(bracket.b)
        return [*path, bracket.b]

    def _forget(self, point: Arrival, given: Arrival) -> None:
        if point is not given:
            self._journey.drop(point)

    def _look_beyond(self, bracket: Bracket, search: "_Search") -> tuple[float, "_Search"]:
        """The width (s) within which the late effect on others is below the tolerance; kinks are no jumps."""
        h, b = bracket.width, bracket.b.outputs.floats
        beyond = self._journey.go(bracket.b, h)
        if not beyond.t > bracket.b.t:
            return 0.0, search
        further = (beyond.outputs.floats - b) * (h / (beyond.t - bracket.b.t)) - bracket.slopes * h
        jumping = search.jumping & ~self._kinks(b - bracket.line(bracket.b.t), further)
        late = np.where(jumping, 0.0, np.abs(further)) / self._outputs.scales(b, beyond.outputs.floats)
        largest = float(late.max(initial=0.0))
        search = search._replace(jumping=jumping)
        if largest <= self._tolerance or not (jumping.any() or differ(search.before, bracket.b.outputs)):
            return h, search
        return h * self._tolerance / largest, search

    def _kinks(self, away: Floats, further: Floats) -> Mask:
        return np.fromiter(map(self._is_kink, away.tolist(), further.tolist()), np.bool_, away.size)
