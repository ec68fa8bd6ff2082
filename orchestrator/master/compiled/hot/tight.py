"""Hot tight: macro steps of a system whose components each take a set, a doStep and a get, as compiled functions.

They do what `hot.loop` does for such a system, to the bit, over rows that hold all arguments of the three calls and lie
behind each other. Whatever else there is to do, events, rates, measured durations, is left to `hot.loop`.
"""

from typing import Any, Final

from numba import njit

from orchestrator.apart import apart, apart_of_two
from orchestrator.by_address import (
    call_plain_step,
    call_step,
    call_values,
    load,
    load_byte,
    load_double,
    load_singly,
    store,
    store_double,
)
from orchestrator.master.compiled.hot.gather import INLINE, copy, gather
from orchestrator.master.compiled.hot.packing import is_simple
from orchestrator.master.compiled.hot.points import keep_finite, settle
from orchestrator.master.compiled.layout import run as at

_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_FEW: Final = 16
"""So many floats are kept without another call."""
_EXPONENT: Final = 0x7FF0000000000000
"""The bits of a double that are all set where it is NaN or infinite."""

gather_apart: Any = njit("boolean(int64)", **_COMPILED)(gather.py_func)
keep_finite_apart: Any = njit("boolean(int64, int64)", **_COMPILED)(keep_finite.py_func)
settle_apart: Any = njit("int64(int64, int64)", **_COMPILED)(settle.py_func)


def _come_back(program: int, row: int, status: int, call: int) -> None:
    """Say which component something is to be done about, and what it answered, as `hot.loop` does."""
    component = load(program + at.COMPONENTS) + (row - load(program + at.TIGHT)) // at.TIGHT_ROW * at.COMPONENT_ROW
    store(program + at.COMPONENT, component)
    store(program + at.STATUS, status)
    if call != 0:
        store(program + at.CALL, load(component + call))
    copy(program + at.TIGHT_ANSWERS, load(component + at.ANSWERS), 2)
    store(program + at.TIGHT_ANSWERS, 0)


come_back: Any = njit("void(int64, int64, int64, int64)", **_COMPILED)(_come_back)


def _called(row: int, handle: int) -> int:
    """The status of a call that sets or gets, whose function and arguments begin here; 0 without a function."""
    function = load(row)
    if function == 0:
        return 0
    return int(call_values(function, handle, load(row + 8), load(row + 16), load(row + 24), load(row + 32)))


called: Any = njit("int64(int64, int64)", **INLINE)(_called)


def _answered(answers: int) -> bool:
    """Whether one of the flags of FMI 3.0 is set; byte by byte, as they were written a moment ago."""
    return bool(load_byte(answers) | load_byte(answers + 1) | load_byte(answers + 2))


answered: Any = njit("boolean(int64)", **INLINE)(_answered)


def _components(program: int, t: float, h: float) -> int:
    """Inputs, doStep and outputs of all components."""
    row, end, pair = load(program + at.TIGHT), load(program + at.TIGHT_END), load(program + at.PAIRS)
    answers = program + at.TIGHT_ANSWERS
    while row < end:
        last = load(row + at.TIGHT_PAIRS_END)
        while pair < last:
            store(load(pair + 8), load(load(pair)))
            pair += at.COPY_ROW
        if last == 0 and not apart(gather_apart, load(row + at.TIGHT_PLAN)):
            come_back(program, row, 0, 0)
            return at.PYTHON
        handle = load(row + at.TIGHT_HANDLE)
        status = called(row + at.TIGHT_SET, handle)
        if status != 0:
            come_back(program, row, status, at.SETS)
            return at.SET
        function, flag = load(row + at.TIGHT_DO_STEP), load(row + at.TIGHT_KEEPS_NO_STATE)
        if load(row + at.TIGHT_IS_PLAIN) != 0:
            status = call_plain_step(function, handle, t, h, flag)
            special = status != 0
        else:
            status = call_step(function, handle, t, h, flag, answers)
            special = status != 0 or answered(answers)
        if special:
            come_back(program, row, status, 0)
            return at.STEPPED
        status = called(row + at.TIGHT_GET, handle)
        if status != 0:
            come_back(program, row, status, at.GETS)
            return at.GOT
        row += at.TIGHT_ROW
    return at.DONE


