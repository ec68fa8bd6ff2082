"""From what was typed to the description that will run: a YAML file, an SSP package or one FMU, values replaced."""

from collections.abc import Collection, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from cotwin.settings import above_all, read_setting, short
from orchestrator.assembly import read_description
from orchestrator.errors import DescriptionError
from orchestrator.fmi.variables import read_model
from orchestrator.recording.input_tables import read_inputs
from orchestrator.system.connector import Causality
from orchestrator.system.description import Connection, Endpoint, SystemDescription
from orchestrator.system.interface import Interface
from orchestrator.system.names import nearest
from orchestrator.system.tables import SUFFIXES
from orchestrator.system.yaml.file import single_fmu

STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN = 500


class Overrides(NamedTuple):
    """Values that replace those of the description: stop time and step size (s), `component.parameter=value`.

    `inputs` are tables that feed a component: `component=FILE.csv`, or `FILE.csv` where there is one component.
    `variant` is the structure of an SSP package that is meant.
    """

    stop: float | None = None
    step_size: float | None = None
    parameters: Sequence[str] = ()
    inputs: Sequence[str] = ()
    variant: str | None = None


def prepare(path: Path, overrides: Overrides) -> SystemDescription:
    """Read a system, or describe one FMU by its default experiment, and replace values in it.

    Raises DescriptionError where the file or a replaced value is wrong.
    """
    _check_times(overrides)
    fmu = path.suffix.lower() == ".fmu" and overrides.variant is None
    description = _of_fmu(path, overrides.stop) if fmu else read_description(path, variant=overrides.variant)
    changes: dict[str, Any] = {}
    if overrides.stop is not None:
        changes["experiment"] = description.experiment.model_copy(update={"stop": overrides.stop})
    if overrides.step_size is not None:
        changes["step_size"] = overrides.step_size
    components: dict[str, Any] = {name: part.model_dump() for name, part in description.components.items()}
    settings = [read_setting(text, components) for text in overrides.parameters]
    for setting in settings:
        components[setting.component]["parameters"][setting.parameter] = setting.value
    changes["subsystems"] = above_all(description, settings)
    fed: list[_Fed] = []
    for text in overrides.inputs:
        fed.append(_fed(description, text, {*components, *(one.name for one in fed)}))
    changes["components"] = components | {one.name: {"source": one.file} for one in fed}
    changes["connections"] = (*description.connections, *(link for one in fed for link in one.connections))
    return _validated(description, changes)


def _check_times(overrides: Overrides) -> None:
    if overrides.stop is not None and not isfinite(overrides.stop):
        raise DescriptionError(f"--stop {overrides.stop}: give a finite number of seconds")
    if overrides.step_size is not None and not (isfinite(overrides.step_size) and overrides.step_size > 0.0):
        raise DescriptionError(f"--step {overrides.step_size:g}: give a positive number of seconds")


def _of_fmu(path: Path, stop: float | None) -> SystemDescription:
    """One FMU with its default experiment; a missing step size gives a fixed number of steps."""
    experiment = read_model(path).default_experiment
    start = experiment.start or 0.0
    stop = experiment.stop if stop is None else stop
    if stop is None:
        raise DescriptionError(f"{path}: the FMU has no default stop time; give one with --stop (s)")
    if stop <= start:
        raise DescriptionError(f"{path}: it starts at {start:g} s and cannot stop at {stop:g} s; give a later --stop")
    step_size = experiment.step_size or (stop - start) / STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN
    return single_fmu(path, start=start, stop=stop, step_size=step_size, tolerance=experiment.tolerance)


class _Fed(NamedTuple):
    name: str
    file: Path
    connections: tuple[Connection, ...]


def _fed(description: SystemDescription, text: str, taken: Collection[str]) -> _Fed:
    """A table as one more component, each of its columns connected to the input of that name.

    Its name is none of those `taken`.
    """
    target, equals, rest = text.partition("=")
    if not equals and len(description.components) > 1:
        known = ", ".join(description.components)
        raise DescriptionError(f"--input {short(text)}: write component=FILE.csv, with one of the components {known}")
    component, file = (target.strip(), Path(rest)) if equals else (next(iter(description.components)), Path(text))
    if component not in description.components:
        hint = nearest(component, description.components)
        raise DescriptionError(f"--input {short(text)}: no component '{component}'; {hint}")
    if file.suffix.lower() not in SUFFIXES:
        raise DescriptionError(
            f"--input {short(text)}: '{short(file.name)}' is no table; give a file in {' or '.join(SUFFIXES)}"
        )
    columns = [column.name for column in read_inputs(file).columns]
    source = description.components[component].source
    if source is not None and source.suffix.lower() == ".fmu":
        _check_columns(file, columns, component, Interface(read_model(source).connectors))
    name = "inputs" if len(description.components) == 1 else f"inputs_{component.replace('/', '_')}"
    while name in taken:
        name += "_"
    ends = ((Endpoint(component=name, connector=c), Endpoint(component=component, connector=c)) for c in columns)
    return _Fed(name, file.absolute(), tuple(Connection(source=one, destination=other) for one, other in ends))


def _check_columns(file: Path, columns: Sequence[str], component: str, interface: Interface) -> None:
    inputs = [connector.name for connector in interface.connectors.values() if connector.causality is Causality.INPUT]
    problems = []
    for column in columns:
        elements, where = interface.find(column), f"{file}: column '{short(column)}'"
        if elements is None:
            problems.append(f"{where}: '{component}' has no such input; {nearest(column, inputs)}")
        elif elements[0].connector.causality is not Causality.INPUT:
            kind = elements[0].connector.causality
            problems.append(f"{where}: '{component}.{column}' is no input but of causality {kind}")
        elif len(elements) > 1:
            each = f"'{elements[0].name}' to '{elements[-1].name}'"
            problems.append(f"{where}: '{component}.{column}' is an array; give columns {each}")
    if problems:
        raise DescriptionError("\n".join(problems))


def _validated(description: SystemDescription, changes: dict[str, Any]) -> SystemDescription:
    try:
        return SystemDescription.model_validate({**dict(description), **changes})
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise DescriptionError("\n".join(map(_said, details[:3]))) from error


def _said(detail: Any) -> str:
    place = ".".join(map(str, detail["loc"]))
    return f"{place}: {detail['input']!r:.80}: {detail['msg'].removeprefix('Value error, ')}"
