"""Landing: step control among components of which some step less often than the system."""

import math
from collections.abc import Iterable
from typing import Final

from orchestrator.master.diagnostics import MASTER, Diagnostics
from orchestrator.master.rates import Period
from orchestrator.master.stepper import Advance, Stepper

_SHORTEST: Final = 1e-8
"""Part of the step size that a step to the end of a period is at least, to be one at all."""


class Landing:
    """Step control up to just before a period ends, and from there one step of `length` (s) that is not judged.

    In that step the slow component makes its own, over the whole period. So its outputs jump where its period ends, for
    whatever steps after it too, and step control need not find out when; and it steps once, however often the others
    are taken back.
    """

    def __init__(
        self, control: Stepper, inner: Stepper, periods: Iterable[Period], length: float, diagnostics: Diagnostics
    ) -> None:
        self._control, self._inner, self._periods = control, inner, tuple(periods)
        self._length, self._diagnostics = length, diagnostics
        self.leaves_grid = True

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h by one step."""
        end = t + h
        landings = [period for period in self._periods if period.ends(t, end)]
        if not landings:
            return self._control.step(t, h)
        length = max(self._length, _SHORTEST * landings[0].step_size, 8.0 * math.ulp(end))
        if h > 1.5 * length:
            return self._control.step(t, h - length)
        advance = self._inner.step(t, h)
        self._diagnostics.say(MASTER, "step_size", advance.end - t)
        return advance
