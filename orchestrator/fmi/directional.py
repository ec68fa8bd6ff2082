"""Directional derivatives: how an FMU tells the way in which its variables follow others, at one time."""

from collections.abc import Callable
from ctypes import c_size_t, c_void_p
from typing import Final

from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import OK, bound
from orchestrator.fmi.library import Library
from orchestrator.instance import Bundle, Values

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

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> None:
        """Compute d(unknowns)/d(knowns) seed; the error of a refusal names the FMU and the unknowns."""
        self._fmu.require("tell derivatives", Phase.INITIALIZATION, Phase.STEP)
        rows, columns = unknowns.references, knowns.references
        addresses = (rows.ctypes.data, rows.size, columns.ctypes.data, columns.size)
        status = self._call(*addresses, seed.ctypes.data, seed.size, result.ctypes.data, result.size)
        if status != OK:
            self._fmu.check(status, f"GetDirectionalDerivative for {named(unknowns)}")
