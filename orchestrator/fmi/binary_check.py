"""Binary check: whether the library of an FMU can be loaded on this machine, found out without loading it."""

import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.fmi.archive import PLATFORMS, unpacked
from orchestrator.fmi.elf import SharedLibrary, read_library
from orchestrator.fmi.variables import ModelInfo


class BinaryProblem(NamedTuple):
    """What is wrong with a binary, and the remedy; `of_the_file` where it is so on every machine."""

    text: str
    of_the_file: bool = False


_BOTH_2: Final = (
    *("Instantiate", "FreeInstance", "SetupExperiment", "EnterInitializationMode", "ExitInitializationMode"),
    *("Terminate", "GetReal", "SetReal", "GetInteger", "SetInteger", "GetBoolean", "SetBoolean"),
)
_BOTH_3: Final = (
    *("FreeInstance", "EnterInitializationMode", "ExitInitializationMode", "Terminate"),
    *("GetFloat64", "SetFloat64", "GetInt32", "SetInt32", "GetBoolean", "SetBoolean"),
)
_MODEL_EXCHANGE: Final = ("SetTime", "GetDerivatives", "GetContinuousStates", "SetContinuousStates")
_FUNCTIONS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("1", "CoSimulation"): ("InstantiateSlave", "InitializeSlave", "DoStep", "TerminateSlave", "FreeSlaveInstance"),
    ("1", "ModelExchange"): ("InstantiateModel", "Initialize", *_MODEL_EXCHANGE, "Terminate", "FreeModelInstance"),
    ("2", "CoSimulation"): (*_BOTH_2, "DoStep"),
    ("2", "ModelExchange"): (*_BOTH_2, *_MODEL_EXCHANGE, "EnterContinuousTimeMode", "NewDiscreteStates"),
    ("3", "CoSimulation"): (*_BOTH_3, "InstantiateCoSimulation", "DoStep"),
    ("3", "ModelExchange"): (
        *_BOTH_3,
        *("InstantiateModelExchange", "SetTime", "GetContinuousStateDerivatives", "GetContinuousStates"),
        *("SetContinuousStates", "EnterContinuousTimeMode", "UpdateDiscreteStates"),
    ),
    ("3", "ScheduledExecution"): (*_BOTH_3, "InstantiateScheduledExecution", "ActivateModelPartition"),
}
"""Functions without which nothing of a kind runs, by major FMI version and kind; of those that the standard demands."""

_STATE: Final = {
    "2": ("GetFMUstate", "SetFMUstate", "FreeFMUstate"),
    "3": ("GetFMUState", "SetFMUState", "FreeFMUState"),
}
_SERIALIZE: Final = {
    "2": ("SerializedFMUstateSize", "SerializeFMUstate", "DeSerializeFMUstate"),
    "3": ("SerializedFMUStateSize", "SerializeFMUState", "DeserializeFMUState"),
}


def binary_problems(model: ModelInfo, identifiers: Mapping[str, str]) -> list[BinaryProblem]:
    """Everything that keeps the binaries of an FMU from being loaded here; `identifiers` maps its kinds to names.

    Looks for the library itself, the functions of the standard, the libraries that it needs, and the version of glibc.
    """
    if platform.system() != "Linux":
        return []
    with unpacked(model.path, model.content) as folder:
        binaries = [place for name in PLATFORMS if (place := folder / "binaries" / name).is_dir()]
        if not binaries:
            return [BinaryProblem(_no_platform(model))]
        kinds: dict[str, list[str]] = {}
        for kind, identifier in identifiers.items():
            kinds.setdefault(identifier, []).append(kind)
        return [problem for name, those in kinds.items() for problem in _problems(model, binaries[0], name, those)]


def _no_platform(model: ModelInfo) -> str:
    has = ", ".join(model.platforms) or "no platform"
    if not model.platforms:
        return f"it has no binaries, only sources at best. Export or build it for {' or '.join(PLATFORMS)}"
    return f"it has binaries for {has}, not for this machine. Export or build it for {' or '.join(PLATFORMS)}"


