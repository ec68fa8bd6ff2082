"""Judge: whether a step that was made twice, as a whole and in two halves, is good enough, and what jumps in it."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from orchestrator.master.compiled.layout import doubling as at
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.journey import Arrival
from orchestrator.master.step_control.jumps import Mask
from orchestrator.master.step_control.outputs import Floats, Outputs, differ
from orchestrator.master.step_control.pi import PiController

_ARRAYS: Final = (
    at.LEFT,
    at.SLOPES,
    at.CURVATURES,
    at.AT_START,
    at.AT_WHOLE,
    at.AT_MIDDLE,
    at.AT_END,
    at.SCALES,
    at.ERRORS,
)
_MASKS: Final = (at.FIRST, at.SECOND)


@dataclass(frozen=True)
class Allowed:
    """What is allowed, in units of the scales of the outputs: an error of `tolerance` that comes up in `step_size` (s).

    Outputs that are `fleeting`, since inputs pass directly through them, do not hand on their errors: those may be
    `tolerance` in every step. `order` is that of the coupling; no step is shorter than `smallest` (s) but to meet a
    point.
    """

    tolerance: float
    step_size: float
    smallest: float
    order: int = 1


class Trial(NamedTuple):
    """One step of full length (its end), and the same in two halves."""

    start: Arrival
    whole: Arrival
    middle: Arrival
    end: Arrival

    @property
    def length(self) -> float:
        """How long the halves are together (s)."""
        return self.end.t - self.start.t


class Judge:
    """Knows what the outputs did in the step before, and finds what they do in a trial; see `hot.doubling`.

    Call order: 1 `begin` at the start of a step, 2 `of` a trial (repeated), after which `worst`, `latest`, `first` and
    `second` are those of it, and `shorten` or `accept`, 3 `leave`. `address` is where compiled functions find all this.
    """

    def __init__(self, outputs: Outputs, controller: PiController, allowed: Allowed) -> None:
        from orchestrator.master.compiled.hot import (
            doubling as hot_doubling,  # compiled, or loaded, when it is first needed
        )

        self._hot: Any = hot_doubling
        self.outputs, self.controller, self.allowed = outputs, controller, allowed
        self._words = np.zeros(at.DOUBLING // 8, np.int64)
        self._doubles = self._words.view(np.float64)
        self._arrays = {place: np.zeros(len(outputs.names)) for place in _ARRAYS}
        self._masks = {place: np.zeros(len(outputs.names), np.int64) for place in _MASKS}
        for place, array in (*self._arrays.items(), *self._masks.items()):
            self._words[place // 8] = array.ctypes.data
        self._words[at.OUTPUTS // 8], self._words[at.CONTROLLER // 8] = outputs.address, controller.address
        self._doubles[at.TOLERANCE // 8 : at.ORDER // 8] = allowed.tolerance, allowed.step_size, allowed.smallest
        self._words[at.ORDER // 8] = allowed.order
        self.address: Final = int(self._words.ctypes.data)

    def begin(self, start: Floats) -> None:
        """A step begins with these outputs; what was before counts only where the last step left them."""
        self._arrays[at.AT_START][:] = start
        self._hot.begin(self.address)

    def leave(self, end: Floats) -> None:
        """A step came to its end, with these outputs."""
        self._arrays[at.AT_END][:] = end
        self._hot.leave(self.address, self._arrays[at.AT_END].ctypes.data)

    def of(self, trial: Trial) -> int:
        """What is to become of a trial; see `layout.doubling`."""
        places = (at.AT_START, at.AT_WHOLE, at.AT_MIDDLE, at.AT_END)
        for place, arrival in zip(places, trial, strict=True):
            self._arrays[place][:] = arrival.outputs.floats
        times = self._doubles[at.START_TIME // 8 : at.OTHERS_IN_FIRST // 8]
        times[:] = trial.start.t, trial.middle.t, trial.end.t
        halves = (trial.start, trial.middle), (trial.middle, trial.end)
        self._words[at.OTHERS_IN_FIRST // 8 : at.SCALES // 8] = [differ(a.outputs, b.outputs) for a, b in halves]
        return int(self._hot.judge(self.address))

    def accept(self) -> None:
        """The halves of the trial stay."""
        self._hot.accept(self.address)

    def accept_jump(self) -> None:
        """They stay although something jumps in the second one: it goes on as in the first one."""
        start, middle = self._arrays[at.AT_START], self._arrays[at.AT_MIDDLE]
        times = self._doubles[at.START_TIME // 8 : at.END_TIME // 8]
        self._hot.accept(self.address)
        slopes = self._arrays[at.SLOPES]
        slopes[:] = np.where(self.second, (middle - start) / (times[1] - times[0]), slopes)
        self._arrays[at.CURVATURES][:] = np.nan

    def shorten(self) -> float:
        """The step (s) to try in the place of the trial; 0 where that is its first half."""
        return float(self._hot.shorten(self.address))

    def forget(self) -> None:
        """Something jumped: what was before says nothing about the next step."""
        self._hot.forget(self.address)

    @property
    def times(self) -> tuple[float, float, float]:
        """The start, the middle and the end (s) of the trial."""
        start, middle, end = self._doubles[at.START_TIME // 8 : at.OTHERS_IN_FIRST // 8].tolist()
        return start, middle, end

    def floats(self, place: int) -> Floats:
        """The outputs (n,) of the trial at one of the places of `layout.doubling`."""
        return self._arrays[place].copy()

    @property
    def worst(self) -> int:
        """The output with the largest error in units of what is allowed."""
        return int(np.argmax(self._arrays[at.ERRORS]))

    def error(self, index: int) -> tuple[float, float]:
        """The error of an output, and the one that is allowed, in units of its scale."""
        allowed = float(self._hot.allowed(self.address, index))
        return float(self._arrays[at.ERRORS][index]) * allowed, allowed

    @property
    def latest(self) -> float:
        """By how much outputs would change too late, in units of their scales, if a jump were not localized."""
        return float(self._doubles[at.LATEST // 8])

    @property
    def slopes(self) -> Floats:
        """Those (1/s, n) in the second half of the step before."""
        return self._arrays[at.SLOPES].copy()

    @property
    def first(self) -> Mask:
        """Which floats (n,) jump in the first half."""
        return np.asarray(self._masks[at.FIRST] != 0)

    @property
    def second(self) -> Mask:
        """Which floats (n,) jump in the second half."""
        return np.asarray(self._masks[at.SECOND] != 0)

    def remembered(self) -> Remembered:
        """What the outputs did in the last macro step, and their values at its end."""
        past = None
        if self._words[at.HAS_PAST // 8]:
            slopes, curvatures = (self._arrays[place].copy() for place in (at.SLOPES, at.CURVATURES))
            past = {"slopes": slopes, "curvatures": curvatures, "half": float(self._doubles[at.HALF // 8])}
        left = self._arrays[at.LEFT].copy() if self._words[at.HAS_LEFT // 8] else None
        return {"past": past, "left": left}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        past, left = memory["past"], memory["left"]
        self._words[at.HAS_PAST // 8], self._words[at.HAS_LEFT // 8] = past is not None, left is not None
        if past is not None:
            self._arrays[at.SLOPES][:], self._arrays[at.CURVATURES][:] = past["slopes"], past["curvatures"]
            self._doubles[at.HALF // 8] = past["half"]
        if left is not None:
            self._arrays[at.LEFT][:] = left
