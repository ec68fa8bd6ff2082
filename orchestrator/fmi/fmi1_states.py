"""Which variables the continuous states of an FMI 1.0 model are: its description counts them, its binary names them."""

from collections.abc import Sequence
from ctypes import c_size_t, c_void_p
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from orchestrator.fmi.function_table import FATAL, GOOD, bound
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import StateWrite
from orchestrator.system.connector import Storage

_KIND = "ModelExchange"
_FUNCTION = "GetStateValueReferences"


class Named(NamedTuple):
    """The model with its states named where the FMU names all of them; `fatal` is the function that was, if one was."""

    model: ModelInfo
    fatal: str | None = None


def states_named(model: ModelInfo, library: Any, handle: Any) -> Named:
    """Ask an instantiated FMU which variables its states are (`fmiGetStateValueReferences`)."""
    if not model.unnamed_states or _KIND not in model.kinds:
        return Named(model)
    status, references = _asked(library, handle, model.unnamed_states)
    if status == FATAL:
        return Named(model, _FUNCTION)
    names = _names(model, references) if status in GOOD else ()
    return Named(_with_states(model, names) if names else model)


def selects_others(model: ModelInfo, library: Any, handle: Any) -> bool:
    """Whether the states are other variables by now than when they were named, by dynamic state selection."""
    status, references = _asked(library, handle, len(model.states))
    return status not in GOOD or _names(model, references) != model.states


def _asked(library: Any, handle: Any, count: int) -> tuple[int, list[int]]:
    references = np.zeros(count, dtype=np.uint32)
    ask = bound(library, f"fmi{_FUNCTION}", handle, c_void_p, c_size_t, needed=False)
    return ask(references.ctypes.data, references.size), references.tolist()


def _names(model: ModelInfo, references: Sequence[int]) -> tuple[str, ...]:
    """The first variable of each reference; none at all where one is no variable or two are the same."""
    by_reference: dict[int, str] = {}
    for connector in model.connectors:
        if connector.storage is Storage.FLOAT64 and connector.name not in model.negated:
            by_reference.setdefault(connector.reference, connector.name)
    known = all(reference in by_reference for reference in references)
    return tuple(map(by_reference.__getitem__, references)) if known and len({*references}) == len(references) else ()


def _with_states(model: ModelInfo, states: tuple[str, ...]) -> ModelInfo:
    interface = model.interface(_KIND)
    capabilities = replace(interface.capabilities, state_write=StateWrite.CONTINUOUS_STATES)
    return replace(
        model,
        connectors=tuple(replace(each, is_state=each.name in states) for each in model.connectors),
        states=states,
        unnamed_states=0,
        interfaces={**model.interfaces, _KIND: replace(interface, capabilities=capabilities)},
    )
