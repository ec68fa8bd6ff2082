"""Landing: step control among components of which some step less often than the system."""

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.rates import Period
from orchestrator.master.stepper import Advance, Stepper

_SHORTEST: Final = 1e-8
"""Part of the step size that a step to the end of a period is at least, to be one at all."""


class Landing:
    """Step control up to just before a period ends, and from there one step of `length` (s) that is not judged.

    In that step the slow component makes its own, over the whole period. So its outputs jump where its period ends, for
    whatever steps after it too, and step control need not find out when; and it steps once, however often the others
    are taken back. Where values take a step to pass through a component (`launches`), the first step of the next period
    is as short: what passes on the outputs of a slow component jumps with them.
    """

    def __init__(self, control: Stepper, coupling: Coupling, periods: Iterable[Period], beside: "Uncontrolled") -> None:
        self._control, self._periods = control, tuple(periods)
        self._inner, self._length, self._launches = beside
        self._diagnostics = coupling.diagnostics
        self.leaves_grid = True

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h by one step."""
        end = t + h
        length = max(self._length, _SHORTEST * self._periods[0].step_size, 8.0 * math.ulp(end))
        if any(period.ends(t, end) for period in self._periods):
            return self._uncontrolled(t, h) if h <= 1.5 * length else self._before(t, h - length, length)
        return self._before(t, h, length)

    def _before(self, t: float, h: float, length: float) -> Advance:
        """Towards a time before which no period ends."""
        launched = self._launches and any(period.starts(t) and t > period.first for period in self._periods)
        return self._uncontrolled(t, min(h, length)) if launched else self._control.step(t, h)

    def _uncontrolled(self, t: float, h: float) -> Advance:
        advance = self._inner.step(t, h)
        self._diagnostics.say(MASTER, "step_size", advance.end - t)
        return advance


class Uncontrolled(NamedTuple):
    """The stepper within step control, how long (s) a step is that it makes alone, and whether one follows a period."""

    inner: Stepper
    length: float
    launches: bool
