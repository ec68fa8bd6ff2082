"""Hot methods: fixed-point iteration, Aitken's relaxation, and Anderson's method.

Each gives the values that are tried next from those tried last, where it begins (stage 0) and after each sweep.
"""

from math import isfinite
from typing import Final

from orchestrator.by_address import compiled, doubles, load, load_double, store, store_double, words
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import (
    back_substitute,
    copy_all,
    dot,
    largest,
    norm,
    orthogonal,
    weighted_norm,
)
from orchestrator.master.loops.hot_measure import tried

_DEPENDENT: Final = 1e-6
"""Part of a difference that must be new for it to be used: below it says the same as the newer ones."""


@compiled
def _step_by(iteration: int, relaxation: float) -> int:
    """x <- x + w r"""
    x, r = doubles(load(iteration + at.TRIAL)), doubles(load(iteration + at.RESIDUAL))
    for i in range(load(iteration + at.COUNT)):
        x[i] += relaxation * r[i]
    return tried(iteration)


@compiled
def fixed_point(iteration: int) -> int:
    """x <- x + w r, w constant; converges where the spectral radius of I + w (G' - I) is below 1."""
    return _step_by(iteration, load_double(iteration + at.RELAXATION))


@compiled
def _relaxation(iteration: int, w: float) -> float:
    """That of Aitken's method after w."""
    r, before = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.BEFORE))
    weights = doubles(load(iteration + at.WEIGHTS))
    square, along = 0.0, 0.0
    for i in range(load(iteration + at.COUNT)):
        change = (r[i] - before[i]) / weights[i]
        square += change * change
        along += before[i] / weights[i] * change
    following = -w * along / square if square > 0.0 else 0.0
    return following if following != 0.0 and isfinite(following) else load_double(iteration + at.RELAXATION)


@compiled
def aitken(iteration: int) -> int:
    """x <- x + w r with w <- -w r_old.(r - r_old) / |r - r_old|^2, the vector form of Irons and Tuck (1969).

    It begins with the first relaxation in every macro step. With one unknown it is the secant method: exact in three
    evaluations where G is a straight line. Irons, Tuck: "A version of the Aitken accelerator for computer iteration",
    Int. J. Numer. Methods Eng. 1, 275; in coupled problems: Küttler, Wall: Comput. Mech. 43 (2008) 61, equation 44.
    """
    w = load_double(iteration + at.RELAXATION)
    if load(iteration + at.STAGE) != 0:
        w = _relaxation(iteration, load_double(iteration + at.RELAXED))
    store(iteration + at.STAGE, 1)
    store_double(iteration + at.RELAXED, w)
    copy_all(load(iteration + at.RESIDUAL), load(iteration + at.BEFORE), load(iteration + at.COUNT))
    return _step_by(iteration, w)


@compiled
def differences(iteration: int) -> int:
    """How many there are, of this macro step and of the earlier ones that are used."""
    spans, total = words(load(iteration + at.SPANS)), 0
    for k in range(load(iteration + at.REUSE) + 1):
        total += spans[k]
    return total


@compiled
def _drop_oldest(iteration: int, number: int) -> None:
    """Forget the oldest differences."""
    if number == 0:
        return
    size = 2 * load(iteration + at.COUNT)
    spans, history = words(load(iteration + at.SPANS)), doubles(load(iteration + at.HISTORY))
    for i in range((differences(iteration) - number) * size):
        history[i] = history[i + number * size]
    for back in range(load(iteration + at.REUSE) + 1):
        k = load(iteration + at.REUSE) - back
        dropped = min(number, spans[k])
        spans[k] -= dropped
        number -= dropped


@compiled
def _add(iteration: int) -> None:
    """The difference that the last step made, of the values and of the residual; none where it changed no value."""
    if not largest(load(iteration + at.STEP), load(iteration + at.WEIGHTS), load(iteration + at.COUNT)) > 0.0:
        return
    if differences(iteration) == load(iteration + at.HISTORY_ROOM):
        _drop_oldest(iteration, 1)
    count = load(iteration + at.COUNT)
    entry = load(iteration + at.HISTORY) + 16 * count * differences(iteration)
    copy_all(load(iteration + at.STEP), entry, count)
    change = doubles(entry + 8 * count)
    r, before = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.BEFORE))
    for i in range(count):
        change[i] = r[i] - before[i]
    spans = words(load(iteration + at.SPANS))
    spans[0] += 1


@compiled
def forget_now(iteration: int) -> None:
    """Forget the differences of this macro step."""
    spans = words(load(iteration + at.SPANS))
    spans[0] = 0


