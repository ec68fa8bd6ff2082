"""The function table of an FMI 1.0 instance, and the step of Co-Simulation.

FMI 1.0 has no Initialization Mode: `fmiInitializeSlave`, or `fmiInitialize` for Model Exchange, does all of it at once,
with the values set before. Here it is called when the mode is left, or earlier (`Settling`); it then is done, until the
slave is reset, or the model made anew.
"""

from ctypes import byref, c_byte, c_char, c_double, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Final

import numpy as np
from fmpy import fmi1, platform
from numpy.typing import NDArray

from orchestrator.fmi import fmi1_model
from orchestrator.fmi.binary import loaded
from orchestrator.fmi.function_table import (
    DISCARD,
    OK,
    Access,
    AfterStep,
    FunctionTable,
    RawStep,
    StepFunction,
    bound,
    optional,
    state_functions,
)
from orchestrator.fmi.messages import Messages, fmi1_callbacks
from orchestrator.fmi.pending import PENDING, waiting

PLATFORM: Final[str] = platform

_TYPES: Final = {
    "Real": ("Real", np.float64),
    "Integer": ("Integer", np.int32),
    "Enumeration": ("Integer", np.int32),
    "Boolean": ("Boolean", np.int8),
    "String": ("String", np.uintp),
}
_NAMES: Final = {
    "ExitInitializationMode": "InitializeSlave",
    "Terminate": "TerminateSlave",
    "Reset": "ResetSlave",
}
_MODEL_NAMES: Final = {
    "ExitInitializationMode": "Initialize",
    "Reset": "InstantiateModel",
    "GetNominalsOfContinuousStates": "GetNominalContinuousStates",
}
# FMI 1.0 has none: they are looked for under names that no library has.
_STATES: Final = dict.fromkeys(
    ("get_state", "set_state", "free_state", "state_size", "serialize", "deserialize"), "fmiGetFMUstate"
)
_MIME: Final = b"application/x-fmu-sharedlibrary"


def load(kind: str, name: str, token: str, library: Path, identifier: str) -> Any:
    """Load the library of an unpacked FMU."""
    kinds = {"CoSimulation": fmi1.FMU1Slave, "ModelExchange": fmi1.FMU1Model}
    return loaded(kinds[kind], library, identifier, instanceName=name, guid=token)


def instantiate(kind: str, fmu: Any, messages: Messages, debug: bool) -> int | fmi1_model.Model | None:
    """Instantiate as the kind; None, or a pointer to nothing, where the FMU refuses."""
    if kind == "ModelExchange":
        return fmi1_model.instantiate(fmu, messages, debug)
    fmu.callbacks, started = fmi1_callbacks(messages)
    with started as listen:
        handle: int | None = fmu.fmi1InstantiateSlave(
            fmu.instanceName.encode(),
            fmu.guid.encode(),
            Path(fmu.unzipDirectory).as_uri().encode(),
            _MIME,
            0.0,
            fmi1.fmi1False,
            fmi1.fmi1False,
            fmu.callbacks,
            fmi1.fmi1True if debug else fmi1.fmi1False,
        )
        listen(handle)
    return handle


def free(library: Any, handle: int | fmi1_model.Model) -> None:
    """Free an instance where there is one, whether or not its other functions could be bound."""
    if handle:
        kind = "Model" if isinstance(handle, fmi1_model.Model) else "Slave"
        optional(library, f"fmiFree{kind}Instance", c_void_p, result=None)(handle)


def log_categories(fmu: Any, handle: Any, categories: list[bytes]) -> int:  # noqa: ARG001
    """FMI 1.0 has no categories to switch on."""
    return OK


def table(fmu: Any, handle: Any) -> FunctionTable:
    """Bind the functions of an instance."""
    library = fmu.dll

    def arguments(references: NDArray[np.uint32], values: NDArray[Any]) -> tuple[Any, ...]:
        return handle, references.ctypes.data, references.size, values.ctypes.data

    bind = _of_model if isinstance(handle, fmi1_model.Model) else _of_slave
    return FunctionTable(
        prefix="fmi",
        access=_access(library),
        arguments=arguments,
        initializes_at_once=True,
        **bind(library, handle),
        **state_functions(library, handle, _STATES),
    )


def _of_slave(library: Any, handle: int) -> dict[str, Any]:
    initialization = _Initialization(library, handle)
    return {
        "enter_initialization": initialization.enter,
        "exit_initialization": initialization.run,
        "terminate": bound(library, "fmiTerminateSlave", handle),
        "reset": initialization.reset,
        "free_instance": bound(library, "fmiFreeSlaveInstance", handle, result=None),
        "names": _NAMES,
    }


def _of_model(library: Any, model: fmi1_model.Model) -> dict[str, Any]:
    life = fmi1_model.Life(library, model)
    return {
        "enter_initialization": life.enter,
        "exit_initialization": life.initialize,
        "terminate": life.terminate,
        "reset": life.reset,
        "free_instance": life.free,
        "names": _MODEL_NAMES,
    }


class _Initialization:
    """What FMI 1.0 has instead of a mode: one call, done once until the slave is reset."""

    def __init__(self, library: Any, handle: int) -> None:
        self._initialize = bound(library, "fmiInitializeSlave", handle, c_double, c_byte, c_double)
        self._reset = bound(library, "fmiResetSlave", handle, needed=False)
        self._times: tuple[float, int, float] = (0.0, 0, 0.0)
        self._done = False

    def enter(self, start: float, stop: float | None, _: float | None) -> int:
        self._times = (start, stop is not None, stop or 0.0)
        return 0

    def run(self) -> int:
        if self._done:
            return 0
        self._done = True
        status: int = self._initialize(*self._times)
        return status

    def reset(self) -> int:
        self._done = False
        status: int = self._reset()
        return status


def _access(library: Any) -> dict[str, Access]:
    types = (c_void_p, c_void_p, c_size_t, c_void_p)
    return {
        kind: Access(
            optional(library, f"fmiGet{function}", *types),
            optional(library, f"fmiSet{function}", *types),
            np.dtype(dtype),
        )
        for kind, (function, dtype) in _TYPES.items()
    }


def do_step(library: Any, handle: int) -> StepFunction:
    """The function `(t, h, no state is kept before t)` that makes a step; every step is a new one."""
    step = bound(library, "fmiDoStep", handle, c_double, c_double, c_char)
    after = after_step(library, handle)

    def call(t: float, h: float, _: bool) -> RawStep:
        status: int = step(t, h, fmi1.fmi1True)
        return RawStep(OK, t + h) if status == OK else after(RawStep(status, t), t, h)

    return call


def after_step(library: Any, handle: int) -> AfterStep:
    """The function `(what doStep answered, t, h)` that finds what a step came to; it asks where it was discarded."""
    wait = waiting(library, "fmi", handle)
    real_status = bound(library, "fmiGetRealStatus", handle, c_int, c_void_p, needed=False)

    def call(raw: RawStep, t: float, h: float) -> RawStep:
        status = wait() if raw.status == PENDING else raw.status
        if status != DISCARD:
            return RawStep(status, t + h)
        reached = c_double(t)
        if real_status(fmi1.fmi1LastSuccessfulTime, byref(reached)) > 1:
            reached.value = t
        return RawStep(status, reached.value)

    return call
