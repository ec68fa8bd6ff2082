"""The generated C header of a model of the kit: its values, their table, its states, its capabilities."""

from collections.abc import Iterable
from typing import Final

from tests.kit.capabilities import Settings
from tests.kit.models import Model, Start, Variable

_C_TYPES: Final = {
    "Float64": ("double", "F64"),
    "Float32": ("float", "F32"),
    "Boolean": ("bool", "BOOLEAN"),
    "Clock": ("bool", "CLOCK"),
    "String": ("Text", "STRING"),
    "Binary": ("Bytes", "BINARY"),
    "Enumeration": ("int64_t", "ENUMERATION"),
    **{f"Int{bits}": (f"int{bits}_t", f"I{bits}") for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": (f"uint{bits}_t", f"U{bits}") for bits in (8, 16, 32, 64)},
}
_TIME: Final = Variable("time", causality="independent")


def header(model: Model, settings: Settings, identifier: str, token: str) -> str:
    """Text of `variables.h`."""
    everything = (_TIME, *model.variables)
    fields = [f"{_C_TYPES[v.type][0]} {v.field}{_room(v)};" for v in everything]
    fields += [f"{kind} {name};" for name, kind in model.hidden.items()]
    references = {"STATES": [v.name for v in model.states], "RATES": [str(v.rate) for v in model.states]}
    references["INDICATORS"] = list(model.indicators)
    defines = {
        "TOKEN": f'"{token}"',
        "IDENTIFIER": identifier,
        "MODEL_SOURCE": f'"models/{model.source}"',
        "MAX_STEP": repr(model.max_step),
        "N_VARIABLES": len(everything),
        "N_STATES": len(model.states),
        "N_INDICATORS": len(model.indicators),
    }
    return "\n".join(
        (
            *(f"#define {name} {value}" for name, value in (defines | settings.defines()).items()),
            *(["#define HAS_RESOURCE"] if model.resource is not None else []),
            f"typedef struct {{ {' '.join(fields)} double next_event; bool terminate; }} Values;",
            f"static const Values START = {{{', '.join(_starts(model.variables))}}};",
            f"static const Entry TABLE[] = {{{', '.join(_entry(model, v) for v in everything)}}};",
            *(_array("unsigned", name, map(model.reference, names)) for name, names in references.items()),
            _array("int", "SLOPES", (model.reference(v.slope) if v.slope else -1 for v in everything)),
            _array("double", "INTERVALS_S", (v.interval or 0.0 for v in everything)),
            "",
        )
    )


def _array(kind: str, name: str, values: Iterable[object]) -> str:
    texts = [str(value) for value in values] or ["0"]
    return f"static const {kind} {name}[] __attribute__((unused)) = {{{', '.join(texts)}}};"


def _room(v: Variable) -> str:
    return f"[{v.capacity}]" if v.dimensions else ""


def _starts(variables: Iterable[Variable]) -> list[str]:
    return [f".{v.field} = {_constant(v.start)}" for v in variables if v.start is not None] or ["0"]


def _constant(start: Start) -> str:
    if isinstance(start, bool):
        return str(int(start))
    if isinstance(start, str):
        return f'{{"{start}"}}'
    if isinstance(start, bytes):
        return f"{{{len(start)}, {{{', '.join(map(str, start))}}}}}"
    return f"{{{', '.join(map(repr, start))}}}" if isinstance(start, tuple) else repr(start)


def _entry(model: Model, v: Variable) -> str:
    first, second = (*map(model.reference, v.dimensions), -1, -1)[:2]
    settable = v.causality == "input" or v.changes == "tunable" or v.rate is not None
    return (
        f"{{{_C_TYPES[v.type][1]}, offsetof(Values, {v.field}), {{{first}, {second}}}, {v.nominal}, {int(settable)}}}"
    )
