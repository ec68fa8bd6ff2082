"""Reader: an SSP package, folder or SSD as a SystemDescription."""

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.ssp.attached import with_files
from orchestrator.ssp.common import markup
from orchestrator.ssp.document import Document, children
from orchestrator.ssp.files import Files, Structure
from orchestrator.ssp.naming import title
from orchestrator.ssp.own import foreign_step, system_fields
from orchestrator.ssp.packages import variants
from orchestrator.ssp.systems import Systems
from orchestrator.system.description import SystemDescription

__all__ = ["read_ssp", "variants"]

DEFAULT_DURATION: Final = 1.0
"""Length of an experiment (s) that a file says nothing about."""
DEFAULT_STEPS: Final = 500
"""Macro steps of an experiment whose step size nobody said: SSP has no word for it."""


def read_ssp(path: Path, *, variant: str | None = None, unpack_to: Path | None = None) -> SystemDescription:
    """Read a system from an .ssp archive, a folder with a SystemStructure.ssd, or an .ssd file.

    `variant` names another SSD of the package. Archives are unpacked into new folders in `unpack_to`, which the caller
    owns; without it into temporary folders, shared by all who read the same unchanged file and removed when the
    process ends. DescriptionError lists everything that is wrong with the files at once.
    """
    files = Files(unpack_to)
    try:
        structure = files.first(path, variant)
    except ValueError as error:
        raise DescriptionError(str(error)) from error
    systems = Systems(files)
    systems.read(structure)
    fields = _fields(structure.document)
    if not systems.components:
        structure.document.problem(structure.system, "has no component that could run; add one")
    files.problems.refuse()
    return _description(structure, systems, files, fields)


def _fields(document: Document) -> dict[str, Any]:
    """The experiment, and what cotwin's own annotation says."""
    own = system_fields(document)
    experiment = next(children(document.root, "DefaultExperiment"), document.root)
    start = document.real(experiment, "startTime", 0.0)
    stop = document.real(experiment, "stopTime", start + DEFAULT_DURATION)
    if not stop > start:
        document.problem(experiment, f"stopTime={stop:g} is not after startTime={start:g}; correct one of them")
    times = {"start": start, "stop": stop, "tolerance": own.pop("tolerance", None)}
    step = foreign_step(document) or (stop - start) / DEFAULT_STEPS
    return {"step_size": step, **own, "experiment": times}


def _description(structure: Structure, systems: Systems, files: Files, fields: dict[str, Any]) -> SystemDescription:
    root = structure.document.root
    given = root.get("name") or structure.system.get("name") or structure.place.file.stem
    name = title(given)
    about = with_files(markup(root, label=given if given != name else None), root, structure.place)
    for experiment in children(root, "DefaultExperiment"):  # its annotations have no place of their own
        about = about.model_copy(update={"annotations": about.annotations + markup(experiment).annotations})
    try:
        return SystemDescription(
            name=name,
            components=systems.components,
            connections=tuple(systems.connections),
            subsystems=systems.subsystems,
            units=files.definitions.units,
            enumerations=files.definitions.enumerations,
            markup=about,
            **fields,
        )
    except ValidationError as error:
        told = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_url=False)[:20])
        raise DescriptionError("\n".join(f"{structure.place.origin}: {each}" for each in told)) from error
