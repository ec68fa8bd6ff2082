"""From what somebody typed to the description that will run: a YAML file or one FMU, with values replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import SystemDescription
from orchestrator.system.names import nearest
from orchestrator.system.yaml_file import read_system, single_fmu
from orchestrator.system.yaml_loader import load

STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN = 500


class Overrides(NamedTuple):
    """Values that replace those of the description: stop time and step size (s), `component.parameter=value`."""

    stop: float | None = None
    step_size: float | None = None
    parameters: Sequence[str] = ()


def prepare(path: Path, overrides: Overrides) -> SystemDescription:
    """Read a system, or describe one FMU by its default experiment, and replace values in it.

    Raises DescriptionError where the file or a replaced value is wrong.
    """
    description = _of_fmu(path, overrides.stop) if path.suffix.lower() == ".fmu" else read_system(path)
    changes: dict[str, Any] = {}
    if overrides.stop is not None:
        changes["experiment"] = description.experiment.model_copy(update={"stop": overrides.stop})
    if overrides.step_size is not None:
        changes["step_size"] = overrides.step_size
    changes["components"] = _with_parameters(description, overrides.parameters)
    return _validated(description, changes)


def _of_fmu(path: Path, stop: float | None) -> SystemDescription:
    """One FMU with its default experiment; a missing step size gives a fixed number of steps."""
    experiment = read_model(path).default_experiment
    start = experiment.start or 0.0
    stop = experiment.stop if stop is None else stop
    if stop is None:
        raise DescriptionError(f"{path}: the FMU has no default stop time; give one with --stop (s)")
    step_size = experiment.step_size or (stop - start) / STEPS_WHERE_NO_STEP_SIZE_IS_GIVEN
    return single_fmu(path, start=start, stop=stop, step_size=step_size, tolerance=experiment.tolerance)


def _with_parameters(description: SystemDescription, settings: Sequence[str]) -> dict[str, Any]:
    components: dict[str, Any] = {name: part.model_dump() for name, part in description.components.items()}
    for setting in settings:
        target, equals, text = setting.partition("=")
        component, dot, parameter = target.strip().partition(".")
        if not (equals and dot and parameter):
            raise DescriptionError(f"--set {setting}: write component.parameter=value")
        if component not in components:
            raise DescriptionError(f"--set {setting}: no component '{component}'; {nearest(component, components)}")
        components[component]["parameters"][parameter] = load(text, f"--set {setting}").data
    return components


def _validated(description: SystemDescription, changes: dict[str, Any]) -> SystemDescription:
    try:
        return SystemDescription.model_validate({**dict(description), **changes})
    except ValidationError as error:
        details = error.errors(include_url=False)
        lines = (f"{'.'.join(map(str, one['loc']))}: {one['input']!r:.80}: {one['msg']}" for one in details[:3])
        raise DescriptionError("\n".join(lines)) from error
