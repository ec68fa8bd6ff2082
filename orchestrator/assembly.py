"""Assembly: from a description to a simulation. The only module that names the concrete kinds of everything.

They are imported when they are first needed, so that an integrator of FMUs needs neither torch nor a plant model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.collection import no_collection
from orchestrator.errors import CotwinError, DescriptionError, FmuImportError, SurrogateError
from orchestrator.graph.schedule import Schedule, build_schedule
from orchestrator.inputs.feeding import fed_by
from orchestrator.inputs.generated import generated_instance
from orchestrator.inputs.table import table_instance
from orchestrator.instance import Instance, stand_in
from orchestrator.master.compiled.parallel.choice import ONE_OR_MORE, Threads
from orchestrator.master.composition import Plan
from orchestrator.master.diagnostics import diagnosed
from orchestrator.master.loops.estimation import Estimated
from orchestrator.master.probing.bench import Bench, Nudge
from orchestrator.observer import Observer
from orchestrator.realtime import clock
from orchestrator.realtime.metering import Meter
from orchestrator.recording.input_tables import read_inputs
from orchestrator.recording.metadata import run_metadata
from orchestrator.recording.pace import Pace
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.results import Results
from orchestrator.recording.selection import observed, select
from orchestrator.scenarios.instance import ScenarioInstance
from orchestrator.scenarios.opening import open_scenarios
from orchestrator.scenarios.points import with_points
from orchestrator.setup import Setup
from orchestrator.simulation import Simulation
from orchestrator.swap import SwapInstance
from orchestrator.system.connections.links import Link
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.interface import Interfaces
from orchestrator.system.meaning import Meaning, meaning_of, refusal
from orchestrator.system.parameters.giving import configured
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.scenario import Scenario
from orchestrator.system.scenario_file import read_scenario
from orchestrator.system.solving import StepControl
from orchestrator.system.tables import SUFFIXES
from orchestrator.system.yaml.file import from_mapping, read_system


def open_simulation(  # noqa: PLR0913 -- the door of the library: each is a wish of its own
    description: SystemDescription | Mapping[str, Any] | Path | str,
    *,
    output: Path | str | None = None,
    observers: Iterable[Observer] = (),
    meter: bool = False,
    scenarios: Iterable[Scenario | Path | str] = (),
    resume: Checkpoint | Path | str | None = None,
    interpreted: bool = False,
    threads: int | Threads | None = None,
) -> Simulation[Results]:
    """Open everything that a description names and couple it; what was opened is closed where this fails.

    `description` may be a YAML file, an SSP package, or the content of a YAML file as dicts and lists. Results stay in
    memory, or go to the Parquet file `output` (or NAME.parquet in the folder `output`). With `meter` every instance is
    a `Meter`. `scenarios`, or their files, say what is done to the system during the run. With `resume` it goes on from
    a checkpoint, its file or its folder; so does its record where `output` is that of the earlier run. With
    `interpreted` every step is made in Python, which is slow and gives the same values to the bit. Components are
    stepped by as many as `threads` (default: one for each processor) while that is faster, with the same bits.
    """
    acted = [one if isinstance(one, Scenario) else read_scenario(Path(one)) for one in scenarios]
    checkpoint = Checkpoint.load(resume) if isinstance(resume, Path | str) else resume
    wishes = _Wishes(output, tuple(observers), meter, acted, continues=True, interpreted=interpreted)
    wishes = wishes._replace(threads=threads if isinstance(threads, Threads) else Threads(threads))
    return _open(_described(description), wishes, checkpoint)


def _open(description: SystemDescription, wishes: "_Wishes", checkpoint: Checkpoint | None) -> Simulation[Results]:
    with no_collection(), ExitStack() as opened:
        instances = _opened(description, opened)
        inputs = open_inputs(description, {name: instance.connectors for name, instance in instances.items()})
        # They come first, so that they step before the components that they feed.
        simulation = _coupled(description, {**inputs, **instances}, wishes)
        if checkpoint is not None:
            simulation.restore(checkpoint)
        opened.pop_all()

    def again(now: Checkpoint, output: Path | str | None, observers: Iterable[Observer]) -> Simulation[Results]:
        other = wishes._replace(output=output, observers=tuple(observers), continues=False)
        return _open(description, other, now)

    simulation.reopen = again
    return simulation


def _opened(description: SystemDescription, opened: ExitStack) -> dict[str, Instance]:
    """The instances of all components but those that give inputs, closed with the stack.

    Raises all that is wrong with their files, and with the others, at once.
    """
    instances: dict[str, Instance] = {}
    closed: dict[str, CotwinError] = {}
    for name, component in _used(description).items():
        if gives_inputs(component):
            continue
        wanted = component.extrapolation or description.extrapolation
        try:
            instances[name] = open_instance(name, component.model_copy(update={"extrapolation": wanted}))
        except (DescriptionError, FmuImportError, SurrogateError) as error:
            closed[name] = error
        else:
            opened.callback(instances[name].close)
    if closed:
        interfaces = {name: instance.connectors for name, instance in instances.items()}
        raise refusal(closed, description, interfaces)
    return instances


def _used(description: SystemDescription) -> Mapping[str, Component]:
    """The components without estimators that nothing uses."""
    components = configured(description)
    if description.algorithm == "iterative":
        return components
    return {name: each.model_copy(update={"estimator": None}) for name, each in components.items()}


def open_instance(name: str, component: Component) -> Instance:
    """Open the file of a component, and beside it its estimator, or the surrogate that it is to be swapped with."""
    fmu = _open_file(name, component)
    if component.estimator is not None:
        return _with_estimator(fmu, component)
    if component.swap is None:
        return fmu
    with ExitStack() as opened:
        opened.callback(fmu.close)
        surrogate = _open_file(name, Component(source=component.swap.surrogate))
        opened.callback(surrogate.close)
        swap = SwapInstance(fmu, surrogate, component.swap, clock.seconds)
        opened.pop_all()
    return swap


def _with_estimator(instance: Instance, component: Component) -> Instance:
    assert component.estimator is not None
    with ExitStack() as opened:
        opened.callback(instance.close)
        if component.swap is not None:
            raise DescriptionError(
                f"component '{instance.name}': swap and estimator do not go together. Leave one of them out"
            )
        estimator = _open_file(instance.name, Component(source=component.estimator))
        opened.callback(estimator.close)
        estimated = Estimated(instance, estimator)
        opened.pop_all()
    return estimated


def gives_inputs(component: Component) -> bool:
    """Whether a component gives inputs over time, from a table or generated: what they feed settles their types."""
    return component.source is None or component.source.suffix.lower() in SUFFIXES


_SAID = ("markup", "connectors")
"""What a description may say about a component of inputs, though it follows from its signals or columns."""


def open_inputs(description: SystemDescription, interfaces: Interfaces) -> dict[str, Instance]:
    """Open the components that give inputs over time; `interfaces` are those of all other components.

    Raises DescriptionError where tables cannot be read, or values do not fit the inputs that they feed.
    """
    opened: dict[str, Instance] = {}
    problems: list[str] = []
    for name, component in description.components.items():
        try:
            if gives_inputs(component):
                opened[name] = _open_input(name, component, description, interfaces)
        except DescriptionError as error:
            problems.append(str(error))
    if problems:
        raise DescriptionError("\n".join(dict.fromkeys(problems)))
    return opened


def _open_input(name: str, component: Component, description: SystemDescription, interfaces: Interfaces) -> Instance:
    plain = Component(source=component.source, signals=component.signals)
    asked = [key for key, value in component if value != getattr(plain, key) and key not in _SAID]
    if asked:
        what = "a table" if component.signals == {} else "a component of signals"
        raise DescriptionError(f"component '{name}': {what} has no {', '.join(asked)}. Leave it out")
    if component.source is None:
        fed = fed_by(name, component.signals, description, interfaces)
        return generated_instance(name, description, fed)
    table = read_inputs(component.source)
    fed = fed_by(name, [column.name for column in table.columns], description, interfaces)
    return table_instance(name, table, fed, parse_unit)


def _described(description: SystemDescription | Mapping[str, Any] | Path | str) -> SystemDescription:
    if isinstance(description, SystemDescription):
        return description
    if isinstance(description, Mapping):
        return from_mapping(description, Path.cwd(), "description")
    path = Path(description)
    if path.suffix.lower() == ".fmu":
        raise DescriptionError(
            f"{path}: an FMU is not a description. Describe it with orchestrator.system.yaml.file.single_fmu, or use "
            "`cotwin run` for its default experiment"
        )
    return read_description(path)


def read_description(path: Path, *, variant: str | None = None) -> SystemDescription:
    """Read a system from an SSP package (.ssp, .ssd, or a folder with a SystemStructure.ssd) or from a YAML file.

    `variant` names another structure of a package.
    """
    if path.suffix.lower() in (".ssp", ".ssd") or path.is_dir():
        from orchestrator.ssp.reader import read_ssp

        return read_ssp(path, variant=variant)
    if variant is not None:
        raise DescriptionError(f"{path}: only SSP packages have variants; leave the variant '{variant}' out")
    return read_system(path)


class _Wishes(NamedTuple):
    """What a run is to have beside its system; `continues`: its record may go on from that of an earlier run."""

    output: Path | str | None
    observers: tuple[Observer, ...]
    meter: bool
    scenarios: Sequence[Scenario]
    continues: bool
    interpreted: bool = False
    threads: Threads = ONE_OR_MORE


def _coupled(description: SystemDescription, instances: Mapping[str, Instance], wishes: _Wishes) -> Simulation[Results]:
    interfaces = {name: instance.connectors for name, instance in instances.items()}
    meaning = meaning_of(description, interfaces)
    links, _, views = meaning
    said = diagnosed(description, description.components)
    columns = select(description.record, {**interfaces, **views.connectors, **said})
    scenario = open_scenarios(wishes.scenarios, description, instances, links)
    stepped = _metered(_acted(instances, scenario), scenario) if wishes.meter else _acted(instances, scenario)
    metadata = run_metadata(description, {name: instance.identity for name, instance in instances.items()})
    if wishes.scenarios:
        metadata["scenarios"] = [one.model_dump(mode="json", exclude_defaults=True) for one in wishes.scenarios]
    setup = replace(
        _setup(description, stepped, meaning),
        observed=observed(columns),
        alteration=None if scenario is None else scenario.arrivals,
        identity=metadata,
        interpreted=wishes.interpreted,
        threads=wishes.threads,
    )
    path = _record_path(wishes.output, description.name)
    recorder = Recorder(columns, metadata, path, continues=wishes.continues, pace=_pace(description))
    simulation = Simulation(setup, (recorder, *wishes.observers), recorder.results, recorder)
    for instance in instances.values():
        if isinstance(instance, SwapInstance):
            simulation.hear(instance.take_events)
    if scenario is not None:
        scenario.attach(simulation, setup.start_values)
    return simulation


def _pace(description: SystemDescription) -> Pace | None:
    interval = description.record_interval
    return None if interval is None else Pace(description.experiment.start, interval)


def _setup(description: SystemDescription, instances: Mapping[str, Instance], meaning: Meaning) -> Setup:
    return Setup(
        instances=instances,
        links=meaning.links,
        plan=_plan(description, instances, meaning.links),
        experiment=description.experiment,
        step_size=description.step_size,
        start_values=meaning.parameters.values,
        check_ranges=frozenset(name for name, each in description.components.items() if each.check_ranges),
        views=meaning.views,
        diagnosed=diagnosed(description, description.components),
    )


@contextmanager
def open_bench(description: SystemDescription) -> Iterator[Bench]:
    """Open a system, initialize it, and hand out what it is tried on before a run; closed at the end.

    Its steps are all of one size, and nothing is recorded.
    """
    steady = description.model_copy(update={"step_control": StepControl()})
    nudge = Nudge()
    with ExitStack() as opened:
        instances = _opened(steady, opened)
        inputs = open_inputs(steady, {name: instance.connectors for name, instance in instances.items()})
        together = {**inputs, **instances}
        meaning = meaning_of(steady, {name: instance.connectors for name, instance in together.items()})
        setup = replace(_setup(steady, together, meaning), alteration=nudge)
        simulation = opened.enter_context(Simulation(setup, (), lambda: None))
        simulation.initialize()
        yield Bench(simulation.coupling, setup.plan, simulation.time, description.step_size, nudge, tuple(together))


def _acted(instances: Mapping[str, Instance], scenario: ScenarioInstance | None) -> Mapping[str, Instance]:
    """The instances with the scenario, which steps before all others, where there is one."""
    if scenario is None:
        return instances
    altered = {name: with_points(instance, scenario.points) for name, instance in instances.items()}
    return {scenario.name: scenario, **altered}


def _metered(instances: Mapping[str, Instance], scenario: ScenarioInstance | None) -> Mapping[str, Instance]:
    return {name: instance if instance is scenario else Meter(instance) for name, instance in instances.items()}


def _plan(description: SystemDescription, instances: Mapping[str, Instance], links: Sequence[Link]) -> Plan:
    interfaces = {name: instance.connectors for name, instance in instances.items()}
    feedthrough = {name: instance.feedthrough for name, instance in instances.items()}
    schedule = build_schedule(interfaces, feedthrough, links, iterate=description.algorithm == "iterative")
    components = description.components.items()
    _refuse_idle_estimators(instances, schedule)
    return Plan(
        schedule,
        description,
        {name: each.step_size for name, each in components if each.step_size is not None},
        {name: each.extrapolation for name, each in components if each.extrapolation is not None},
        step_size=description.step_size,
        start=description.experiment.start,
    )


def _refuse_idle_estimators(instances: Mapping[str, Instance], schedule: Schedule) -> None:
    for name, instance in instances.items():
        if stand_in(instance) is not None and not any(name in loop for loop in schedule.loops):
            raise DescriptionError(
                f"component '{name}': its estimator stands in while a loop is solved, but '{name}' is in no loop. "
                "Leave the estimator out"
            )


def _record_path(output: Path | str | None, name: str) -> Path | None:
    if output is None:
        return None
    path = Path(output)
    return path if path.suffix == ".parquet" else path / f"{name}.parquet"


def _open_file(name: str, component: Component) -> Instance:
    check_file(name, component)
    return _OPENERS[component.file.suffix.lower()](name, component)


def check_file(name: str, component: Component) -> None:
    """DescriptionError where the file of a component is not there, or of no known kind."""
    path = component.file
    if path.suffix.lower() not in _OPENERS:
        raise DescriptionError(
            f"component '{name}': {path} is of no known kind. Give a file that ends in "
            f"{' or '.join((*_OPENERS, *SUFFIXES))}"
        )
    try:
        path.stat()
    except OSError as error:
        raise DescriptionError(
            f"component '{name}': {path} does not exist or cannot be reached ({error.strerror}). Build it, or correct "
            "its path"
        ) from error


def _open_fmu(name: str, component: Component) -> Instance:
    from orchestrator.fmi.opening import open_component

    return open_component(name, component)


def _open_surrogate(name: str, component: Component) -> Instance:
    try:
        from surrogates.instance import open_surrogate
    except ModuleNotFoundError as error:
        raise SurrogateError(
            f"component '{name}': {component.file} needs the package '{error.name}'. Install cotwin[surrogates]"
        ) from error
    return open_surrogate(name, component.file)


_OPENERS: Mapping[str, Callable[[str, Component], Instance]] = {".fmu": _open_fmu, ".surrogate": _open_surrogate}
