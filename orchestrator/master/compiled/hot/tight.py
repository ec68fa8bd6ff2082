"""Hot tight: components that each take a set, a doStep and a get, as compiled functions.

They do what `hot.loop` does for such components, to the bit, over rows that hold all arguments of the three calls and
lie behind each other. A call that a component lacks is one of a function that does nothing.
"""

from typing import Any, Final

from numba import njit

from orchestrator.apart import apart
from orchestrator.by_address import call_plain_step, call_step, call_values, compiled, load, load_byte, store
from orchestrator.master.compiled.hot.gather import INLINE, copy, gather
from orchestrator.master.compiled.hot.packing import is_simple
from orchestrator.master.compiled.layout import run as at

_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

gather_apart: Any = njit("boolean(int64)", **_COMPILED)(gather.py_func)


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
    """The status of a call that sets or gets, whose function and arguments begin here."""
    return int(call_values(load(row), handle, load(row + 8), load(row + 16), load(row + 24), load(row + 32)))


called: Any = njit("int64(int64, int64)", **INLINE)(_called)


def _answered(answers: int) -> bool:
    """Whether one of the flags of FMI 3.0 is set; byte by byte, as they were written a moment ago."""
    return bool(load_byte(answers) | load_byte(answers + 1) | load_byte(answers + 2))


answered: Any = njit("boolean(int64)", **INLINE)(_answered)


def _flow_to(pair: int, last: int) -> int:
    """Copy words one by one; behind the last pair."""
    while pair < last:
        store(load(pair + 8), load(load(pair)))
        pair += at.COPY_ROW
    return pair


flow_to: Any = njit("int64(int64, int64)", **INLINE)(_flow_to)


def _each(program: int, t: float, h: float, flows: bool, simple: bool, plain: bool) -> int:
    """Inputs, doStep and outputs of all components; why it ended.

    What is the same in all systems of a kind is told by constants, which leave nothing to ask in the code: whether
    something `flows` from component to component, nothing but words (`simple`), and whether no doStep takes a place for
    answers (`plain`).
    """
    row, end, pair = load(program + at.TIGHT), load(program + at.TIGHT_END), load(program + at.PAIRS)
    answers = program + at.TIGHT_ANSWERS
    while row < end:
        if flows:
            pair = flow_to(pair, load(row + at.TIGHT_PAIRS_END))
        if not simple and load(row + at.TIGHT_PAIRS_END) == 0 and not apart(gather_apart, load(row + at.TIGHT_PLAN)):
            come_back(program, row, 0, 0)
            return at.PYTHON
        handle = load(row + at.TIGHT_HANDLE)
        status = called(row + at.TIGHT_SET, handle)
        if status != 0:
            come_back(program, row, status, at.SETS)
            return at.SET
        function, flag = load(row + at.TIGHT_DO_STEP), load(row + at.TIGHT_KEEPS_NO_STATE)
        if plain or load(row + at.TIGHT_IS_PLAIN) != 0:
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


each: Any = njit("int64(int64, float64, float64, boolean, boolean, boolean)", **INLINE)(_each)


def _components(program: int, t: float, h: float) -> int:
    """Inputs, doStep and outputs of all components of any system; why it ended."""
    return int(each(program, t, h, True, False, False))


components: Any = njit("int64(int64, float64, float64)", **INLINE)(_components)


def _flow(plan: int, simple: bool) -> bool:
    """Gather what flows before the first component, word by word where that is `simple`; whether all of it passes."""
    if not simple:
        return bool(apart(gather_apart, plan))
    flow_to(load(plan + at.RUNS_END), load(plan + at.COPIES_END))
    return True


flow: Any = njit("boolean(int64, boolean)", **INLINE)(_flow)


def _all_at_once(program: int) -> bool:
    """What flows before the first component; whether all of it passes."""
    plan = program + at.ALL_AT_ONCE
    return bool(flow(plan, is_simple(plan)))


all_at_once: Any = njit("boolean(int64)", **INLINE)(_all_at_once)


@compiled
def nothing(_a: int, _b: int, _c: int, _d: int, _e: int) -> int:
    """The call of a component that has nothing to set or to get."""
    return 0
