"""Parallel hot attempts: one step of a whole system that may be taken back, by several threads.

Where a component needs Python the step is left there; whoever tried it takes everything back, also what stepped ahead.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import load, store
from orchestrator.master.compiled.hot.gather import gather
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.parallel import words as of
from orchestrator.master.compiled.parallel.atomics import now
from orchestrator.master.compiled.parallel.hot import give_programs, hold_rounds, settle, ticket
from orchestrator.master.compiled.parallel.kernel import call_step

_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _attempt(crew: int, index: int, t: float, h: float) -> int:
    """Gather, and let all components step from t by h (s); why that ended, with the program where it did."""
    program = load(crew + of.PROGRAM)
    if not gather(program + at.ALL_AT_ONCE):
        return at.REFUSED
    give_programs(crew)
    if hold_rounds(crew, index, t, h):
        return at.DONE
    store(crew + of.UNDER_WAY, -1)
    return int(settle(crew, load(program + at.COMPONENTS), t, h))


attempt: Any = njit("int64(int64, int64, float64, float64)", **_COMPILED)(_attempt)


def _meter_attempt(crew: int, _: int, t: float, h: float) -> int:
    """The same by one thread; what each component takes is added to the cost in its ticket."""
    program, clock = load(crew + of.PROGRAM), load(crew + of.CLOCK)
    if not gather(program + at.ALL_AT_ONCE):
        return at.REFUSED
    component, end, before = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END), now(clock)
    while component < end:
        why = call_step(load(crew + of.STEP), program, component, t, h)
        after, paper = now(clock), ticket(crew, component)
        store(paper + of.COST, load(paper + of.COST) + after - before)
        before = after
        if why != at.DONE:
            store(program + at.COMPONENT, component)
            return int(why)
        component += at.COMPONENT_ROW
    return at.DONE


meter_attempt: Any = njit("int64(int64, int64, float64, float64)", **_COMPILED)(_meter_attempt)
