"""Libraries: what the binaries of the components can do and need, read from their files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.errors import CapabilityError
from orchestrator.fmi.elf import SharedLibrary, read_library

_NONE: Final = ("fmiGetFMUstate",)
"""FMI 1.0 has no functions for states: it is asked for one that no library has."""

_STATE: Final = {
    "1": _NONE,
    "2": ("fmi2GetFMUstate", "fmi2SetFMUstate", "fmi2FreeFMUstate"),
    "3": ("fmi3GetFMUState", "fmi3SetFMUState", "fmi3FreeFMUState"),
}
_BYTES: Final = {
    "1": _NONE,
    "2": ("fmi2SerializedFMUstateSize", "fmi2SerializeFMUstate", "fmi2DeSerializeFMUstate"),
    "3": ("fmi3SerializedFMUStateSize", "fmi3SerializeFMUState", "fmi3DeserializeFMUState"),
}


class Found(NamedTuple):
    """The library of a component, and those beside it that have to be loaded before, in that order.

    `keeps_state` and `serializes_state`: whether it has the functions for that.
    """

    path: Path
    before: tuple[Path, ...]
    keeps_state: bool
    serializes_state: bool


def examined(name: str, path: Path, major: str) -> Found:
    """What the library of a component of FMI `major` can do and needs; CapabilityError where its file is damaged."""
    libraries = {file.name: file for file in sorted(path.parent.glob("*.so*")) if file.is_file()}
    try:
        own = read_library(path.read_bytes())
        read = {each: read_library(file.read_bytes()) for each, file in libraries.items() if file != path}
    except ValueError as error:
        raise CapabilityError(
            f"export-fmu: component '{name}': a library in binaries/{path.parent.name}: {error}. Ask its supplier for "
            "a sound export"
        ) from error
    needed = tuple(_before(own, read, set()))
    exported = own.exported.union(*(read[each].exported for each in needed))
    states = exported.issuperset(_STATE[major])
    before = tuple(libraries[each] for each in needed)
    return Found(path, before, states, states and exported.issuperset(_BYTES[major]))


def _before(library: SharedLibrary, beside: Mapping[str, SharedLibrary], seen: set[str]) -> Iterator[str]:
    """The libraries beside it that it needs, each after those that it needs itself."""
    for needed in library.needed:
        if needed in beside and needed not in seen:
            seen.add(needed)
            yield from _before(beside[needed], beside, seen)
            yield needed
