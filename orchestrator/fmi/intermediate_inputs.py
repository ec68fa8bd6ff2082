"""Inputs that change during a step: their slopes, handed to an FMU as its version of FMI has it.

FMI 1.0 and 2.0 take derivatives of inputs before a step (canInterpolateInputs). FMI 3.0 asks for inputs during the
step, in the intermediate update (FMI 3.0.2 section 4.2.2): there the polynomial u(t) + slope (time - t) is evaluated.
"""

from collections.abc import Collection
from ctypes import c_size_t, c_void_p
from typing import Any, Final
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import FmuImportError
from orchestrator.fmi.archive import read_description
from orchestrator.fmi.events_description import StepFeatures
from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import OK, WARNING, bound
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Values
from orchestrator.system.connector import Connector


def sloped(model: ModelInfo) -> tuple[Connector, ...]:
    """The inputs of an FMU that may change during a step; in FMI 3.0 those that it marks with `intermediateUpdate`."""
    marked = _marked(model) if model.fmi_version.startswith("3") else None
    return tuple(each for each in model.continuous_inputs if marked is None or each.name in marked)


def _marked(model: ModelInfo) -> frozenset[str]:
    variables = ET.fromstring(read_description(model.path)).iterfind("ModelVariables/*")
    return frozenset(each.get("name", "") for each in variables if each.get("intermediateUpdate") in ("true", "1"))


def require_slopes(name: str, model: ModelInfo, features: StepFeatures) -> None:
    """FmuImportError where the FMU does not take inputs that change during a step."""
    able, flag = (
        (features.interpolates_inputs, "canInterpolateInputs")
        if not model.fmi_version.startswith("3")
        else (features.intermediate_update, "providesIntermediateUpdate")
    )
    if not able:
        raise FmuImportError(
            f"{model.path}: '{name}' asks for extrapolate_inputs, but the FMU (FMI {model.fmi_version}) does not "
            f"declare {flag}. Leave the option out, or export the FMU with this capability"
        )
    if not sloped(model):
        which = " that it marks with intermediateUpdate" if model.fmi_version.startswith("3") else ""
        raise FmuImportError(
            f"{model.path}: '{name}' asks for extrapolate_inputs, but the FMU has no continuous input{which}. Leave "
            "the option out"
        )


class DerivativeInputs:
    """Slopes for FMI 1.0 and 2.0: SetRealInputDerivatives of order 1 before each step."""

    def __init__(self, fmu: Fmu) -> None:
        library = fmu.library
        self.names: Final[Collection[str]] = frozenset(connector.name for connector in sloped(fmu.model))
        self._fmu = fmu
        name = f"{fmu.functions.prefix}SetRealInputDerivatives"
        self._call = bound(library.dll, name, library.handle, c_void_p, c_size_t, c_void_p, c_void_p)

    def set(self, bundle: Bundle, values: Values, slopes: Values, t: float) -> None:  # noqa: ARG002
        """Give the slopes; the values at t were set already."""
        self._fmu.require("take slopes", Phase.STEP)
        orders = np.ones(bundle.size, np.intc)
        numbers = np.ascontiguousarray(slopes, np.float64)
        references = bundle.references
        status = self._call(references.ctypes.data, references.size, orders.ctypes.data, numbers.ctypes.data)
        if status != OK:
            self._fmu.check(status, f"SetRealInputDerivatives for {named(bundle)}")

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

    def set(self, bundle: Bundle, values: Values, slopes: Values, t: float) -> None:
        """Keep the polynomials of the next step."""
        if t != self._t:
            self._given.clear()
        self._t = t
        self._given = [given for given in self._given if given[0] is not bundle]
        self._given.append((bundle, np.array(values, np.float64), np.array(slopes, np.float64)))

    def finished(self) -> None:
        """Raise what went wrong in the updates of the step."""
        status, self._status = self._status, OK
        if status != OK and self._fmu is not None:
            self._fmu.check(status, "SetFloat64 in an intermediate update")

    def at(self, time: float) -> None:
        """Give the FMU its inputs at a time (s) during the step."""
        if self._set is None:
            return
        for bundle, values, slopes in self._given:
            if self._status not in (OK, WARNING):
                return  # nothing more is set after a failure, in this update and the next ones of the step
            now = values + slopes * (time - self._t)
            references = bundle.references
            status = self._set(references.ctypes.data, references.size, now.ctypes.data, now.size)
            self._status = self._status if status == OK else status
