"""Events of a Model Exchange FMU, compiled: its modes, the updates of its discrete states, and its completed steps.

Call by call they do what `Integration` does, with the same bits. A function that may fail answers DONE or why not; the
call and its status are noted then, as are warnings, which Python logs.
"""

from typing import Any, Final

import numpy as np
from numba import njit

from orchestrator.by_address import (
    call_nine,
    call_values,
    doubles,
    load,
    load_byte,
    load_double,
    load_int32,
    store,
    store_double,
)
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.model_exchange_integration import EVENT_ITERATIONS

_WARNING: Final = 1
_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

# Where FMI 1.0 and 2.0 put their answers to an event; FMI 3.0 is given the places of 2.0.
_AGAIN, _ENDED, _NOMINALS, _DEFINED, _TIME = range(0, 40, 8)
_CONVERGED1, _REFERENCES1, _ENDED1, _DEFINED1, _TIME1 = 0, 1, 3, 4, 8
_COMPLETED_EVENT, _COMPLETED_END = 40, 48


def _note(memory: int, called: int) -> None:
    """Note a warning."""
    count = load(memory + at.LOGGED)
    if count < at.LOG_ROWS:
        row = load(memory + at.LOG) + 16 * count
        store(row, called)
        store_double(row + 8, load_double(memory + at.FMU_TIME))
        store(memory + at.LOGGED, count + 1)


note: Any = njit("void(int64, int64)", **_OPTIONS)(_note)


def _passed(memory: int, called: int, status: int) -> bool:
    """Whether a status lets the run go on."""
    if status == 0:
        return True
    store_double(memory + at.FMU_TIME, load_double(memory + at.TIME))
    if status == _WARNING:
        note(memory, called)
        return True
    store(memory + at.FAILED, called)
    store(memory + at.FAILED_STATUS, status)
    return False


passed: Any = njit("boolean(int64, int64, int64)", **_OPTIONS)(_passed)


def _plain_call(memory: int, function: int) -> int:
    """The status of a function without arguments; there may be none to call."""
    address = load(memory + function)
    return 0 if address == 0 else int(call_values(address, load(load(memory + at.HANDLE_AT)), 0, 0, 0, 0))


plain_call: Any = njit("int64(int64, int64)", **_OPTIONS)(_plain_call)


def _enter_event_mode(memory: int) -> int:
    """Enter Event Mode, where the FMU is not in it."""
    if load(memory + at.IN_EVENT_MODE) == 0:
        if not passed(memory, at.CALL_ENTER_EVENT_MODE, plain_call(memory, at.ENTER_EVENT_MODE)):
            return at.CALL_FAILED
        store(memory + at.IN_EVENT_MODE, 1)
    return at.DONE


enter_event_mode: Any = njit("int64(int64)", **_OPTIONS)(_enter_event_mode)


def _update(memory: int) -> int:
    """The status of one update of the discrete states, whose answers are made alike for all versions."""
    version, answers = load(memory + at.VERSION), load(memory + at.ANSWERS)
    function, handle, said = load(memory + at.UPDATE), load(load(memory + at.HANDLE_AT)), answers + 64
    if version == 1:
        status = call_values(function, handle, 1, said, 0, 0)
        store(answers + _AGAIN, 1 if load_byte(said + _CONVERGED1) == 0 else 0)
        store(answers + _ENDED, load_byte(said + _ENDED1))
        store(answers + _NOMINALS, load_byte(said + _REFERENCES1))
        store(answers + _DEFINED, load_byte(said + _DEFINED1))
        store(answers + _TIME, load(said + _TIME1))
    elif version == 2:
        status = call_values(function, handle, said, 0, 0, 0)
        store(answers + _AGAIN, load_int32(said))
        store(answers + _ENDED, load_int32(said + 4))
        store(answers + _NOMINALS, load_int32(said + 8))
        store(answers + _DEFINED, load_int32(said + 16))
        store(answers + _TIME, load(said + 24))
    else:
        status = call_nine(function, handle, said, said + 4, said + 8, said + 12, said + 16, said + 24, 0, 0)
        store(answers + _AGAIN, load_byte(said))
        store(answers + _ENDED, load_byte(said + 4))
        store(answers + _NOMINALS, load_byte(said + 8))
        store(answers + _DEFINED, load_byte(said + 16))
        store(answers + _TIME, load(said + 24))
    return int(status)


