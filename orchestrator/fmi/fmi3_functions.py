"""The function table of an FMI 3.0 instance, and the step of Co-Simulation."""

import os
from ctypes import byref, c_bool, c_double, c_size_t, c_void_p
from pathlib import Path
from typing import Any, Final

import numpy as np
from fmpy import fmi3, platform_tuple
from numpy.typing import NDArray

from orchestrator.fmi.binary import loaded
from orchestrator.fmi.events_description import StepOptions
from orchestrator.fmi.function_table import (
    GOOD,
    Access,
    AfterStep,
    FunctionTable,
    RawStep,
    StepFunction,
    bound,
    optional,
    state_functions,
)
from orchestrator.fmi.messages import FMI3_CALLBACK, Messages

PLATFORM: Final[str] = platform_tuple

_PLAIN: Final = StepOptions()


def _nothing(*_: object) -> None:
    """Without preemption there is nothing to lock."""


_NO_UPDATE: Final = fmi3.fmi3ClockUpdateCallback(_nothing)
_NO_PREEMPTION: Final = (
    fmi3.fmi3LockPreemptionCallback(_nothing),
    fmi3.fmi3UnlockPreemptionCallback(_nothing),
)
_TYPES: Final = {
    "Float64": ("Float64", np.float64),
    "Float32": ("Float32", np.float32),
    "Int8": ("Int8", np.int8),
    "UInt8": ("UInt8", np.uint8),
    "Int16": ("Int16", np.int16),
    "UInt16": ("UInt16", np.uint16),
    "Int32": ("Int32", np.int32),
    "UInt32": ("UInt32", np.uint32),
    "Int64": ("Int64", np.int64),
    "UInt64": ("UInt64", np.uint64),
    "Enumeration": ("Int64", np.int64),
    "Boolean": ("Boolean", np.bool_),
    "String": ("String", np.uintp),
    "Binary": ("Binary", np.uintp),
}
_STATES: Final = {
    "get_state": "fmi3GetFMUState",
    "set_state": "fmi3SetFMUState",
    "free_state": "fmi3FreeFMUState",
    "state_size": "fmi3SerializedFMUStateSize",
    "serialize": "fmi3SerializeFMUState",
    "deserialize": "fmi3DeserializeFMUState",
}


def load(kind: str, name: str, token: str, library: Path, _: str) -> Any:
    """Load the library of an unpacked FMU."""
    kinds = {
        "CoSimulation": fmi3.FMU3Slave,
        "ModelExchange": fmi3.FMU3Model,
        "ScheduledExecution": fmi3.FMU3ScheduledExecution,
    }
    return loaded(kinds[kind], library, instanceName=name, guid=token)


def instantiate(kind: str, fmu: Any, messages: Messages, debug: bool, options: StepOptions = _PLAIN) -> int | None:
    """Instantiate as the kind, with these options; None where the FMU refuses."""
    resources = Path(fmu.unzipDirectory) / "resources"
    folder = f"{resources}{os.sep}".encode() if resources.is_dir() else None
    common = (fmu.instanceName.encode(), fmu.guid.encode(), folder, False, debug)
    handle: int | None
    if kind == "ModelExchange":
        handle = fmu.fmi3InstantiateModelExchange(*common, messages.key, FMI3_CALLBACK)
        return handle
    if kind == "ScheduledExecution":
        update = options.clock_update or _NO_UPDATE
        handle = fmu.fmi3InstantiateScheduledExecution(*common, messages.key, FMI3_CALLBACK, update, *_NO_PREEMPTION)
        return handle
    handle = fmu.fmi3InstantiateCoSimulation(
        *common,
        options.event_mode,
        options.early_return,
        (fmi3.fmi3ValueReference * len(options.intermediate))(*options.intermediate),
        len(options.intermediate),
        messages.key,
        FMI3_CALLBACK,
        options.update or fmi3.fmi3IntermediateUpdateCallback(),
    )
    return handle


def free(library: Any, handle: int) -> None:
    """Free an instance, whether or not its other functions could be bound."""
    optional(library, "fmi3FreeInstance", c_void_p, result=None)(handle)


def log_categories(fmu: Any, handle: int, categories: list[bytes]) -> int:
    """Switch on some categories of messages."""
    names = (fmi3.fmi3String * len(categories))(*categories)
    status: int = fmu.dll.fmi3SetDebugLogging(handle, True, len(categories), names)
    return status


def table(fmu: Any, handle: int) -> FunctionTable:
    """Bind the functions of an instance."""
    library = fmu.dll

    def arguments(references: NDArray[np.uint32], *arrays: NDArray[Any]) -> tuple[int, ...]:
        addresses = (array.ctypes.data for array in arrays)
        return handle, references.ctypes.data, references.size, *addresses, arrays[-1].size

    return FunctionTable(
        prefix="fmi3",
        access=_access(library),
        arguments=arguments,
        enter_initialization=_enter_initialization(library, handle),
        exit_initialization=bound(library, "fmi3ExitInitializationMode", handle),
        terminate=bound(library, "fmi3Terminate", handle),
        reset=bound(library, "fmi3Reset", handle, needed=False),
        free_instance=bound(library, "fmi3FreeInstance", handle, result=None),
        **state_functions(library, handle, _STATES),
    )


def _access(library: Any) -> dict[str, Access]:
    values, sized = (c_void_p, c_size_t), (c_void_p, c_void_p, c_size_t)
    signatures = {kind: (c_void_p, c_void_p, c_size_t, *(sized if kind == "Binary" else values)) for kind in _TYPES}
    return {
        kind: Access(
            optional(library, f"fmi3Get{function}", *signatures[kind]),
            optional(library, f"fmi3Set{function}", *signatures[kind]),
            np.dtype(dtype),
        )
        for kind, (function, dtype) in _TYPES.items()
    }


def _enter_initialization(library: Any, handle: int) -> Any:
    enter = bound(library, "fmi3EnterInitializationMode", handle, c_bool, c_double, c_double, c_bool, c_double)

    def call(start: float, stop: float | None, tolerance: float | None) -> int:
        status: int = enter(tolerance is not None, tolerance or 0.0, start, stop is not None, stop or 0.0)
        return status

    return call


def do_step(library: Any, handle: int) -> StepFunction:
    """The function `(t, h, no state is kept before t)` that makes a step of Co-Simulation; FMI 3.0.2 section 4.2.1."""
    step = bound(library, "fmi3DoStep", handle, c_double, c_double, c_bool, c_void_p, c_void_p, c_void_p, c_void_p)
    after = after_step(library, handle)
    event, terminate, early, reached = c_bool(), c_bool(), c_bool(), c_double()
    flags = (byref(event), byref(terminate), byref(early), byref(reached))

    def call(t: float, h: float, keeps_no_state: bool) -> RawStep:
        early.value = terminate.value = event.value = False
        reached.value = t
        status: int = step(t, h, keeps_no_state, *flags)
        return after(RawStep(status, reached.value, early.value, terminate.value, event.value), t, h)

    return call


def after_step(library: Any, handle: int) -> AfterStep:  # noqa: ARG001
    """The function `(what doStep answered, t, h)` that finds what a step came to."""

    def call(raw: RawStep, t: float, h: float) -> RawStep:
        if raw.status not in GOOD:
            return RawStep(raw.status, t)  # its answers are undefined; after Discard it is where it was (section 2.2.4)
        return raw if raw.early_return else raw._replace(time=t + h)

    return call
