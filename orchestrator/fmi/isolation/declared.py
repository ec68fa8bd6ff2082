"""Declared: what the process of a component says about it when it has opened it, checked: it is not trusted."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from orchestrator.errors import CotwinError, FmuImportError
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Capabilities, StateWrite
from orchestrator.system.connector import Connector, Storage


def candidates(model: ModelInfo) -> tuple[Connector, ...]:
    """Every variable, every clock, which is a connector where the component has an Event Mode, and what clocks take."""
    if not model.fmi_version.startswith("3"):
        return model.connectors
    return (*model.connectors, *read_clocks(model.path).connectors)


def chosen(name: str, model: ModelInfo, among: tuple[Connector, ...], found: Any) -> tuple[Connector, ...]:
    """The connectors that it has, of those that it may have; FmuImportError where it found others, or other sizes."""
    by_name = {connector.name: connector for connector in among}
    try:
        those = tuple(by_name[str(each)] for each, _ in found)
        if len({connector.name for connector in those}) == len(found) and [c.size for c in those] == [
            n for _, n in found
        ]:
            return those
    except (KeyError, TypeError, ValueError):
        pass
    raise FmuImportError(
        f"{model.path}: its variables change when '{name}' is opened. That does not work with isolation: process; "
        "leave that out"
    )


def stateful(model: ModelInfo, connectors: tuple[Connector, ...], found: Any) -> tuple[Connector, ...]:
    """The connectors with those marked that are continuous states, which FMI 1.0 tells in the process only."""
    names = {connector.name for connector in connectors}
    if not isinstance(found, list) or not names.issuperset(map(str, found)):
        raise not_understood(model)
    return tuple(replace(connector, is_state=connector.name in found) for connector in connectors)


def capabilities(model: ModelInfo, found: Any) -> Capabilities:
    """What it can do in its process, of which it has one for itself."""
    try:
        kinds = {name: type(value) for name, value in vars(Capabilities()).items()}
        values = {name: kind(found[name]) for name, kind in kinds.items()}
        return Capabilities(**{**values, "state_write": StateWrite(values["state_write"]), "once_per_process": False})
    except (KeyError, TypeError, ValueError):
        raise not_understood(model) from None


def feedthrough(model: ModelInfo, found: Any) -> dict[str, tuple[str, ...] | None]:
    """Inputs that each output depends on directly; None where that is unknown."""
    names = {connector.name for connector in candidates(model)}
    if not isinstance(found, dict) or not names.issuperset(found):
        raise not_understood(model)
    known: dict[str, tuple[str, ...] | None] = {}
    for output, inputs in found.items():
        if inputs is not None and not (isinstance(inputs, list) and names.issuperset(map(str, inputs))):
            raise not_understood(model)
        known[output] = None if inputs is None else tuple(inputs)
    return known


def sloped(model: ModelInfo, connectors: Collection[Connector], found: Any) -> frozenset[str] | None:
    """The names of float connectors that have slopes; None where there are no slopes."""
    if found is None:
        return None
    floats = {connector.name for connector in connectors if connector.storage is Storage.FLOAT64}
    if not isinstance(found, list) or not floats.issuperset(map(str, found)):
        raise not_understood(model)
    return frozenset(found)


def not_understood(model: ModelInfo) -> CotwinError:
    """The error for what no sound process says."""
    return FmuImportError(f"{model.path}: its process says what cannot be true; ask its supplier for a sound export")
