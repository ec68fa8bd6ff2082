"""What a Co-Simulation FMU declares about its steps beyond taking them, and what it is asked for when instantiated."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from orchestrator.errors import ModelDescriptionError
from orchestrator.fmi.archive import Content, content
from orchestrator.fmi.fmi1_description import capabilities_element


@dataclass(frozen=True)
class StepFeatures:
    """Event Mode, early return and intermediate update of FMI 3.0; derivatives of inputs (FMI 1.0, 2.0) and outputs.

    `returns_on_request`: in an intermediate update the importer may end the step.
    """

    event_mode: bool = False
    early_return: bool = False
    intermediate_update: bool = False
    returns_on_request: bool = False
    interpolates_inputs: bool = False
    output_derivatives: int = 0


@dataclass(frozen=True)
class StepOptions:
    """How an FMI 3.0 FMU is instantiated for Co-Simulation, and for Scheduled Execution (`clock_update`, a callback).

    `intermediate` holds the references of the variables that `update`, the callback for intermediate updates, accesses.
    """

    event_mode: bool = False
    early_return: bool = False
    intermediate: tuple[int, ...] = ()
    update: Callable[..., Any] | None = None
    clock_update: Callable[..., Any] | None = None


def read_features(path: Path) -> StepFeatures:
    """Read what the modelDescription.xml of an FMU declares for Co-Simulation."""
    return _read(content(path))


@lru_cache(maxsize=256)
def _read(found: Content) -> StepFeatures:
    try:
        return _features(ET.fromstring(found.description))
    except (ValueError, ET.ParseError) as error:
        raise ModelDescriptionError(
            f"{found.path}: what it declares for Co-Simulation cannot be read: {error}"
        ) from error


def _features(root: ET.Element) -> StepFeatures:
    element = root.find("CoSimulation")
    if element is None:
        element = capabilities_element(root)
    flags = {} if element is None else element.attrib

    def declares(name: str) -> bool:
        return flags.get(name) in ("true", "1")

    return StepFeatures(
        event_mode=declares("hasEventMode"),
        early_return=declares("mightReturnEarlyFromDoStep"),
        intermediate_update=declares("providesIntermediateUpdate"),
        returns_on_request=declares("providesIntermediateUpdate") and declares("canReturnEarlyAfterIntermediateUpdate"),
        interpolates_inputs=declares("canInterpolateInputs"),
        output_derivatives=int(flags.get("maxOutputDerivativeOrder", "0")),
    )
