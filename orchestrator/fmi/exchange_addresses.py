"""Addresses: the C functions of a Model Exchange instance, where its compiled functions look for them."""

from ctypes import addressof, c_void_p
from typing import Final

import numpy as np

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.fmi1_model import Model
from orchestrator.fmi.library import Library
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_jacobian import DirectionalDerivatives
from orchestrator.fmi.native_co_simulation import address
from orchestrator.fmi.variables import ModelInfo

_ALWAYS: Final = {at.SET_TIME: "SetTime"}
_OF_STATES: Final = {
    at.SET_STATES: "SetContinuousStates",
    at.GET_STATES: "GetContinuousStates",
    at.DERIVATIVES: "GetDerivatives",
    at.NOMINALS: "GetNominalsOfContinuousStates",
}
_OF_INDICATORS: Final = {at.INDICATORS: "GetEventIndicators"}
_EVENTS: Final = {
    "1": {at.UPDATE: "EventUpdate"},
    "2": {
        at.ENTER_EVENT_MODE: "EnterEventMode",
        at.ENTER_CONTINUOUS_TIME: "EnterContinuousTimeMode",
        at.UPDATE: "NewDiscreteStates",
    },
    "3": {
        at.ENTER_EVENT_MODE: "EnterEventMode",
        at.ENTER_CONTINUOUS_TIME: "EnterContinuousTimeMode",
        at.UPDATE: "UpdateDiscreteStates",
    },
}
_OTHER_NAMES: Final = {
    ("1", at.NOMINALS): "GetNominalContinuousStates",
    ("3", at.DERIVATIVES): "GetContinuousStateDerivatives",
    ("2", at.DIRECTIONAL): "GetDirectionalDerivative",
    ("3", at.DIRECTIONAL): "GetDirectionalDerivative",
}

_COURSES: Final = (
    at.COURSE_NOW,
    at.COURSE_BASE,
    at.COURSE_SLOPES,
    at.COURSE_CURVATURES,
    at.COURSE_START,
    at.COURSE_WANTED,
    at.COURSE_GIVEN_SLOPES,
    at.COURSE_GIVEN_CURVATURES,
)


def put_functions(shared: Shared, library: Library, model: ModelInfo, states: int, indicators: int) -> bool:
    """Note the functions of an instance with so many states and indicators; whether it has all that it needs."""
    version = model.fmi_version[0]
    handle = library.handle if isinstance(library.handle, Model) else c_void_p(library.handle)
    shared.keep(handle)
    shared[at.VERSION], shared[at.HANDLE_AT] = int(version), addressof(handle)
    shared[at.STATES], shared[at.INDICATOR_COUNT] = states, indicators
    wanted = _ALWAYS | (_OF_STATES if states else {}) | (_OF_INDICATORS if indicators else {}) | _EVENTS[version]
    if model.interface("ModelExchange").completed_steps:
        wanted |= {at.COMPLETED: "CompletedIntegratorStep"}
    prefix = "fmi" if version == "1" else f"fmi{version}"
    for place, name in wanted.items():
        shared[place] = _found(library, prefix + _OTHER_NAMES.get((version, place), name))
    return all(shared[place] for place in wanted)


def put_states(shared: Shared, library: Library, model: ModelInfo) -> bool:
    """Note the functions that keep states of the FMU; whether it has them, and says so."""
    version = model.fmi_version[0]
    if version == "1" or not model.interface("ModelExchange").capabilities.get_set_state:
        return False
    name = "FMUstate" if version == "2" else "FMUState"
    for place, verb in {at.GET_STATE: "Get", at.SET_STATE: "Set", at.FREE_STATE: "Free"}.items():
        shared[place] = _found(library, f"fmi{version}{verb}{name}")
    return all(shared[place] for place in (at.GET_STATE, at.SET_STATE, at.FREE_STATE))


def put_jacobian(shared: Shared, library: Library, model: ModelInfo, jacobian: DirectionalDerivatives) -> bool:
    """Note how the Jacobian is found; whether its function is there."""
    shared[at.DIRECTIONAL] = _found(library, f"fmi{model.fmi_version[0]}GetDirectionalDerivative")
    shared.point(at.MATRIX, jacobian.matrix)
    shared.point(at.UNKNOWNS, jacobian.unknowns)
    shared[at.UNKNOWN_COUNT] = jacobian.unknowns.size
    shared.point(at.RESULT, jacobian.result)
    rows = []
    for knowns, seed, row, column in jacobian.colours:
        entries = 8 * np.stack([row, row + jacobian.result.size * column], axis=1).astype(np.int64)
        first = shared.place_of(entries)
        rows.append(
            (shared.place_of(knowns), knowns.size, shared.place_of(seed), seed.size, first, first + entries.nbytes)
        )
    table = np.array(rows, np.int64).reshape(-1, at.COLOUR_ROW // at.WORD)
    shared.point(at.COLOURS, table)
    shared[at.COLOURS_END] = shared[at.COLOURS] + table.nbytes
    return bool(shared[at.DIRECTIONAL])


def put_courses(shared: Shared, courses: Courses) -> bool:
    """Note the inputs on courses; whether one call sets them all, as they are, each with a reference of its own."""
    call = courses.plain_call
    if call is None or courses.references is None:
        return False
    function, references, values = call
    shared[at.COURSE_SET], shared[at.COURSE_COUNT] = address(function), values.size
    shared[at.COURSE_GET] = address(courses.getter)
    shared.point(at.COURSE_REFERENCES, references)
    shared.point(at.COURSE_VALUES, values)
    for place, vector in zip(_COURSES, courses.vectors, strict=True):
        shared.point(place, vector)
    return bool(shared[at.COURSE_SET])


def _found(library: Library, name: str) -> int:
    try:
        return address(library.dll[name])
    except AttributeError:
        return 0