update: Any = njit("int64(int64)", **_OPTIONS)(_update)


def _read(memory: int, nominals_changed: bool) -> int:
    """Take the continuous states from the FMU, and the nominals where they have changed."""
    count, handle = load(memory + at.STATES), load(load(memory + at.HANDLE_AT))
    store(memory + at.FRESH, 0)
    if count == 0:
        return at.DONE
    status = int(call_values(load(memory + at.GET_STATES), handle, load(memory + at.X), count, 0, 0))
    if not passed(memory, at.CALL_GET_STATES, status):
        return at.CALL_FAILED
    if nominals_changed:
        place = load(memory + at.NOMINAL_VALUES)
        status = int(call_values(load(memory + at.NOMINALS), handle, place, count, 0, 0))
        if not passed(memory, at.CALL_NOMINALS, status):
            return at.CALL_FAILED
        values = doubles(place)
        for index in range(count):
            size = abs(values[index])
            values[index] = size if size > 0.0 and np.isfinite(size) else 1.0
    return at.DONE


read: Any = njit("int64(int64, boolean)", **_OPTIONS)(_read)


def _settle(memory: int) -> int:
    """Come to rest after an event: update the discrete states, and go on in continuous time."""
    if load(memory + at.IN_EVENT_MODE) == 0 or load(memory + at.TERMINATED) != 0:
        return at.DONE
    answers, nominals_changed, updates = load(memory + at.ANSWERS), False, 0
    while True:
        if updates == EVENT_ITERATIONS:
            return at.ENDLESS_EVENT
        updates += 1
        if not passed(memory, at.CALL_UPDATE, update(memory)):
            return at.CALL_FAILED
        store(memory + at.TERMINATED, 1 if load(answers + _ENDED) != 0 else 0)
        store(memory + at.HAS_NEXT_EVENT, 1 if load(answers + _DEFINED) != 0 else 0)
        if load(answers + _DEFINED) != 0:
            store(memory + at.NEXT_EVENT, load(answers + _TIME))
        nominals_changed = nominals_changed or load(answers + _NOMINALS) != 0
        if load(memory + at.TERMINATED) != 0:
            return at.DONE
        if load(answers + _AGAIN) == 0:
            break
    if not passed(memory, at.CALL_ENTER_CONTINUOUS_TIME, plain_call(memory, at.ENTER_CONTINUOUS_TIME)):
        return at.CALL_FAILED
    store(memory + at.IN_EVENT_MODE, 0)
    return int(read(memory, nominals_changed))


settle: Any = njit("int64(int64)", **_OPTIONS)(_settle)


def _completed(memory: int) -> int:
    """The status of the completed step; what the FMU answers is one for all versions."""
    version, answers = load(memory + at.VERSION), load(memory + at.ANSWERS)
    function, handle = load(memory + at.COMPLETED), load(load(memory + at.HANDLE_AT))
    event, end = answers + _COMPLETED_EVENT, answers + _COMPLETED_END
    if version == 1:
        return int(call_values(function, handle, event, 0, 0, 0))
    return int(call_values(function, handle, load(memory + at.KEEPS_NO_STATE), event, end, 0))


completed: Any = njit("int64(int64)", **_OPTIONS)(_completed)


def _complete(memory: int, event: bool) -> int:
    """Tell the FMU that a step is completed, where it wants that; EVENT says whether there is an event."""
    if load(memory + at.COMPLETED) != 0:
        if not passed(memory, at.CALL_COMPLETED, completed(memory)):
            return at.CALL_FAILED
        answers = load(memory + at.ANSWERS)
        asked, ended = answers + _COMPLETED_EVENT, answers + _COMPLETED_END
        if load(memory + at.VERSION) == 2:
            event, over = event or load_int32(asked) != 0, load_int32(ended) != 0
        else:  # FMI 1.0 writes nothing where the end is told
            event, over = event or load_byte(asked) != 0, load_byte(ended) != 0
        store(memory + at.TERMINATED, 1 if over else 0)
    store(memory + at.EVENT, 1 if event and load(memory + at.TERMINATED) == 0 else 0)
    return at.DONE


complete: Any = njit("int64(int64, boolean)", **_OPTIONS)(_complete)
