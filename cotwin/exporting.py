"""Exporting: a system into the format of another file, with the files that belong to it."""

import filecmp
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from cotwin.preparation import Overrides, prepare
from cotwin.views import interfaces_of
from orchestrator.errors import DescriptionError
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.variables import ModelInfo
from orchestrator.ssp.writing.writer import write_ssp
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.structure import Markup, ParameterBinding, Subsystem
from orchestrator.system.yaml.writer import write_system

YAML: Final = (".yaml", ".yml")


def export_ssp(description: SystemDescription, path: Path, version: str | None = None) -> Path:
    """Write a system as an SSP package, or a folder where the path has no suffix.

    The files of its components declare what the description leaves to them. `version` is 1.0 or 2.0, by default the
    older one that can say everything. DescriptionError lists what SSP cannot say.
    """
    models = interfaces_of(description)
    interfaces = {name: model.connectors for name, model in models.items()}
    types = {name: _types(model) for name, model in models.items() if isinstance(model, ModelInfo)}
    return write_ssp(description, path, version=version, interfaces=interfaces, types=types)


def convert(system: Path, target: Path, *, version: str | None = None, variant: str | None = None) -> Path:
    """Write a system as what the suffix of the target says: YAML, or SSP (`.ssp`, or a folder without a suffix).

    Files of an .ssp archive go into a folder beside the YAML file, named after it; no file that is there is changed.
    """
    if target.suffix.lower() not in (*YAML, ".ssp", ""):
        raise DescriptionError(f"{target}: give {', '.join(YAML)} or .ssp, or a folder without a suffix, to write to")
    if target.suffix.lower() in YAML and version is not None:
        raise DescriptionError(f"--version {version}: only SSP has versions; leave it out for {target.name}")
    description = prepare(system, Overrides(variant=variant))
    if target.suffix.lower() not in YAML:
        return export_ssp(description, target, version)
    if system.suffix.lower() == ".ssp" and system.is_file():
        description = moved(description, _Copies(target.with_name(f"{target.stem}_files")))
    return write_system(description, target)


def moved(description: SystemDescription, place: Callable[[Path], Path]) -> SystemDescription:
    """The description with each of its files at another place."""
    components = {name: _component(part, place) for name, part in description.components.items()}
    subsystems = {path: _subsystem(part, place) for path, part in description.subsystems.items()}
    changes = {"components": components, "subsystems": subsystems, "markup": _markup(description.markup, place)}
    return description.model_copy(update=changes)


class _Copies:
    """Copies files into a folder, each content once, beside what is there already."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._placed: dict[Path, Path] = {}

    def __call__(self, path: Path) -> Path:
        """The copy of a file or folder, or the place of a file in a copied archive."""
        if path not in self._placed:
            archive = next((parent for parent in path.parents if parent.is_file()), None)
            self._placed[path] = self(archive) / path.relative_to(archive) if archive else self._copied(path)
        return self._placed[path]

    def _copied(self, path: Path) -> Path:
        target, number = self._folder / path.name, 1
        while target.exists() and not _alike(path, target):
            number += 1
            target = self._folder / f"{path.stem}_{number}{path.suffix}"
        if not target.exists():
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                shutil.copytree(path, target) if path.is_dir() else shutil.copyfile(path, target)
            except OSError as error:
                raise DescriptionError(f"{target}: cannot be written ({error}); give another target") from error
        return target


def _alike(one: Path, other: Path) -> bool:
    if one.is_file() and other.is_file():
        return filecmp.cmp(one, other, shallow=False)
    if not (one.is_dir() and other.is_dir()):
        return False
    inside = [
        sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file()) for folder in (one, other)
    ]
    return inside[0] == inside[1] and all(_alike(one / name, other / name) for name in inside[0])


def _component(component: Component, place: Callable[[Path], Path]) -> Component:
    changes: dict[str, Any] = {
        "bindings": _bindings(component.bindings, place),
        "markup": _markup(component.markup, place),
    }
    if component.source is not None:
        changes["source"] = place(component.source)
    if component.estimator is not None:
        changes["estimator"] = place(component.estimator)
    if component.swap is not None:
        changes["swap"] = component.swap.model_copy(update={"surrogate": place(component.swap.surrogate)})
    return component.model_copy(update=changes)


def _subsystem(subsystem: Subsystem, place: Callable[[Path], Path]) -> Subsystem:
    dictionaries = {
        name: each if each.source is None else each.model_copy(update={"source": place(each.source)})
        for name, each in subsystem.dictionaries.items()
    }
    bindings, markup = _bindings(subsystem.bindings, place), _markup(subsystem.markup, place)
    return subsystem.model_copy(update={"bindings": bindings, "dictionaries": dictionaries, "markup": markup})


def _markup(markup: Markup, place: Callable[[Path], Path]) -> Markup:
    return markup.model_copy(update={"files": {uri: place(path) for uri, path in markup.files.items()}})


def _bindings(bindings: Iterable[ParameterBinding], place: Callable[[Path], Path]) -> tuple[ParameterBinding, ...]:
    placed = []
    for each in bindings:
        files = {name: getattr(each, name) for name in ("source", "mapping_source")}
        placed.append(each.model_copy(update={name: place(path) for name, path in files.items() if path is not None}))
    return tuple(placed)


def _types(model: ModelInfo) -> dict[str, str]:
    """The types of an FMU's variables and clocks, by the names of FMI."""
    clocks = read_clocks(model.path).by_name if model.fmi_version.startswith("3") else {}
    return {**model.types, **dict.fromkeys(clocks, "Clock")}
