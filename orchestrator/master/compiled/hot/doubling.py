"""Hot doubling: what step doubling and the slope test find in a step that was made twice, as compiled functions.

The readable master calls them too, so that both come to the same bits; `layout.doubling` says what lies at the address
of a doubling.

Slope test: with the changes d0 (before), d1 and d2 of an output over half a step each, d1 - d0 and d2 - d1 are alike
where it is smooth: the second derivative makes both. A jump or a kink is in one of them, with a jump back in the other.
In the first half it is a kink where the output goes on as far in the second. Nothing jumps where a third derivative
makes the difference that was the same before.
"""

from typing import Final

from orchestrator.by_address import compiled, doubles, load, load_double, store, store_double, words
from orchestrator.master.compiled.hot.pi import accepted, rejected
from orchestrator.master.compiled.layout import doubling as at

_ROUNDING: Final = 1e-9

_NOTHING: Final = 1e-12
"""An output whose absolute value is not larger at the start counts as one that starts at 0."""

_LEAST_PART: Final = 1e-3
"""A step that is a smaller part of the step size may err as much as one of this length: solvers are not exact."""

_HALVABLE: Final = 0.35
"""A rejected step is halved, which uses its first half again, unless it must be shorter than this part of it."""

_UNEVEN: Final = 0.8
"""The same as below for changes, where nothing is known about before."""

_CONCENTRATED: Final = 0.5
"""Second differences of a smooth output over two halves of a step are alike: they differ by less than this part."""

_CLEAR: Final = 0.2
"""Where the second difference over the first half is a larger part than this, the jump is there already."""

_UNKNOWN: Final = float("nan")


@compiled
def scale(nominal: float, seen: float, largest: float) -> float:
    """What an error is divided by, of an output whose largest absolute value is this now."""
    return max(nominal, largest) if nominal > 0.0 else max(largest, seen)


@compiled
def scales(outputs: int, largest: int, found: int) -> None:
    """The scales of all floats, from the addresses of their largest absolute values now."""
    nominals, seen = doubles(load(outputs + at.NOMINALS)), doubles(load(outputs + at.SEEN))
    given, taken = doubles(largest), doubles(found)
    for i in range(load(outputs + at.NUMBER)):
        taken[i] = scale(nominals[i], seen[i], given[i])


@compiled
def see(outputs: int, values: int) -> None:
    """The values at this address were reached for good; those of the start come first."""
    seen, now = doubles(load(outputs + at.SEEN)), doubles(values)
    begun = load(outputs + at.HAS_SEEN) != 0
    for i in range(load(outputs + at.NUMBER)):
        size = abs(now[i])
        if not begun:
            seen[i] = size if size > _NOTHING else 1.0
        seen[i] = max(seen[i], size)
    store(outputs + at.HAS_SEEN, 1)


@compiled
def forget(doubling: int) -> None:
    """Something jumped: what was before says nothing about the next step."""
    store(doubling + at.HAS_PAST, 0)
    store_double(load(doubling + at.CONTROLLER) + at.PI_BEFORE, _UNKNOWN)


@compiled
def begin(doubling: int) -> None:
    """A step begins; there is no past where its outputs are not those that the last one left: after an event, say."""
    start, left = doubles(load(doubling + at.AT_START)), doubles(load(doubling + at.LEFT))
    same = load(doubling + at.HAS_LEFT) != 0
    for i in range(load(load(doubling + at.OUTPUTS) + at.NUMBER)):
        same = same and start[i] == left[i]
    if not same:
        see(load(doubling + at.OUTPUTS), load(doubling + at.AT_START))
        forget(doubling)


@compiled
def leave(doubling: int, values: int) -> None:
    """A step is made, and the floats at its end are those at this address."""
    left, now = doubles(load(doubling + at.LEFT)), doubles(values)
    for i in range(load(load(doubling + at.OUTPUTS) + at.NUMBER)):
        left[i] = now[i]
    store(doubling + at.HAS_LEFT, 1)
    see(load(doubling + at.OUTPUTS), values)


@compiled
def part_of(h: float, longest: float) -> float:
    """The step towards a point h (s) away: all of it, or two equal halves, where `longest` (s) leaves only a bit."""
    return h if h <= longest * (1.0 + _ROUNDING) else min(longest, h / 2.0)


@compiled
def is_kink(away: float, further: float) -> bool:
    """Whether an output that left its line by `away` in one time went on as far, and the same way, in the next."""
    return away * further > 0.0 and abs(further) >= 0.9 * abs(away)


