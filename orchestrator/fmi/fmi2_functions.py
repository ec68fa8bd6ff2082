"""The function table of an FMI 2.0 instance, and the step of Co-Simulation."""

from ctypes import byref, c_double, c_int, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Final

import numpy as np
from fmpy import fmi2, platform
from numpy.typing import NDArray

from orchestrator.fmi.binary import loaded
from orchestrator.fmi.function_table import (
    DISCARD,
    GOOD,
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
from orchestrator.fmi.messages import Messages, fmi2_callbacks
from orchestrator.fmi.pending import PENDING, waiting

PLATFORM: Final[str] = platform

_TYPES: Final = {
    "Real": ("Real", np.float64),
    "Integer": ("Integer", np.int32),
    "Enumeration": ("Integer", np.int32),
    "Boolean": ("Boolean", np.int32),
    "String": ("String", np.uintp),
}
_STATES: Final = {
    "get_state": "fmi2GetFMUstate",
    "set_state": "fmi2SetFMUstate",
    "free_state": "fmi2FreeFMUstate",
    "state_size": "fmi2SerializedFMUstateSize",
    "serialize": "fmi2SerializeFMUstate",
    "deserialize": "fmi2DeSerializeFMUstate",
}


def load(kind: str, name: str, token: str, library: Path, _: str) -> Any:
    """Load the library of an unpacked FMU."""
    kinds = {"CoSimulation": fmi2.FMU2Slave, "ModelExchange": fmi2.FMU2Model}
    return loaded(kinds[kind], library, instanceName=name, guid=token)


def instantiate(kind: str, fmu: Any, messages: Messages, debug: bool) -> int | None:
    """Instantiate as the kind; None where the FMU refuses."""
    fmu.callbacks = fmi2_callbacks(messages)
    resources = (Path(fmu.unzipDirectory) / "resources").as_uri()
    handle: int | None = fmu.fmi2Instantiate(
        fmu.instanceName.encode(),
        fmi2.fmi2CoSimulation if kind == "CoSimulation" else fmi2.fmi2ModelExchange,
        fmu.guid.encode(),
        resources.encode(),
        byref(fmu.callbacks),
        fmi2.fmi2False,
        int(debug),
    )
    return handle


def free(library: Any, handle: int) -> None:
    """Free an instance, whether or not its other functions could be bound."""
    optional(library, "fmi2FreeInstance", c_void_p, result=None)(handle)


def log_categories(fmu: Any, handle: int, categories: list[bytes]) -> int:
    """Switch on some categories of messages."""
    names = (fmi2.fmi2String * len(categories))(*categories)
    status: int = fmu.dll.fmi2SetDebugLogging(handle, fmi2.fmi2True, len(categories), names)
    return status


def table(fmu: Any, handle: int) -> FunctionTable:
    """Bind the functions of an instance."""
    library = fmu.dll

    def arguments(references: NDArray[np.uint32], values: NDArray[Any]) -> tuple[int, ...]:
        return handle, references.ctypes.data, references.size, values.ctypes.data

    return FunctionTable(
        prefix="fmi2",
        access=_access(library),
        arguments=arguments,
        enter_initialization=_enter_initialization(library, handle),
        exit_initialization=bound(library, "fmi2ExitInitializationMode", handle),
        terminate=bound(library, "fmi2Terminate", handle),
        reset=bound(library, "fmi2Reset", handle, needed=False),
        free_instance=bound(library, "fmi2FreeInstance", handle, result=None),
        **state_functions(library, handle, _STATES),
    )


def _access(library: Any) -> dict[str, Access]:
    types = (c_void_p, c_void_p, c_size_t, c_void_p)
    return {
        kind: Access(
            optional(library, f"fmi2Get{function}", *types),
            optional(library, f"fmi2Set{function}", *types),
            np.dtype(dtype),
        )
        for kind, (function, dtype) in _TYPES.items()
    }


def _enter_initialization(library: Any, handle: int) -> Any:
    setup = bound(library, "fmi2SetupExperiment", handle, c_int, c_double, c_double, c_int, c_double)
    enter = bound(library, "fmi2EnterInitializationMode", handle)

    def call(start: float, stop: float | None, tolerance: float | None) -> int:
        status: int = setup(tolerance is not None, tolerance or 0.0, start, stop is not None, stop or 0.0)
        if status not in GOOD:
            return status
        entered: int = enter()
        return max(status, entered) if entered in GOOD else entered

    return call


def do_step(library: Any, handle: int) -> StepFunction:
    """The function `(t, h, no state is kept before t)` that makes a step of Co-Simulation."""
    step = bound(library, "fmi2DoStep", handle, c_double, c_double, c_int)
    after = after_step(library, handle)

    def call(t: float, h: float, keeps_no_state: bool) -> RawStep:
        status: int = step(t, h, keeps_no_state)
        return RawStep(OK, t + h) if status == OK else after(RawStep(status, t), t, h)

    return call


def after_step(library: Any, handle: int) -> AfterStep:
    """The function `(what doStep answered, t, h)` that finds what a step came to; it asks where it was discarded."""
    wait = waiting(library, "fmi2", handle)
    real_status = bound(library, "fmi2GetRealStatus", handle, c_int, c_void_p, needed=False)
    boolean_status = bound(library, "fmi2GetBooleanStatus", handle, c_int, c_void_p, needed=False)

    def call(raw: RawStep, t: float, h: float) -> RawStep:
        status = wait() if raw.status == PENDING else raw.status
        if status != DISCARD:
            return RawStep(status, t + h)
        reached, ended = c_double(t), c_int(0)
        if real_status(fmi2.fmi2LastSuccessfulTime, byref(reached)) > 1:
            reached.value = t
        if boolean_status(fmi2.fmi2Terminated, byref(ended)) > 1:
            ended.value = 0
        return RawStep(status, reached.value, terminate_requested=bool(ended.value))

    return call
