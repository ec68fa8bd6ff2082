"""An FMI 1.0 instance for Model Exchange, which cannot be reset: it is made anew instead.

FMI 1.0 has neither an Initialization Mode nor an Event Mode. `fmiInitialize` computes everything at once from the time
and the values set before, and reports the first event together with that.
"""

from collections.abc import Callable
from ctypes import byref, c_byte, c_double, c_void_p
from typing import Any

from fmpy import fmi1

from orchestrator.fmi.function_table import ERROR, GOOD, OK, bound
from orchestrator.fmi.messages import Messages, fmi1_callbacks


class Model(c_void_p):
    """Pointer to the instance, None where there is none: functions bound to it go with it when it is made anew.

    `info` is what the FMU said to the last event; `answered` tells that this was in `fmiInitialize`, and nobody has
    taken it yet.
    """

    def __init__(self, make: Callable[[], int | None]) -> None:
        super().__init__(make())
        self.info = fmi1.fmi1EventInfo()
        self.answered = False
        self._make = make

    def renew(self) -> int:
        """Make another instance in place of the one that was freed; the status Error where the FMU refuses."""
        self.value = self._make()
        return OK if self else ERROR


def instantiate(fmu: Any, messages: Messages, debug: bool) -> Model:
    """Instantiate for Model Exchange; a pointer to nothing where the FMU refuses."""

    def make() -> int | None:
        fmu.callbacks, started = fmi1_callbacks(messages)
        with started as listen:
            handle: int | None = fmu.fmi1InstantiateModel(
                fmu.instanceName.encode(),
                fmu.guid.encode(),
                fmu.callbacks,
                fmi1.fmi1True if debug else fmi1.fmi1False,
            )
            listen(handle)
        return handle

    return Model(make)


class Life:
    """What FMI 1.0 has instead of modes: one call, done once until the instance is made anew."""

    def __init__(self, library: Any, model: Model) -> None:
        self._model = model
        self._set_time = bound(library, "fmiSetTime", model, c_double)
        self._initialize = bound(library, "fmiInitialize", model, c_byte, c_double, c_void_p)
        self._terminate = bound(library, "fmiTerminate", model)
        self._free = bound(library, "fmiFreeModelInstance", model, result=None)
        self._start, self._tolerance = 0.0, 0.0
        self._initialized = self._running = False

    def enter(self, start: float, _: float | None, tolerance: float | None) -> int:
        """Note the time (s) at which the instance is to be initialized; its inputs and parameters are set before."""
        self._start, self._tolerance = start, tolerance or 0.0
        return OK

    def initialize(self) -> int:
        """Initialize, where that is not done yet."""
        if self._initialized:
            return OK
        status: int = self._set_time(self._start)
        if status not in GOOD:
            return status
        self._initialized = True
        answer: int = self._initialize(self._tolerance > 0.0, self._tolerance, byref(self._model.info))
        self._running = self._model.answered = answer in GOOD
        return max(status, answer) if answer in GOOD else answer

    def terminate(self) -> int:
        """End the run regularly."""
        self._running = False
        status: int = self._terminate()
        return status

    def reset(self) -> int:
        """Free the instance and make another."""
        if self._running and (status := self.terminate()) not in GOOD:
            return status
        self.free()
        self._initialized = False
        return self._model.renew()

    def free(self) -> None:
        """Free the instance, where there is one."""
        if self._model:
            self._free()
            self._model.value = None
