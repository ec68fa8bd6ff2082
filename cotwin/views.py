"""What `cotwin inspect` and `cotwin explain` say, as tables."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from cotwin.tables import Table, number
from orchestrator.assembly import open_instance
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.graph.explanation import Explanation, explanation
from orchestrator.graph.feedthrough import written
from orchestrator.instance import Instance
from orchestrator.system.connector import Connector
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.resolution import resolve

_ELEMENT = re.compile(r"(?P<before>.*)\[(?P<index>[\d,]+)\](?P<after>\)?)")


class _Row(NamedTuple):
    causality: str
    variability: str
    type: str
    unit: str
    start: str
    description: str


def inspected(model: ModelInfo) -> tuple[Table, ...]:
    """Identity, capabilities, variables, feedthrough and violations of the standard of one FMU."""
    header = ("variable", *_Row._fields)
    return (
        Table(model.name, ("", ""), list(_identity(model))),
        Table("Variables", header, [(name, *row) for name, row in _variables(model)]),
        Table("Not imported", ("variable", "type"), list(model.not_imported.items())),
        Table("Direct feedthrough", ("output", "depends directly on"), list(_feedthrough(model.feedthrough))),
        Table("Violations of the standard", ("",), [(warning,) for warning in model.warnings]),
    )


def explained(description: SystemDescription) -> Explanation:
    """The structure of a system, from the model descriptions of its FMUs; nothing is run."""
    models = {name: _model(name, component) for name, component in description.components.items()}
    interfaces = {name: model.connectors for name, model in models.items()}
    return explanation(
        description.step_size,
        interfaces,
        {name: model.feedthrough for name, model in models.items()},
        resolve(description, interfaces),
        {name: model.identity for name, model in models.items()},
    )


def _model(name: str, component: Component) -> ModelInfo | Instance:
    """What tells connectors, feedthrough and identity: the description of an FMU, anything else opened and closed."""
    if component.source.suffix.lower() == ".fmu":
        return read_model(component.source)
    instance = open_instance(name, component)
    instance.close()
    return instance


def explanation_tables(structure: Explanation, algorithm: str) -> tuple[Table, ...]:
    """Components, stages, connections with their delays, feedthrough and loops."""
    counts = ("inputs", "outputs", "parameters", "states")
    stage = {name: number + 1 for number, names in enumerate(structure.stages) for name in names}
    components = [
        (
            one.name,
            str(stage[one.name]),
            one.fmi_version,
            *(str(getattr(one, count)) for count in counts),
            number(one.step_size),
        )
        for one in structure.components
    ]
    connections = [
        (one.source, one.destination, str(one.connections), _steps(getattr(one.delay, algorithm)))
        for one in structure.connections
    ]
    loops = [
        (
            " -> ".join(one.components),
            "algebraic" if one.algebraic else "through states",
            _steps(getattr(one.delay, algorithm)),
        )
        for one in structure.loops
    ]
    outputs = [(f"{name}.{output}", inputs) for name, output, inputs in structure.feedthrough]
    assumed = {f"{name}.{output}" for name, output in structure.assumed_full}
    return (
        Table("Components", ("component", "stage", "FMI", *counts, "step [s]"), components),
        Table("Connections", ("source", "destination", "connections", f"delay ({algorithm})"), connections),
        Table("Direct feedthrough", ("output", "depends directly on"), list(_dependencies(outputs, assumed))),
        Table("Cycles of components", ("path", "kind", f"delay ({algorithm})"), loops),
        Table("Algebraic loops", ("path",), [(written(path),) for path in structure.algebraic_loops]),
    )


def _steps(delay: int) -> str:
    return {0: "none", 1: "1 step"}.get(delay, f"{delay} steps")


def _identity(model: ModelInfo) -> Iterator[tuple[str, str]]:
    names = {"guid": "token or GUID"}
    for key, value in model.identity.items():
        if value and key not in ("kind", "model"):
            yield names.get(key, key.replace("_", " ")), value
    if model.description:
        yield "description", model.description
    yield "interfaces", ", ".join(model.kinds)
    yield "platforms", ", ".join(model.platforms) or "none (source only)"
    for key in ("variable_step", "get_set_state", "serialize_state", "directional_derivatives", "state_write"):
        value = getattr(model.capabilities, key)
        yield key.replace("_", " "), value if isinstance(value, str) else ("yes" if value else "no")
    for key, wanted in model.default_experiment._asdict().items():
        if wanted is not None:
            yield f"default {key.replace('_', ' ')}", f"{wanted:g}"


def _variables(model: ModelInfo) -> list[tuple[str, _Row]]:
    """One row for each variable; neighbours that differ only in their index share one: `S[1..400]`."""
    grouped: list[tuple[str, list[str], _Row]] = []
    for connector in model.connectors:
        row = _row(connector, model.types[connector.name])
        family = _family(connector.name)
        if (
            grouped
            and family
            and grouped[-1][0] == family
            and grouped[-1][2]._replace(start="") == row._replace(start="")
        ):
            grouped[-1][1].append(connector.name)
            if grouped[-1][2].start != row.start:
                grouped[-1] = (*grouped[-1][:2], row._replace(start="..."))
        else:
            grouped.append((family or connector.name, [connector.name], row))
    return [(_span(names), row) for _, names, row in grouped]


def _row(connector: Connector, fmi_type: str) -> _Row:
    start = () if connector.start is None else connector.start
    shown = ", ".join(map(number, start[:3])) + (", ..." if len(start) > 3 else "")
    shape = f"[{','.join(map(str, connector.shape))}]" if connector.shape else ""
    kind = connector.causality.value + (", state" if connector.is_state else "")
    unit = connector.unit.name if connector.unit else ""
    items = "; ".join(f"{value}: {name}" for value, name in connector.items)
    description = " -- ".join(filter(None, (_without_index(connector.description), items)))
    return _Row(kind, connector.variability.value, fmi_type + shape, unit, shown, description)


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
    return _dependencies(((output, inputs or ()) for output, inputs in feedthrough.items()), unknown)


def _dependencies(outputs: Iterable[tuple[str, Sequence[str]]], unknown: set[str]) -> Iterator[tuple[str, str]]:
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
