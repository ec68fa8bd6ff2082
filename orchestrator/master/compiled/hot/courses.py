"""Hot courses: what inputs do over the next step of a component, as `InputCourses` finds it, with the same bits."""

from typing import Any, Final

import numpy as np
from numba import njit

from orchestrator.by_address import call_nine, doubles, load, load_double, store, store_double, words
from orchestrator.master.compiled.hot.gather import copy, gather
from orchestrator.master.compiled.hot.polynomials import choose, mean, through, touching, value
from orchestrator.master.compiled.layout import own as own

_APART: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_NEGLIGIBLE: Final = 1e-9


def _call(row: int) -> int:
    """The status of a call for derivatives."""
    count = load(row + own.COUNT)
    references, orders, numbers = load(row + own.REFERENCES), load(row + own.ORDERS), load(row + own.NUMBERS)
    function, handle, width = load(row + own.FUNCTION), load(row + own.HANDLE), load(row + own.WIDTH)
    return int(call_nine(function, handle, references, count, orders, numbers, width, 0, 0, 0))


call: Any = njit("int64(int64)", **_APART)(_call)


def _valid(start: float, size: float, index: int, period: int) -> float:
    """The time (s) of the values of a source at the beginning of a macro step."""
    return start + float(index if period == 0 else index // period * period) * size


valid: Any = njit("float64(float64, float64, int64, int64)", **_APART)(_valid)


def _is_new(inflow: int, time: float) -> bool:
    """Whether values of this time (s) are newer than those that are remembered."""
    points = load(inflow + own.POINTS)
    return points == 0 or not time <= doubles(load(inflow + own.TIMES))[points - 1]


is_new: Any = njit("boolean(int64, float64)", **_APART)(_is_new)


def _read_slopes(courses: int, start: float, size: float, index: int) -> bool:
    """Read the derivatives of outputs that new points need; whether all statuses are OK."""
    inflow, end = load(courses + own.INFLOWS), load(courses + own.INFLOWS_END)
    while inflow < end:
        if is_new(inflow, valid(start, size, index, load(inflow + own.SOURCE_PERIOD))):
            row, last = load(inflow + own.DERIVATIVES), load(inflow + own.DERIVATIVES_END)
            while row < last:
                if call(row) != 0:
                    return False
                row += own.DERIVATIVES_ROW
        inflow += own.INFLOW_ROW
    return True


read_slopes: Any = njit("boolean(int64, float64, float64, int64)", **_APART)(_read_slopes)


def _shift(inflow: int, order: int) -> int:
    """Make room for a point; its number."""
    points, size = load(inflow + own.POINTS), load(inflow + own.SIZE)
    if points <= order:
        return int(points)
    times, flags = load(inflow + own.TIMES), load(inflow + own.HAS_SLOPES)
    for index in range(1, points):
        store(times + 8 * (index - 1), load(times + 8 * index))
        store(flags + 8 * (index - 1), load(flags + 8 * index))
    for array in (load(inflow + own.VALUES), load(inflow + own.SLOPES_KNOWN)):
        for index in range(1, points):
            copy(array + 8 * size * index, array + 8 * size * (index - 1), size)
    return int(points - 1)


shift: Any = njit("int64(int64, int64)", **_APART)(_shift)


def _remember(inflow: int, order: int, time: float, places: int) -> int:
    """Remember a new point; its number."""
    number, size = shift(inflow, order), load(inflow + own.SIZE)
    ranks, where = words(load(inflow + own.RANKS)), words(places)
    values = doubles(load(inflow + own.VALUES) + 8 * size * number)
    slopes = doubles(load(inflow + own.SLOPES_KNOWN) + 8 * size * number)
    for index in range(size):
        values[index] = load_double(where[ranks[index]])
        slopes[index] = np.nan
    row, end = load(inflow + own.DERIVATIVES), load(inflow + own.DERIVATIVES_END)
    words(load(inflow + own.HAS_SLOPES))[number] = 1 if row < end else 0
    while row < end:
        target, last = load(row + own.TARGETS), load(row + own.TARGETS_END)
        numbers = doubles(load(row + own.NUMBERS))
        while target < last:
            slopes[load(target + 8)] = load_double(target + 16) * numbers[load(target)]
            target += own.TARGET_ROW
        row += own.DERIVATIVES_ROW
    doubles(load(inflow + own.TIMES))[number] = time
    store(inflow + own.POINTS, number + 1)
    return int(number)


remember: Any = njit("int64(int64, int64, float64, int64)", **_APART)(_remember)


def _begin(courses: int, start: float, size: float, index: int) -> bool:
    """A macro step begins; whether it does so without a word of a component, and is to be begun by Python otherwise."""
    if not read_slopes(courses, start, size, index) or not gather(courses):
        return False
    t, n, order = start + float(index) * size, load(courses + own.NUMBER), load(courses + own.ORDER)
    base, done = load_double(courses + own.BASE), load_double(courses + own.END)
    finished = load(courses + own.UNDER_WAY) != 0 and abs(done - t) <= _NEGLIGIBLE * (done - base)
    last, missing = doubles(load(courses + own.LAST)), doubles(load(courses + own.MISSING))
    means = doubles(load(courses + own.MEANS))
    for rank in range(n):
        last[rank] = value(courses, rank, t) if finished else np.nan
        missing[rank] = 0.0
    store(courses + own.UNDER_WAY, 0)
    inflow, end = load(courses + own.INFLOWS), load(courses + own.INFLOWS_END)
    while inflow < end:
        time = valid(start, size, index, load(inflow + own.SOURCE_PERIOD))
        if is_new(inflow, time):
            had = load(inflow + own.POINTS)
            kept, width = load(inflow + own.VALUES), load(inflow + own.SIZE)
            ranks = words(load(inflow + own.RANKS))
            places = words(load(courses + own.PLACES))
            if had > 0 and finished:
                before = doubles(kept + 8 * width * (had - 1))
                for element in range(width):
                    rank = ranks[element]
                    trapezoid = (before[element] + load_double(places[rank])) / 2.0
                    missing[rank] = (trapezoid - means[rank]) * (done - base)
            remember(inflow, order, time, load(courses + own.PLACES))
        inflow += own.INFLOW_ROW
    return True


begin: Any = njit("boolean(int64, float64, float64, int64)", **_APART)(_begin)


def _newest(inflow: int, start: float, size: float, index: int, end: float) -> float:
    """The time (s) of the newest values, NaN where they are known already."""
    period = load(inflow + own.SOURCE_PERIOD)
    time = valid(start, size, index, period)
    if load(inflow + own.AHEAD) != 0 and (period == 0 or (index + 1) % period == 0):
        time = end
    return time if is_new(inflow, time) else np.nan


newest: Any = njit("float64(int64, float64, float64, int64, float64)", **_APART)(_newest)


def _over(courses: int, start: float, size: float, index: int, t: float, h: float) -> None:
    """Find the courses over a step from t by h (s) in this macro step."""
    n, order, end = load(courses + own.NUMBER), load(courses + own.ORDER), t + h
    h = end - t
    c, places = doubles(load(courses + own.COEFFICIENTS)), words(load(courses + own.PLACES))
    inflow, behind = load(courses + own.INFLOWS), load(courses + own.INFLOWS_END)
    while inflow < behind:
        ranks, width = words(load(inflow + own.RANKS)), load(inflow + own.SIZE)
        latest = doubles(load(inflow + own.NEWEST_VALUES))
        for element in range(width):
            latest[element] = load_double(places[ranks[element]])
        if load(inflow + own.POINTS) == 0:
            for element in range(width):
                rank = ranks[element]
                c[rank], c[n + rank], c[2 * n + rank] = latest[element], 0.0, 0.0
        else:
            time = newest(inflow, start, size, index, end) if load(courses + own.NEWEST) != 0 else np.nan
            count = choose(inflow, order, h, time)
            through(inflow, count, t, courses)
            touching(inflow, count, t, courses, order)
        inflow += own.INFLOW_ROW
    store_double(courses + own.BASE, t)
    store_double(courses + own.END, end)
    store(courses + own.UNDER_WAY, 1)
    means, last = doubles(load(courses + own.MEANS)), doubles(load(courses + own.LAST))
    smoothing = load(courses + own.SMOOTHING) != 0
    for rank in range(n):
        means[rank] = mean(courses, rank, t, end)
        c[rank] += 0.0  # nothing is corrected: that is left to bonds, which make no plain steps
        if smoothing:
            jump = 0.0 if np.isnan(last[rank]) else last[rank] - c[rank]
            c[rank] += jump
            c[n + rank] -= jump / h


over: Any = njit("void(int64, float64, float64, int64, float64, float64)", **_APART)(_over)


def _give(courses: int, t: float, h: float) -> None:
    """Put what is to be set for a part of the step, from t by h (s), into the places of the inputs."""
    n, end, places = load(courses + own.NUMBER), t + h, words(load(courses + own.PLACES))
    follows, passes = words(load(courses + own.FOLLOWS)), words(load(courses + own.PASSES))
    before = doubles(load(courses + own.BEFORE))
    for rank in range(n):
        before[rank] = load_double(places[rank])
        if follows[rank] != 0:
            number = value(courses, rank, t)
        elif passes[rank] != 0:
            number = value(courses, rank, end)
        else:
            number = mean(courses, rank, t, end)
        store_double(places[rank], number)


give: Any = njit("void(int64, float64, float64)", **_APART)(_give)


def _put_back(courses: int) -> None:
    """The newest values are in the places of the inputs again."""
    places, before = words(load(courses + own.PLACES)), doubles(load(courses + own.BEFORE))
    for rank in range(load(courses + own.NUMBER)):
        store_double(places[rank], before[rank])


put_back: Any = njit("void(int64)", **_APART)(_put_back)


def _incline(courses: int, t: float) -> bool:
    """Hand the derivatives at t (s) to a component that takes them; whether the status is OK."""
    row = load(courses + own.SLOPES)
    if row == 0:
        return True
    n, c = load(courses + own.NUMBER), doubles(load(courses + own.COEFFICIENTS))
    numbers, width = doubles(load(row + own.NUMBERS)), load(row + own.WIDTH)
    after = t - load_double(courses + own.BASE)
    target, end = load(row + own.TARGETS), load(row + own.TARGETS_END)
    while target < end:
        place, rank = load(target), load(target + 8)
        numbers[place] = c[n + rank] + 2.0 * after * c[2 * n + rank]
        if load(row + own.DEGREE) > 1:
            numbers[width + place] = 2.0 * c[2 * n + rank]
        target += own.TARGET_ROW
    return bool(call(row) == 0)


incline: Any = njit("boolean(int64, float64)", **_APART)(_incline)