@compiled
def keep_now(iteration: int) -> None:
    """The macro step is solved: its differences are kept, and those of the first of so many steps are forgotten."""
    spans, reuse = words(load(iteration + at.SPANS)), load(iteration + at.REUSE)
    if spans[0] == 0:
        return
    _drop_oldest(iteration, spans[reuse])
    for back in range(reuse):
        spans[reuse - back] = spans[reuse - back - 1]
    spans[0] = 0


@compiled
def _column(iteration: int, entry: int) -> float:
    """The change of the residual of a difference in units of the weights, into `COLUMN`; its length."""
    count, change = load(iteration + at.COUNT), doubles(entry + 8 * load(iteration + at.COUNT))
    column, weights = doubles(load(iteration + at.COLUMN)), doubles(load(iteration + at.WEIGHTS))
    for i in range(count):
        column[i] = change[i] / weights[i]
    return norm(load(iteration + at.COLUMN), count)


@compiled
def _choose(iteration: int) -> int:
    """Differences that are independent, newest first: an orthonormal basis and the triangle; how many (QR filter)."""
    count, entries = load(iteration + at.COUNT), differences(iteration)
    basis, column = load(iteration + at.BASIS), load(iteration + at.COLUMN)
    triangle, used = doubles(load(iteration + at.TRIANGLE)), words(load(iteration + at.USED))
    part, rest = doubles(load(iteration + at.PARTS_ALONG)), doubles(column)
    chosen = 0
    for back in range(entries):
        if chosen == count:
            break
        entry = load(iteration + at.HISTORY) + 16 * count * (entries - 1 - back)
        length = _column(iteration, entry)
        orthogonal(column, basis, chosen, count, load(iteration + at.PARTS_ALONG))
        size = norm(column, count)
        if size > _DEPENDENT * length:
            direction = doubles(basis + 8 * count * chosen)
            for i in range(count):
                direction[i] = rest[i] / size
            for i in range(chosen):
                triangle[i * count + chosen] = part[i]
            triangle[chosen * count + chosen] = size
            used[chosen] = entry
            chosen += 1
    return chosen


@compiled
def _combine(iteration: int, chosen: int) -> None:
    """The step b (r - dR c) - dX c, with the c for which |r - dR c| is least, in units of the weights."""
    count, weights = load(iteration + at.COUNT), doubles(load(iteration + at.WEIGHTS))
    r, step = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.STEP))
    c, column = doubles(load(iteration + at.PARTS_ALONG)), doubles(load(iteration + at.COLUMN))
    used, relaxation = words(load(iteration + at.USED)), load_double(iteration + at.RELAXATION)
    for i in range(count):
        column[i] = r[i] / weights[i]
    for k in range(chosen):
        c[k] = dot(load(iteration + at.BASIS) + 8 * count * k, load(iteration + at.COLUMN), count)
    back_substitute(load(iteration + at.TRIANGLE), chosen, count, load(iteration + at.PARTS_ALONG))
    for i in range(count):
        step[i] = r[i]
    for k in range(chosen):
        change = doubles(used[k] + 8 * count)
        for i in range(count):
            step[i] -= c[k] * change[i]
    for i in range(count):
        step[i] *= relaxation
    for k in range(chosen):
        values = doubles(used[k])
        for i in range(count):
            step[i] -= c[k] * values[i]


@compiled
def anderson(iteration: int) -> int:
    """Interface quasi-Newton with an approximation of the inverse from least squares (IQN-ILS), or Anderson mixing.

    x <- x + b r - (dX + b dR) c, where c makes |r - dR c| least; dX and dR hold the differences of this macro step and
    of the last `reuse` ones, newest first, and b is the relaxation. A difference that nearly depends on newer ones is
    left out (QR filter). Earlier differences are dropped where they made the residual grow.

    Degroote, Bathe, Vierendeels: Comput. Struct. 87 (2009) 793; the filter: Haelterman, Bogaers, Scheufele, Uekermann,
    Mehl: Comput. Struct. 171 (2016) 9; as Anderson mixing of type II: Walker, Ni: SIAM J. Numer. Anal. 49 (2011) 1715.
    """
    count, weights = load(iteration + at.COUNT), load(iteration + at.WEIGHTS)
    residual, before = load(iteration + at.RESIDUAL), load(iteration + at.BEFORE)
    if load(iteration + at.STAGE) == 0:
        forget_now(iteration)
    else:
        _add(iteration)
        if weighted_norm(residual, weights, count) > weighted_norm(before, weights, count):
            spans = words(load(iteration + at.SPANS))
            _drop_oldest(iteration, differences(iteration) - spans[0])
    store(iteration + at.STAGE, 1)
    copy_all(residual, before, count)
    _combine(iteration, _choose(iteration))
    x, step = doubles(load(iteration + at.TRIAL)), doubles(load(iteration + at.STEP))
    for i in range(count):
        x[i] += step[i]
    return tried(iteration)
