"""Cvode: SUNDIALS CVODE, backward differentiation formulas of orders 1 to 5 with error control and root finding.

Hindmarsh et al.: SUNDIALS, ACM Transactions on Mathematical Software 31 (2005) 363. The libraries are those of FMPy.
"""

from collections.abc import Callable
from contextlib import ExitStack
from ctypes import CFUNCTYPE, byref, c_char_p, c_double, c_int, c_int64, c_void_p, cast
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from fmpy.sundials import libraries
from numpy.typing import NDArray

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.function_table import prototype
from orchestrator.fmi.solver import Dynamics, Reached, Vector, address

_BDF: Final = 2
_ONE_STEP: Final = 2
_ROOT_RETURN: Final = 2
_RIGHT_SIDE: Final = CFUNCTYPE(c_int, c_double, c_void_p, c_void_p, c_void_p)
_ROOTS: Final = CFUNCTYPE(c_int, c_double, c_void_p, c_void_p, c_void_p)
_JACOBIAN: Final = CFUNCTYPE(c_int, c_double, *(c_void_p,) * 7)
_ERROR: Final = CFUNCTYPE(None, c_int, c_void_p, c_void_p, c_char_p, c_int, c_void_p, c_void_p)
_FLAGS: Final = {
    -1: "too much work",
    -6: "a failed Jacobian",
    -2: "too much accuracy asked for",
    -3: "repeated failures of the error test",
    -4: "no convergence of the corrector",
    -8: "a failed right-hand side",
    -9: "a failed right-hand side at the first call",
    -10: "repeated failures of the right-hand side",
    -11: "a failed right-hand side without recovery",
    -12: "failed event indicators",
}
_PROTOTYPES: Final[dict[str, tuple[Any, str, tuple[Any, ...]]]] = {
    "SUNContext_Create": (c_int, "core", (c_int, c_void_p)),
    "SUNContext_Free": (c_int, "core", (c_void_p,)),
    "SUNContext_ClearErrHandlers": (c_int, "core", (c_void_p,)),
    "SUNContext_PushErrHandler": (c_int, "core", (c_void_p, _ERROR, c_void_p)),
    "SUNLinSolFree": (c_int, "core", (c_void_p,)),
    "SUNMatDestroy": (None, "core", (c_void_p,)),
    "N_VDestroy": (None, "core", (c_void_p,)),
    "N_VMake_Serial": (c_void_p, "nvecserial", (c_int64, c_void_p, c_void_p)),
    "N_VGetArrayPointer_Serial": (c_void_p, "nvecserial", (c_void_p,)),
    "SUNDenseMatrix": (c_void_p, "sunmatrixdense", (c_int64, c_int64, c_void_p)),
    "SUNDenseMatrix_Data": (c_void_p, "sunmatrixdense", (c_void_p,)),
    "SUNLinSol_Dense": (c_void_p, "sunlinsoldense", (c_void_p, c_void_p, c_void_p)),
    "CVodeCreate": (c_void_p, "cvode", (c_int, c_void_p)),
    "CVodeInit": (c_int, "cvode", (c_void_p, _RIGHT_SIDE, c_double, c_void_p)),
    "CVodeSetUserData": (c_int, "cvode", (c_void_p, c_void_p)),
    "CVodeReInit": (c_int, "cvode", (c_void_p, c_double, c_void_p)),
    "CVodeRootInit": (c_int, "cvode", (c_void_p, c_int, _ROOTS)),
    "CVodeSetNoInactiveRootWarn": (c_int, "cvode", (c_void_p,)),
    "CVodeSVtolerances": (c_int, "cvode", (c_void_p, c_double, c_void_p)),
    "CVodeSetLinearSolver": (c_int, "cvode", (c_void_p, c_void_p, c_void_p)),
    "CVodeSetJacFn": (c_int, "cvode", (c_void_p, _JACOBIAN)),
    "CVodeSetMaxHnilWarns": (c_int, "cvode", (c_void_p, c_int)),
    "CVodeSetStopTime": (c_int, "cvode", (c_void_p, c_double)),
    "CVode": (c_int, "cvode", (c_void_p, c_double, c_void_p, c_void_p, c_int)),
    "CVodeFree": (None, "cvode", (c_void_p,)),
}


