"""Jumps: where an output jumps or kinks within a step, and how exactly that has to be known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.statistics import Statistics
from orchestrator.master.step_control_journey import Arrival, Journey
from orchestrator.master.step_control_outputs import Floats, Outputs, Watched, differ

Mask = NDArray[np.bool_]

_UNEVEN = 0.8
"""The same for changes, where nothing is known about before."""

_CONCENTRATED = 0.5
"""Second differences of a smooth output over two halves of a step are alike: they differ by less than this part."""

_CLEAR = 0.2
"""Where the second difference over the first half is a larger part than this, the jump is there already."""

_ROUNDING = 1e-9

_MOVED = 0.25
"""Part of a jump by which an output must have left its line to count as having jumped."""


class Past(NamedTuple):
    """The step before, in halves of `half` (s): the slopes (1/s, n) of the floats in the second one.

    Their curvatures (1/s^2, n) are NaN where they are not known.
    """

    slopes: Floats
    curvatures: Floats
    half: float


class Halves(NamedTuple):
    """The outputs at the beginning, the middle and the end of a step with halves of `half` (s); None without a past."""

    start: Watched
    middle: Watched
    end: Watched
    half: float
    past: Past | None


class Jumps(NamedTuple):
    """Which floats (n,) jump in each half, and whether other values change there.

    `late` (n,): by how much the outputs would change too late if the jump in the first half were noticed at its end;
    None where it is not known.
    """

    first: Mask
    second: Mask
    others_in_first: bool
    others_in_second: bool
    late: Floats | None

    @property
    def in_first(self) -> bool:
        """Whether something jumps in the first half."""
        return self.others_in_first or bool(self.first.any())

    @property
    def in_second(self) -> bool:
        """Whether something jumps in the second half."""
        return self.others_in_second or bool(self.second.any())


def find_jumps(halves: Halves, least: Floats, stepped: Mask) -> Jumps:
    """Slope test: outputs whose change of slope lies in one half rather than in both, by more than `least` (n,).

    With the changes d0 (before), d1 and d2 over half a step each, d1 - d0 and d2 - d1 are alike where an output is
    smooth: the second derivative makes both. A jump or a kink is in one of them, with a jump back in the other. In the
    first half it is a kink where the output goes on as far in the second. Nothing jumps where a third derivative makes
    the difference that was the same before.
    """
    start, middle, end, half, past = halves
    d1, d2 = middle.floats - start.floats, end.floats - middle.floats
    d0 = np.where(stepped, 0.0, past.slopes * half) if past is not None else None
    bend = d2 - d1
    if d0 is None:
        uneven = np.abs(bend) > _UNEVEN * np.maximum(np.abs(d1), np.abs(d2))
        early = np.abs(d1) >= np.abs(d2)
        kinks = np.zeros(early.shape, np.bool_)
    else:
        assert past is not None
        larger = np.maximum(np.abs(d1 - d0), np.abs(bend))
        uneven = (np.abs(bend - (d1 - d0)) > _CONCENTRATED * larger) & ~_steady(d1 / half, d2 / half, half, past)
        early = np.abs(d1 - d0) > _CLEAR * larger
        kinks = are_kinks(d1 - d0, d2 - d0)
    clear = np.maximum(np.abs(d1 if d0 is None else d1 - d0), np.abs(bend)) > least
    first = np.where(stepped, np.abs(d1) > least, clear & uneven & early & ~kinks)
    second = np.where(stepped, np.abs(d2) > least, clear & uneven & ~early)
    late = None if d0 is None else np.where(first, 0.0, np.abs(d2 - d0))
    return Jumps(first, second, differ(start, middle), differ(middle, end), late)


def _steady(first: Floats, second: Floats, half: float, past: Past) -> Mask:
    """Whether floats with these slopes in two halves have the same third derivative as before, roughly."""
    before = (first - past.slopes) * 2.0 / (past.half + half)
    now = (second - first) / half
    earlier = (before - past.curvatures) * 4.0 / (half + 3.0 * past.half)
    later = (now - before) * 4.0 / (3.0 * half + past.half)
    return np.asarray(np.abs(later - earlier) <= _CONCENTRATED * np.maximum(np.abs(later), np.abs(earlier)))


def are_kinks(away: Floats, further: Floats) -> Mask:
    """Whether outputs that left their lines by `away` in one time went on as far, and the same way, in the next."""
    return (away * further > 0.0) & (np.abs(further) >= 0.9 * np.abs(away))


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
        jumping = search.jumping & ~are_kinks(b - bracket.line(bracket.b.t), further)
        late = np.where(jumping, 0.0, np.abs(further)) / self._outputs.scales(b, beyond.outputs.floats)
        largest = float(late.max(initial=0.0))
        search = search._replace(jumping=jumping)
        if largest <= self._tolerance or not (jumping.any() or differ(search.before, bracket.b.outputs)):
            return h, search
        return h * self._tolerance / largest, search
