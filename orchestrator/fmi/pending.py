"""Pending: a step of FMI 1.0 or 2.0 that the FMU computes by itself after doStep has returned, waited for to its end.

FMI 2.0.4 section 4.2.2: while the step is pending only its status may be asked for, or the step be cancelled; a
cancelled instance can be freed. Whoever gives no `stepFinished` callback, as here, asks.
"""

from collections.abc import Callable
from ctypes import byref, c_int, c_void_p
from time import sleep
from typing import Any, Final

from orchestrator.fmi.function_table import FATAL, GOOD, bound

PENDING: Final = 5
_DO_STEP_STATUS: Final = 0
_SHORTEST: Final = 1e-5
_LONGEST: Final = 1e-3
"""Pauses (s) between two questions: they double from the one to the other."""


def waiting(library: Any, prefix: str, handle: int) -> Callable[[], int]:
    """A function that waits for the pending step and returns the status that it ends with.

    That is Pending where the FMU does not tell when the step is done; the step is cancelled then.
    """
    get_status = bound(library, f"{prefix}GetStatus", handle, c_int, c_void_p, needed=False)
    cancel = bound(library, f"{prefix}CancelStep", handle, needed=False)

    def wait() -> int:
        try:
            status = _final(get_status)
        except BaseException:
            cancel()
            raise
        if status == PENDING:
            cancel()
        return status

    return wait


def _final(get_status: Callable[..., int]) -> int:
    status, pause = c_int(PENDING), _SHORTEST
    while status.value == PENDING:
        sleep(pause)
        pause = min(2.0 * pause, _LONGEST)
        answer = get_status(_DO_STEP_STATUS, byref(status))
        if answer not in GOOD:
            return FATAL if answer == FATAL else PENDING
    return status.value
