"""Components as people write them: defaults for all of them, arrays of them, and systems in their place.

    defaults: {isolation: process}
    components:
      zone[1..40]: {source: zone.fmu, parameters: {z: "{i} * 0.1 m"}}
      cooling: {system: cooling.yaml, parameters: {pump.V: 2.0}}

Defaults are those of every FMU. `{i}`, `{j}` ... stand for the indices of an array.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.system.description import Connection, SystemDescription
from orchestrator.system.names import nearest
from orchestrator.system.nesting import DEFINITIONS, clashes, nested
from orchestrator.system.ranges import expanded, substituted
from orchestrator.system.yaml_document import Problem
from orchestrator.system.yaml_loader import Location

_OF_A_SYSTEM = ("system", "parameters")
_NOT_BY_DEFAULT = ("source", "signals", "swap", "system", "connectors", "bindings", "markup")


def completed(defaults: Any, entries: Any, problems: list[Problem]) -> Any:
    """Components with the defaults where an FMU gives nothing itself; parameters are completed name by name."""
    if defaults is None or not isinstance(entries, Mapping):
        return entries
    if not isinstance(defaults, Mapping):
        problems.append((("defaults",), f"{defaults!r:.80}: write keys of components: {{isolation: process}}"))
        return entries
    wrong = [key for key in defaults if key in _NOT_BY_DEFAULT]
    if wrong:
        problems.append((("defaults", str(wrong[0])), "belongs to one component each; write it there"))
        return entries
    return {name: _completed(entry, defaults) for name, entry in entries.items()}


def each_of(entries: Any, places: dict[Location, str], problems: list[Problem]) -> Any:
    """Components with every array in its elements, each of which stands where the array stands."""
    if not isinstance(entries, Mapping):
        return entries
    result: dict[Any, Any] = {}
    for name, entry in entries.items():
        try:
            named = expanded(str(name))
        except ValueError as error:
            problems.append((("components", str(name)), str(error)))
            continue
        for one, indices in named:
            if one in result:
                problems.append((("components", str(name)), f"'{one}' is described twice; keep one of them"))
            result[one] = substituted(entry, indices) if indices else entry
            if indices and ("components", str(name)) in places:
                places[("components", one)] = places[("components", str(name))]
    return result


class Reading(NamedTuple):
    """Where problems are noted, and how the file of another system is read."""

    problems: list[Problem]
    system: Callable[[Path], SystemDescription]


def with_systems(data: Mapping[str, Any], entries: Any, links: list[Connection], reading: Reading) -> dict[str, Any]:
    """The parts of a description, those of the systems in the place of components put under their names."""
    parts: dict[str, Any] = {"components": entries, "connections": links}
    if not isinstance(entries, Mapping):
        return parts
    systems = {name: entry for name, entry in entries.items() if isinstance(entry, Mapping) and "system" in entry}
    parts["components"] = {name: entry for name, entry in entries.items() if name not in systems}
    for name, entry in systems.items():
        try:
            parts |= _nested(str(name), entry, {**data, **parts}, reading.system)
        except (DescriptionError, ValueError) as error:
            reading.problems.append((("components", str(name)), str(error)))
    return parts


def _completed(entry: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(entry, Mapping) or Path(str(entry.get("source", ""))).suffix.lower() != ".fmu":
        return entry
    result = {**defaults, **entry}
    given = defaults.get("parameters"), entry.get("parameters")
    if isinstance(given[0], Mapping) and isinstance(given[1], Mapping):
        result["parameters"] = {**given[0], **given[1]}
    return result


def _nested(
    name: str, entry: Mapping[str, Any], data: Mapping[str, Any], read: Callable[[Path], SystemDescription]
) -> dict[str, Any]:
    """The parts of `data` that change when the system of an entry is put under its name."""
    unknown = [key for key in entry if key not in _OF_A_SYSTEM]
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}' of a system; {nearest(str(unknown[0]), _OF_A_SYSTEM)}")
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, Mapping):
        raise ValueError(f"parameters: {parameters!r:.80}: write keys and values: {{pump.V: 2.0}}")
    inner = read(_file(entry["system"]))
    shared = {kind: data.get(kind) or {} for kind in DEFINITIONS}
    different = clashes(shared, inner)
    if different:
        raise ValueError(f"{entry['system']} defines {', '.join(different)} otherwise; rename it in one of the files")
    inside = nested(name, inner, parameters)
    return {
        "components": {**data["components"], **inside.components},
        "connections": [*data["connections"], *inside.connections],
        "subsystems": {**(data.get("subsystems") or {}), **inside.subsystems},
        **{kind: {**shared[kind], **getattr(inner, kind)} for kind in DEFINITIONS},
    }


def _file(path: Any) -> Path:
    if not isinstance(path, Path):
        raise ValueError(f"system: {path!r:.80}: give the path of a YAML file")
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise ValueError(f"{path}: a system in a system is a YAML file; make one of it with `cotwin convert`")
    return path
