"""Writer: a SystemDescription as an SSP package or folder."""

from pathlib import Path
from typing import Any

from orchestrator.errors import DescriptionError
from orchestrator.ssp.vocabulary import OWN_FIELDS
from orchestrator.ssp.writing.bindings import Bindings
from orchestrator.ssp.writing.common import put_enumerations, put_units
from orchestrator.ssp.writing.declared import Types
from orchestrator.ssp.writing.draft import Draft
from orchestrator.ssp.writing.shape import shaped
from orchestrator.ssp.writing.systems import Systems
from orchestrator.ssp.writing.targets import Targets
from orchestrator.ssp.writing.tree import annotate, described, put, sub
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces

__all__ = ["write_ssp"]


def write_ssp(
    description: SystemDescription,
    path: Path,
    *,
    version: str | None = None,
    interfaces: Interfaces | None = None,
    types: Types | None = None,
) -> Path:
    """Write a system with all of its files: an .ssp archive, or a folder where the path has no suffix.

    `version` is 1.0 or 2.0, by default the older one that can say everything. `interfaces` are the connectors of
    components as their files tell them, `types` their types there: they declare what is connected and not declared,
    and tell in which type and unit values are wanted. Without them the description has to declare what it connects.

    What was at the path stays until all is written; the same description gives the same bytes. DescriptionError lists
    everything that SSP, or that version of it, cannot say.
    """
    interfaces, types = interfaces or {}, types or {}
    complete = shaped(description, interfaces, types)
    draft = Draft(complete)
    about = draft.placed(description.markup)
    root = draft.versioned(
        None,
        "ssd:SystemStructureDescription",
        name=description.markup.label or description.name,
        **draft.unique(described(description.markup)),
        **description.markup.authorship,
    )
    Systems(draft, Bindings(draft, Targets(description, interfaces, types))).put(root, "")
    put_enumerations(root, "ssd", complete.enumerations, draft.sayable)
    put_units(root, "ssd", complete.units)
    _put_experiment(root, draft)
    if about.metadata:
        draft.sayable.newer("the whole system with meta data or signatures")
    put(root, *about.metadata)
    annotate(root, about, _own_fields(description))
    draft.settle(version)
    draft.package.write(path, root)
    return path


def _put_experiment(root: Any, draft: Draft) -> None:
    experiment = draft.description.experiment
    if not experiment.stop > experiment.start:
        raise DescriptionError(
            f"experiment: it stops at {experiment.stop:g} s, not after its start at {experiment.start:g} s; correct it"
        )
    sub(root, "ssd:DefaultExperiment", startTime=repr(experiment.start), stopTime=repr(experiment.stop))


def _own_fields(description: SystemDescription) -> dict[str, Any]:
    """What SSP has no words for, as far as it is not what a reader takes for granted."""
    fields = description.model_dump(mode="json", include=set(OWN_FIELDS), exclude_defaults=True, by_alias=True)
    tolerance = description.experiment.tolerance
    return fields if tolerance is None else {**fields, "tolerance": tolerance}
