"""Samples: what steps of components cost in the compiled loop, measured in some of the macro steps."""

import ctypes
import math
import time
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import address

LEAST: Final = 1e-8
PER_DECADE: Final = 50
BINS: Final = 12 * PER_DECADE + 1
"""Bins of durations: that of all up to `LEAST` (s), 50 in each of 12 decades above, the last also of all beyond."""

_PART: Final = 0.03
"""Part of the time that measuring may take."""
_HANDLED: Final = 2.5e-7
"""What it takes (s) to count the three durations of a step."""
_AT_ONCE: Final = 4096
"""Durations of steps in memory at most."""


class Sampled(NamedTuple):
    """What is known of one component: how many steps were made and timed, and estimates for all of them.

    Durations are in s; `largest` is that of the steps that were timed. `counts` are the steps by bin, `sets` and `gets`
    the calls, `saves` and `restores` those that keep states and return to them.
    """

    steps: int
    timed: int
    set_seconds: float
    step_seconds: float
    get_seconds: float
    largest: float
    counts: NDArray[np.int64]
    sets: int
    gets: int
    saves: int
    restores: int
    state_seconds: float


class Samples:
    """Durations of set, doStep and get of all components: `take` after some macro steps, repeated.

    As many macro steps are timed as a small part of the time allows: all of them where steps are long. A sample stands
    for as many steps as lay between it and the one before.
    """

    def __init__(self, program: Program) -> None:
        components = len(program.natives)
        self._program = program
        self._memory = np.empty((max(1, _AT_ONCE // components), components, 3), np.int64)
        self._words = np.zeros(at.METER_BYTES // at.WORD, np.int64)
        self._put(at.CLOCK, ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value or 0)
        self._put(at.WHICH_CLOCK, time.CLOCK_MONOTONIC)
        self._put(at.ROOM_END, address(self._memory) + self._memory.nbytes)
        self._put(at.SAMPLE_BYTES, self._memory[0].nbytes)
        self._put(at.SAMPLE_EVERY, 1)
        program[at.METER] = address(self._words)
        self._clock = _clock_cost(self._words)
        self._cost = components * (4e-9 * self._clock + _HANDLED)
        self._counts = np.zeros((components, BINS))
        self._sums, self._largest = np.zeros((components, 3)), np.zeros(components)
        self._timed, self._stood_for = np.zeros(components, np.int64), np.zeros(components)
        self._seconds = 0.0
        self.steps = np.zeros(components, np.int64)
        """Steps that the compiled loop made, by component."""
        self.saves, self.restores = np.zeros(components, np.int64), np.zeros(components, np.int64)
        """States that it kept, and returns to them, where these are part of the master's steps."""
        self.state_costs = np.zeros((components, 2), np.int64)
        """How long (ns) it took to keep some of these, and how many."""
        self._empty()

    def take(self, steps: int = 0, seconds: float = 0.0) -> None:
        """Count samples; from how long so many macro steps took (s) follows how many more to take."""
        self._seconds += seconds
        if self._program[at.SAMPLE]:
            return  # within a macro step, of which Python makes a part
        every = self._word(at.SAMPLE_EVERY)
        taken = (self._word(at.ROOM) - address(self._memory)) // self._memory[0].nbytes
        if taken:
            self._count(self._memory[:taken], every)
            self._empty()
        if steps and seconds > 0.0:
            every = max(1, math.ceil(self._cost * steps / (_PART * seconds)))
            self._put(at.SAMPLE_EVERY, every)
        if not self._program[at.SAMPLE_AFTER]:
            self._program[at.SAMPLE_AFTER] = self._program[at.INDEX] + every

    def of(self, component: int) -> Sampled:
        """What is known about one of the components."""
        steps, timed = int(self.steps[component]), int(self._timed[component])
        weight = steps / self._stood_for[component] if timed else 0.0
        given, stepped, got = (float(each) for each in self._sums[component] * (weight * self._not_more_than_all))
        counts = np.rint(np.diff(np.cumsum(self._counts[component]) * weight, prepend=0.0)).astype(np.int64)
        row = self._program.rows[component]
        sets, gets = (
            int(row[end // at.WORD] - row[first // at.WORD]) // at.CALL_ROW * steps
            for first, end in ((at.SETS, at.SETS_END), (at.GETS, at.GETS_END))
        )
        largest, saves, restores = self._largest[component], self.saves[component], self.restores[component]
        calls = steps, timed, given, stepped, got, float(largest), counts, sets, gets
        return Sampled(*calls, int(saves), int(restores), self._state_seconds(component))

    def _state_seconds(self, component: int) -> float:
        """What all calls for kept states took (s), as if to return to one took as long as to keep it."""
        took, count = self.state_costs[component].tolist()
        calls = int(self.saves[component] + self.restores[component])
        return 1e-9 * max(took - count * self._clock, 0) * calls / count if count else 0.0

    @property
    def _not_more_than_all(self) -> float:
        """Steps that take no longer than to read a clock are overestimated: together they take no longer than all."""
        known = self._stood_for > 0.0
        estimate = float((self._sums[known].sum(axis=1) * self.steps[known] / self._stood_for[known]).sum())
        return min(1.0, self._seconds / estimate) if estimate > 0.0 < self._seconds else 1.0

    def _count(self, samples: NDArray[np.int64], weight: int) -> None:
        there = samples[:, :, 1] >= 0
        seconds = 1e-9 * np.where(there[:, :, None], samples - self._clock, 0).clip(0)
        self._sums += weight * seconds.sum(axis=0)
        self._timed += there.sum(axis=0)
        self._stood_for += weight * there.sum(axis=0)
        steps = seconds[:, :, 1]
        np.maximum(self._largest, steps.max(axis=0), out=self._largest)
        bins = np.ceil(np.log10(np.maximum(steps, LEAST) / LEAST) * PER_DECADE).clip(0, BINS - 1).astype(np.intp)
        np.add.at(self._counts, (np.nonzero(there)[1], bins[there]), weight)

    def _empty(self) -> None:
        self._memory.fill(-1)
        self._put(at.ROOM, address(self._memory))

    def _word(self, place: int) -> int:
        return int(self._words[place // at.WORD])

    def _put(self, place: int, value: int) -> None:
        self._words[place // at.WORD] = value


def samples_for(program: Program) -> Samples | None:
    """Samples of a program, told to the components that want to know them by a `sampled` method; None without any."""
    asking: dict[int, Any] = {number: getattr(each, "sampled", None) for number, each in enumerate(program.natives)}
    if not any(asking.values()):
        return None
    samples = Samples(program)
    for number, tell in asking.items():
        if tell is not None:
            tell(samples, number)
    return samples


def _clock_cost(meter: NDArray[np.int64]) -> int:
    """What it takes (ns) to read the clock."""
    from orchestrator.master.compiled.hot.calls import clock_cost

    return int(clock_cost(address(meter)))
