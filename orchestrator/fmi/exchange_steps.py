"""Steps of a Model Exchange FMU, compiled: what `Integration.advance` does with the solver, with the same bits.

`step_address`, `set_address` and `get_address` are those of C functions that a compiled loop calls like those of an
FMU for Co-Simulation; the instance is the memory that `exchange_layout` describes.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    STEP_TAKEN,
    VALUES_TAKEN,
    c_function,
    call_at,
    call_values,
    doubles,
    load,
    load_byte,
    load_double,
    store,
    store_byte,
    store_double,
)
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_courses import begin_courses, end_courses, jump, take
from orchestrator.fmi.exchange_evaluation import place
from orchestrator.fmi.exchange_events import complete, enter_event_mode, note, settle
from orchestrator.fmi.exchange_explicit import explicit_step
from orchestrator.fmi.model_exchange_integration import EVENTS_AT_ONCE, ROUNDING, SOLVER_STEPS

_ONE_STEP: Final = 2
_ROOT_RETURN: Final = 2
_LAST_THAT_ALLOWS_MORE: Final = 3
"""The status Error."""
_SLICE: Final = 1000
"""Steps of the solver after which Python looks for Ctrl-C and the like."""

_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _restart(memory: int) -> int:
    """Start the solver at the time and states where the FMU is."""
    if load(memory + at.STAGES) != 0:
        store(memory + at.STEP_TIME, load(memory + at.TIME))
        store(memory + at.KNOWN, 0)
        store(memory + at.FRESH, 1)
        return at.DONE
    tolerance, count = load_double(memory + at.CVODE_TOLERANCE), load(memory + at.STATES)
    absolute, nominals = doubles(load(memory + at.CVODE_ABSOLUTE)), doubles(load(memory + at.NOMINAL_VALUES))
    for index in range(count):
        absolute[index] = tolerance * nominals[index]
    solver, tolerances = load(memory + at.CVODE_MEMORY), load(memory + at.CVODE_TOLERANCES)
    if call_at(load(memory + at.CVODE_SET_TOLERANCES), solver, tolerance, tolerances, 0, 0) != 0:
        return at.NO_START
    t, vector = load_double(memory + at.TIME), load(memory + at.CVODE_VECTOR)
    if call_at(load(memory + at.CVODE_RESTART), solver, t, vector, 0, 0) != 0:
        return at.NO_START
    store(memory + at.FRESH, 1)
    return at.DONE


restart: Any = njit("int64(int64)", **_OPTIONS)(_restart)


def _solve(memory: int, stop: float) -> int:
    """One step of the solver, at most to `stop` (s)."""
    if load(memory + at.FRESH) == 0 and restart(memory) != at.DONE:
        return at.NO_START
    store(memory + at.TROUBLE, at.NO_TROUBLE)
    if load(memory + at.STAGES) != 0:
        return int(explicit_step(memory, stop))
    solver, reached = load(memory + at.CVODE_MEMORY), memory + at.REACHED
    call_at(load(memory + at.CVODE_SET_STOP), solver, stop, 0, 0, 0)
    flag = int(call_at(load(memory + at.CVODE_STEP), solver, stop, load(memory + at.CVODE_VECTOR), reached, _ONE_STEP))
    store(memory + at.FLAG, flag)
    if flag < 0:
        return at.NO_WAY_ON
    store(memory + at.TIME, load(reached))
    store(memory + at.FMU_TIME, load(reached))
    store(memory + at.CROSSED, 1 if flag == _ROOT_RETURN else 0)
    return at.DONE


solve: Any = njit("int64(int64, float64)", **_OPTIONS)(_solve)


def _reach(memory: int, stop: float) -> int:
    """Come closer to `stop` (s), and put the FMU there."""
    if stop - load_double(memory + at.TIME) <= ROUNDING * abs(stop):
        store_double(memory + at.TIME, stop)
        store(memory + at.FRESH, 0)
        store(memory + at.CROSSED, 0)
    else:
        why = solve(memory, stop)
        if why != at.DONE:
            return int(why)
    if place(memory, load_double(memory + at.TIME), load(memory + at.X)) != 0:
        return at.NO_PLACE
    return at.DONE


reach: Any = njit("int64(int64, float64)", **_OPTIONS)(_reach)


def _stop(memory: int, end: float) -> float:
    """The end (s), or the next time event, where it does not belong to the communication point."""
    event = load_double(memory + at.NEXT_EVENT)
    if load(memory + at.HAS_NEXT_EVENT) == 0 or event > end + ROUNDING * abs(end):
        return end
    time = load_double(memory + at.TIME)
    return float(time if time > event else event)


stop_of: Any = njit("float64(int64, float64)", **_OPTIONS)(_stop)


def _once(memory: int, end: float) -> int:
    """One step of the solver, and the event at its end where there is one; counts both."""
    last = load_double(memory + at.TIME)
    why = reach(memory, stop_of(memory, end))
    if why != at.DONE:
        return int(why)
    time = load_double(memory + at.TIME)
    due = load(memory + at.HAS_NEXT_EVENT) != 0 and time >= load_double(memory + at.NEXT_EVENT)
    why = complete(memory, due or load(memory + at.CROSSED) != 0)
    if why == at.DONE and load(memory + at.EVENT) != 0:
        why = enter_event_mode(memory)
        if why == at.DONE:
            why = settle(memory)
        again = load_double(memory + at.TIME) - last <= ROUNDING * abs(last)
        store(memory + at.EVENTS, load(memory + at.EVENTS) + 1 if again else 1)
    store(memory + at.STEPS, load(memory + at.STEPS) + 1)
    return int(why)


once: Any = njit("int64(int64, float64)", **_OPTIONS)(_once)


def _resume(memory: int) -> int:
    """Go on with the step under way, to its end, or until Python is to look."""
    end, begun = load_double(memory + at.END), load(memory + at.STEPS)
    while load_double(memory + at.TIME) < end and load(memory + at.TERMINATED) == 0:
        if load(memory + at.LOGGED) > 0 or load(memory + at.STEPS) - begun >= _SLICE:
            return at.UNFINISHED
        why = once(memory, end)
        if why != at.DONE:
            return int(why)
        if load(memory + at.EVENTS) > EVENTS_AT_ONCE or load(memory + at.STEPS) > SOLVER_STEPS:
            return at.RESTLESS
    time = load_double(memory + at.TIME)
    end_courses(memory)
    store_double(memory + at.FMU_TIME, time if time < end else end)
    return at.UNFINISHED if load(memory + at.LOGGED) > 0 else at.DONE


resume: Any = njit("int64(int64)", **_OPTIONS)(_resume)


def _advance(memory: int, end: float, keeps_no_state: int) -> int:
    """Integrate to `end` (s), or until the FMU ends the run, or until Python is to look."""
    store_double(memory + at.END, end)
    store(memory + at.KEEPS_NO_STATE, keeps_no_state)
    store(memory + at.EVENTS, 0)
    store(memory + at.STEPS, 0)
    why = settle(memory)
    return int(resume(memory)) if why == at.DONE else int(why)


advance: Any = njit("int64(int64, float64, int64)", **_OPTIONS)(_advance)


def _told(memory: int, why: int) -> int:
    """What a compiled loop is told, for which a positive status from Fatal on says that no call may follow."""
    if why == at.DONE:
        return why
    called = why == at.CALL_FAILED and load(memory + at.FAILED_STATUS) > _LAST_THAT_ALLOWS_MORE
    evaluated = why in (at.NO_WAY_ON, at.NO_PLACE) and load(memory + at.TROUBLE) == at.BAD_STATUS
    over = called or (evaluated and load(memory + at.STATUS) > _LAST_THAT_ALLOWS_MORE)
    return why if over else -why


told: Any = njit("int64(int64, int64)", **_OPTIONS)(_told)


def _do_step(
    memory: int, t: float, h: float, keeps_no_state: int, _event: int, terminate: int, _early: int, reached: int
) -> int:
    here = load_double(memory + at.TIME)
    if abs(t - here) > 1e-9 * max(abs(t), h):
        return -at.AWAY
    why = jump(memory)
    if why == at.DONE:
        begin_courses(memory)
        why = advance(memory, t + h, keeps_no_state)
    store_byte(terminate, load(memory + at.TERMINATED))
    store(reached, load(memory + at.FMU_TIME))
    return int(told(memory, why))


def _holds(bundle: int, values: int) -> bool:
    """Whether the FMU has been given these values last."""
    if load(bundle + at.GIVEN) == 0:
        return False
    kept, width = load(bundle + at.KEPT), load(bundle + at.WIDTH)
    count, place = load(bundle + at.ELEMENTS) * max(width, 1), 0
    if width == 0:
        these, those = doubles(kept), doubles(values)
        while place < count and these[place] == those[place]:
            place += 1
    else:
        while place < count and load_byte(kept + place) == load_byte(values + place):
            place += 1
    return bool(place == count)


holds: Any = njit("boolean(int64, int64)", **_OPTIONS)(_holds)


def _transfer(memory: int, bundle: int, values: int, function: int, called: int) -> int:
    """Set or get the values of a bundle, one call after the other, until one fails."""
    row, end, worst = bundle + at.CALLS, load(bundle + at.CALLS_END), 0
    handle = load(load(memory + at.HANDLE_AT))
    while row < end:
        place, size = values + load(row + at.CALL_OFFSET), load(row + at.CALL_SIZE)
        references, number = load(row + at.CALL_REFERENCES), load(row + at.CALL_NUMBER)
        status = int(call_values(load(row + function), handle, references, number, place, size))
        if status != 0 and status != 1:
            store(memory + at.FAILED, bundle + called)
            store(memory + at.FAILED_STATUS, status)
            return at.CALL_FAILED
        worst = max(worst, status)
        row += at.CALL_ROW
    if worst != 0:
        note(memory, bundle + called)
    return at.DONE


transfer: Any = njit("int64(int64, int64, int64, int64, int64)", **_OPTIONS)(_transfer)


def _set(memory: int, bundle: int, _number: int, values: int, _size: int) -> int:
    if load(bundle + at.REFUSED) != 0:
        return -at.CALL_FAILED
    if load(bundle + at.PLACES) != 0:
        take(memory, bundle, values)
        return at.DONE
    if holds(bundle, values):
        return at.DONE
    why = enter_event_mode(memory)
    if why != at.DONE:
        return int(told(memory, why))
    why = transfer(memory, bundle, values, at.CALL_SETTER, at.WAS_SET)
    if why != at.DONE:
        return int(told(memory, why))
    kept, width = load(bundle + at.KEPT), load(bundle + at.WIDTH)
    for offset in range(load(bundle + at.ELEMENTS) * (8 if width == 0 else width)):
        store_byte(kept + offset, load_byte(values + offset))
    store(bundle + at.GIVEN, 1)
    store(memory + at.STAMP, load(memory + at.STAMP) + 1)
    store(bundle + at.STAMPED, load(memory + at.STAMP))
    return at.DONE


def _get(memory: int, bundle: int, _number: int, values: int, _size: int) -> int:
    why = jump(memory)
    if why == at.DONE:
        why = settle(memory)
    if why == at.DONE:
        why = transfer(memory, bundle, values, at.CALL_GETTER, at.WAS_GOT)
    return int(told(memory, why))


step_address: Final = c_function(STEP_TAKEN, _do_step)
"""Of what makes a step; see `Native.do_step`."""
set_address: Final = c_function(VALUES_TAKEN, _set)
"""Of int f(instance, bundle, any, values, any): gives values, in Event Mode where they have changed."""
get_address: Final = c_function(VALUES_TAKEN, _get)
"""Of int f(instance, bundle, any, values, any): reads values, after the events that are open."""
