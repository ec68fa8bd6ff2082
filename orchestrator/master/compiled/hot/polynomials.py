"""Hot polynomials: `polynomials.onwards` and what is computed of it, as compiled functions with the same bits."""

from typing import Any, Final

import numpy as np
from numba import njit

from orchestrator.by_address import doubles, load, load_double, store, store_double, words
from orchestrator.master.compiled.hot.gather import INLINE
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.polynomials import NEAREST

_APART: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _add_node(inflow: int, count: int, time: float, values: int, distance: float, most: int) -> int:
    """Take a point where it lies apart from those that were taken; how many there are."""
    nodes = load(inflow + own.NODES)
    for index in range(count):
        if not abs(time - load_double(nodes + own.NODE_ROW * index)) >= distance:
            return count
    if count < most:
        store_double(nodes + own.NODE_ROW * count, time)
        store(nodes + own.NODE_ROW * count + 8, values)
        return count + 1
    return count


add_node: Any = njit("int64(int64, int64, float64, int64, float64, int64)", **_APART)(_add_node)


def _choose(inflow: int, order: int, h: float, newest: float) -> int:
    """The points that polynomials over a step of h (s) go through; `newest` is NaN or the time of the newest values."""
    points, width = load(inflow + own.POINTS), 8 * load(inflow + own.SIZE)
    times, values = doubles(load(inflow + own.TIMES)), load(inflow + own.VALUES)
    is_newer, latest = not np.isnan(newest), load(inflow + own.NEWEST_VALUES)
    distance, most, last = NEAREST * h, order + 1, points - 1
    if order == 0 and is_newer:
        # of the order 0 the newest of two points comes first, and only one is taken
        return int(add_node(inflow, 0, newest, latest, distance, most))
    count = add_node(inflow, 0, times[last], values + last * width, distance, most)
    if order == 0:
        return int(count)
    if is_newer:
        count = add_node(inflow, count, newest, latest, distance, most)
    for index in range(last - 1, -1, -1):
        count = add_node(inflow, count, times[index], values + index * width, distance, most)
    return int(count)


choose: Any = njit("int64(int64, int64, float64, float64)", **_APART)(_choose)


def _through(inflow: int, count: int, base: float, courses: int) -> None:
    """Coefficients through the chosen points, by divided differences; see `polynomials._newton`."""
    nodes, ranks = load(inflow + own.NODES), words(load(inflow + own.RANKS))
    n, c = load(courses + own.NUMBER), doubles(load(courses + own.COEFFICIENTS))
    s0 = load_double(nodes) - base
    s1 = load_double(nodes + own.NODE_ROW) - base if count > 1 else 0.0
    s2 = load_double(nodes + 2 * own.NODE_ROW) - base if count > 2 else 0.0
    f0 = doubles(load(nodes + 8))
    f1 = doubles(load(nodes + own.NODE_ROW + 8)) if count > 1 else f0
    f2 = doubles(load(nodes + 2 * own.NODE_ROW + 8)) if count > 2 else f0
    for index in range(load(inflow + own.SIZE)):
        rank = ranks[index]
        c0, c1, c2 = f0[index], 0.0, 0.0
        if count > 1:
            f01 = (f1[index] - f0[index]) / (s1 - s0)
            c0 -= f01 * s0
            c1 = f01
            if count > 2:
                f12 = (f2[index] - f1[index]) / (s2 - s1)
                f012 = (f12 - f01) / (s2 - s0)
                c0 += f012 * s0 * s1
                c1 -= f012 * (s0 + s1)
                c2 = f012
        c[rank], c[n + rank], c[2 * n + rank] = c0, c1, c2


through: Any = njit("void(int64, int64, float64, int64)", **_APART)(_through)


def _touching(inflow: int, count: int, base: float, courses: int, order: int) -> None:
    """The same for elements whose derivative is known at the last point; see `polynomials._hermite`."""
    last = load(inflow + own.POINTS) - 1
    size, nodes = load(inflow + own.SIZE), load(inflow + own.NODES)
    if words(load(inflow + own.HAS_SLOPES))[last] == 0 or order == 0:
        return
    at = doubles(load(inflow + own.TIMES))[last]
    other = load_double(nodes + own.NODE_ROW) if count > 1 else at
    if order == 1 and count > 1 and other > at:
        return
    known = doubles(load(inflow + own.SLOPES_KNOWN) + 8 * last * size)
    values = doubles(load(inflow + own.VALUES) + 8 * last * size)
    others = doubles(load(nodes + own.NODE_ROW + 8)) if count > 1 else values
    n, c, ranks = load(courses + own.NUMBER), doubles(load(courses + own.COEFFICIENTS)), words(load(inflow + own.RANKS))
    s, distance = at - base, other - at
    for index in range(size):
        d, rank = known[index], ranks[index]
        if np.isnan(d):
            continue
        q = 0.0
        if order == 2 and count > 1:
            q = (others[index] - values[index] - d * distance) / (distance * distance)
        c[rank] = values[index] - d * s + q * s * s
        c[n + rank] = d - 2.0 * q * s
        c[2 * n + rank] = q


touching: Any = njit("void(int64, int64, float64, int64, int64)", **_APART)(_touching)


def _value(courses: int, rank: int, t: float) -> float:
    """The value of a course at t (s)."""
    n, c = load(courses + own.NUMBER), doubles(load(courses + own.COEFFICIENTS))
    s = t - load_double(courses + own.BASE)
    return float(c[rank] + s * (c[n + rank] + s * c[2 * n + rank]))


value: Any = njit("float64(int64, int64, float64)", **INLINE)(_value)


def _mean(courses: int, rank: int, start: float, end: float) -> float:
    """The mean value of a course between two times (s)."""
    n, c, base = load(courses + own.NUMBER), doubles(load(courses + own.COEFFICIENTS)), load_double(courses + own.BASE)
    a, b = start - base, end - base
    return float(c[rank] + c[n + rank] * (a + b) / 2.0 + c[2 * n + rank] * (a * a + a * b + b * b) / 3.0)


mean: Any = njit("float64(int64, int64, float64, float64)", **INLINE)(_mean)
