"""ExchangeFunctions: the C functions of a Model Exchange instance under the same names for all versions of FMI."""

from collections.abc import Callable
from ctypes import byref, c_bool, c_byte, c_double, c_int, c_size_t, c_void_p
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

from fmpy import fmi2

from orchestrator.fmi.directional import directional_call
from orchestrator.fmi.fmi1_model import Model
from orchestrator.fmi.function_table import GOOD, OK, bound
from orchestrator.fmi.library import Library
from orchestrator.fmi.variables import ModelInfo


class Update(NamedTuple):
    """What one update of the discrete states reported; `next_event` is the next time event (s), where there is one."""

    status: int
    again: bool
    terminate: bool
    nominals_changed: bool
    next_event: float | None


class Completed(NamedTuple):
    """What the FMU answered to a completed step of the solver."""

    status: int
    event: bool
    terminate: bool


@dataclass(frozen=True, eq=False)
class ExchangeFunctions:
    """The functions of one instance, bound to it; those that return int return an FMI status.

    Vectors of states, derivatives, nominals and indicators are given as address and length, as are the four arrays of
    `directional_derivative`: references of unknowns and knowns, seed and result; None where there is none. The names
    are those of C for messages.
    """

    names: "Names"
    set_time: Callable[[float], int]
    set_states: Callable[[int, int], int]
    get_states: Callable[[int, int], int]
    get_derivatives: Callable[[int, int], int]
    get_indicators: Callable[[int, int], int]
    get_nominals: Callable[[int, int], int]
    enter_event_mode: Callable[[], int]
    enter_continuous_time: Callable[[], int]
    update: Callable[[], Update]
    completed_step: Callable[[bool], Completed]
    count_indicators: Callable[[], int]
    directional_derivative: Callable[..., int] | None = None


class Names(NamedTuple):
    """Names of the functions that are not the same in all versions, without their prefix."""

    derivatives: str
    update: str


NAMES1: Final = Names("GetDerivatives", "EventUpdate")
NAMES2: Final = Names("GetDerivatives", "NewDiscreteStates")
NAMES3: Final = Names("GetContinuousStateDerivatives", "UpdateDiscreteStates")


def bind(library: Library, model: ModelInfo) -> ExchangeFunctions:
    """Bind the functions for Model Exchange of an instantiated FMU.

    AttributeError where one is missing that its description needs.
    """
    if isinstance(library.handle, Model):
        return _bind1(library.dll, library.handle, model)
    dll, handle = library.dll, library.handle
    second = model.fmi_version.startswith("2")
    prefix, names = ("fmi2", NAMES2) if second else ("fmi3", NAMES3)

    has_states, has_indicators = bool(model.states), model.event_indicators > 0
    reports = model.interface("ModelExchange").completed_steps
    vector = partial(_vector, dll, handle, prefix, has_states)

    return ExchangeFunctions(
        names=names,
        set_time=bound(dll, f"{prefix}SetTime", handle, c_double),
        set_states=vector("SetContinuousStates"),
        get_states=vector("GetContinuousStates"),
        get_derivatives=vector(names.derivatives),
        get_indicators=_vector(dll, handle, prefix, has_indicators, "GetEventIndicators"),
        get_nominals=vector("GetNominalsOfContinuousStates"),
        enter_event_mode=bound(dll, f"{prefix}EnterEventMode", handle),
        enter_continuous_time=bound(dll, f"{prefix}EnterContinuousTimeMode", handle),
        update=_update2(dll, handle) if second else _update3(dll, handle),
        completed_step=_completed(dll, handle, prefix, c_int if second else c_bool, needed=reports),
        count_indicators=(lambda: model.event_indicators) if second else _count3(dll, handle, model),
        directional_derivative=directional_call(library, "ModelExchange"),
    )


def _vector(dll: Any, handle: Any, prefix: str, needed: bool, name: str) -> Callable[[int, int], int]:
    return bound(dll, f"{prefix}{name}", handle, c_void_p, c_size_t, needed=needed)


