"""Hot states: states of components kept and gone back to by address, as compiled functions.

They are kept in slots, each of which holds one state that is used again and again: GetFMUState may be given a state
from before, whose memory it then uses for the present one (FMI 2.0.4, section 2.1.8; so in FMI 3.0). Where an FMU
answers with another pointer instead, nothing says whether the memory of the first one is still there. It is left alone
then, and from there on each state of this FMU is freed before the next one is kept.

A table of kept states has a row of words for each component; see `layout.states`.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import call_values, load, store
from orchestrator.master.compiled.layout.states import FREE, GET, HANDLE, REUSES, SET, SLOT, STATE_ROW, STATUS

FATAL: Final = 4
"""The status after which no more calls are allowed."""

_COMPILED: Any = {"cache": True, "nogil": True, "error_model": "numpy"}


def _keep(row: int, end: int) -> int:
    """Keep the states of the components from one row up to an end; the first status that is not OK, which ends it."""
    while row < end:
        handle, slot = load(row + HANDLE), load(row + SLOT)
        before, reuses = load(slot), load(row + REUSES)
        if before != 0 and reuses == 0:
            call_values(load(row + FREE), handle, slot, 0, 0, 0)
            before = 0
            store(slot, 0)
        status = call_values(load(row + GET), handle, slot, 0, 0, 0)
        if before != 0 and load(slot) != before:
            store(row + REUSES, 0)
        store(row + STATUS, status)
        if status != 0:
            return int(status)
        row += STATE_ROW
    return 0


keep: Any = njit("int64(int64, int64)", **_COMPILED)(_keep)


def _go_back(row: int, end: int) -> int:
    """Go back to the kept states, all of them whatever a component says short of Fatal; the worst status."""
    worst = 0
    while row < end and worst < FATAL:
        status = call_values(load(row + SET), load(row + HANDLE), load(load(row + SLOT)), 0, 0, 0)
        store(row + STATUS, status)
        worst = max(worst, int(status))
        row += STATE_ROW
    return worst


go_back: Any = njit("int64(int64, int64)", **_COMPILED)(_go_back)
