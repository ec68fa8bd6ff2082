"""Steps of an explicit method for a Model Exchange FMU, compiled: what `Explicit` does, with the same bits."""

from math import ceil
from typing import Any, Final

import numpy as np
from numba import njit

from orchestrator.by_address import doubles, load, load_double, store, store_double, words
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_evaluation import derivatives, event_indicators

_EPSILON: Final = float(np.finfo(np.float64).eps)
_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _try(memory: int, start: float, end: float) -> int:
    """Put the end of a step from start to end (s) into the state vector; 0, or the answer of an evaluation."""
    h, count = end - start, load(memory + at.STATES)
    before, stage = doubles(load(memory + at.BEFORE)), doubles(load(memory + at.STAGE))
    x, rates = doubles(load(memory + at.X)), doubles(load(memory + at.RATES))
    nodes, weights, stages = (
        doubles(load(memory + at.NODES)),
        doubles(load(memory + at.WEIGHTS)),
        load(memory + at.STAGES),
    )
    for index in range(stages):
        way = nodes[index] * h
        for place in range(count):
            stage[place] = before[place] if index == 0 else before[place] + way * rates[(index - 1) * count + place]
        there = load(memory + at.RATES) + 8 * index * count
        answer = derivatives(memory, start + way, load(memory + at.STAGE), there)
        if answer != 0:
            return int(answer)
    for place in range(count):
        total = weights[0] * rates[place]
        for index in range(1, stages):
            total += weights[index] * rates[index * count + place]
        x[place] = before[place] + h * total
    return 0


try_step: Any = njit("int64(int64, float64, float64)", **_OPTIONS)(_try)


def _evaluate(memory: int, t: float) -> int:
    """Compute the event indicators where the state vector is."""
    if load(memory + at.INDICATOR_COUNT) == 0:
        return 0
    return int(event_indicators(memory, t, load(memory + at.X), load(memory + at.Z)))


evaluate: Any = njit("int64(int64, float64)", **_OPTIONS)(_evaluate)


def _changed(memory: int) -> bool:
    """Whether an indicator is in another domain than where the step began."""
    z, positive = doubles(load(memory + at.Z)), words(load(memory + at.POSITIVE))
    others = 0
    for index in range(load(memory + at.INDICATOR_COUNT)):
        others += (z[index] > 0.0) != (positive[index] != 0)
    return others != 0


changed: Any = njit("boolean(int64)", **_OPTIONS)(_changed)


def _look(memory: int, t: float) -> int:
    """Note the domains of the indicators."""
    answer = evaluate(memory, t)
    z, positive = doubles(load(memory + at.Z)), words(load(memory + at.POSITIVE))
    for index in range(load(memory + at.INDICATOR_COUNT)):
        positive[index] = 1 if z[index] > 0.0 else 0
    store(memory + at.KNOWN, 1 if answer == 0 else 0)
    return int(answer)


look: Any = njit("int64(int64, float64)", **_OPTIONS)(_look)


def _arrive(memory: int, t: float, crossed: int) -> int:
    for place in (at.STEP_TIME, at.TIME, at.FMU_TIME):
        store_double(memory + place, t)
    store(memory + at.CROSSED, crossed)
    return at.DONE


arrive: Any = njit("int64(int64, float64, int64)", **_OPTIONS)(_arrive)


def _locate(memory: int, start: float, end: float) -> int:
    """Find by bisection where an indicator changes its domain."""
    low, high = start, end
    rounding = 4 * _EPSILON * max(abs(start), abs(end))
    while high - low > rounding:
        middle = low + (high - low) / 2
        if try_step(memory, start, middle) != 0 or evaluate(memory, middle) != 0:
            return at.NO_WAY_ON
        if changed(memory):
            high = middle
        else:
            low = middle
    return at.NO_WAY_ON if try_step(memory, start, high) != 0 else int(arrive(memory, high, 1))


locate: Any = njit("int64(int64, float64, float64)", **_OPTIONS)(_locate)


def _explicit_step(memory: int, stop: float) -> int:
    """Make one step, at most to `stop` (s), or to a change of an indicator's domain."""
    start, x, before = load_double(memory + at.STEP_TIME), load(memory + at.X), load(memory + at.BEFORE)
    for offset in range(0, 8 * load(memory + at.STATES), 8):
        store(before + offset, load(x + offset))
    if load(memory + at.KNOWN) == 0 and look(memory, start) != 0:
        return at.NO_WAY_ON
    count = ceil((stop - start) / load_double(memory + at.STEP) * (1.0 - 1e-9))
    end = stop if count <= 1 else start + (stop - start) / count
    if try_step(memory, start, end) != 0 or evaluate(memory, end) != 0:
        return at.NO_WAY_ON
    return int(locate(memory, start, end)) if changed(memory) else int(arrive(memory, end, 0))


explicit_step: Any = njit("int64(int64, float64)", **_OPTIONS)(_explicit_step)