def _bind1(dll: Any, instance: Model, model: ModelInfo) -> ExchangeFunctions:
    """FMI 1.0 has no modes to enter: discrete states are updated whenever an event is there."""
    vector = partial(_vector, dll, instance, "fmi", bool(model.states) or model.unnamed_states > 0)
    return ExchangeFunctions(
        names=NAMES1,
        set_time=bound(dll, "fmiSetTime", instance, c_double),
        set_states=vector("SetContinuousStates"),
        get_states=vector("GetContinuousStates"),
        get_derivatives=vector(NAMES1.derivatives),
        get_indicators=_vector(dll, instance, "fmi", model.event_indicators > 0, "GetEventIndicators"),
        get_nominals=vector("GetNominalContinuousStates"),
        enter_event_mode=_nothing,
        enter_continuous_time=_nothing,
        update=_update1(dll, instance),
        completed_step=_completed1(dll, instance),
        count_indicators=lambda: model.event_indicators,
    )


def _nothing() -> int:
    return OK


def _update1(dll: Any, instance: Model) -> Callable[[], Update]:
    function = bound(dll, "fmiEventUpdate", instance, c_byte, c_void_p)

    def call() -> Update:
        # The first event is that of the initialization, which has been answered there.
        status = OK if instance.answered else function(True, byref(instance.info))
        instance.answered = False
        info = instance.info
        return Update(
            status,
            again=not _said(info.iterationConverged),
            terminate=_said(info.terminateSimulation),
            nominals_changed=_said(info.stateValueReferencesChanged),
            next_event=info.nextEventTime if _said(info.upcomingTimeEvent) else None,
        )

    return call


def _completed1(dll: Any, instance: Model) -> Callable[[bool], Completed]:
    function = bound(dll, "fmiCompletedIntegratorStep", instance, c_void_p)
    event = c_byte()
    flag = byref(event)

    def call(_: bool) -> Completed:
        return Completed(function(flag), bool(event.value), terminate=False)

    return call


def _said(flag: bytes) -> bool:
    return flag != b"\0"


def _update2(dll: Any, handle: int) -> Callable[[], Update]:
    function = bound(dll, "fmi2NewDiscreteStates", handle, c_void_p)
    info = fmi2.fmi2EventInfo()

    def call() -> Update:
        status = function(byref(info))
        return Update(
            status,
            bool(info.newDiscreteStatesNeeded),
            bool(info.terminateSimulation),
            bool(info.nominalsOfContinuousStatesChanged),
            info.nextEventTime if info.nextEventTimeDefined else None,
        )

    return call


def _update3(dll: Any, handle: int) -> Callable[[], Update]:
    function = bound(dll, "fmi3UpdateDiscreteStates", handle, *(c_void_p,) * 6)
    again, terminate, nominals, values, defined = (c_bool() for _ in range(5))
    time = c_double()
    flags = tuple(byref(flag) for flag in (again, terminate, nominals, values, defined, time))

    def call() -> Update:
        status = function(*flags)
        return Update(status, again.value, terminate.value, nominals.value, time.value if defined.value else None)

    return call


def _completed(dll: Any, handle: int, prefix: str, boolean: Any, *, needed: bool) -> Callable[[bool], Completed]:
    types = (boolean, c_void_p, c_void_p)
    function = bound(dll, f"{prefix}CompletedIntegratorStep", handle, *types, needed=needed)
    event, terminate = boolean(), boolean()
    flags = (byref(event), byref(terminate))

    def call(keeps_no_state: bool) -> Completed:
        status = function(keeps_no_state, *flags)
        return Completed(status, bool(event.value), bool(terminate.value))

    return call


def _count3(dll: Any, handle: int, model: ModelInfo) -> Callable[[], int]:
    function = bound(dll, "fmi3GetNumberOfEventIndicators", handle, c_void_p, needed=False)
    number = c_size_t()

    def call() -> int:
        # An FMU that does not answer has as many as its description lists.
        return number.value if function(byref(number)) in GOOD else model.event_indicators

    return call
