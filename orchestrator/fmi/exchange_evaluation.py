"""Evaluation: right-hand side, event indicators and Jacobian of a Model Exchange FMU, compiled.

Call by call they do what `FmuDynamics` does, with the same bits. The memory they work on is described by
`exchange_layout`; `callbacks` are C functions for CVODE, whose user data is its address.
"""

from typing import Any, Final

import numpy as np
from numba import cfunc, njit

from orchestrator.by_address import (
    call,
    call_at,
    call_nine,
    call_values,
    doubles,
    load,
    load_double,
    store,
    store_double,
)
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.solver import Callbacks

_ALMOST_ZERO: Final = -float(np.finfo(np.float64).tiny)
_WARNING: Final = 1
_DISCARD: Final = 2
_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _verdict(memory: int, status: int, called: int, t: float) -> int:
    """What a status means to a solver: 0 go on, 1 try a smaller step, -1 stop."""
    if 0 <= status <= _WARNING:
        return 0
    store(memory + at.STATUS, status)
    store(memory + at.CALLED, called)
    store(memory + at.TROUBLE, at.BAD_STATUS)
    store_double(memory + at.TROUBLE_TIME, t)
    return 1 if status == _DISCARD else -1


verdict: Any = njit("int64(int64, int64, int64, float64)", **_COMPILED)(_verdict)


def _course(memory: int, t: float) -> int:
    """Put the inputs on courses to a time (s); an FMI status."""
    now, base = doubles(load(memory + at.COURSE_NOW)), doubles(load(memory + at.COURSE_BASE))
    slopes, curvatures = doubles(load(memory + at.COURSE_SLOPES)), doubles(load(memory + at.COURSE_CURVATURES))
    values, count = doubles(load(memory + at.COURSE_VALUES)), load(memory + at.COURSE_COUNT)
    after = t - load_double(load(memory + at.COURSE_START))
    for index in range(count):
        now[index] = (curvatures[index] * (0.5 * after) + slopes[index]) * after + base[index]
        values[index] = now[index]
    return int(
        call_values(
            load(memory + at.COURSE_SET),
            load(load(memory + at.HANDLE_AT)),
            load(memory + at.COURSE_REFERENCES),
            count,
            load(memory + at.COURSE_VALUES),
            count,
        )
    )


course: Any = njit("int64(int64, float64)", **_COMPILED)(_course)


def _place(memory: int, t: float, x: int) -> int:
    """Put the FMU to a time (s) and states, and the inputs that have a course to where they are then."""
    handle = load(load(memory + at.HANDLE_AT))
    status = int(call_at(load(memory + at.SET_TIME), handle, t, 0, 0, 0))
    if status != 0:
        answer = verdict(memory, status, at.CALL_SET_TIME, t)
        if answer != 0:
            return int(answer)
    if load(memory + at.COURSE_SET) != 0:
        status = course(memory, t)
        if status != 0:
            answer = verdict(memory, status, at.CALL_COURSE, t)
            if answer != 0:
                return int(answer)
    states = load(memory + at.STATES)
    if states == 0:
        return 0
    status = int(call_values(load(memory + at.SET_STATES), handle, x, states, 0, 0))
    return int(verdict(memory, status, at.CALL_SET_STATES, t)) if status != 0 else 0


place: Any = njit("int64(int64, float64, int64)", **_COMPILED)(_place)


def _first_not_finite(values: int, count: int) -> int:
    """The place of the first double that is NaN or infinite; -1 where there is none."""
    numbers = doubles(values)
    for index in range(count):
        if not np.isfinite(numbers[index]):
            return index
    return -1


first_not_finite: Any = njit("int64(int64, int64)", **_COMPILED)(_first_not_finite)


def _derivatives(memory: int, t: float, x: int, dx: int) -> int:
    """Compute dx/dt."""
    answer, states = place(memory, t, x), load(memory + at.STATES)
    if answer != 0 or states == 0:
        return int(answer)
    status = int(call_values(load(memory + at.DERIVATIVES), load(load(memory + at.HANDLE_AT)), dx, states, 0, 0))
    if status != 0:
        answer = verdict(memory, status, at.CALL_DERIVATIVES, t)
        if answer != 0:
            return int(answer)
    wrong = first_not_finite(dx, states)
    if wrong >= 0:
        store(memory + at.TROUBLE, at.RATE_NOT_FINITE)
        store(memory + at.TROUBLE_INDEX, wrong)
        store(memory + at.TROUBLE_VALUE, load(dx + 8 * wrong))
        store_double(memory + at.TROUBLE_TIME, t)
        return 1
    return 0


derivatives: Any = njit("int64(int64, float64, int64, int64)", **_COMPILED)(_derivatives)


