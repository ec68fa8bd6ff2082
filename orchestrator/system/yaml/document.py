"""Documents: what a YAML file says together with the files that it includes, and where each part of it stands.

    include: [plant.yaml, controllers.yaml]

A file is laid over those that it includes, in their order: keys of later files win, components and their parameters are
merged name by name, lists of connections and of what is recorded follow one another. Paths are relative to the file in
which they stand.
"""

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.system.yaml.loader import Location, load

MAX_CHARACTERS = 2**24
MAX_INCLUDED = 1000
MAX_WITHIN = 50
_LISTS = ("connections", "record")
_FILES = ("source", "system", "estimator")


Problem = tuple[Location, str]
"""What is wrong, and with which part."""


class Document(NamedTuple):
    """What the files say, where each part stands (`file:line`), and what is wrong with paths in them."""

    data: Any
    places: Mapping[Location, str]
    problems: tuple[Problem, ...] = ()


def read_document(path: Path, opened: tuple[Path, ...] = (), numbers: Iterator[int] | None = None) -> Document:
    """Read a file and all that it includes; DescriptionError names the file and line of what cannot be read.

    `opened` are the files that include this one, from the outermost on; `numbers` counts all that are read.
    """
    numbers = count() if numbers is None else numbers
    if path in opened:
        circle = " -> ".join(str(each) for each in (*opened[opened.index(path) :], path))
        raise DescriptionError(f"{path}: includes itself: {circle}; take one of them out")
    if len(opened) > MAX_WITHIN or next(numbers) > MAX_INCLUDED:
        limits = f"{MAX_INCLUDED} files or {MAX_WITHIN} within each other"
        raise DescriptionError(f"{opened[0]}: includes more than {limits}, the last one {path}; include fewer")
    loaded = load(_text(path), str(path))
    places = {location: f"{path}:{line}" for location, line in loaded.lines.items()}
    return _with_included(anchored(loaded.data, path.parent, places), path.parent, (*opened, path), numbers)


def anchored(data: Any, base: Path, places: Mapping[Location, str]) -> Document:
    """The same with every path of a component or nested system made absolute; `base` is where they are relative to."""
    if not isinstance(data, Mapping):
        return Document(data, places)
    problems: list[Problem] = []
    changed = dict(data)
    for group, absolute in (("components", _absolute), ("subsystems", _with_sets)):
        if not isinstance(data.get(group), Mapping):
            continue
        parts = changed[group] = dict(data[group])
        for name, entry in parts.items():
            if isinstance(entry, Mapping):
                try:
                    parts[name] = absolute(entry, base)
                except (OSError, ValueError) as error:
                    problems.append(((group, str(name)), f"names a file that cannot be ({error})"))
    if isinstance(data.get("markup"), Mapping):
        try:
            changed["markup"] = _with_attached(data["markup"], base)
        except (OSError, ValueError) as error:
            problems.append((("markup",), f"names a file that cannot be ({error})"))
    return Document(changed, places, tuple(problems))


def including(document: Document, base: Path) -> Document:
    """A document that is in no file itself, laid over the files that it includes."""
    return _with_included(document, base, (), count())


def _with_included(document: Document, base: Path, opened: tuple[Path, ...], numbers: Iterator[int]) -> Document:
    data = document.data
    if not isinstance(data, Mapping) or "include" not in data:
        return document
    names = data["include"]
    names = [names] if isinstance(names, str) else names
    where = document.places.get(("include",), str(opened[-1]) if opened else "description")
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) and name for name in names):
        raise DescriptionError(
            f"{where}: include: {names!r:.80}: write a list of files: [plant.yaml, controllers.yaml]"
        )
    own = document._replace(data={key: value for key, value in data.items() if key != "include"})
    merged = Document({}, {})
    for name in names:
        path = base / name
        try:
            path = path.resolve()
            there = path.exists()
        except (OSError, ValueError) as error:
            raise DescriptionError(f"{where}: include: {name!r:.80} names a file that cannot be ({error})") from error
        if not there:
            raise DescriptionError(f"{where}: include: there is no file {path}; correct its path")
        included = read_document(path, opened, numbers)
        if not isinstance(included.data, Mapping):
            raise DescriptionError(f"{path}: holds no keys of a description; write keys such as 'components'")
        merged = _laid_over(merged, included)
    return _laid_over(merged, own)


def _laid_over(under: Document, over: Document) -> Document:
    shift = {key: len(under.data[key]) for key in _LISTS if _both_lists(under.data, over.data, key)}
    moved = {_moved(location, shift): place for location, place in over.places.items()}
    problems = tuple((_moved(location, shift), text) for location, text in over.problems)
    return Document(_merged(under.data, over.data), {**under.places, **moved}, (*under.problems, *problems))


def _merged(under: Mapping[Any, Any], over: Mapping[Any, Any]) -> dict[Any, Any]:
    result = dict(under)
    for key, value in over.items():
        before = under.get(key)
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            result[key] = _merged(before, value)
        elif key in _LISTS and _both_lists(under, over, key):
            result[key] = [*under[key], *value]
        else:
            result[key] = value
    return result


def _both_lists(under: Mapping[Any, Any], over: Mapping[Any, Any], key: str) -> bool:
    return isinstance(under.get(key), list | tuple) and isinstance(over.get(key), list | tuple)


def _moved(location: Location, shift: Mapping[str, int]) -> Location:
    if len(location) > 1 and location[0] in shift and isinstance(location[1], int):
        return (location[0], location[1] + shift[str(location[0])], *location[2:])
    return location


def _absolute(entry: Mapping[str, Any], base: Path) -> dict[str, Any]:
    changed: dict[str, Any] = _placed(_with_sets(entry, base), base, *_FILES)
    if "swap" in entry:
        changed["swap"] = _placed(entry["swap"], base, "surrogate")
    return changed


def _with_sets(entry: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """A component or nested system with the files of its parameter sets and signal dictionaries."""
    changed = dict(entry)
    if isinstance(entry.get("bindings"), list | tuple):
        changed["bindings"] = [_placed(each, base, "source", "mapping_source") for each in entry["bindings"]]
    if isinstance(entry.get("markup"), Mapping):
        changed["markup"] = _with_attached(entry["markup"], base)
    if isinstance(entry.get("dictionaries"), Mapping):
        changed["dictionaries"] = {name: _placed(each, base, "source") for name, each in entry["dictionaries"].items()}
    return changed


def _with_attached(markup: Mapping[str, Any], base: Path) -> Mapping[str, Any]:
    files = markup.get("files")
    return {**markup, "files": _placed(files, base, *files)} if isinstance(files, Mapping) else markup


def _placed(entry: Any, base: Path, *keys: str) -> Any:
    """An entry with the paths under these keys made absolute; anything but a mapping as it is."""
    if not isinstance(entry, Mapping):
        return entry
    paths = {key: entry[key] for key in keys if isinstance(entry.get(key), str | Path) and str(entry[key])}
    return {**entry, **{key: (base / path).resolve() for key, path in paths.items()}}


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        reason = _reason(error)
        raise DescriptionError(f"{path}: cannot be read ({reason}); give the path of a YAML file in UTF-8") from error
    if len(text) > MAX_CHARACTERS:
        raise DescriptionError(f"{path}: longer than {MAX_CHARACTERS} characters; give the path of a YAML file")
    return text


def _reason(error: OSError | ValueError) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
