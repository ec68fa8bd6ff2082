"""Container: a whole system exported as one FMU for Co-Simulation, with its components inside."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from fmus.container.build import build_container
from fmus.container.values import Type
from fmus.errors import BuildError
from orchestrator.assembly import check_file, gives_inputs, open_inputs
from orchestrator.errors import AlgebraicLoopError, CapabilityError, CotwinError, DescriptionError, FmuImportError
from orchestrator.export.coupled import Coupled, Source, bound_of
from orchestrator.export.declared import declared, has_events
from orchestrator.export.exchange import refuse_rounded, solver_files
from orchestrator.export.exposing import Chooser
from orchestrator.export.image import type_of
from orchestrator.export.libraries import Found, examined
from orchestrator.export.lowering import lower
from orchestrator.export.refusals import (
    refuse_description,
    refuse_loops,
    refuse_models,
    refuse_negated,
    refuse_values,
)
from orchestrator.export.sources import TYPES, refuse_sources
from orchestrator.export.surrogates import as_fmus
from orchestrator.fmi import fmi1_functions, fmi2_functions, fmi3_functions
from orchestrator.fmi.archive import unpacked
from orchestrator.fmi.binary import found
from orchestrator.fmi.opening import chosen_kind
from orchestrator.fmi.structure import read_component
from orchestrator.fmi.variables import ModelInfo
from orchestrator.graph.feedthrough import Feedthrough, algebraic_loops, variable_graph, written
from orchestrator.graph.schedule import Schedule, build_schedule
from orchestrator.inputs.instance import InputInstance
from orchestrator.instance import Instance
from orchestrator.master.diagnostics import diagnosed
from orchestrator.recording.selection import select
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Connector
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.meaning import meaning_of, refusal
from orchestrator.system.parameters.giving import configured

VERSIONS: Final = ("2.0", "3.0")
_KINDS: Final = {"co_simulation": "CoSimulation", "model_exchange": "ModelExchange"}
_PLATFORMS: Final = {"1": fmi1_functions.PLATFORM, "2": fmi2_functions.PLATFORM, "3": fmi3_functions.PLATFORM}


class Exported(NamedTuple):
    """The file, how many variables it exposes, and what was left out and why."""

    path: Path
    variables: int
    left_out: tuple[str, ...]


def export_fmu(
    description: SystemDescription, path: Path, *, version: str = "3.0", expose: Sequence[str] = ()
) -> Exported:
    """Write a system as one FMU of FMI `version` ("2.0" or "3.0") that needs nothing of cotwin to run.

    Its variables are called `component.connector`: those that match the patterns `expose`, by default unconnected
    inputs, parameters and what is recorded. CapabilityError names what a container does not do, and says where there
    is no C compiler; DescriptionError tells what is wrong with the description.
    """
    if version not in VERSIONS:
        raise DescriptionError(f"FMI {version}: a container is of FMI {' or '.join(VERSIONS)}; choose one")
    refuse_description(description)
    with ExitStack() as folders:
        made = folders.enter_context(TemporaryDirectory(prefix="cotwin-"))
        coupled, left_out = _coupled(as_fmus(description, Path(made)), version, expose)
        sources, files = _files(coupled, folders)
        system = lower(coupled, sources)
        try:
            build_container(system, [*files, *(solver_files() if system.solver else ())], version, path)
        except BuildError as error:
            raise CapabilityError(f"export-fmu: {error}") from error
    return Exported(path, len(coupled.exposed), (*left_out, *_together(description)))


def _together(description: SystemDescription) -> Iterator[str]:
    """What is said of components that a run would keep apart."""
    for name, component in description.components.items():
        if component.isolation is not None:
            yield f"component '{name}' runs in the process of the importer: isolation belongs to runs of cotwin"


def _coupled(description: SystemDescription, version: str, expose: Sequence[str]) -> tuple[Coupled, tuple[str, ...]]:
    models = _models(description)
    refuse_models(description, models)
    kinds = {name: _KINDS[chosen_kind(model, description.components[name])] for name, model in models.items()}
    opened = open_inputs(description, {name: model.connectors for name, model in models.items()})
    inputs = {name: one for name, one in opened.items() if isinstance(one, InputInstance)}
    refuse_sources(inputs, description, bound_of(description, models, kinds))
    components: dict[str, ModelInfo | InputInstance] = {**inputs, **models}  # inputs step before what they feed
    interfaces = {name: each.connectors for name, each in components.items()}
    links, parameters, views = meaning_of(description, interfaces)
    feedthrough = {name: each.feedthrough for name, each in components.items()}
    schedule = _schedule(interfaces, feedthrough, links, iterate=description.algorithm == "iterative")
    refuse_loops(description, schedule.loops, models, kinds)
    refuse_values(links, interfaces, parameters.values)
    refuse_negated(models, links, parameters.values)
    types = _types(inputs, models)
    watched = {name for name in models if kinds[name] == "ModelExchange" or has_events(models[name], kinds[name])}
    refuse_rounded(links, types, watched)
    chooser = Chooser(interfaces, types, {link.destination[:2] for link in links}, version)
    said = diagnosed(description, description.components)
    columns = select(description.record, {**interfaces, **views.connectors, **said})
    recorded = {(column.component, column.connector.name) for column in columns}
    exposed, left_out = chooser.named(expose) if expose else chooser.default(recorded)
    coupled = Coupled(
        description,
        models,
        inputs,
        interfaces,
        feedthrough,
        types,
        links,
        schedule,
        parameters.values,
        exposed,
        kinds,
        {**inputs, **_declared(description, models, kinds)},
    )
    return coupled, left_out


def _schedule(interfaces: Interfaces, feedthrough: Feedthrough, links: Sequence[Link], *, iterate: bool) -> Schedule:
    """The schedule; AlgebraicLoopError with the remedies that there are for a container."""
    loops = algebraic_loops(variable_graph(interfaces, feedthrough, links))
    if loops:
        paths = "\n".join(f"export-fmu: algebraic loop: {written(loop)}" for loop in loops)
        raise AlgebraicLoopError(
            f"{paths}\nA container solves no loops of direct feedthrough in its initialization. Declare 'delay: true' "
            "on one of the connections of each, put a component without direct feedthrough on it, or leave the "
            "connection out: the input becomes one of the FMU, and the tool that runs it closes the loop"
        )
    return build_schedule(interfaces, feedthrough, links, iterate=iterate)


def _declared(
    description: SystemDescription, models: Mapping[str, ModelInfo], kinds: Mapping[str, str]
) -> dict[str, Instance]:
    """The FMUs as a plan of the run sees them."""
    wanted = {name: each.extrapolation or description.extrapolation for name, each in description.components.items()}
    return {name: declared(name, model, kinds[name], wanted[name]) for name, model in models.items()}


def _types(inputs: Mapping[str, InputInstance], models: Mapping[str, ModelInfo]) -> dict[tuple[str, str], Type]:
    """The types in memory of all numbers, but of aliases with the opposite sign."""
    types = {
        (name, each.name): type_of(model, each)
        for name, model in models.items()
        for each in _numbers(model)
        if each.name not in model.negated
    }
    return types | {(name, each.name): TYPES[each.storage] for name, one in inputs.items() for each in _numbers(one)}


def _numbers(component: ModelInfo | InputInstance) -> Iterator[Connector]:
    return (connector for connector in component.connectors if connector.storage.numeric)


def _models(description: SystemDescription) -> dict[str, ModelInfo]:
    models: dict[str, ModelInfo] = {}
    closed: dict[str, CotwinError] = {}
    for name, component in configured(description).items():
        if gives_inputs(component):
            continue
        try:
            check_file(name, component)
            models[name] = read_component(component)
        except (DescriptionError, FmuImportError) as error:
            closed[name] = error
    if closed:
        raise refusal(closed, description, {name: model.connectors for name, model in models.items()})
    return models


def _files(coupled: Coupled, folders: ExitStack) -> tuple[dict[str, Source], list[tuple[str, Path]]]:
    """Where the components lie below the resources, and all their files; equal FMUs are there once.

    One that allows a single instance per process is there for each component: each loads a library of its own.
    """
    numbers: dict[object, int] = {}
    sources: dict[str, Source] = {}
    files: list[tuple[str, Path]] = []
    for name, model in coupled.models.items():
        kind = coupled.kinds[name]
        once, major = model.interface(kind).capabilities.once_per_process, model.fmi_version[0]
        key = (name,) if once else model.content
        folder = folders.enter_context(unpacked(model.path, model.content))
        new = key not in numbers
        place = f"parts/{numbers.setdefault(key, len(numbers))}"
        resources = place if major == "1" else f"{place}/resources"
        sources[name] = _source(
            place, folder, resources, examined(name, found(model, kind, folder, _PLATFORMS[major]), major)
        )
        if new:
            files += ((f"{place}/{path.relative_to(folder).as_posix()}", path) for path in _all_files(folder))
    return sources, files


def _source(place: str, folder: Path, resources: str, library: Found) -> Source:
    own, *before = (f"{place}/{path.relative_to(folder).as_posix()}" for path in (library.path, *library.before))
    return Source(own, tuple(before), resources, library.keeps_state, library.serializes_state)


def _all_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
