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
    Solver,
    Swap,
    SystemDescription,
)
from orchestrator.system.names import nearest
from orchestrator.system.solving import Bond, Extrapolation, Initialization, LoopSolver, SteadyState, StepControl
from orchestrator.system.values import Frozen, Quantity
from orchestrator.system.yaml.components import Reading, completed, each_of, with_systems
from orchestrator.system.yaml.connections import connections
from orchestrator.system.yaml.document import Document, Problem, anchored, including, read_document
from orchestrator.system.yaml.loader import Location, dotted

_FIELDS: dict[str, tuple[str, ...]] = {
    model.__name__: tuple(model.model_fields)
    for model in (SystemDescription, Component, Bond, Connection, Endpoint, Quantity)
}
_MODELS: dict[str, type[Frozen]] = {
    "swap": Swap,
    "solver": Solver,
    "experiment": Experiment,
    "loops": LoopSolver,
    "step_control": StepControl,
    "extrapolation": Extrapolation,
    "initialization": Initialization,
    "steady_state": SteadyState,
}
"""What the value of a key is, wherever it stands."""
_Known = dict[Path, SystemDescription | str]
"""The systems of files that were read, or what is wrong with them."""

MAX_WITHIN = 50
_ANYTHING = {"component": Component(source=Path("component.fmu"))}
"""Stands where nothing is left of the components for other reasons, which are told."""


def read_system(path: Path) -> SystemDescription:
    """Read the description of a system; DescriptionError lists everything that is wrong with the file at once."""
    return _read(path.absolute(), (), {})


def from_mapping(data: Mapping[str, Any], base: Path, origin: str) -> SystemDescription:
    """Make a description from plain dicts and lists of the shape of the YAML file.

    Paths in it are relative to `base`; `origin` says in error messages where the data came from.
    """
    base = base.absolute()
    return _validated(including(anchored(data, base, {}), base), origin, (), {})


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


def _read(path: Path, around: tuple[Path, ...], known: _Known) -> SystemDescription:
    """Read a file once; `around` are the files of the systems that this one lies in, `known` what was read before."""
    if path in around:
        raise DescriptionError(f"{path}: this system lies in itself; put another one in its place")
    if len(around) > MAX_WITHIN:
        raise DescriptionError(f"{path}: more than {MAX_WITHIN} systems within each other; nest fewer")
    if path not in known:
        try:
            known[path] = _validated(read_document(path), str(path), (*around, path), known)
        except DescriptionError as error:
            known[path] = str(error)
    found = known[path]
    if isinstance(found, str):
        raise DescriptionError(found)
    return found


def _validated(document: Document, origin: str, around: tuple[Path, ...], known: _Known) -> SystemDescription:
    data = document.data
    if not isinstance(data, Mapping):
        raise DescriptionError(
            f"{origin}: expected keys such as 'name', 'components' and 'step_size', got {data!r:.80}"
        )
    problems = list(document.problems)
    shaped = dict(data)
    places = dict(document.places)
    entries = completed(shaped.pop("defaults", None), data.get("components"), problems)
    entries = _components(each_of(entries, places, problems), problems)
    links = _connections(data.get("connections"), problems)
    shaped |= with_systems(shaped, entries, links, Reading(problems, lambda path: _read(path, around, known)))
    if shaped["components"] is None:
        del shaped["components"]
    elif not shaped["components"] and problems:
        shaped["components"] = _ANYTHING
    try:
        description = SystemDescription.model_validate(shaped)
    except ValidationError as error:
        problems += _explained(error, {location for location, _ in problems})
    if problems:
        raise DescriptionError("\n".join(_placed(location, text, origin, places) for location, text in problems))
    return description


def _connections(entries: Any, problems: list[Problem]) -> list[Connection]:
    if entries is None:
        return []
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        problems.append((("connections",), f"{entries!r:.80} is not a list; write '- a.y -> b.u', one line each"))
        return []
    links: list[Connection] = []
    for index, entry in enumerate(entries):
        try:
            links += [Connection.model_validate(one) for one in connections(entry)]
        except ValidationError as error:
            problems += [(("connections", index, *location), text) for location, text in _explained(error, set())]
        except ValueError as error:
            problems.append((("connections", index), str(error)))
    return links


def _components(entries: Any, problems: list[Problem]) -> Any:
    if not isinstance(entries, Mapping):
        return entries
    shaped: dict[Any, Any] = {}
    for name, entry in entries.items():
        shaped[name] = entry
        if not isinstance(entry, Mapping):
            problems.append((("components", str(name)), f"{entry!r:.80} is not a component; give it a 'source'"))
        elif entry.get("parameters", {}) is None:
            shaped[name] = {key: value for key, value in entry.items() if key != "parameters"}
    return shaped


def _explained(error: ValidationError, reported: set[Location]) -> list[tuple[Location, str]]:
    explained = []
    details = error.errors(include_url=False)
    # What is no transformation of either kind was meant as that whose keys it has.
    table = any("Linear" in detail["loc"] and detail["loc"][-1] == "entries" for detail in details)
    not_meant = "Linear" if table else "ValueMap"
    for detail in details:
        inside = [other for other in details if other["loc"][: len(detail["loc"])] == detail["loc"]]
        if not_meant in detail["loc"] or (detail["type"] == "too_short" and len(inside) > 1):
            continue
        location = tuple(part for part in detail["loc"] if part not in ("[key]", "Linear", "ValueMap"))
        if not any(location[: len(known)] == known for known in reported):
            explained.append((location, _remedy(location, dict(detail))))
    return explained


def _remedy(location: Location, detail: dict[str, Any]) -> str:
    key = str(location[-1]) if location else ""
    if detail["type"] == "extra_forbidden":
        known = _known(location[:-1])
        return f"unknown key '{key}'; {nearest(key, known) if known else 'leave it out'}"
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
    if len(location) > 3 and location[0] == "components" and location[2] == "parameters":
        return _FIELDS["Quantity"]
    if len(location) == 2 and location[0] in ("components", "bonds"):
        return _FIELDS["Component" if location[0] == "components" else "Bond"]
    if location and location[-1] in _MODELS:
        return tuple(_MODELS[str(location[-1])].model_fields)
    return () if location else _FIELDS["SystemDescription"]


def _placed(location: Location, text: str, origin: str, places: Mapping[Location, str]) -> str:
    known = next((location[:end] for end in range(len(location), -1, -1) if location[:end] in places), None)
    where = places[known] if known is not None else origin
    return f"{where}: {dotted(location)}: {text}" if location else f"{where}: {text}"
