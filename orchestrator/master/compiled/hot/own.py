"""Hot own ways: steps of components at another rate than the system's, or on inputs with courses."""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import load, load_byte, load_double, nanoseconds, store, store_byte, store_double
from orchestrator.master.compiled.hot.calls import do_step, finish, get_all, set_all, take
from orchestrator.master.compiled.hot.courses import begin, give, incline, over, put_back, valid
from orchestrator.master.compiled.hot.gather import gather
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.compiled.layout import run as at

_APART: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_ROUNDING: Final = 1e-6
"""As in `rates.SubSteps`."""


def _copy_inputs(way: int, source: int, target: int) -> None:
    """Copy the inputs from one of their places to another one."""
    row, end = load(way + own.INPUTS), load(way + own.INPUTS_END)
    while row < end:
        one, other = load(row + source), load(row + target)
        for offset in range(load(row + 24)):
            store_byte(other + offset, load_byte(one + offset))
        row += own.INPUT_ROW


copy_inputs: Any = njit("void(int64, int64, int64)", **_APART)(_copy_inputs)


def _choose(way: int) -> None:
    """Take what is given to a component with events out of its inputs."""
    row, end = load(way + own.GIVEN), load(way + own.GIVEN_END)
    while row < end:
        if load(row + 16) == 1:
            store_byte(load(row + 8), load_byte(load(row)))
        else:
            store(load(row + 8), load(load(row)))
        row += own.GIVEN_ROW


choose: Any = njit("void(int64)", **_APART)(_choose)


def _prepare(way: int, start: float, size: float, index: int) -> bool:
    """A macro step begins; whether Python has not to begin it for this component."""
    period = load(way + own.PERIOD)
    if period != 0:
        if index % period != 0:
            return True
        if not gather(way + own.GATHER):
            return False
        copy_inputs(way, 0, 8)
    courses = load(way + own.COURSES)
    return courses == 0 or bool(begin(courses, start, size, index))


prepare: Any = njit("boolean(int64, float64, float64, int64)", **_APART)(_prepare)


def _restore(way: int) -> None:
    """The inputs are the newest again, after they were set."""
    courses = load(way + own.COURSES)
    if courses != 0:
        put_back(courses)
    if load(way + own.SAMPLES) != 0:
        copy_inputs(way, 16, 0)


restore: Any = njit("void(int64)", **_APART)(_restore)


def _parts(program: int, component: int, row: int) -> int:
    """Make the parts of a step that are left; `row` is the next call that sets, 0 at the beginning of a part."""
    way = load(component + at.OWN_WAY)
    t, h, count = load_double(way + own.START), load_double(way + own.LENGTH), load(way + own.PARTS)
    courses, split = load(way + own.COURSES), load_double(way + own.SUB_STEP) > 0.0
    part = load(way + own.PART)
    while part < count:
        store(way + own.PART, part)
        start = t + float(part) * h / float(count) if split else t
        length = h / float(count) if split else h
        if row == 0:
            store(way + own.STEPS, load(way + own.STEPS) + 1)
            row = load(component + at.SETS)
            if courses != 0:
                give(courses, start, length)
            choose(way)
        why = set_all(program, component, row)
        if why == at.SET:
            return at.SET
        if why == at.DONE and courses != 0 and not incline(courses, start):
            why = at.PYTHON
        restore(way)
        if why != at.DONE:
            store(way + own.STEPS, load(way + own.STEPS) - 1)
            return at.PYTHON
        if do_step(program, component, start, length) != at.DONE:
            return at.STEPPED
        part += 1
        row = 0
    store(way + own.PART, part)
    return int(get_all(program, component, load(component + at.GETS)))


parts: Any = njit("int64(int64, int64, int64)", **_APART)(_parts)


def _ceiling(number: float) -> float:
    """The least whole number that is not less than a positive one."""
    whole = float(int(number))
    return whole + 1.0 if number > whole else whole


ceiling: Any = njit("float64(float64)", **_APART)(_ceiling)


def _make_step(program: int, component: int, t: float, h: float) -> int:
    """What a component does in a macro step from t by h (s): a step in parts, a long one that ends here, or none."""
    way = load(component + at.OWN_WAY)
    start, size = load_double(way + own.GRID_START), load_double(way + own.GRID_SIZE)
    index = int((t - start) / size + 0.5)  # whole up to rounding
    period, sub_step = load(way + own.PERIOD), load_double(way + own.SUB_STEP)
    count = 1
    if period != 0:
        if (index + 1) % period != 0:
            return int(get_all(program, component, load(component + at.GETS))) if load(way + own.IN_LOOP) != 0 else 0
        t, h = valid(start, size, index, period), float(period) * size
    elif sub_step > 0.0:
        count = max(1, int(ceiling(h / sub_step - _ROUNDING)))
    if load(way + own.SAMPLES) != 0:
        copy_inputs(way, 0, 16)
        copy_inputs(way, 8, 0)
    store_double(way + own.START, t)
    store_double(way + own.LENGTH, h)
    store(way + own.PARTS, count)
    store(way + own.PART, 0)
    if load(way + own.COURSES) != 0:
        over(load(way + own.COURSES), start, size, index, t, h)
    return int(parts(program, component, 0))


make_step: Any = njit("int64(int64, int64, float64, float64)", **_APART)(_make_step)


def _own_step(program: int, component: int, t: float, h: float) -> int:
    """The same, with what it took where this is measured."""
    if load(program + at.SAMPLE) == 0:
        return int(make_step(program, component, t, h))
    meter = load(program + at.METER)
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    number = (component - load(program + at.COMPONENTS)) // at.COMPONENT_ROW
    sample, began = load(program + at.SAMPLE) + number * at.SAMPLE_ROW, nanoseconds(clock, which)
    why = make_step(program, component, t, h)
    store(sample, 0)
    store(sample + 8, nanoseconds(clock, which) - began)
    store(sample + 16, 0)
    return int(why)


own_step: Any = njit("int64(int64, int64, float64, float64)", **_APART)(_own_step)


def _resume(program: int, component: int, t: float, h: float) -> int:
    """Go on with the step from t by h (s) of a component behind a call whose status was looked at."""
    row = load(program + at.CALL)
    if load(component + at.SETS) <= row < load(component + at.SETS_END):
        if load(component + at.OWN_WAY) != 0:
            return int(parts(program, component, row + at.CALL_ROW))
        return int(finish(program, component, row + at.CALL_ROW, t, h))
    take(row)
    return int(get_all(program, component, row + at.CALL_ROW))


resume: Any = njit("int64(int64, int64, float64, float64)", **_APART)(_resume)
