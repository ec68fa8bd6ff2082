"""Placing: which file and line of a description an error speaks of, where it was found after the file was read."""

from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import DescriptionError
from orchestrator.showing import shown
from orchestrator.system.yaml.components import each_of
from orchestrator.system.yaml.connections import connections
from orchestrator.system.yaml.document import Document, read_document
from orchestrator.system.yaml.loader import Location, dotted


def placed(text: str, path: Path, *, named: bool = True) -> str:
    """Every line of an error with the place that it is about: `plant.yaml:7: tank.T -> pid.T: ...`.

    A line that speaks of no connection or component gets the file alone where it is to be `named`, one that names a
    file already nothing.
    """
    lines = text.split("\n")
    try:
        document = read_document(path.absolute()) if path.suffix.lower() in (".yaml", ".yml") else Document({}, {})
        # The file is named as it was given, however long the way to it is.
        places = {shown(key): place.replace(f"{path.absolute()}:", f"{path}:") for key, place in _places(document)}
    except DescriptionError:
        places = {}
    return "\n".join(_placed(line, path if named else None, places) for line in lines)


def _placed(line: str, path: Path | None, places: dict[str, str]) -> str:
    ends = [place for place, sign in enumerate(line) if sign in ":.["]
    known = next((line[:end] for end in (len(line), *reversed(ends)) if line[:end] in places), None)
    if known is not None:
        return f"{places[known]}: {line}"
    if path is None or not line.strip() or str(path) in line or str(path.absolute()) in line:
        return line
    return f"{path}: {line}"


def _places(document: Document) -> Iterator[tuple[str, str]]:
    """How errors begin, and where what they speak of stands."""
    if not isinstance(document.data, dict):
        return
    places: dict[Location, str] = dict(document.places)
    each_of(document.data.get("components"), places, [])
    for location, place in places.items():
        if len(location) > 1:
            yield dotted(location), place
    entries = document.data.get("connections")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        try:
            stated = connections(entry)
        except ValueError:
            continue
        for one in stated:
            ends = (one["source"], one["destination"])
            text = " -> ".join(f"{end['component']}.{end['connector']}" for end in ends)
            yield text, places.get(("connections", index), str(index))
