"""What `cotwin inspect` says of one FMU: as tables, and as data with a fixed shape for `--json`.

The data (`SCHEMA` names its version; keys are only ever added to a version):

    schema, file, model_name, description, fmi_version, token, model_version, generation_tool
    kinds                 kind -> attributes that the FMU declares for it, by their FMI names
    capabilities          what a run relies on, for the kind that is chosen where the component names none
    platforms, log_categories, not_imported (variable -> type), warnings
    clocks                name, causality, kind (FMI's intervalVariability), interval, shift (s), priority, description
    default_experiment    start, stop, tolerance, step_size; null where the FMU suggests nothing
    variables             name, causality, variability, initial, type, shape, unit, display_unit, start, min, max,
                          nominal, state, items, description; outputs also depends_on: names of inputs, null where it
                          is unknown

Numbers that JSON does not know are the texts "NaN", "Infinity" and "-Infinity"; binary values are in hexadecimal.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from cotwin.tables import Table, number
from orchestrator.fmi.archive import content
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.variables import ModelInfo
from orchestrator.system.connector import Connector

SCHEMA: Final = "cotwin-inspect-1"

_ELEMENT = re.compile(r"(?P<before>.*)\[(?P<index>[\d,]+)\](?P<after>\)?)")
_FLAG = re.compile(r"can[A-Z]|needs[A-Z]|provides[A-Z]|has[A-Z]")
_FLAGS: Final = {"true": "yes", "1": "yes", "false": "no", "0": "no"}
_KIND_ELEMENTS: Final = {
    "CoSimulation": "CoSimulation",
    "ModelExchange": "ModelExchange",
    "ScheduledExecution": "ScheduledExecution",
    "CoSimulation_StandAlone": "CoSimulation",
    "CoSimulation_Tool": "CoSimulation",
}
"""Elements of FMI 1.0, 2.0 and 3.0 that declare a kind."""


class _Row(NamedTuple):
    causality: str
    variability: str
    type: str
    unit: str
    start: str
    min: str
    max: str
    description: str


def inspected(model: ModelInfo) -> tuple[Table, ...]:
    """Identity, capabilities, variables, feedthrough and violations of the standard of one FMU."""
    header = ("variable", *_Row._fields)
    variables = Table("Variables", header, [(name, *row) for name, row in _variables(model)])
    return (
        Table(model.name, ("", ""), list(_identity(model))),
        _capability_table(declared_kinds(model)),
        variables.without_empty_columns(),
        Table(
            "Clocks", _CLOCK, [tuple(map(_cell, clock.values())) for clock in _clocks(model)]
        ).without_empty_columns(),
        Table("Not imported", ("variable", "type"), list(not_imported(model).items())),
        Table("Direct feedthrough", ("output", "depends directly on"), list(_feedthrough(model.feedthrough))),
        Table("Warnings: violations of the standard", ("",), [(brief(warning),) for warning in model.warnings]),
    )


def as_data(model: ModelInfo) -> dict[str, Any]:
    """The same as plain dicts and lists that JSON can hold; the shape is in the docstring of this module."""
    return {
        "schema": SCHEMA,
        "file": str(model.path),
        "model_name": model.name,
        "description": model.description,
        "fmi_version": model.fmi_version,
        "token": model.token,
        "model_version": model.model_version,
        "generation_tool": model.generation_tool,
        "kinds": {kind: dict(attributes) for kind, attributes in declared_kinds(model).items()},
        "capabilities": {key: _plain(value) for key, value in asdict(model.capabilities).items()},
        "platforms": list(model.platforms),
        "log_categories": list(model.log_categories),
        "default_experiment": {key: _plain(value) for key, value in model.default_experiment._asdict().items()},
        "variables": [_variable(connector, model) for connector in model.connectors],
        "clocks": _clocks(model),
        "not_imported": not_imported(model),
        "warnings": [brief(warning) for warning in model.warnings],
    }


_CLOCK: Final = ("clock", "causality", "kind", "interval [s]", "shift [s]", "priority", "description")


def _clocks(model: ModelInfo) -> list[dict[str, Any]]:
    return [
        {
            "name": clock.name,
            "causality": clock.causality.value,
            "kind": clock.kind,
            "interval": None if clock.interval is None else float(clock.interval),
            "shift": float(clock.shift),
            "priority": clock.priority,
            "description": clock.description,
        }
        for clock in read_clocks(model.path).by_name.values()
    ]


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else number(value)


def not_imported(model: ModelInfo) -> dict[str, str]:
    """Variables that are left out for their type; clocks are no variables with a value, and tick where events do."""
    return {name: kind for name, kind in model.not_imported.items() if kind != "Clock"}


def brief(warning: str) -> str:
    """A violation without what the parser of names expected at which column."""
    return re.sub(r"\s*(No terminal matches|Unexpected token|Unexpected end-of-input).*", "", warning, flags=re.DOTALL)


def declared_kinds(model: ModelInfo) -> Mapping[str, Mapping[str, str]]:
    """Attributes that the FMU declares for each kind that it offers, by their names in the standard."""
    root = ET.fromstring(content(model.path).description)
    declared: dict[str, dict[str, str]] = {}
    for element in root.iter():
        kind = _KIND_ELEMENTS.get(element.tag)
        if kind is not None:
            for part in (element, *element.iterfind("Capabilities")):
                declared.setdefault(kind, {}).update(part.attrib)
    return {kind: declared.get(kind, {}) for kind in model.kinds}


def _capability_table(kinds: Mapping[str, Mapping[str, str]]) -> Table:
    names = dict.fromkeys(name for attributes in kinds.values() for name in attributes)
    rows = [(name, *(_yes(name, attributes.get(name)) for attributes in kinds.values())) for name in names]
    return Table("Declared capabilities", ("", *kinds), rows)


def _yes(name: str, text: str | None) -> str:
    if text is None:
        return "-"
    return _FLAGS.get(text, text) if _FLAG.match(name) else text


def _variable(connector: Connector, model: ModelInfo) -> dict[str, Any]:
    start: Any = connector.start
    data = {
        "name": connector.name,
        "causality": connector.causality.value,
        "variability": connector.variability.value,
        "initial": connector.initial,
        "type": model.types[connector.name],
        "shape": list(connector.shape),
        "unit": connector.unit.name if connector.unit else None,
        "display_unit": connector.display_unit.name if connector.display_unit else None,
        "start": None if start is None else [_plain(value) for value in start],
        "min": _plain(connector.minimum),
        "max": _plain(connector.maximum),
        "nominal": _plain(connector.nominal),
        "state": connector.is_state,
        "items": {str(value): name for value, name in connector.items},
        "description": connector.description,
    }
    if connector.name in model.feedthrough:
        inputs = model.feedthrough[connector.name]
        data["depends_on"] = None if inputs is None else list(inputs)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0.0 else "-Infinity"
    return value


def _identity(model: ModelInfo) -> Iterator[tuple[str, str]]:
    names = {"guid": "token or GUID", "fmi_version": "FMI version"}
    for key, value in model.identity.items():
        if value and key not in ("kind", "model"):
            yield names.get(key, key.replace("_", " ")), value
    if model.description:
        yield "description", model.description
    yield "kinds", ", ".join(model.kinds)
    yield "platforms", ", ".join(model.platforms) or "none (source only)"
    yield "states written by", str(model.capabilities.state_write)
    if model.log_categories:
        yield "log categories", ", ".join(model.log_categories)
    for key, wanted in model.default_experiment._asdict().items():
        if wanted is not None:
            yield f"default {key.replace('_', ' ')}", f"{wanted:g}"
        elif key == "stop":
            yield "default stop", "none: give `cotwin run` one with --stop"


def _variables(model: ModelInfo) -> list[tuple[str, _Row]]:
    """One row for each variable; neighbours that differ only in their index share one: `S[1..400]`."""
    grouped: list[tuple[str, list[str], _Row]] = []
    for connector in model.connectors:
        row = _row(connector, model.types[connector.name])
        family = _family(connector.name)
        if grouped and _alike(grouped[-1], family, row):
            grouped[-1][1].append(connector.name)
            if grouped[-1][2].start != row.start:
                grouped[-1] = (*grouped[-1][:2], row._replace(start="..."))
        else:
            grouped.append((family or connector.name, [connector.name], row))
    return [(_span(names), row) for _, names, row in grouped]


def _alike(group: tuple[str, list[str], _Row], family: str | None, row: _Row) -> bool:
    return family is not None and group[0] == family and group[2]._replace(start="") == row._replace(start="")


def _row(connector: Connector, fmi_type: str) -> _Row:
    start = () if connector.start is None else connector.start
    shown = ", ".join(map(_shown, start[:3])) + (", ..." if len(start) > 3 else "")
    shape = f"[{','.join(map(str, connector.shape))}]" if connector.shape else ""
    kind = connector.causality.value + (", state" if connector.is_state else "")
    unit = connector.unit.name if connector.unit else ""
    least, greatest = ("" if limit is None else number(limit) for limit in (connector.minimum, connector.maximum))
    items = "; ".join(f"{value}: {name}" for value, name in connector.items)
    description = " -- ".join(filter(None, (_without_index(connector.description), items)))
    return _Row(kind, connector.variability.value, fmi_type + shape, unit, shown, least, greatest, description)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    return f"{value[:8].hex()}{'...' if len(value) > 8 else ''}" if isinstance(value, bytes) else number(value)


def _without_index(text: str) -> str:
    return re.sub(r"\[[\d,]+\]", "[...]", text)


def _family(name: str) -> str | None:
    match = _ELEMENT.fullmatch(name)
    return f"{match['before']}[]{match['after']}" if match else None


def _span(names: Sequence[str]) -> str:
    first, last = _ELEMENT.fullmatch(names[0]), _ELEMENT.fullmatch(names[-1])
    if len(names) == 1 or first is None or last is None:
        return names[0]
    return f"{first['before']}[{first['index']}..{last['index']}]{first['after']}"


def _feedthrough(feedthrough: Mapping[str, tuple[str, ...] | None]) -> Iterator[tuple[str, str]]:
    unknown = {output for output, inputs in feedthrough.items() if inputs is None}
    return dependencies(((output, inputs or ()) for output, inputs in feedthrough.items()), unknown)


def dependencies(outputs: Iterable[tuple[str, Sequence[str]]], unknown: set[str]) -> Iterator[tuple[str, str]]:
    """Outputs with the inputs that they depend on, those with the same answer next to each other in one row."""
    answers: dict[str, list[str]] = {}
    for output, inputs in outputs:
        answer = "unknown, taken as all inputs" if output in unknown else _listed(inputs) or "none"
        answers.setdefault(answer, []).append(output)
    for answer, names in answers.items():
        yield _listed(names), answer


def _listed(names: Sequence[str]) -> str:
    """Names in one line, elements of one array as a range."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(_family(name) or name, []).append(name)
    return ", ".join(_span(members) for members in families.values())