_SHARED: Final = {
    at.CVODE_SET_TOLERANCES: "CVodeSVtolerances",
    at.CVODE_RESTART: "CVodeReInit",
    at.CVODE_SET_STOP: "CVodeSetStopTime",
    at.CVODE_STEP: "CVode",
    at.CVODE_DATA: "N_VGetArrayPointer_Serial",
    at.CVODE_MATRIX: "SUNDenseMatrix_Data",
}


def library_files() -> tuple[Path, ...]:
    """The libraries of CVODE, in the order in which they are loaded: each after those that it needs."""
    names = ("core", "nvecserial", "sunmatrixdense", "sunlinsoldense", "cvode")
    return tuple(Path(getattr(libraries, f"sundials_{name}")._name) for name in names)


@cache
def _c(name: str) -> Callable[..., Any]:
    result, library, arguments = _PROTOTYPES[name]
    return prototype(getattr(libraries, f"sundials_{library}"), name, *arguments, result=result)


class Cvode:
    """CVODE with a dense Jacobian; the relative `tolerance` times the nominals is the absolute.

    The Jacobian is that of the dynamics where they have one, else it comes from difference quotients. A system without
    states gets one that rests, so that the roots of its indicators in time are found. It makes its steps one by one and
    never beyond the stop; it starts anew, at order 1, with each `restart`.
    """

    def __init__(self, dynamics: Dynamics, tolerance: float) -> None:
        self._dynamics = dynamics
        self._tolerance = tolerance
        self._vector: NDArray[np.float64] = np.zeros(max(1, dynamics.states))
        self._absolute = np.full(self._vector.size, tolerance)
        self.x: NDArray[np.float64] = self._vector[: dynamics.states]
        self._reached = c_double()
        self._said = ""
        self._error: BaseException | None = None
        self._data = _c("N_VGetArrayPointer_Serial")
        self._matrix = _c("SUNDenseMatrix_Data")
        self._listener = _ERROR(self._listen)
        self._callbacks = self._evaluations()
        with ExitStack() as made:
            self._create(made)
            self._made = made.pop_all()

    def restart(self, t: float, nominals: Vector) -> None:
        """Start at t (s) from `x`."""
        self._absolute[: nominals.size] = self._tolerance * nominals
        self._require("CVodeSVtolerances", self._memory, self._tolerance, self._tolerances)
        self._require("CVodeReInit", self._memory, t, self._y)
        self._time = t

    def advance(self, stop: float) -> Reached:
        """Make one step, at most to `stop` (s), or to a root."""
        _c("CVodeSetStopTime")(self._memory, stop)
        flag = _c("CVode")(self._memory, stop, self._y, byref(self._reached), _ONE_STEP)
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if flag < 0:
            return Reached(self._time, failure=self.explained(flag))
        self._time = self._reached.value
        return Reached(self._time, crossed=flag == _ROOT_RETURN)

    def share(self, shared: Shared) -> None:
        """Note the objects and functions of CVODE, which its callbacks need too."""
        for place, name in _SHARED.items():
            function: Any = _c(name)
            shared[place] = cast(function, c_void_p).value or 0
        shared[at.CVODE_MEMORY], shared[at.CVODE_VECTOR] = self._memory.value or 0, self._y
        shared[at.CVODE_TOLERANCES] = self._tolerances
        shared.point(at.CVODE_ABSOLUTE, self._absolute)
        shared.put(at.CVODE_TOLERANCE, self._tolerance)

    def explained(self, flag: int) -> str:
        """What a step means that failed with this flag, in words."""
        said = f": {self._said}" if self._said else ""
        trouble = f"; {self._dynamics.trouble}" if self._dynamics.trouble else ""
        return f"CVODE gave up with {_flag(flag)}{said}{trouble}"

    def close(self) -> None:
        """Free the solver."""
        self._made.close()

    def _create(self, made: ExitStack) -> None:
        size, context = self._vector.size, c_void_p()
        self._require("SUNContext_Create", 0, byref(context))
        made.callback(_c("SUNContext_Free"), byref(context))
        self._require("SUNContext_ClearErrHandlers", context)
        self._require("SUNContext_PushErrHandler", context, self._listener, None)
        self._y = _new(made, "N_VDestroy", "N_VMake_Serial", size, address(self._vector), context)
        self._tolerances = _new(made, "N_VDestroy", "N_VMake_Serial", size, address(self._absolute), context)
        matrix = _new(made, "SUNMatDestroy", "SUNDenseMatrix", size, size, context)
        linear = _new(made, "SUNLinSolFree", "SUNLinSol_Dense", self._y, matrix, context)
        self._memory = c_void_p(_c("CVodeCreate")(_BDF, context))
        made.callback(_c("CVodeFree"), byref(self._memory))
        self._require("CVodeInit", self._memory, self._callbacks[0], 0.0, self._y)
        if self._dynamics.callbacks is not None:
            self._require("CVodeSetUserData", self._memory, self._dynamics.callbacks.memory)
        self._require("CVodeSVtolerances", self._memory, self._tolerance, self._tolerances)
        self._require("CVodeSetLinearSolver", self._memory, linear, matrix)
        if self._dynamics.has_jacobian:
            self._require("CVodeSetJacFn", self._memory, self._callbacks[2])
        self._require("CVodeSetMaxHnilWarns", self._memory, -1)
        if self._dynamics.indicators:
            self._require("CVodeRootInit", self._memory, self._dynamics.indicators, self._callbacks[1])
            self._require("CVodeSetNoInactiveRootWarn", self._memory)

    def _evaluations(self) -> tuple[Any, Any, Any]:
        """Right-hand side, roots and Jacobian as CVODE calls them: those by address where the dynamics have such."""
        found = self._dynamics.callbacks
        if found is not None:
            return _RIGHT_SIDE(found.right_side), _ROOTS(found.roots), _JACOBIAN(found.jacobian)
        return _RIGHT_SIDE(self._right_side), _ROOTS(self._roots), _JACOBIAN(self._jacobian)

    def _right_side(self, t: float, y: int, dy: int, _: int | None) -> int:
        # An exception would be lost in the C code above: it is kept and raised again behind it.
        try:
            if self._dynamics.states:
                return self._dynamics.derivatives(t, self._data(y), self._data(dy))
            c_double.from_address(self._data(dy)).value = 0.0
        except BaseException as error:
            self._error = error
            return -1
        return 0

    def _roots(self, t: float, y: int, z: int, _: int | None) -> int:
        try:
            return self._dynamics.event_indicators(t, self._data(y), z)
        except BaseException as error:
            self._error = error
            return -1

    def _jacobian(self, t: float, y: int, _: int, matrix: int, *__: Any) -> int:
        try:
            return self._dynamics.jacobian(t, self._data(y), self._matrix(matrix))
        except BaseException as error:
            self._error = error
            return -1

    def _listen(self, _: int, __: int, ___: int, message: bytes | None, *____: Any) -> None:
        self._said = (message or b"").decode("utf-8", errors="replace").strip()

    def _require(self, name: str, *arguments: Any) -> None:
        flag = _c(name)(*arguments)
        if flag:
            raise ValueError(f"{name}: {_flag(flag)} {self._said}")


def _new(made: ExitStack, free: str, name: str, *arguments: Any) -> int:
    pointer: int = _c(name)(*arguments)
    if not pointer:
        raise MemoryError(f"{name} made nothing")
    made.callback(_c(free), pointer)
    return pointer


def _flag(flag: int) -> str:
    return f"{_FLAGS[flag]} ({flag})" if flag in _FLAGS else str(flag)
