"""Placing: which file and line of a description an error speaks of, where it was found after the file was read."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.showing import shown
from orchestrator.system.yaml.components import each_of
from orchestrator.system.yaml.connections import connections
from orchestrator.system.yaml.document import MAX_WITHIN, Document, read_document
from orchestrator.system.yaml.loader import Location, dotted

MAX_NESTED: Final = 1000
"""Systems in systems whose parts are placed, those that lie in themselves too; beyond that the file has to do."""
_NAMES_A_FILE: Final = re.compile(r"[^:]+\.(ya?ml|csv|tsv|txt|parquet|ss[dvmbp]|fmu)(:\d+)*: ")


def placed(text: str, path: Path, *, named: bool = True) -> str:
    """Every line of an error with the place that it is about: `plant.yaml:7: tank.T -> pid.T: ...`.

    A line that speaks of no connection or component gets the file alone where it is to be `named`, one that names a
    file already nothing. Parts of systems in systems stand in the files of these.
    """
    lines = text.split("\n")
    try:
        yaml = path.suffix.lower() in (".yaml", ".yml")
        found = dict(_places(_Part("", read_document(path.absolute())), _Systems({}, count()))) if yaml else {}
        # The file is named as it was given, however long the way to it is.
        places = {shown(key): place.replace(f"{path.absolute()}:", f"{path}:") for key, place in found.items()}
    except DescriptionError:
        places = {}
    return "\n".join(_placed(line, path if named else None, places) for line in lines)


def _placed(line: str, path: Path | None, places: Mapping[str, str]) -> str:
    ends = [place for place, sign in enumerate(line) if sign in ":.['"]
    known = next((line[:end] for end in (len(line), *reversed(ends)) if line[:end] in places), None)
    if known is not None:
        return f"{places[known]}: {line}"
    told = path is None or str(path) in line or str(path.absolute()) in line
    return line if told or not line.strip() or _NAMES_A_FILE.match(line) else f"{path}: {line}"


class _Systems(NamedTuple):
    """Files of nested systems that were read, and the number of nested systems so far."""

    known: dict[Path, Document]
    numbers: Iterator[int]


class _Part(NamedTuple):
    """A file, and the path of the nested system that it describes: empty, or one that ends in a slash."""

    path: str
    document: Document
    depth: int = 0


def _places(part: _Part, nested: _Systems) -> Iterator[tuple[str, str]]:
    """How errors begin, and where what they speak of stands."""
    data = part.document.data
    if not isinstance(data, dict):
        return
    places: dict[Location, str] = dict(part.document.places)
    components = each_of(data.get("components"), places, [])
    for location, place in places.items():
        if len(location) > 1:
            yield from _beginnings(part, location, place)
    yield from _of_connections(part, places)
    systems = components.items() if isinstance(components, dict) and part.depth < MAX_WITHIN else ()
    for name, entry in systems:
        document = _system(entry, nested)
        if document is not None:
            # Values that are given to it from outside are the bindings that its own file does not have.
            yield dotted(("subsystems", f"{part.path}{name}")), places.get(("components", str(name)), "")
            yield from _places(_Part(f"{part.path}{name}/", document, part.depth + 1), nested)


def _beginnings(part: _Part, location: Location, place: str) -> Iterator[tuple[str, str]]:
    """How errors begin that speak of the part of a file at a location."""
    group, name = str(location[0]), location[1]
    if group == "record" and not part.path:
        patterns = part.document.data.get("record")
        if isinstance(patterns, list) and isinstance(name, int) and name < len(patterns):
            yield f"record: '{patterns[name]}", place
    if group == "bonds" and part.path:
        yield dotted((group, f"{part.path}{name}", *location[2:])), place
        return
    if group not in ("components", "subsystems"):
        if not part.path:
            yield dotted(location), place
        return
    inner = f"{part.path}{name}" if name else part.path.rstrip("/")
    if part.path and not name and location[2:] in ((), ("bindings",)):
        return
    yield dotted((group, inner, *location[2:])), place
    if group == "components" and len(location) == 2:
        yield f"component '{inner}", place


def _of_connections(part: _Part, places: Mapping[Location, str]) -> Iterator[tuple[str, str]]:
    entries = part.document.data.get("connections")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        try:
            stated = connections(entry)
        except ValueError:
            continue
        for one in stated:
            ends = (_end(part.path, one[end]) for end in ("source", "destination"))
            yield " -> ".join(ends), places.get(("connections", index), str(index))


def _end(path: str, end: Mapping[str, Any]) -> str:
    """An endpoint as errors name it: nothing before the dot of a nested system means that system."""
    component = f"{path}{end['component']}" if end["component"] else path.rstrip("/")
    return f"{component}.{end['connector']}"


def _system(entry: Any, nested: _Systems) -> Document | None:
    """The file of a nested system; None for anything else, and beyond the limit."""
    path = entry.get("system") if isinstance(entry, dict) else None
    if not isinstance(path, Path) or next(nested.numbers) >= MAX_NESTED:
        return None
    if path not in nested.known:
        try:
            nested.known[path] = read_document(path)
        except DescriptionError:
            nested.known[path] = Document({}, {})
    return nested.known[path]
