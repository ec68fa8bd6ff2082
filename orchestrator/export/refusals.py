"""Refusals: what a container does not do, by name and with the remedy."""

from collections.abc import Iterator, Mapping, Sequence

from orchestrator.assembly import gives_inputs
from orchestrator.errors import CapabilityError
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.events_description import read_features
from orchestrator.fmi.opening import chosen_kind
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Values
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Causality, Storage
from orchestrator.system.description import Component, Solver, SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.solving import Initialization


def refuse_description(description: SystemDescription) -> None:
    """CapabilityError with everything that the system and its components ask for and a container does not do."""
    problems = list(_of_system(description))
    for name, component in description.components.items():
        problems += [f"component '{name}': {problem}" for problem in _of_component(component)]
    _refuse(problems)


def refuse_models(description: SystemDescription, models: Mapping[str, ModelInfo]) -> None:
    """CapabilityError with every FMU that a container does not step."""
    problems = []
    for name, model in models.items():
        problems += [f"component '{name}': {each}" for each in _of_model(description.components[name], model)]
    _refuse(problems)


def refuse_loops(
    description: SystemDescription,
    loops: Sequence[Sequence[str]],
    models: Mapping[str, ModelInfo],
    kinds: Mapping[str, str],
) -> None:
    """CapabilityError for components in solved loops, or beside them, with which a container does not solve these."""
    problems = []
    for name, model in models.items() if loops else ():
        features = read_features(model.path)
        if kinds[name] == "CoSimulation" and (features.event_mode or features.early_return):
            problems.append(
                f"component '{name}': a container solves no loops beside events. Export the FMU without them"
            )
    for name in (name for loop in loops for name in loop):
        problems += [f"component '{name}': {each}" for each in _of_loop(name, description, kinds)]
    _refuse(problems)


def _of_loop(name: str, description: SystemDescription, kinds: Mapping[str, str]) -> Iterator[str]:
    component = description.components[name]
    wanted = component.extrapolation or description.extrapolation
    if kinds.get(name) == "ModelExchange":
        yield "a container solves no loops of components for Model Exchange. Export the FMU for Co-Simulation"
    if component.estimator is not None:
        yield "a container has no estimators. Leave it out, or declare a delay in its loop"
    if component.step_size is not None:
        yield "a container has no step_size of a component in a solved loop. Leave it out"
    if wanted.order > 0 or wanted.smoothing:
        yield "a container extrapolates no inputs in a solved loop. Choose 'extrapolation: {order: 0}' for it"


def refuse_negated(
    models: Mapping[str, ModelInfo], links: tuple[Link, ...], given: Mapping[str, Mapping[str, Values]]
) -> None:
    """CapabilityError for aliases of FMI 1.0 with the opposite sign that are inputs, outputs, connected or given."""
    used = [(end.component, end.connector) for link in links for end in (link.source, link.destination)]
    used += [(name, key) for name, values in given.items() for key in values]
    outer = (Causality.INPUT, Causality.OUTPUT)
    used += [
        (name, each.name) for name, model in models.items() for each in model.connectors if each.causality in outer
    ]
    _refuse(
        [
            f"'{name}.{key}': a container knows no aliases with the opposite sign. Export the FMU without, or use the "
            "variable that it is an alias of"
            for name, key in dict.fromkeys(used)
            if name in models and key in models[name].negated
        ]
    )


def refuse_values(links: tuple[Link, ...], interfaces: Interfaces, given: Mapping[str, Mapping[str, Values]]) -> None:
    """CapabilityError for connected text and bytes, and for values that the tables of a container cannot hold."""
    storages = {(name, each.name): each.storage for name, connectors in interfaces.items() for each in connectors}
    problems = [
        f"connection '{_path(link)}': a container moves no {storages[link.source[:2]]}. Leave the connection out"
        for link in links
        if not storages[link.source[:2]].numeric
    ]
    problems += [
        f"connection '{_path(link)}': a container maps no values beyond 64 bits with sign. Map smaller ones"
        for link in links
        if link.mapping is not None and any(abs(number) >= 2**63 for entry in link.mapping.entries for number in entry)
    ]
    problems += [
        f"'{component}.{name}': a container gives no {storages[component, name]} values but single texts. Leave it out"
        for component, values in given.items()
        for name, each in values.items()
        if storages[component, name] is Storage.BINARY
        or (storages[component, name] is Storage.STRING and each.size > 1)
    ]
    _refuse(problems)


def _path(link: Link) -> str:
    source, destination = link.source, link.destination
    return f"{source.component}.{source.connector} -> {destination.component}.{destination.connector}"


def _of_system(description: SystemDescription) -> Iterator[str]:
    if description.step_control.method != "constant":
        yield "step_control: a container takes steps of one size. Choose 'method: constant' and a small 'step_size'"
    if description.step_control.global_error:
        yield "step_control: a container estimates no global error. Leave 'global_error' out"
    if description.bonds:
        yield "bonds: a container keeps no account of bonds. Leave them out"
    if description.initialization.steady_state is not None:
        yield "initialization: a container looks for no steady state. Leave 'steady_state' out"
    elif description.initialization != Initialization():
        yield "initialization: a container solves no loops. Leave it out"


def _of_component(component: Component) -> Iterator[str]:
    if gives_inputs(component):
        return
    if component.swap is not None:
        yield (
            "a container hands over to no surrogate. Leave 'swap' out, or give the surrogate as the 'source' of the "
            "component where the FMU is to have that"
        )
    if component.importer != "fmpy":
        yield "a container calls its FMUs by itself. Leave 'importer' out"


def _of_model(component: Component, model: ModelInfo) -> Iterator[str]:
    kind = chosen_kind(model, component)
    if kind == "scheduled_execution":
        yield f"{model.path.name} runs as {kind}. Export it for Co-Simulation, or ask for kind: co_simulation"
        return
    if kind == "co_simulation":
        yield from _of_steps(component, model)
    if model.fmi_version.startswith("3") and read_clocks(model.path).by_name:
        yield f"{model.path.name} has clocks, which a container does not let tick. Export it without clocks"
    if model.structure:
        yield f"{model.path.name}: a container changes no structural parameters. Export the FMU with the sizes wanted"


def _of_steps(component: Component, model: ModelInfo) -> Iterator[str]:
    if component.solver != Solver():
        yield "it runs for Co-Simulation, with the solver inside the FMU. Leave solver out"
    features = read_features(model.path)
    if features.event_mode and component.check_ranges:
        yield "a container checks no ranges of a component with Event Mode. Leave check_ranges out"
    if (features.event_mode or features.early_return) and component.step_size is not None:
        yield "a container has no step_size of a component with Event Mode or early return. Leave it out"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise CapabilityError("\n".join(f"export-fmu: {problem}" for problem in problems))