@compiled
def is_steady(doubling: int, i: int, d1: float, d2: float, half: float) -> bool:
    """Whether the third derivative over halves of `half` (s) is that over the step before, roughly."""
    slope, curvature = doubles(load(doubling + at.SLOPES))[i], doubles(load(doubling + at.CURVATURES))[i]
    before = load_double(doubling + at.HALF)
    earlier = (d1 / half - slope) * 2.0 / (before + half)
    now = (d2 / half - d1 / half) / half
    third = (earlier - curvature) * 4.0 / (half + 3.0 * before)
    later = (now - earlier) * 4.0 / (3.0 * half + before)
    return bool(abs(later - third) <= _CONCENTRATED * max(abs(later), abs(third)))


FIRST: Final = 1
SECOND: Final = 2


@compiled
def in_halves(d0: float, d1: float, d2: float, least: float) -> int:
    """In which half an output jumps by more than `least`, if it is not smooth; `d0` is NaN where there is no past."""
    bend = d2 - d1
    if d0 != d0:
        away = abs(d1)
        uneven = abs(bend) > _UNEVEN * max(abs(d1), abs(d2))
        early, kink = abs(d1) >= abs(d2), False
    else:
        away = abs(d1 - d0)
        larger = max(away, abs(bend))
        uneven = abs(bend - (d1 - d0)) > _CONCENTRATED * larger
        early, kink = away > _CLEAR * larger, is_kink(d1 - d0, d2 - d0)
    if not (max(away, abs(bend)) > least and uneven):
        return 0
    if not early:
        return SECOND
    return 0 if kink else FIRST


@compiled
def _allowed_in_time(doubling: int) -> float:
    """The error that outputs may make in a trial by its length, in units of their scales."""
    h = load_double(doubling + at.END_TIME) - load_double(doubling + at.START_TIME)
    part = max(h / load_double(doubling + at.STEP_SIZE), _LEAST_PART)
    return float(load_double(doubling + at.TOLERANCE) * part)


@compiled
def allowed(doubling: int, i: int) -> float:
    """The error that an output may make in a trial, in units of its scale."""
    if words(load(load(doubling + at.OUTPUTS) + at.FLEETING))[i] != 0:
        return float(load_double(doubling + at.TOLERANCE))
    return _allowed_in_time(doubling)


@compiled
def _times(doubling: int) -> float:
    """The difference between the whole step and its halves is 2^p - 1 times their error, for a coupling of order p.

    A step that knows no past holds its inputs over its beginning, which is an error of h^2.
    """
    order = load(doubling + at.ORDER)
    if load(doubling + at.HAS_PAST) == 0:
        order = min(order, 2)
    return float((1 << order) - 1)


@compiled
def error_of(doubling: int, i: int) -> float:
    """The error of the halves of a trial in an output, in units of its scale."""
    whole, end = doubles(load(doubling + at.AT_WHOLE))[i], doubles(load(doubling + at.AT_END))[i]
    return float(abs(whole - end) / (_times(doubling) * doubles(load(doubling + at.SCALES))[i]))


@compiled
def measure(doubling: int) -> None:
    """The scales of a trial, and its errors in units of what is allowed."""
    outputs = load(doubling + at.OUTPUTS)
    nominals, seen = doubles(load(outputs + at.NOMINALS)), doubles(load(outputs + at.SEEN))
    start, whole, end = (
        doubles(load(doubling + at.AT_START)),
        doubles(load(doubling + at.AT_WHOLE)),
        doubles(load(doubling + at.AT_END)),
    )
    found, errors = doubles(load(doubling + at.SCALES)), doubles(load(doubling + at.ERRORS))
    fleeting, times = words(load(outputs + at.FLEETING)), _times(doubling)
    in_time, at_all = _allowed_in_time(doubling), load_double(doubling + at.TOLERANCE)
    worst = 0.0
    for i in range(load(outputs + at.NUMBER)):
        found[i] = scale(nominals[i], seen[i], max(abs(start[i]), max(abs(whole[i]), abs(end[i]))))
        error = abs(whole[i] - end[i]) / (times * found[i])
        errors[i] = error / (at_all if fleeting[i] != 0 else in_time)
        worst = max(worst, errors[i])
    store_double(doubling + at.ERROR, worst)


