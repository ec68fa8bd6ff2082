"""Swap hot: steps of an FMU and its surrogate behind one name, as compiled functions that a compiled loop calls.

The instance is a board, which says who is in charge and who steps beside it; both are sides. In the place of references
stand the calls of both sides for one bundle. Everything that a step may lead to (a shadow, a hand-over, a guard) is
Python's: where one is due, `do_step` answers `LOOK`.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    STEP_TAKEN,
    VALUES_TAKEN,
    c_function,
    call_step,
    call_values,
    load,
    load_double,
    nanoseconds,
    store,
)

# Words of a board.
INCUMBENT: Final = 0
NEWCOMER: Final = 8
"""Addresses of sides; 0 where nobody steps beside."""
FMU: Final = 16
SURROGATE: Final = 24
"""Addresses of both sides."""
STEPS: Final = 32
"""Steps made since somebody counted."""
REFUSED_BY: Final = 40
"""The side that gave a status when it was set."""
DUE: Final = 48
"""The time (s, double) that a shadow which begins now must not reach, and how far it reaches (macro steps, double)."""
REACH: Final = 56
GUARD: Final = 64
"""Address of a word that is not 0 outside the validity domain; 0 where nobody watches it."""
CLOCK: Final = 72
"""Address of clock_gettime, and the clock that it is to read."""
WHICH_CLOCK: Final = 80
BOARD: Final = 88

# Words of a side.
HANDLE: Final = 0
DO_STEP: Final = 8
FLAG: Final = 16
STATUS: Final = 24
"""What doStep gave in a shadow, with its answers: three bytes and, behind them, the time reached (s, double)."""
ANSWERS: Final = 32
COUNT: Final = 48
"""Steps that were timed since somebody looked, and where the last `KEPT` of their durations (ns) are, in turn."""
COSTS: Final = 56
SIDE: Final = 64
KEPT: Final = 4096

# Words of the calls for a bundle: those of the FMU, the same of the surrogate, and where the values lay last.
SET: Final = 0
GET: Final = 8
REFERENCES: Final = 16
NUMBER: Final = 24
CALL: Final = 32
VALUES: Final = 2 * CALL
CALLS: Final = VALUES + 8

LOOK: Final = 1 << 20

_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _timed_step(board: int, side: int, t: float, h: float, answers: int) -> int:
    clock, which = load(board + CLOCK), load(board + WHICH_CLOCK)
    began = nanoseconds(clock, which)
    status = call_step(load(side + DO_STEP), load(side + HANDLE), t, h, load(side + FLAG), answers)
    count = load(side + COUNT)
    store(load(side + COSTS) + 8 * (count % KEPT), nanoseconds(clock, which) - began)
    store(side + COUNT, count + 1)
    return int(status)


timed_step: Any = njit("int64(int64, int64, float64, float64, int64)", **_OPTIONS)(_timed_step)


def _call(side: int, call: int, function: int, values: int, size: int) -> int:
    references, number = load(call + REFERENCES), load(call + NUMBER)
    return int(call_values(load(call + function), load(side + HANDLE), references, number, values, size))


one_call: Any = njit("int64(int64, int64, int64, int64, int64)", **_OPTIONS)(_call)


def _set(board: int, calls: int, _n: int, values: int, size: int) -> int:
    store(calls + VALUES, values)
    side = load(board + FMU)
    status = one_call(side, calls, SET, values, size)
    if status == 0:
        side = load(board + SURROGATE)
        status = one_call(side, calls + CALL, SET, values, size)
    store(board + REFUSED_BY, side)
    return int(status)


def _get(board: int, calls: int, _n: int, values: int, size: int) -> int:
    side = load(board + INCUMBENT)
    call = calls if side == load(board + FMU) else calls + CALL
    return int(one_call(side, call, GET, values, size))


def _step(board: int, t: float, h: float, _flag: int, answers: int, _terminate: int, _early: int, _reached: int) -> int:
    store(board + STEPS, load(board + STEPS) + 1)
    status = timed_step(board, load(board + INCUMBENT), t, h, answers)
    if status != 0 or load(answers) != 0:
        return int(status)
    newcomer = load(board + NEWCOMER)
    if newcomer != 0:
        store(newcomer + ANSWERS, 0)
        store(newcomer + STATUS, timed_step(board, newcomer, t, h, newcomer + ANSWERS))
        return LOOK
    guard = load(board + GUARD)
    if guard != 0 and load(guard) != 0:
        return LOOK
    return LOOK if (t + h) + load_double(board + REACH) * h >= load_double(board + DUE) else 0


step_address: Final = c_function(STEP_TAKEN, _step)
"""Of what steps the one in charge, and the newcomer beside it in a shadow."""
set_address: Final = c_function(VALUES_TAKEN, _set)
"""Of what sets both."""
get_address: Final = c_function(VALUES_TAKEN, _get)
"""Of what reads from the one in charge."""
