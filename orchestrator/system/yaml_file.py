"""YAML: the file format in which people write a SystemDescription.

    name: plant
    components:
      reactor: {source: reactor.fmu, parameters: {V: 2.0}}
      plc: {source: plc.fmu}
    connections:
      - reactor.DO -> plc.DO
      - plc.N -> reactor.N
    experiment: {start: 0.0, stop: 3600.0}
    step_size: 1.0

The keys are the fields of `orchestrator.system.description`; connections are written as one line each. Paths are
relative to the file. Plain scalars follow the YAML 1.2 core schema, so that `on` is a name and `1e-6` is a number.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.system.description import (
    MAX_NAME,
    NOT_IN_NAMES,
    Component,
    Connection,
    Endpoint,
    Experiment,
    Swap,
    SystemDescription,
)
from orchestrator.system.names import nearest
from orchestrator.system.yaml_loader import Lines, Location, dotted, load

MAX_CHARACTERS = 2**24

_FIELDS: dict[str, tuple[str, ...]] = {
    model.__name__: tuple(model.model_fields)
    for model in (SystemDescription, Component, Swap, Connection, Endpoint, Experiment)
}


def read_system(path: Path) -> SystemDescription:
    """Read the description of a system; DescriptionError lists everything that is wrong with the file at once."""
    path = path.absolute()
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: cannot be read ({error}); give the path of a YAML file in UTF-8") from error
    if len(text) > MAX_CHARACTERS:
        raise DescriptionError(f"{path}: longer than {MAX_CHARACTERS} characters; give the path of a YAML file")
    loaded = load(text, str(path))
    return _validated(loaded.data, path.parent, str(path), loaded.lines)


def from_mapping(data: Mapping[str, Any], base: Path, origin: str) -> SystemDescription:
    """Make a description from plain dicts and lists of the shape of the YAML file.

    Paths in it are relative to `base`; `origin` says in error messages where the data came from.
    """
    return _validated(data, base.absolute(), origin, {})


def single_fmu(
    path: Path, *, stop: float, step_size: float, start: float = 0.0, tolerance: float | None = None
) -> SystemDescription:
    """Describe one FMU on its own with the experiment given (s), as for its default experiment."""
    name = re.sub(rf"\.|->|{NOT_IN_NAMES}", "_", path.stem)[:MAX_NAME].strip() or "fmu"
    try:
        return SystemDescription(
            name=name,
            components={name: Component(source=path.resolve())},
            experiment=Experiment(start=start, stop=stop, tolerance=tolerance),
            step_size=step_size,
        )
    except ValidationError as error:
        problems = [f"{path}: {dotted(location)}: {text}" for location, text in _explained(error, set())]
        raise DescriptionError("\n".join(problems)) from error


def _validated(data: Any, base: Path, origin: str, lines: Lines) -> SystemDescription:
    if not isinstance(data, Mapping):
        raise DescriptionError(
            f"{origin}: expected keys such as 'name', 'components' and 'step_size', got {data!r:.80}"
        )
    problems: list[tuple[Location, str]] = []
    shaped = {**data, "connections": _connections(data.get("connections"), problems)}
    shaped["components"] = _components(data.get("components"), base, problems)
    if shaped["components"] is None:
        del shaped["components"]
    try:
        description = SystemDescription.model_validate(shaped)
    except ValidationError as error:
        problems += _explained(error, {location for location, _ in problems})
    if problems:
        raise DescriptionError("\n".join(_placed(location, text, origin, lines) for location, text in problems))
    return description


def _connections(entries: Any, problems: list[tuple[Location, str]]) -> list[Any]:
    if entries is None:
        return []
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        problems.append((("connections",), f"{entries!r:.80} is not a list; write '- a.y -> b.u', one line each"))
        return []
    connections = []
    for index, entry in enumerate(entries):
        try:
            connections.append(_connection(entry))
        except ValueError as error:
            problems.append((("connections", index), str(error)))
    return connections


def _connection(entry: Any) -> Any:
    if not isinstance(entry, str):
        raise ValueError(f"{entry!r:.80} is not a connection; write it as one line: a.y -> b.u")
    ends = [end.strip() for end in entry.split("->")]
    split = [end.partition(".") for end in ends]
    if len(ends) != 2 or not all(component and connector for component, _, connector in split):
        raise ValueError(f"'{entry}' is not a connection; write 'component.output -> component.input'")
    source, destination = ({"component": component, "connector": connector} for component, _, connector in split)
    return {"source": source, "destination": destination}


def _components(entries: Any, base: Path, problems: list[tuple[Location, str]]) -> Any:
    if not isinstance(entries, Mapping):
        return entries
    shaped: dict[Any, Any] = {}
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            problems.append((("components", str(name)), f"{entry!r:.80} is not a component; give it a 'source'"))
            shaped[name] = entry
            continue
        try:
            shaped[name] = _absolute(entry, "source", base)
            if isinstance(entry.get("swap"), Mapping):
                shaped[name]["swap"] = _absolute(entry["swap"], "surrogate", base)
        except (OSError, ValueError) as error:
            problems.append((("components", str(name)), f"names a file that cannot be ({error})"))
            shaped[name] = dict(entry)
        if entry.get("parameters", {}) is None:
            del shaped[name]["parameters"]
    return shaped


def _absolute(entry: Mapping[str, Any], key: str, base: Path) -> dict[str, Any]:
    changed = dict(entry)
    if isinstance(entry.get(key), str | Path) and str(entry[key]):
        changed[key] = (base / entry[key]).resolve()
    return changed


def _explained(error: ValidationError, reported: set[Location]) -> list[tuple[Location, str]]:
    explained = []
    for detail in error.errors(include_url=False):
        location = tuple(part for part in detail["loc"] if part != "[key]")
        if not any(location[: len(known)] == known for known in reported):
            explained.append((location, _remedy(location, dict(detail))))
    return explained


def _remedy(location: Location, detail: dict[str, Any]) -> str:
    key = str(location[-1]) if location else ""
    if detail["type"] == "extra_forbidden":
        return f"unknown key '{key}'; {nearest(key, _known(location[:-1]))}"
    if detail["type"] == "missing":
        return f"missing; add the key '{key}'"
    message = _SHAPES.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{detail['input']!r:.80}: {message[0].lower()}{message[1:]}"


_SHAPES = {
    "tuple_type": "write a list: [first, second]",
    "dict_type": "write keys and values: {key: value}",
    "model_type": "write keys and values: {key: value}",
    "path_type": "write the path of a file",
}


def _known(location: Location) -> tuple[str, ...]:
    if len(location) == 2 and location[0] == "components":
        return _FIELDS["Component"]
    if location[-1:] == ("swap",):
        return _FIELDS["Swap"]
    return _FIELDS["Experiment" if location == ("experiment",) else "SystemDescription"]


def _placed(location: Location, text: str, origin: str, lines: Lines) -> str:
    known = next((location[:end] for end in range(len(location), -1, -1) if location[:end] in lines), None)
    where = f"{origin}:{lines[known]}" if known is not None else origin
    return f"{where}: {dotted(location)}: {text}" if location else f"{where}: {text}"