components: Any = njit("int64(int64, float64, float64)", **INLINE)(_components)


def _flow(plan: int, simple: bool, row: int, end: int) -> bool:
    """Gather what flows before the first component, words in these rows where it is simple; whether all of it passes.

    `simple`, `row` and `end` do not change from macro step to macro step.
    """
    if not simple:
        return bool(apart(gather_apart, plan))
    while row < end:
        store(load(row + 8), load(load(row)))
        row += at.COPY_ROW
    return True


flow: Any = njit("boolean(int64, boolean, int64, int64)", **INLINE)(_flow)


def _all_at_once(program: int) -> bool:
    """What flows before the first component; whether all of it passes."""
    plan = program + at.ALL_AT_ONCE
    return bool(flow(plan, is_simple(plan), load(plan + at.RUNS_END), load(plan + at.COPIES_END)))


all_at_once: Any = njit("boolean(int64)", **INLINE)(_all_at_once)


def _few_finite(value: int, end: int, kept: int) -> bool:
    """Keep a few floats that came out, beside those of the steps before; whether none of them is NaN or infinite."""
    least = _EXPONENT
    while value < end:
        word = load_singly(value)
        least = min(least, ~word & _EXPONENT)
        store(kept, word)
        value += 8
        kept += 8
    return bool(least != 0)


few_finite: Any = njit("boolean(int64, int64, int64)", **INLINE)(_few_finite)


def _records_few(program: int) -> bool:
    """Whether rows are recorded at all points, of words one by one."""
    words_alone = load(program + at.RECORD_RUNS) == load(program + at.RECORD_END)
    shows = load(program + at.VIEWS) != load(program + at.VIEWS + at.CONVERTED_END)
    return load(program + at.TIMES) != 0 and load(program + at.PACE) == 0 and words_alone and not shows


records_few: Any = njit("boolean(int64)", **INLINE)(_records_few)


def _record_few(program: int, t: float) -> bool:
    """Write such a row; whether there is room for another."""
    index = load(program + at.ROWS)
    store_double(load(program + at.TIMES) + 8 * index, t)
    row, end = load(program + at.RECORD), load(program + at.RECORD_END)
    while row < end:
        store(load(row + 8) + index * load(row + 16), load(load(row)))
        row += 24
    store(program + at.ROWS, index + 1)
    return bool(index + 1 < load(program + at.ROWS_END))


record_few: Any = njit("boolean(int64, float64)", **INLINE)(_record_few)


def _tight(program: int, until: int) -> int:
    """Make macro steps up to the one numbered `until`, beginning with a whole one; why it ended (see `layout`)."""
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    index, count = load(program + at.INDEX), load(program + at.COUNT)
    floats, kept = load(program + at.FLOATS), load(program + at.KEPT)
    few = kept - floats == at.KEPT_ROW and kept == load(program + at.KEPT_END) and load(floats + at.KEPT_SIZE) <= _FEW
    rows = few and records_few(program)
    settles = not rows and (load(program + at.TIMES) != 0 or kept != load(program + at.KEPT_END))
    value = load(floats) if few else 0
    end = value + 8 * load(floats + at.KEPT_SIZE) if few else 0
    plan = program + at.ALL_AT_ONCE
    simple, first, last = is_simple(plan), load(plan + at.RUNS_END), load(plan + at.COPIES_END)
    why = at.DONE
    store(program + at.COMPONENT, load(program + at.COMPONENTS))
    while why == at.DONE and index < until:
        t = start + index * size
        if not flow(plan, simple, first, last):
            why = at.REFUSED
            break
        why = components(program, t, size if t + size <= stop else stop - t)
        if why != at.DONE:
            break
        place = floats + 8 + 8 * (index + 1 & 3)
        if not (few_finite(value, end, load(place)) if few else apart_of_two(keep_finite_apart, program, index + 1)):
            store(program + at.COMPONENT, load(program + at.COMPONENTS_END))
            why = at.INFINITE
            break
        index += 1
        if rows and not record_few(program, start + index * size if index < count else stop):
            why = at.FULL
        elif settles:
            why = apart_of_two(settle_apart, program, index)
    store(program + at.INDEX, index)
    return why


tight: Any = njit("int64(int64, int64)", **_COMPILED)(_tight)