def _event_indicators(memory: int, t: float, x: int, z: int) -> int:
    """Compute the event indicators, with the largest negative number in place of 0."""
    answer, count = place(memory, t, x), load(memory + at.INDICATOR_COUNT)
    if answer != 0:
        return int(answer)
    status = int(call_values(load(memory + at.INDICATORS), load(load(memory + at.HANDLE_AT)), z, count, 0, 0))
    if status != 0:
        answer = verdict(memory, status, at.CALL_INDICATORS, t)
        if answer != 0:
            return int(answer)
    numbers = doubles(z)
    for index in range(count):
        if numbers[index] == 0.0:
            numbers[index] = _ALMOST_ZERO
    return 0


event_indicators: Any = njit("int64(int64, float64, int64, int64)", **_COMPILED)(_event_indicators)


def _direction(memory: int, colour: int) -> int:
    """One call for the columns of a colour; an FMI status."""
    handle, function = load(load(memory + at.HANDLE_AT)), load(memory + at.DIRECTIONAL)
    unknowns, n = load(memory + at.UNKNOWNS), load(memory + at.UNKNOWN_COUNT)
    knowns, m = load(colour + at.COLOUR_KNOWNS), load(colour + at.COLOUR_COUNT)
    seed, size = load(colour + at.COLOUR_SEED), load(colour + at.COLOUR_SIZE)
    result = load(memory + at.RESULT)
    if load(memory + at.VERSION) == 2:
        return int(call_nine(function, handle, unknowns, n, knowns, m, seed, result, 0, 0))
    return int(call_nine(function, handle, unknowns, n, knowns, m, seed, size, result, load(memory + at.STATES)))


direction: Any = njit("int64(int64, int64)", **_COMPILED)(_direction)


def _jacobian(memory: int, t: float, x: int, matrix: int) -> int:
    """Compute d(dx/dt)/dx column by column from the directional derivatives."""
    answer = place(memory, t, x)
    if answer != 0:
        return int(answer)
    found, result = load(memory + at.MATRIX), load(memory + at.RESULT)
    colour, end = load(memory + at.COLOURS), load(memory + at.COLOURS_END)
    while colour < end:
        status = direction(memory, colour)
        answer = verdict(memory, status, at.CALL_DIRECTIONAL, t)
        if answer != 0:
            return int(answer)
        entry, last = load(colour + at.COLOUR_ENTRIES), load(colour + at.COLOUR_ENTRIES_END)
        while entry < last:
            store(found + load(entry + 8), load(result + load(entry)))
            entry += 16
        colour += at.COLOUR_ROW
    size = load(memory + at.STATES) * load(memory + at.STATES)
    if first_not_finite(found, size) >= 0:
        store(memory + at.TROUBLE, at.MATRIX_NOT_FINITE)
        store_double(memory + at.TROUBLE_TIME, t)
        return 1
    for offset in range(0, 8 * size, 8):
        store(matrix + offset, load(found + offset))
    return 0


jacobian: Any = njit("int64(int64, float64, int64, int64)", **_COMPILED)(_jacobian)


def _vector(memory: int, vector: int) -> int:
    """The numbers of a vector of CVODE."""
    return int(call(load(memory + at.CVODE_DATA), vector, 0, 0, 0, 0))


vector: Any = njit("int64(int64, int64)", **_COMPILED)(_vector)


def _cvode_right_side(t: float, y: int, dy: int, memory: int) -> int:
    if load(memory + at.STATES) == 0:  # a system that rests stands in for one without states
        store_double(vector(memory, dy), 0.0)
        return 0
    return int(derivatives(memory, t, vector(memory, y), vector(memory, dy)))


def _cvode_roots(t: float, y: int, z: int, memory: int) -> int:
    return int(event_indicators(memory, t, vector(memory, y), z))


def _cvode_jacobian(t: float, y: int, _fy: int, matrix: int, memory: int, _1: int, _2: int, _3: int) -> int:
    numbers = call(load(memory + at.CVODE_MATRIX), matrix, 0, 0, 0, 0)
    return int(jacobian(memory, t, vector(memory, y), numbers))


_OPTIONS: Final[Any] = {"cache": True, "error_model": "numpy"}
_functions: Final[Any] = (
    cfunc("int32(float64, int64, int64, int64)", **_OPTIONS)(_cvode_right_side),
    cfunc("int32(float64, int64, int64, int64)", **_OPTIONS)(_cvode_roots),
    cfunc("int32(float64, int64, int64, int64, int64, int64, int64, int64)", **_OPTIONS)(_cvode_jacobian),
)


def callbacks(memory: int) -> Callbacks:
    """The functions for the evaluations of one FMU."""
    right_side, roots, jacobian_function = (int(function.address) for function in _functions)
    return Callbacks(right_side, roots, jacobian_function, memory)
