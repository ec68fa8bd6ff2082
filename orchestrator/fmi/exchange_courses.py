"""Inputs on courses, compiled: what `Courses` does between the steps of a Model Exchange FMU, with the same bits."""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    DERIVATIVES_TAKEN,
    c_function,
    call_values,
    doubles,
    load,
    load_double,
    load_int32,
    load_uint32,
    store,
    store_double,
)
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_events import enter_event_mode, passed
from orchestrator.fmi.model_exchange_inputs import ROUNDING

_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _jumps(memory: int) -> bool:
    """Whether the values wanted differ from those that the courses have reached, by more than rounding."""
    now, base = doubles(load(memory + at.COURSE_NOW)), doubles(load(memory + at.COURSE_BASE))
    wanted, others = doubles(load(memory + at.COURSE_WANTED)), 0
    for index in range(load(memory + at.COURSE_COUNT)):
        scale = max(max(abs(wanted[index]), abs(now[index])), abs(base[index]))
        others += abs(wanted[index] - now[index]) > ROUNDING * scale
    return others != 0


jumps: Any = njit("boolean(int64)", **_OPTIONS)(_jumps)


def _jump(memory: int) -> int:
    """Give the FMU at once the values that the inputs have jumped to, in Event Mode."""
    if load(memory + at.COURSE_SET) == 0 or not jumps(memory):
        return at.DONE
    why = enter_event_mode(memory)
    if why != at.DONE:
        return int(why)
    count, handle = load(memory + at.COURSE_COUNT), load(load(memory + at.HANDLE_AT))
    wanted, now = doubles(load(memory + at.COURSE_WANTED)), doubles(load(memory + at.COURSE_NOW))
    place, references = load(memory + at.COURSE_VALUES), load(memory + at.COURSE_REFERENCES)
    values = doubles(place)
    for index in range(count):
        values[index] = wanted[index]
    status = int(call_values(load(memory + at.COURSE_SET), handle, references, count, place, count))
    if not passed(memory, at.CALL_COURSE, status):
        return at.CALL_FAILED
    for index in range(count):
        now[index] = wanted[index]
    return at.DONE


jump: Any = njit("int64(int64)", **_OPTIONS)(_jump)


def _turns(given: int, reached: float, index: int) -> bool:
    """Whether a derivative that is given differs from the one that a course has reached, by more than rounding."""
    number = doubles(given)[index]
    return bool(abs(number - reached) > ROUNDING * max(abs(reached), abs(number)))


turns: Any = njit("boolean(int64, float64, int64)", **_OPTIONS)(_turns)


def _begin_courses(memory: int) -> None:
    """Start new courses; the solver starts anew where they go on otherwise than the last ones."""
    if load(memory + at.COURSE_SET) == 0:
        return
    t, begun = load_double(memory + at.TIME), load(memory + at.COURSE_START)
    slopes, curvatures = doubles(load(memory + at.COURSE_SLOPES)), doubles(load(memory + at.COURSE_CURVATURES))
    first, second = load(memory + at.COURSE_GIVEN_SLOPES), load(memory + at.COURSE_GIVEN_CURVATURES)
    base, wanted = doubles(load(memory + at.COURSE_BASE)), doubles(load(memory + at.COURSE_WANTED))
    after, turned = t - load_double(begun), 0
    for index in range(load(memory + at.COURSE_COUNT)):
        turned += turns(first, slopes[index] + curvatures[index] * after, index)
        turned += turns(second, curvatures[index], index)
        base[index] = wanted[index]
        slopes[index], curvatures[index] = doubles(first)[index], doubles(second)[index]
        doubles(first)[index] = 0.0
        doubles(second)[index] = 0.0
    store_double(begun, t)
    if turned != 0:
        store(memory + at.FRESH, 0)


begin_courses: Any = njit("void(int64)", **_OPTIONS)(_begin_courses)


def _end_courses(memory: int) -> None:
    """A step ends: inputs that are given no other values rest at those that they have."""
    if load(memory + at.COURSE_SET) == 0:
        return
    now, base = doubles(load(memory + at.COURSE_NOW)), doubles(load(memory + at.COURSE_BASE))
    slopes, curvatures = doubles(load(memory + at.COURSE_SLOPES)), doubles(load(memory + at.COURSE_CURVATURES))
    wanted = doubles(load(memory + at.COURSE_WANTED))
    after = load_double(memory + at.TIME) - load_double(load(memory + at.COURSE_START))
    for index in range(load(memory + at.COURSE_COUNT)):
        now[index] = (curvatures[index] * (0.5 * after) + slopes[index]) * after + base[index]
        wanted[index] = now[index]


end_courses: Any = njit("void(int64)", **_OPTIONS)(_end_courses)


def _take(memory: int, bundle: int, values: int) -> None:
    """Note the values that inputs are to have from the next step on."""
    wanted, numbers, places = doubles(load(memory + at.COURSE_WANTED)), doubles(values), load(bundle + at.PLACES)
    for index in range(load(bundle + at.ELEMENTS)):
        wanted[load(places + 8 * index)] = numbers[index]


take: Any = njit("void(int64, int64, int64)", **_OPTIONS)(_take)


def _give(memory: int, references: int, count: int, orders: int, values: int, _size: int) -> int:
    for index in range(count):
        reference, place = load_uint32(references + 4 * index), 0
        while load_uint32(load(memory + at.COURSE_REFERENCES) + 4 * place) != reference:
            place += 1
        first = load_int32(orders + 4 * index) == 1
        given = load(memory + (at.COURSE_GIVEN_SLOPES if first else at.COURSE_GIVEN_CURVATURES))
        doubles(given)[place] = doubles(values)[index]
    return 0


give_address: Final = c_function(DERIVATIVES_TAKEN, _give)
"""Of int f(instance, references, n, orders, values, any): gives derivatives of inputs on courses."""
