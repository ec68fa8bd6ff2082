"""Structure: structural parameters of FMI 3.0, from which the sizes of arrays follow, given before anything else."""

import logging
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np

from orchestrator.errors import DescriptionError, FmuImportError
from orchestrator.fmi.function_table import FATAL, GOOD, FunctionTable, bound
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.system.connector import Causality, Connector
from orchestrator.system.description import Component


def read_component(component: Component) -> ModelInfo:
    """What the FMU of a component says about itself with the structural parameters that the component changes.

    DescriptionError where one of them is no whole number or outside of its bounds.
    """
    model = read_model(component.file)
    structure = {}
    for connector in model.connectors:
        if connector.causality is Causality.STRUCTURAL_PARAMETER and connector.name in component.parameters:
            size = _size(component, connector)
            if connector.start != (size,):
                structure[connector.name] = size
    return read_model(component.file, structure=structure) if structure else model


def tell_unfitting(name: str, component: Component) -> None:
    """Warn of arrays whose start values do not fit their new size, and which the component gives no values.

    A start value is one for all elements, or a list (FMI 3.0.2, type specific properties, `start`); the standard does
    not say what an array has that outgrew its list: the FMU chooses.
    """
    model = read_component(component)
    if not model.structure:
        return
    described = {connector.name for connector in read_model(component.file).connectors if connector.start is not None}
    given = {each.partition("[")[0] for each in component.parameters} | set(component.parameters)
    chosen = [c.name for c in model.connectors if c.start is None and c.name in described and c.name not in given]
    if chosen:
        sizes = ", ".join(f"{parameter} = {value}" for parameter, value in model.structure.items())
        logging.getLogger(f"cotwin.fmu.{name}").warning(
            "%s: with %s the start values that it describes do not fit the sizes of %s; the FMU chooses others. Give "
            "them under parameters of '%s', or connect those that are inputs",
            model.path, sizes, ", ".join(chosen), name,
        )  # fmt: skip


def _size(component: Component, connector: Connector) -> int:
    value = component.parameters[connector.name]
    low = 0 if connector.minimum is None else connector.minimum
    high = inf if connector.maximum is None else connector.maximum
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise DescriptionError(
            f"{component.file}: the structural parameter '{connector.name}' cannot be {value!r}; give a whole number "
            f"from {low} to {high}"
        )
    return value


def configured(
    model: ModelInfo, library: Any, handle: int, functions: FunctionTable
) -> tuple[FunctionTable, str | None]:
    """Set the structural parameters in Configuration Mode, now and after each reset.

    Gives the functions with such a reset, and the name of the one that returned Fatal. FmuImportError for other
    failures.
    """
    if not model.structure:
        return functions, None
    configure = _configuration(model, library, handle, functions)
    status, function = configure()
    if status == FATAL:
        return functions, function
    if status not in GOOD:
        given = ", ".join(f"{name} = {value}" for name, value in model.structure.items())
        raise FmuImportError(f"{model.path}: fmi3{function} refused the structural parameters {given}; give others")

    def reset() -> int:
        status = functions.reset()
        return configure()[0] if status in GOOD else status

    return replace(functions, reset=reset), None


def _configuration(
    model: ModelInfo, library: Any, handle: int, functions: FunctionTable
) -> Callable[[], tuple[int, str]]:
    enter = bound(library, "fmi3EnterConfigurationMode", handle)
    leave = bound(library, "fmi3ExitConfigurationMode", handle)
    by_name = {connector.name: connector for connector in model.connectors}

    def configure() -> tuple[int, str]:
        status = enter()
        if status not in GOOD:
            return status, "EnterConfigurationMode"
        for name, value in model.structure.items():
            access = functions.access[model.types[name]]
            references = np.array([by_name[name].reference], dtype=np.uint32)
            values = np.array([value], dtype=access.dtype)
            status = access.set(*functions.arguments(references, values))
            if status not in GOOD:
                return status, f"Set for {name}"
        return leave(), "ExitConfigurationMode"

    return configure
