"""Hot calls: what is asked of one component in a step, as compiled functions over addresses."""

from typing import Any

from numba import njit

from orchestrator.by_address import call_step, call_values, load, nanoseconds, store
from orchestrator.master.compiled.forms import get_form, set_form
from orchestrator.master.compiled.hot.gather import INLINE
from orchestrator.master.compiled.layout import run as at


def _called(component: int, row: int) -> int:
    """The status of a call that sets or gets."""
    return int(
        call_values(
            load(row + at.FUNCTION),
            load(component + at.HANDLE),
            load(row + at.REFERENCES),
            load(row + at.NUMBER),
            load(row + at.VALUES),
            load(row + at.SIZE),
        )
    )


called: Any = njit("int64(int64, int64)", **INLINE)(_called)


def _set_all(program: int, component: int, row: int) -> int:
    """Give a component its inputs, by the calls from this row on."""
    end = load(component + at.SETS_END)
    while row < end:
        element, last = load(row + at.ELEMENTS), load(row + at.ELEMENTS_END)
        while element < last:
            if not set_form(element):
                return at.PYTHON
            element += at.ELEMENT_ROW
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.SET
        row += at.CALL_ROW
    return at.DONE


set_all: Any = njit("int64(int64, int64, int64)", **INLINE)(_set_all)


def _take(row: int) -> None:
    """Put what a call got into the signals."""
    element, last = load(row + at.ELEMENTS), load(row + at.ELEMENTS_END)
    while element < last:
        get_form(element)
        element += at.ELEMENT_ROW


take: Any = njit("void(int64)", **INLINE)(_take)


def _get_all(program: int, component: int, row: int) -> int:
    """Take the outputs of a component, by the calls from this row on."""
    end = load(component + at.GETS_END)
    while row < end:
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.GOT
        take(row)
        row += at.CALL_ROW
    return at.DONE


get_all: Any = njit("int64(int64, int64, int64)", **INLINE)(_get_all)


def _do_step(program: int, component: int, t: float, h: float) -> int:
    """Make the step of a component whose inputs are set."""
    answers = load(component + at.ANSWERS)
    keeps_no_state = load(component + at.KEEPS_NO_STATE)
    status = call_step(load(component + at.DO_STEP), load(component + at.HANDLE), t, h, keeps_no_state, answers)
    if status != 0 or load(answers) != 0:
        store(program + at.STATUS, status)
        return at.STEPPED
    return at.DONE


do_step: Any = njit("int64(int64, int64, float64, float64)", **INLINE)(_do_step)


def _measured(program: int, component: int, row: int, t: float, h: float) -> int:
    """The same as `finish`, with what its parts took."""
    meter = load(program + at.METER)
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    number = (component - load(program + at.COMPONENTS)) // at.COMPONENT_ROW
    sample = load(program + at.SAMPLE) + number * at.SAMPLE_ROW
    began = nanoseconds(clock, which)
    why = set_all(program, component, row)
    if why != at.DONE:
        return int(why)
    given = nanoseconds(clock, which)
    why = do_step(program, component, t, h)
    if why != at.DONE:
        return int(why)
    stepped = nanoseconds(clock, which)
    why = get_all(program, component, load(component + at.GETS))
    store(sample, given - began)
    store(sample + 8, stepped - given)
    store(sample + 16, nanoseconds(clock, which) - stepped)
    return int(why)


measured: Any = njit("int64(int64, int64, int64, float64, float64)", cache=True, nogil=True, error_model="numpy")(
    _measured
)


def _clock_cost(meter: int) -> int:
    """What it takes at least (ns) to read the clock of a meter."""
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    least = 1_000_000
    for _ in range(64):
        began = nanoseconds(clock, which)
        least = min(least, nanoseconds(clock, which) - began)
    return least


clock_cost: Any = njit("int64(int64)", cache=True, nogil=True, error_model="numpy")(_clock_cost)


def _next_sample(program: int, index: int) -> None:
    """The sample of this macro step is complete: when the next one comes, where there is room for one."""
    meter = load(program + at.METER)
    room = load(meter + at.ROOM) + load(meter + at.SAMPLE_BYTES)
    store(meter + at.ROOM, room)
    store(program + at.SAMPLE, 0)
    store(program + at.SAMPLE_AFTER, index + load(meter + at.SAMPLE_EVERY) if room < load(meter + at.ROOM_END) else 0)


next_sample: Any = njit("void(int64, int64)", **INLINE)(_next_sample)


def _finish(program: int, component: int, row: int, t: float, h: float) -> int:
    """Inputs from this row of calls on, doStep and outputs of one component."""
    if load(program + at.SAMPLE) != 0:
        return int(measured(program, component, row, t, h))
    why = set_all(program, component, row)
    if why == at.DONE:
        why = do_step(program, component, t, h)
    return int(why) if why != at.DONE else int(get_all(program, component, load(component + at.GETS)))


finish: Any = njit("int64(int64, int64, int64, float64, float64)", **INLINE)(_finish)


def _three(program: int, component: int, t: float, h: float) -> int:
    """The same as `finish` by a call that sets at most, doStep, and a call that gets at most."""
    if load(program + at.SAMPLE) != 0:
        return int(measured(program, component, load(component + at.SETS), t, h))
    row = load(component + at.SETS)
    if row != 0:
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.SET
    why = do_step(program, component, t, h)
    row = load(component + at.GETS)
    if why == at.DONE and row != 0:
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.GOT
    return int(why)


three: Any = njit("int64(int64, int64, float64, float64)", **INLINE)(_three)
