"""FMUs of the kit that contradict themselves, and what is demanded of the importer: one table for tests and pages."""

import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.errors import CotwinError, FmuImportError, ModelDescriptionError, SimulationError, StepError
from tests.kit.build import changed, kit_fmu, platform
from tests.kit.models import MODELS


@dataclass(frozen=True)
class Lie:
    """An FMU of a version made by `make(version, folder)`, and the reaction: an error, or a run that is `told`.

    `says` is part of the error's message, or of what is logged.
    """

    what: str
    reaction: str
    make: Callable[[str, Path], Path]
    error: type[CotwinError] | None
    says: str
    versions: tuple[str, ...] = ("1.0", "2.0", "3.0")
    kind: str = "co_simulation"
    step: float = 0.25


def _text(fmu: Path) -> str:
    with zipfile.ZipFile(fmu) as archive:
        return archive.read("modelDescription.xml").decode()


def _edited(model: str, pattern: str, new: str, kind: str = "co_simulation") -> Callable[[str, Path], Path]:
    """The FMU with the first match of a pattern in its description replaced."""

    def make(version: str, folder: Path) -> Path:
        fmu = kit_fmu(model, version, kind)
        match = re.search(pattern, _text(fmu))
        assert match is not None, pattern
        return changed(fmu, folder / "lie.fmu", {match.group(): match.expand(new)})

    return make


def _built(model: str, kind: str = "co_simulation", **capabilities: object) -> Callable[[str, Path], Path]:
    return lambda version, _: kit_fmu(model, version, kind, **capabilities)


def _renamed(new: Callable[[str], str]) -> Callable[[str, Path], Path]:
    def make(version: str, folder: Path) -> Path:
        old = f"binaries/{platform(version)}/Dahlquist.so"
        return changed(kit_fmu("Dahlquist", version, "co_simulation"), folder / "lie.fmu", rename={old: new(version)})

    return make


def _structure(version: str, folder: Path) -> Path:
    pattern = r'<Unknown index="\d+"' if version == "2.0" else r'<Output valueReference="\d+"'
    return _edited("Feedthrough", pattern, re.sub(r"\\d\+", "99", pattern))(version, folder)


def _indicator(version: str, folder: Path) -> Path:
    reference = MODELS["BouncingBall"].reference("z")
    pattern = 'numberOfEventIndicators="1"' if version != "3.0" else f'<EventIndicator valueReference="{reference}"/>'
    new = pattern.replace('"1"', '"2"') if version != "3.0" else r'\g<0><EventIndicator valueReference="1"/>'
    return _edited("BouncingBall", pattern, new, "model_exchange")(version, folder)


_NEWER: Final = ("2.0", "3.0")

LIES: Final = (
    Lie(
        "declares get and set of its state, has no function for it",
        "runs without that capability; logged by function",
        _built("Dahlquist", lacks=("states",)),
        None,
        "the run goes on without get_set_state, serialize_state",
        _NEWER,
    ),
    Lie(
        "declares serialization of its state, has no function for it",
        "runs without that capability; logged by function",
        _built("Dahlquist", lacks=("serialization",)),
        None,
        "the run goes on without serialize_state",
        _NEWER,
    ),
    Lie(
        "declares variable steps, refuses a step of another size",
        "the run ends with the FMU's own refusal, the step size and the time",
        _built("Dahlquist", fixed_step=True, declares_variable_step=True),
        StepError,
        "DoStep with step size",
        step=0.4,
    ),
    Lie(
        "has a GUID or token that its binary does not know",
        "refused at the instantiation, with the token",
        _edited("Dahlquist", r"\{[0-9a-f]{32}\}", "{wrong}"),
        FmuImportError,
        "refused to be instantiated as 'kit' with token {wrong}",
    ),
    Lie(
        "declares more event indicators than its binary has",
        "FMI 1.0 and 2.0: the run ends with the FMU's refusal",
        _indicator,
        StepError,
        "GetEventIndicators returned Error",
        ("1.0", "2.0"),
        "model_exchange",
    ),
    Lie(
        "lists another number of event indicators than its binary has",
        "FMI 3.0: runs, the binary's number counts",
        _indicator,
        None,
        "",
        ("3.0",),
        "model_exchange",
    ),
    Lie(
        "its ModelStructure names a variable that is not there",
        "refused before the binary is loaded, by element",
        _structure,
        ModelDescriptionError,
        "refers to '99'",
        _NEWER,
    ),
    Lie(
        "two variables have one value reference",
        "FMI 3.0: refused before the binary is loaded, by both names",
        _edited("Feedthrough", 'name="Float64_y" valueReference="2"', 'name="Float64_y" valueReference="1"'),
        ModelDescriptionError,
        "'Float64_u' and 'Float64_y' have the same value reference",
        ("3.0",),
    ),
    Lie(
        "a variable has a value reference that its binary does not know",
        "the initialization ends with the FMU's refusal and the variable's name",
        _edited("Feedthrough", 'name="Boolean_u" valueReference="[0-9]+"', 'name="Boolean_u" valueReference="999"'),
        SimulationError,
        "Boolean_u",
        ("1.0", "2.0"),
    ),
    Lie(
        "its library is not called modelIdentifier.so",
        "the only library there is taken; logged",
        _renamed(lambda version: f"binaries/{platform(version)}/other.so"),
        None,
        "its only binary, other.so, is taken",
    ),
    Lie(
        "has no binary for this machine",
        "refused, with the platforms that it has",
        _renamed(lambda _: "binaries/win64/Dahlquist.dll"),
        FmuImportError,
        "it has binaries for win64",
    ),
    Lie(
        "its modelIdentifier is a path",
        "refused before anything is unpacked",
        _edited("Dahlquist", 'modelIdentifier="Dahlquist"', 'modelIdentifier="../Dahlquist"'),
        ModelDescriptionError,
        "is not the plain name of a binary",
    ),
    Lie(
        "discards a step that it could take in parts",
        "FMI 1.0, without kept states: the run ends with the time that the step reached",
        _built("Dahlquist", discard_at=0.6),
        StepError,
        "it reached 0.6 s",
        ("1.0",),
    ),
    Lie(
        "discards a step that it could take in parts",
        "FMI 2.0: it goes back and steps to the time that it reached; logged",
        _built("Dahlquist", discard_at=0.6),
        None,
        "goes back and steps to 0.6 s",
        ("2.0",),
    ),
    Lie(
        "discards a step and leaves the time that it reached undefined",
        "ever shorter steps are tried, then the run ends with the smallest",
        _built("Dahlquist", discard_at=0.6),
        StepError,
        "It is the smallest step that is tried",
        ("3.0",),
    ),
    Lie(
        "never settles its discrete states",
        "the run ends after a fixed number of iterations",
        _built("Stair", "model_exchange", event_iterations=10**6),
        SimulationError,
        "updates of the discrete states",
        kind="model_exchange",
    ),
    Lie(
        "has a periodic clock without Event Mode",
        "refused, by clock",
        _built("Clocks", event_mode=False),
        FmuImportError,
        "its clock 'tick' would never tick",
        ("3.0",),
    ),
)
UNDETECTABLE: Final = (
    "An FMU of FMI 1.0 or 2.0 that declares fewer event indicators than its equations need cannot be told from one "
    "that has no events: no function asks for their number.",
    "A function that returns OK and does nothing is believed.",
)
"""What no importer can find out."""
