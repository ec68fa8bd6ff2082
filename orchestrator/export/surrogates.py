"""Surrogates: packages stand in a container as FMUs, generated from the C code that steps them in a run."""

from pathlib import Path
from typing import Final

from orchestrator.assembly import check_file, gives_inputs
from orchestrator.errors import CotwinError, SurrogateError
from orchestrator.system.description import Component, SystemDescription

SUFFIX: Final = ".surrogate"


def is_surrogate(component: Component) -> bool:
    """Whether a component is a package with a surrogate."""
    return not gives_inputs(component) and component.file.suffix.lower() == SUFFIX


def as_fmus(description: SystemDescription, folder: Path) -> SystemDescription:
    """The same system with FMUs, written to a folder, in the place of the packages of its surrogates.

    DescriptionError or SurrogateError where a package is not there or broken, or where there is no C compiler.
    """
    made: dict[Path, Path] = {}
    components = dict(description.components)
    for name, component in description.components.items():
        if not is_surrogate(component):
            continue
        check_file(name, component)
        package = component.file.absolute()
        if package not in made:
            made[package] = _exported(name, package, folder / f"{len(made)}.fmu")
        components[name] = component.model_copy(update={"source": made[package]})
    return description.model_copy(update={"components": components}) if made else description


def _exported(name: str, package: Path, target: Path) -> Path:
    try:
        from surrogates.fmu import export_surrogate  # the packages that it needs are optional
    except ModuleNotFoundError as error:
        raise SurrogateError(
            f"component '{name}': {package} needs the package '{error.name}'. Install cotwin[surrogates]"
        ) from error
    try:
        return export_surrogate(package, target)
    except CotwinError as error:
        raise SurrogateError(f"export-fmu: component '{name}': {error}") from error
