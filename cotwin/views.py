"""What `cotwin explain` says, as tables."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from cotwin.inspection import dependencies
from cotwin.tables import Table, number
from orchestrator.assembly import check_file, gives_inputs, open_inputs, open_instance
from orchestrator.errors import CotwinError, DescriptionError, FmuImportError, SurrogateError
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.events_description import read_features
from orchestrator.fmi.opening import chosen_kind
from orchestrator.fmi.structure import read_component
from orchestrator.fmi.variables import ModelInfo
from orchestrator.graph.explanation import ConnectionSummary, Explanation, explanation
from orchestrator.graph.feedthrough import written
from orchestrator.instance import Instance
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.meaning import refusal
from orchestrator.system.parameters.giving import configured


def explained(description: SystemDescription) -> Explanation:
    """The structure of a system, from the model descriptions of its FMUs; nothing is run."""
    return structure(description, interfaces_of(description))


def interfaces_of(description: SystemDescription) -> dict[str, ModelInfo | Instance]:
    """What tells connectors, feedthrough and identity, by component; raises all that is wrong with files at once."""
    models: dict[str, ModelInfo | Instance] = {}
    closed: dict[str, CotwinError] = {}
    for name, part in configured(description).items():
        if not gives_inputs(part):
            try:
                models[name] = _model(name, part)
            except (DescriptionError, FmuImportError, SurrogateError) as error:
                closed[name] = error
    if closed:
        raise refusal(closed, description, {name: model.connectors for name, model in models.items()})
    return {**open_inputs(description, {name: model.connectors for name, model in models.items()}), **models}


def structure(description: SystemDescription, models: Mapping[str, ModelInfo | Instance]) -> Explanation:
    """The structure of a system whose components are known already; DescriptionError where connections are wrong."""
    interfaces = {name: model.connectors for name, model in models.items()}
    return explanation(
        description.step_size,
        interfaces,
        {name: model.feedthrough for name, model in models.items()},
        resolve(description, interfaces),
        {name: model.identity for name, model in models.items()},
        step_sizes={name: part.step_size for name, part in description.components.items() if part.step_size},
        iterate=description.algorithm == "iterative",
    )


def _model(name: str, component: Component) -> ModelInfo | Instance:
    """What tells connectors, feedthrough and identity: the description of an FMU, anything else opened and closed."""
    check_file(name, component)
    if component.file.suffix.lower() == ".fmu":
        model = read_component(component)
        kind = chosen_kind(model, component)
        if kind == "scheduled_execution":
            return replace(model, connectors=(*model.connectors, *read_clocks(model.path).parameters))
        clocked = kind == "model_exchange" and model.fmi_version.startswith("3")
        events = clocked or (kind == "co_simulation" and read_features(model.path).event_mode)
        return _with_clocks(model) if events and component.swap is None else model
    instance = open_instance(name, component)
    instance.close()
    return instance


def _with_clocks(model: ModelInfo) -> ModelInfo:
    """An FMU that runs with Event Mode: its clocks are connectors, and no output depends directly on them."""
    known = read_clocks(model.path)
    connectors = (*model.connectors, *known.connectors)
    return replace(model, connectors=connectors, feedthrough=known.feedthrough(model.feedthrough))


def explanation_tables(structure: Explanation, algorithm: str) -> tuple[Table, ...]:
    """Components, levels, connections with their delays, feedthrough and loops."""
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
        (one.source, one.destination, str(one.connections), _delayed(one, algorithm)) for one in structure.connections
    ]
    loops = [
        (
            " -> ".join(one.components),
            "algebraic" if one.algebraic else "through states",
            _steps(getattr(one.delay, algorithm)),
            written(one.path),
        )
        for one in structure.loops
    ]
    if structure.more_loops:
        loops.append(("...", "there are more", "", ""))
    parameters = [
        (
            ".".join(one.source),
            ".".join(one.parameter),
            _steps(getattr(one.delay, algorithm)) + (", breaks a loop" if one.breaks_loop else ""),
        )
        for one in structure.parameters
    ]
    outputs = [(f"{name}.{output}", inputs) for name, output, inputs in structure.feedthrough]
    assumed = {f"{name}.{output}" for name, output in structure.assumed_full}
    return (
        Table("Components", ("component", "stage", "FMI", *counts, "step [s]"), components),
        Table("Steps at the same time", ("level", "components"), list(_levels(structure, algorithm))),
        Table("Connections", ("source", "destination", "connections", f"delay ({algorithm})"), connections),
        *([Table("Parameters set by connections", ("source", "parameter", "delay"), parameters)] if parameters else []),
        Table("Direct feedthrough", ("output", "depends directly on"), list(dependencies(outputs, assumed))),
        Table("Cycles of components", ("path", "kind", f"delay ({algorithm})", "variables"), loops),
        Table("Algebraic loops", ("path",), [(written(path),) for path in structure.algebraic_loops]),
    )


def _levels(structure: Explanation, algorithm: str) -> Iterator[tuple[str, str]]:
    """Components that could step together; the members of a loop that is solved stand in brackets."""
    circles = structure.circles if algorithm == "iterative" else ()
    for level, names in enumerate(structure.levels.get(algorithm, ()), start=1):
        solved = {name: circle for circle in circles for name in circle}
        shown = (" <-> ".join(solved[name]).join("()") if name in solved else name for name in names)
        yield str(level), ", ".join(dict.fromkeys(shown))


def _delayed(one: ConnectionSummary, algorithm: str) -> str:
    steps = _steps(getattr(one.delay, algorithm))
    if not one.delayed or one.delayed == one.connections:
        return steps + (", declared" if one.delayed else "")
    return f"{steps}, {one.delayed} of them at least 1 step, declared"


def _steps(delay: int) -> str:
    return {0: "none", 1: "1 step"}.get(delay, f"{delay} steps")
