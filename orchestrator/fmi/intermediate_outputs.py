"""Derivatives of outputs with respect to time, from an FMU that provides them (maxOutputDerivativeOrder)."""

from collections.abc import Collection
from ctypes import c_size_t, c_void_p
from typing import Any, Final

import numpy as np

from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import OK, bound
from orchestrator.fmi.native_co_simulation import address
from orchestrator.instance import Bundle, Values
from orchestrator.native import NativeSlopes
from orchestrator.system.connector import Causality, Variability


class OutputDerivatives:
    """First derivatives of the continuous outputs: GetRealOutputDerivatives of FMI 1.0 and 2.0, or that of FMI 3.0."""

    def __init__(self, fmu: Fmu) -> None:
        self.names: Final[Collection[str]] = frozenset(
            connector.name
            for connector in fmu.model.connectors
            if connector.causality is Causality.OUTPUT
            and connector.variability is Variability.CONTINUOUS
            and fmu.model.types[connector.name] in ("Real", "Float64")
        )
        self._fmu = fmu
        library, self._sized = fmu.library, fmu.functions.prefix == "fmi3"
        self._function: Final = "GetOutputDerivatives" if self._sized else "GetRealOutputDerivatives"
        types: tuple[Any, ...] = (c_void_p, c_size_t, c_void_p, c_void_p, *((c_size_t,) if self._sized else ()))
        name = f"{fmu.functions.prefix}{self._function}"
        self._call = bound(library.dll, name, library.handle, *types)
        self.native: Final = NativeSlopes(address(library.dll[name]), int(library.handle))
        """The same call, for a compiled loop."""

    def get(self, bundle: Bundle, slopes: Values) -> None:
        """Read the derivatives (1/s) of a bundle in Step Mode."""
        self._fmu.require("tell slopes", Phase.STEP)
        orders = np.ones(bundle.references.size, np.intc)
        arguments = [bundle.references.ctypes.data, orders.size, orders.ctypes.data, slopes.ctypes.data]
        status = self._call(*arguments, *([slopes.size] if self._sized else []))
        if status != OK:
            self._fmu.check(status, f"{self._function} for {named(bundle)}")
