"""FunctionTable: the C functions that every kind of FMU has, under the same names for all versions of FMI.

The version is looked at once, when the table is made (`fmi1_functions` and its siblings); afterwards nobody asks.
"""

from collections.abc import Callable, Mapping
from ctypes import c_int, c_size_t, c_void_p
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

CFunction = Callable[..., Any]

OK: Final = 0
WARNING: Final = 1
DISCARD: Final = 2
ERROR: Final = 3
FATAL: Final = 4

GOOD: Final = (OK, WARNING)
"""What a call answers that did what it should; all else, numbers that are no status too, is a failure."""


class RawStep(NamedTuple):
    """What doStep reported: the status, the last successful time (s), and FMI 3.0's flags."""

    status: int
    time: float
    early_return: bool = False
    terminate_requested: bool = False
    event_needed: bool = False


StepFunction = Callable[[float, float, bool], RawStep]
AfterStep = Callable[[RawStep, float, float], RawStep]


class Access(NamedTuple):
    """How values of one FMI type are read and written: the C functions and the type of an element in memory."""

    get: CFunction
    set: CFunction
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class FunctionTable:
    """The functions of one instance, bound to it. Those that return int return an FMI status.

    `arguments(references, *arrays)` are the arguments of a get or set function of `access`, for arrays that the caller
    keeps alive: the values, and before them the sizes of Binary variables. `names` gives other C names for messages.
    `initializes_at_once` tells FMI 1.0, without an Initialization Mode: `exit_initialization` is all of it.
    """

    prefix: str
    access: Mapping[str, Access]
    arguments: Callable[..., tuple[Any, ...]]
    enter_initialization: Callable[[float, float | None, float | None], int]
    exit_initialization: Callable[[], int]
    terminate: Callable[[], int]
    reset: Callable[[], int]
    free_instance: Callable[[], None]
    get_state: Callable[[Any], int]
    set_state: Callable[[Any], int]
    free_state: Callable[[Any], int]
    state_size: Callable[[Any, Any], int]
    serialize: Callable[[Any, Any, int], int]
    deserialize: Callable[[Any, int, Any], int]
    names: Mapping[str, str] = field(default_factory=dict)
    initializes_at_once: bool = False


def bound(
    library: Any, name: str, handle: Any, *argument_types: Any, result: Any = c_int, needed: bool = True
) -> CFunction:
    """A C function of the library with its first argument, the instance, filled in; see `optional` if not `needed`."""
    function = (prototype if needed else optional)(library, name, c_void_p, *argument_types, result=result)

    def call(*arguments: Any) -> Any:
        return function(handle, *arguments)

    return call


def prototype(library: Any, name: str, *argument_types: Any, result: Any = c_int) -> CFunction:
    """A C function of the library; buffers are passed as addresses."""
    function = library[name]
    function.argtypes = argument_types
    function.restype = result
    return function  # type: ignore[no-any-return]


def state_functions(library: Any, handle: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """The six functions for FMU states; their signatures are those of both versions, their names are not."""
    signatures: dict[str, tuple[Any, ...]] = {
        "get_state": (c_void_p,),
        "set_state": (c_void_p,),
        "free_state": (c_void_p,),
        "state_size": (c_void_p, c_void_p),
        "serialize": (c_void_p, c_void_p, c_size_t),
        "deserialize": (c_void_p, c_size_t, c_void_p),
    }
    return {key: bound(library, names[key], handle, *signatures[key], needed=False) for key in signatures}


def optional(library: Any, name: str, *argument_types: Any, result: Any = c_int) -> CFunction:
    """A C function of the library, or one that returns the status Error where the library has no such function."""
    try:
        return prototype(library, name, *argument_types, result=result)
    except AttributeError:
        return _absent


def has(function: CFunction) -> bool:
    """Whether the library has the function that `optional` gave."""
    return function is not _absent


def _absent(*_: Any) -> int:
    return ERROR
