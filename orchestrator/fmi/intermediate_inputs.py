"""Inputs that change during a step: their slopes, handed to an FMU as its version of FMI has it.

FMI 1.0 and 2.0 take derivatives of inputs before a step (canInterpolateInputs), of the order 1 and of higher ones.
FMI 3.0 asks for inputs during the step, in the intermediate update (FMI 3.0.2 section 4.2.2): there the polynomial
u(t) + d1 (time - t) + d2 (time - t)^2 / 2 is evaluated.
"""

from collections.abc import Collection
from ctypes import c_size_t, c_void_p
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.archive import content
from orchestrator.fmi.events_description import StepFeatures
from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import OK, WARNING, bound
from orchestrator.fmi.native_co_simulation import address
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Values
from orchestrator.native import NativeSlopes
from orchestrator.system.connector import Connector


def sloped(model: ModelInfo) -> tuple[Connector, ...]:
    """The inputs of an FMU that may change during a step; in FMI 3.0 those that it marks with `intermediateUpdate`."""
    marked = _marked(model) if model.fmi_version.startswith("3") else None
    return tuple(each for each in model.continuous_inputs if marked is None or each.name in marked)


def _marked(model: ModelInfo) -> frozenset[str]:
    variables = ET.fromstring(content(model.path).description).iterfind("ModelVariables/*")
    return frozenset(each.get("name", "") for each in variables if each.get("intermediateUpdate") in ("true", "1"))


def takes_slopes(model: ModelInfo, features: StepFeatures) -> bool:
    """Whether the FMU takes inputs that change during a step: it declares that, and has such inputs."""
    able = features.intermediate_update if model.fmi_version.startswith("3") else features.interpolates_inputs
    return able and bool(sloped(model))


def evaluated(values: Values, derivatives: Values, after: float) -> NDArray[np.float64]:
    """The values some time (s) later, by their first derivatives, and the second ones where there are two rows."""
    now = values + derivatives[0] * after
    if len(derivatives) > 1:
        now += derivatives[1] * (0.5 * after * after)
    return np.asarray(now, np.float64)


class DerivativeInputs:
    """Slopes for FMI 1.0 and 2.0: SetRealInputDerivatives of order 1, and of order 2 for parabolas."""

    def __init__(self, fmu: Fmu) -> None:
        library = fmu.library
        self.names: Final[Collection[str]] = frozenset(connector.name for connector in sloped(fmu.model))
        self._fmu = fmu
        name = f"{fmu.functions.prefix}SetRealInputDerivatives"
        self._call = bound(library.dll, name, library.handle, c_void_p, c_size_t, c_void_p, c_void_p)
        self.native: Final = NativeSlopes(address(library.dll[name]), int(library.handle))
        """The same call, for a compiled loop."""

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:  # noqa: ARG002
        """Give the derivatives; the values at t were set already."""
        self._fmu.require("take slopes", Phase.STEP)
        count = len(derivatives)
        orders = np.repeat(np.arange(1, count + 1, dtype=np.intc), bundle.size)
        numbers = np.ascontiguousarray(derivatives, np.float64).ravel()
        references = np.tile(bundle.references, count)
        status = self._call(references.ctypes.data, references.size, orders.ctypes.data, numbers.ctypes.data)
        if status != OK:
            remedy = "; if the FMU knows first derivatives only, give it extrapolation: {order: 1}" * (count > 1)
            self._fmu.check(status, f"SetRealInputDerivatives up to order {count} for {named(bundle)}{remedy}")

    def finished(self) -> None:
        """Nothing happened during the step."""


class IntermediateInputs:
    """Slopes for FMI 3.0; `at` serves the intermediate updates of the FMU that is attached."""

    def __init__(self, model: ModelInfo) -> None:
        connectors = sloped(model)
        self.names: Final[Collection[str]] = frozenset(connector.name for connector in connectors)
        self.references: Final = tuple(connector.reference for connector in connectors)
        self._fmu: Fmu | None = None
        self._set: Any = None
        self._given: list[tuple[Bundle, NDArray[np.float64], NDArray[np.float64]]] = []
        self._t = 0.0
        self._status = OK

    def attach(self, fmu: Fmu) -> None:
        """Serve this FMU."""
        library = fmu.library
        self._fmu = fmu
        self._set = bound(library.dll, "fmi3SetFloat64", library.handle, c_void_p, c_size_t, c_void_p, c_size_t)

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:
        """Keep the polynomials of the next step."""
        if t != self._t:
            self._given.clear()
        self._t = t
        self._given = [given for given in self._given if given[0] is not bundle]
        self._given.append((bundle, np.array(values, np.float64), np.array(derivatives, np.float64)))

    def finished(self) -> None:
        """Raise what went wrong in the updates of the step."""
        status, self._status = self._status, OK
        if status != OK and self._fmu is not None:
            self._fmu.check(status, "SetFloat64 in an intermediate update")

    def at(self, time: float) -> None:
        """Give the FMU its inputs at a time (s) during the step."""
        if self._set is None:
            return
        for bundle, values, derivatives in self._given:
            if self._status not in (OK, WARNING):
                return  # nothing more is set after a failure, in this update and the next ones of the step
            now = evaluated(values, derivatives, time - self._t)
            references = bundle.references
            status = self._set(references.ctypes.data, references.size, now.ctypes.data, now.size)
            self._status = self._status if status == OK else status