def _problems(model: ModelInfo, folder: Path, identifier: str, kinds: Iterable[str]) -> Iterator[BinaryProblem]:
    path = folder / f"{identifier}.so"
    if not path.is_file():
        others = sorted(file.name for file in folder.glob("*.so"))
        found = f"there is {', '.join(others)}" if others else "there is no library at all"
        yield BinaryProblem(
            f"binaries/{folder.name}/{path.name} is missing; {found}. Export it again", of_the_file=True
        )
        if len(others) != 1:
            return
        path = folder / others[0]
    where = f"binaries/{folder.name}/{path.name}"
    try:
        library = read_library(path.read_bytes())
    except ValueError as error:
        yield BinaryProblem(f"{where}: {error}. Export or build it for {folder.name}", of_the_file=True)
        return
    if library.machine != platform.machine():
        yield BinaryProblem(
            f"{where} is for {library.machine}, this machine is {platform.machine()}. Export it for that"
        )
        return
    yield from _missing_functions(model, where, library, kinds)
    yield from _missing_libraries(where, library, path.parent)
    yield from _too_new(where, library)


def _missing_functions(
    model: ModelInfo, where: str, library: SharedLibrary, kinds: Iterable[str]
) -> Iterator[BinaryProblem]:
    major = model.fmi_version[:1]
    wanted = [name for kind in kinds for name in _FUNCTIONS.get((major, kind), ())]
    if model.capabilities.get_set_state:
        wanted += _STATE.get(major, ())
    if model.capabilities.serialize_state:
        wanted += _SERIALIZE.get(major, ())
    prefix = f"{model.model_identifier}_fmi" if major == "1" else f"fmi{major}"
    missing = [f"{prefix}{name}" for name in dict.fromkeys(wanted) if f"{prefix}{name}" not in library.exported]
    if missing:
        yield BinaryProblem(
            f"{where} does not export {', '.join(missing)}. Ask its supplier for a complete export", of_the_file=True
        )


def _missing_libraries(where: str, library: SharedLibrary, own: Path) -> Iterator[BinaryProblem]:
    origin = [path.replace("${ORIGIN}", str(own)).replace("$ORIGIN", str(own)) for path in library.run_path]
    folders = [*origin, *_system_folders(), str(own)]  # the importer finds those beside the binary, too
    for name in library.needed:
        there = Path(name).is_file() if "/" in name else any((Path(folder) / name).is_file() for folder in folders)
        if not there:
            yield BinaryProblem(
                f"{where} needs {name}, which this machine does not have. Install the package that brings it, or ask "
                "its supplier for an export without it"
            )


@cache
def _system_folders() -> tuple[str, ...]:
    """Where the loader of Linux looks, ld.so(8): LD_LIBRARY_PATH, what /etc/ld.so.conf names, the default folders."""
    configured = [path for file in sorted(Path("/etc/ld.so.conf.d").glob("*.conf")) for path in _lines(file)]
    triplet = f"{platform.machine()}-linux-gnu"
    standard = [f"{top}{lib}" for top in ("", "/usr") for lib in ("/lib64", "/lib", f"/lib/{triplet}")]
    asked = [path for path in os.environ.get("LD_LIBRARY_PATH", "").split(":") if path]
    return (*asked, *_lines(Path("/etc/ld.so.conf")), *configured, *standard)


def _lines(file: Path) -> list[str]:
    try:
        lines = [line.partition("#")[0].strip() for line in file.read_text().splitlines()]
    except OSError:
        return []
    return [line for line in lines if line.startswith("/")]


def _too_new(where: str, library: SharedLibrary) -> Iterator[BinaryProblem]:
    name, own = platform.libc_ver()
    numbers = [number for versions in library.versions.values() for number in _glibc(versions)]
    if name == "glibc" and numbers and max(numbers) > _number(own):
        newest = ".".join(map(str, max(numbers)))
        yield BinaryProblem(
            f"{where} needs glibc {newest}, this machine has {own}. Build the FMU on a system as old as this one, or "
            f"run it where glibc is {newest} or newer, in a container for instance"
        )


def _glibc(versions: Iterable[str]) -> Iterator[tuple[int, ...]]:
    for version in versions:
        match = re.fullmatch(r"GLIBC_(\d+(?:\.\d+)*)", version)
        if match:
            yield _number(match[1])


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