@compiled
def find_jumps(doubling: int) -> int:
    """Find what jumps in each half of a trial by more than the tolerance; in which halves something does."""
    outputs, past = load(doubling + at.OUTPUTS), load(doubling + at.HAS_PAST) != 0
    stepped, found = words(load(outputs + at.STEPPED)), doubles(load(doubling + at.SCALES))
    start, middle, end = (
        doubles(load(doubling + at.AT_START)),
        doubles(load(doubling + at.AT_MIDDLE)),
        doubles(load(doubling + at.AT_END)),
    )
    slopes = doubles(load(doubling + at.SLOPES))
    first, second = words(load(doubling + at.FIRST)), words(load(doubling + at.SECOND))
    half = load_double(doubling + at.MIDDLE_TIME) - load_double(doubling + at.START_TIME)
    tolerance = load_double(doubling + at.TOLERANCE)
    halves = 0
    if load(doubling + at.OTHERS_IN_FIRST) != 0:
        halves |= FIRST
    if load(doubling + at.OTHERS_IN_SECOND) != 0:
        halves |= SECOND
    for i in range(load(outputs + at.NUMBER)):
        d1, d2, least = middle[i] - start[i], end[i] - middle[i], tolerance * found[i]
        if stepped[i] != 0:
            jumps = (FIRST if abs(d1) > least else 0) | (SECOND if abs(d2) > least else 0)
        else:
            jumps = in_halves(slopes[i] * half if past else _UNKNOWN, d1, d2, least)
            if jumps != 0 and past and is_steady(doubling, i, d1, d2, half):
                jumps = 0
        first[i], second[i] = jumps & FIRST, jumps & SECOND
        halves |= jumps
    return halves


@compiled
def latest(doubling: int) -> float:
    """By how much outputs would change too late if a jump in the first half were noticed at its end, or are wrong.

    In units of their scales; where there is a past.
    """
    outputs = load(doubling + at.OUTPUTS)
    stepped, found = words(load(outputs + at.STEPPED)), doubles(load(doubling + at.SCALES))
    middle, end = doubles(load(doubling + at.AT_MIDDLE)), doubles(load(doubling + at.AT_END))
    slopes, first = doubles(load(doubling + at.SLOPES)), words(load(doubling + at.FIRST))
    half = load_double(doubling + at.MIDDLE_TIME) - load_double(doubling + at.START_TIME)
    most = 0.0
    for i in range(load(outputs + at.NUMBER)):
        if first[i] == 0:
            d0 = 0.0 if stepped[i] != 0 else slopes[i] * half
            most = max(most, max(abs(end[i] - middle[i] - d0) / found[i], error_of(doubling, i)))
    store_double(doubling + at.LATEST, most)
    return most


@compiled
def judge(doubling: int) -> int:
    """What is to become of a trial, from its floats and times; see `layout.doubling`."""
    measure(doubling)
    halves = find_jumps(doubling)
    h = load_double(doubling + at.END_TIME) - load_double(doubling + at.START_TIME)
    tiny = h <= load_double(doubling + at.SMALLEST) * (1.0 + _ROUNDING)
    if halves & FIRST and not tiny:
        if load(doubling + at.HAS_PAST) == 0:
            return at.HALVED
        if latest(doubling) > load_double(doubling + at.TOLERANCE):
            return at.IN_FIRST
    if load_double(doubling + at.ERROR) <= 1.0:
        return at.IN_SECOND if halves & SECOND else at.ACCEPTED
    if tiny:
        return at.SMALLEST_JUMP if halves != 0 else at.TOO_LARGE
    return at.HALVED if halves & SECOND else at.SHORTENED


@compiled
def accept(doubling: int) -> None:
    """The two halves of a trial stay: learn from its error and its slopes."""
    start, middle, end = (
        doubles(load(doubling + at.AT_START)),
        doubles(load(doubling + at.AT_MIDDLE)),
        doubles(load(doubling + at.AT_END)),
    )
    slopes, curvatures = doubles(load(doubling + at.SLOPES)), doubles(load(doubling + at.CURVATURES))
    t, between, last = (
        load_double(doubling + at.START_TIME),
        load_double(doubling + at.MIDDLE_TIME),
        load_double(doubling + at.END_TIME),
    )
    accepted(load(doubling + at.CONTROLLER), last - t, load_double(doubling + at.ERROR))
    half = last - between
    for i in range(load(load(doubling + at.OUTPUTS) + at.NUMBER)):
        slopes[i] = (end[i] - middle[i]) / half
        curvatures[i] = (slopes[i] - (middle[i] - start[i]) / (between - t)) / half
    store_double(doubling + at.HALF, half)
    store(doubling + at.HAS_PAST, 1)


@compiled
def shorten(doubling: int) -> float:
    """The step (s) to try in the place of a trial with too large an error; 0 where it is its first half."""
    h = load_double(doubling + at.END_TIME) - load_double(doubling + at.START_TIME)
    length = rejected(load(doubling + at.CONTROLLER), h, load_double(doubling + at.ERROR))
    return 0.0 if length >= _HALVABLE * h else float(length)
