"""Hot measure: what a sweep left, in units of the sizes of the unknowns, and how residuals go from one to the next."""

from math import sqrt
from typing import Final

from orchestrator.by_address import (
    bits,
    compiled,
    doubles,
    load,
    load_byte,
    load_double,
    store,
    store_byte,
    store_double,
    words,
)
from orchestrator.master.loops import layout as at

_STEADY: Final = 0.1
"""Ratios of residuals that differ by less than this part are the same."""


@compiled
def read(iteration: int, target: int) -> None:
    """The unknowns as they are in the signals."""
    place, values = words(load(iteration + at.PLACES)), doubles(target)
    for i in range(load(iteration + at.COUNT)):
        values[i] = load_double(place[i])


@compiled
def put(iteration: int) -> None:
    """Write the values that are tried next into the signals, and the discrete values that go with them."""
    place, values = words(load(iteration + at.PLACES)), doubles(load(iteration + at.TRIAL))
    for i in range(load(iteration + at.COUNT)):
        store_double(place[i], values[i])
    row, end = load(iteration + at.DISCRETE), load(iteration + at.DISCRETE_END)
    while row < end:
        if load(row + 16) == 1:
            store_byte(load(row), load_byte(load(row + 8)))
        else:
            store(load(row), load(load(row + 8)))
        row += at.DISCRETE_ROW


@compiled
def take_discrete(iteration: int) -> bool:
    """Keep the discrete values that are in the signals; whether one of them is another than before."""
    moved = False
    row, end = load(iteration + at.DISCRETE), load(iteration + at.DISCRETE_END)
    while row < end:
        if load(row + 16) == 1:
            moved = moved or load_byte(load(row)) != load_byte(load(row + 8))
            store_byte(load(row + 8), load_byte(load(row)))
        else:
            moved = moved or load(load(row)) != load(load(row + 8))
            store(load(row + 8), load(load(row)))
        row += at.DISCRETE_ROW
    return moved


@compiled
def tried(iteration: int) -> int:
    """AGAIN where all values that are tried next are finite, else INFINITE."""
    values = doubles(load(iteration + at.TRIAL))
    special = 0
    for i in range(load(iteration + at.COUNT)):
        special |= bits(values[i] - values[i])  # 0 for finite numbers only
    return at.AGAIN if special == 0 else at.INFINITE


@compiled
def begin_scales(iteration: int) -> None:
    """The weights are the largest scales seen, 1 where nothing is known: at first those of the steps before."""
    known, seen = doubles(load(iteration + at.LARGEST)), doubles(load(iteration + at.SEEN))
    weights = doubles(load(iteration + at.WEIGHTS))
    for i in range(load(iteration + at.COUNT)):
        seen[i] = known[i]
        weights[i] = seen[i] if seen[i] > 0.0 else 1.0


@compiled
def measure(iteration: int) -> None:
    """The residuals of a sweep, found - tried; scales: nominal values, else the largest magnitudes up to here."""
    place = words(load(iteration + at.PLACES))
    tried, residual = doubles(load(iteration + at.TRIAL)), doubles(load(iteration + at.RESIDUAL))
    nominal, known = doubles(load(iteration + at.NOMINALS)), doubles(load(iteration + at.LARGEST))
    scale, seen = doubles(load(iteration + at.SCALE)), doubles(load(iteration + at.SEEN))
    weights, worst, unknown = doubles(load(iteration + at.WEIGHTS)), 0.0, 0
    for i in range(load(iteration + at.COUNT)):
        found = load_double(place[i])
        residual[i] = found - tried[i]
        magnitude = max(known[i], max(abs(tried[i]), abs(found)))
        scale[i] = magnitude if nominal[i] != nominal[i] else nominal[i]
        # a residual that is not 0 has a scale that is not 0, being the difference of two magnitudes in it
        relative = abs(residual[i]) / (scale[i] if scale[i] > 0.0 else 1.0)
        if not relative <= worst and worst == worst:
            worst, unknown = relative, i
        seen[i] = max(seen[i], scale[i])
        weights[i] = seen[i] if seen[i] > 0.0 else 1.0
    store_double(iteration + at.WORST, worst)
    store(iteration + at.WORST_UNKNOWN, unknown)
    if load(iteration + at.PROBE) == 0:
        follow(iteration)


@compiled
def follow(iteration: int) -> None:
    """Count an iteration, and note what it multiplied the residual by."""
    residual, last = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.LAST))
    weights, now, before = doubles(load(iteration + at.WEIGHTS)), 0.0, 0.0
    for i in range(load(iteration + at.COUNT)):
        now += (residual[i] / weights[i]) * (residual[i] / weights[i])
        before += (last[i] / weights[i]) * (last[i] / weights[i])
        last[i] = residual[i]
    store(iteration + at.ITERATIONS, load(iteration + at.ITERATIONS) + 1)
    if load(iteration + at.HAS_LAST) != 0:
        ratios = doubles(iteration + at.LAST_RATIO)
        ratios[2], ratios[1] = ratios[1], ratios[0]
        ratios[0] = sqrt(now) / sqrt(before) if before > 0.0 else 1.0
        store(iteration + at.RATIOS, load(iteration + at.RATIOS) + 1)
    store(iteration + at.HAS_LAST, 1)


@compiled
def grows(iteration: int) -> bool:
    """Whether the residual grew three times in a row, the last two times by the same factor: no transient."""
    if load(iteration + at.RATIOS) < 3:
        return False
    ratios = doubles(iteration + at.LAST_RATIO)
    if min(ratios[0], min(ratios[1], ratios[2])) < 1.0 - 1e-6:
        return False
    return bool(abs(ratios[0] - ratios[1]) <= _STEADY * ratios[1])


@compiled
def forget_course(iteration: int) -> None:
    """Discrete values changed: what comes next has nothing to do with what was before."""
    store(iteration + at.HAS_LAST, 0)
    store(iteration + at.RATIOS, 0)
    store(iteration + at.STAGE, 0)


@compiled
def count_solved(iteration: int) -> None:
    """The macro step is solved: magnitudes and counts."""
    place, nominal = words(load(iteration + at.PLACES)), doubles(load(iteration + at.NOMINALS))
    known = doubles(load(iteration + at.LARGEST))
    for i in range(load(iteration + at.COUNT)):
        if nominal[i] != nominal[i]:
            known[i] = max(known[i], abs(load_double(place[i])))
    counts, iterations = load(iteration + at.COUNTS), load(iteration + at.ITERATIONS)
    store(counts + at.STEPS_SOLVED, load(counts + at.STEPS_SOLVED) + 1)
    store(counts + at.STEP_ITERATIONS, load(counts + at.STEP_ITERATIONS) + iterations)
    store(counts + at.MOST_ITERATIONS, max(load(counts + at.MOST_ITERATIONS), iterations))
    worst = load_double(iteration + at.WORST)
    if worst >= load_double(counts + at.WORST_RESIDUAL):
        store_double(counts + at.WORST_RESIDUAL, worst)
        store(counts + at.WORST_INDEX, load(iteration + at.WORST_UNKNOWN))
        store_double(counts + at.WORST_TIME, load_double(iteration + at.END_TIME))
