"""Directional derivatives: how an FMU tells the way in which its variables follow others, at one time."""

from collections.abc import Callable, Sequence
from ctypes import c_size_t, c_void_p
from functools import cached_property
from typing import Final

from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import OK, bound
from orchestrator.fmi.library import Library
from orchestrator.fmi.native_co_simulation import address
from orchestrator.instance import Bundle, Values
from orchestrator.native import NativeDerivatives

DirectionalCall = Callable[..., int]
"""Addresses and counts of the references of unknowns and knowns, then of seed and result; the status."""


def directional_call(library: Library, kind: str) -> DirectionalCall | None:
    """GetDirectionalDerivative of FMI 2.0 or 3.0, with the arguments of the latter; None where it is not declared."""
    if not library.model.interface(kind).capabilities.directional_derivatives:
        return None
    prefix = f"fmi{library.model.fmi_version[0]}"
    references = (c_void_p, c_size_t, c_void_p, c_size_t)
    name = f"{prefix}GetDirectionalDerivative"
    if prefix == "fmi3":
        return bound(library.dll, name, library.handle, *references, c_void_p, c_size_t, c_void_p, c_size_t)
    function = bound(library.dll, name, library.handle, *references, c_void_p, c_void_p)

    def call(*arguments: int) -> int:
        *four, seed, _, result, _ = arguments
        status: int = function(*four, seed, result)
        return status

    return call


class OutputSensitivities:
    """See `orchestrator.instance.DirectionalDerivatives`; `call` is that of the FMU."""

    def __init__(self, fmu: Fmu, call: DirectionalCall) -> None:
        self._fmu: Final = fmu
        self._call: Final = call

    @cached_property
    def native(self) -> NativeDerivatives:
        """The call by address."""
        return _NativeDerivatives(self._fmu.library)

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> None:
        """Compute d(unknowns)/d(knowns) seed; the error of a refusal names the FMU and the unknowns."""
        self._fmu.require("tell derivatives", Phase.INITIALIZATION, Phase.STEP)
        rows, columns = unknowns.references, knowns.references
        addresses = (rows.ctypes.data, rows.size, columns.ctypes.data, columns.size)
        status = self._call(*addresses, seed.ctypes.data, seed.size, result.ctypes.data, result.size)
        if status != OK:
            self._fmu.check(status, f"GetDirectionalDerivative for {named(unknowns)}")


class _NativeDerivatives:
    """GetDirectionalDerivative of FMI 2.0, and of FMI 3.0, which takes the sizes of seed and result as well."""

    def __init__(self, library: Library) -> None:
        self._version = library.model.fmi_version[0]
        self._handle: Final[int] = int(library.handle)
        self.function: Final = address(library.dll[f"fmi{self._version}GetDirectionalDerivative"])

    def arguments(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> Sequence[int]:
        """The instance, references of unknowns and knowns, seed and result."""
        rows, columns = unknowns.references, knowns.references
        references = (rows.ctypes.data, rows.size, columns.ctypes.data, columns.size)
        values = (seed.ctypes.data, seed.size, result.ctypes.data, result.size)
        return (self._handle, *references, *(values if self._version == "3" else (*values[::2], 0, 0)))
