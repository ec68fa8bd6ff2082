"""The paced loop: macro steps of a compiled loop, each released at its deadline, as one compiled function.

No Python runs in it, so that no thread that does can delay it. Times are those of CLOCK_MONOTONIC.
"""

import ctypes
import math
import sys
from typing import Any, Final

import numpy as np
from numba import from_dtype, njit, types
from numpy.typing import NDArray

from orchestrator.by_address import call, call_values, load, load_counter, load_double, nanoseconds, store
from orchestrator.master.compiled.layout import run as at
from orchestrator.realtime import pace as pacing
from orchestrator.realtime.histogram import bin_of

# Words of a request: functions of the C library, whether the loop is to end, and memory for arguments and answers.
CLOCK: Final = 0
SLEEP: Final = 8
ENDS: Final = 16
_TIME: Final = 24
_ANSWER: Final = 40
_ERROR: Final = 48
_WORDS: Final = 7

_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_PIECE: Final = 10_000_000
"""For so long (ns) it sleeps at most before it looks whether it is to end."""

_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

begin: Any = njit(**_OPTIONS)(pacing.begin)
due: Any = njit(**_OPTIONS)(pacing.due)
account: Any = njit(**_OPTIONS)(pacing.account)
bin_number: Any = njit("int64(float64)", **_OPTIONS)(bin_of)


def available() -> bool:
    """Whether this system has the clock and the sleep that the loop needs."""
    return sys.platform == "linux"


def new_request() -> NDArray[np.int64]:
    """The words that the loop is called with."""
    libc = ctypes.CDLL(None)
    functions = [ctypes.cast(libc[name], ctypes.c_void_p).value or 0 for name in ("clock_gettime", "clock_nanosleep")]
    return np.array(functions + [0] * (_WORDS - len(functions)), np.int64)


def address_of(function: Any) -> int:
    """Where the code of a compiled function lies: int f(answer*, error**, arguments...), as numba calls them."""
    (compiled,) = function.overloads.values()
    return int(compiled.library.get_pointer_to_function(compiled.fndesc.mangled_name))


def _wait(request: int, deadline: float, margin: float) -> bool:
    """Sleep until shortly before the deadline, then look at the clock until it has come; False where asked to end."""
    clock, until = load(request + CLOCK), math.ceil(deadline * 1e9)
    wake = until - math.ceil(margin * 1e9)
    now = nanoseconds(clock, _MONOTONIC)
    while now < wake:
        if load_counter(request + ENDS) != 0:
            return False
        moment = min(wake, now + _PIECE)
        store(request + _TIME, moment // 1_000_000_000)
        store(request + _TIME + 8, moment % 1_000_000_000)
        call(load(request + SLEEP), _MONOTONIC, _ABSOLUTE, request + _TIME, 0, 0)
        now = nanoseconds(clock, _MONOTONIC)
    while now < until:
        now = nanoseconds(clock, _MONOTONIC)
    return True


wait: Any = njit("boolean(int64, float64, float64)", **_OPTIONS)(_wait)


def _release(pace: Any, marks: Any, lateness: Any, overruns: Any, request: int, t: float) -> bool:
    """Wait until t (s), which was reached now, is due, and count it; whether to go on behind it."""
    clock = load(request + CLOCK)
    deadline = due(pace, t, nanoseconds(clock, _MONOTONIC) / 1e9)
    if not wait(request, deadline, pace.margin):
        return False
    account(pace, marks, t, deadline, nanoseconds(clock, _MONOTONIC) / 1e9)
    lateness[bin_number(pace.waited_late)] += 1
    if pace.late > 0.0:
        overruns[bin_number(pace.late)] += 1
        if pace.policy == pacing.STOP:
            return False
    told = pace.marks == marks.size or pace.released >= pace.back
    return not told and load_counter(request + ENDS) == 0


release: Any = njit(**_OPTIONS)(_release)


def _paced(  # noqa: PLR0913
    pace: Any, marks: Any, lateness: Any, overruns: Any, request: int, advance: int, crew: int, program: int, until: int
) -> int:
    """Make macro steps up to the one numbered `until`, beginning where the program is; why it ended (see `layout`).

    `advance` is where the code of the loop lies that makes one, called with `crew`. A point that the program has come
    to is released first, where that was not done. It also ends where marks are full, it is asked to, or the policy has
    it stop.
    """
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    count, why = load(program + at.COUNT), at.DONE
    if pace.begins != 0:
        begin(pace, nanoseconds(load(request + CLOCK), _MONOTONIC) / 1e9)
    while True:
        index = load(program + at.INDEX)
        t = stop if index >= count else start + index * size
        if t > pace.reached and not release(pace, marks, lateness, overruns, request, t):
            return int(why)
        if index >= until or why != at.DONE:
            return int(why)
        call_values(advance, request + _ANSWER, request + _ERROR, crew, index + 1, 0)
        why = load(request + _ANSWER)
        if why not in (at.DONE, at.FULL):
            return int(why)


_COUNTS: Final = types.int64[::1]
_TAKES: Final = (
    from_dtype(pacing.PACE),
    types.Array(from_dtype(pacing.MARK), 1, "C", aligned=False),
    _COUNTS,
    _COUNTS,
    *[types.int64] * 5,
)
paced: Any = njit(types.int64(*_TAKES), **_OPTIONS)(_paced)
