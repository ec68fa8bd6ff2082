"""Completeness: what the binary of an FMU lacks of the functions that its description promises."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from orchestrator.fmi.function_table import FunctionTable, has, optional
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Capabilities, StateWrite

_STATE: Final = {"2": "FMUstate", "3": "FMUState"}
_DESERIALIZE: Final = {"2": "DeSerialize", "3": "Deserialize"}


class Withdrawals(NamedTuple):
    """Capabilities with what remains of them, and the functions that are missing."""

    capabilities: Mapping[str, Any]
    missing: tuple[str, ...]


def withdrawals(model: ModelInfo, kind: str, dll: Any) -> Withdrawals:
    """What the binary cannot do although the description declares it, for lack of functions."""
    declared = model.interface(kind).capabilities
    withdrawn: dict[str, Any] = {}
    missing: list[str] = []
    for capability, names in _functions(model.fmi_version[0], declared):
        lacking = [name for name in names if not has(optional(dll, name))]
        if lacking:
            withdrawn[capability] = StateWrite.NONE if capability == "state_write" else False
            missing += [name for name in lacking if name not in missing]
    return Withdrawals(withdrawn, tuple(missing))


def _functions(major: str, declared: Capabilities) -> list[tuple[str, tuple[str, ...]]]:
    """Each capability that is declared, and the functions that it takes."""
    if major == "1":
        return [("state_write", ("fmiResetSlave",))] if declared.state_write is StateWrite.RESTART else []
    prefix, state, deserialize = f"fmi{major}", _STATE[major], _DESERIALIZE[major]
    states = tuple(f"{prefix}{action}{state}" for action in ("Get", "Set", "Free"))
    serial = (f"{prefix}Serialized{state}Size", f"{prefix}Serialize{state}", f"{prefix}{deserialize}{state}")
    return [
        *([("get_set_state", states)] if declared.get_set_state else []),
        *([("serialize_state", (*states, *serial))] if declared.serialize_state else []),
        *(
            [("directional_derivatives", (f"{prefix}GetDirectionalDerivative",))]
            if declared.directional_derivatives
            else []
        ),
        *([("state_write", (f"{prefix}Reset",))] if declared.state_write is StateWrite.RESTART else []),
    ]


def unreachable(model: ModelInfo, functions: FunctionTable) -> str | None:
    """The first type of variables that the binary has no function to get for, None where there is none."""
    kinds = dict.fromkeys(model.types.values())
    return next((kind for kind in kinds if kind not in functions.access or not has(functions.access[kind].get)), None)
