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
from orchestrator.system.yaml.document import Problem
from orchestrator.system.yaml.loader import Location

_OF_A_SYSTEM = ("system", "parameters")
MAX_COMPONENTS = 100_000
_NOT_BY_DEFAULT = ("source", "signals", "swap", "estimator", "system", "connectors", "bindings", "markup")
_TOO_MANY = f"with this one there are more than {MAX_COMPONENTS} components; describe fewer"


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
        if len(result) + len(named) > MAX_COMPONENTS:
            problems.append((("components", str(name)), _TOO_MANY))
            break
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
    if not systems:
        return parts
    for kind in ("subsystems", "bonds", *DEFINITIONS):
        given = data.get(kind) or {}
        if not isinstance(given, Mapping):
            reading.problems.append(((kind,), f"{given!r:.80}: write keys and values: {{key: value}}"))
        parts[kind] = dict(given) if isinstance(given, Mapping) else {}
    parts["components"] = {name: entry for name, entry in entries.items() if name not in systems}
    told: set[str] = set()
    for name, entry in systems.items():
        try:
            _put(str(name), entry, parts, reading.system)
        except (DescriptionError, ValueError) as error:
            if str(error) not in told:
                reading.problems.append((("components", str(name)), str(error)))
            told.add(str(error))
    return parts


def _completed(entry: Any, defaults: Mapping[str, Any]) -> Any:
    if not isinstance(entry, Mapping) or Path(str(entry.get("source", ""))).suffix.lower() != ".fmu":
        return entry
    result = {**defaults, **entry}
    given = defaults.get("parameters"), entry.get("parameters")
    if isinstance(given[0], Mapping) and isinstance(given[1], Mapping):
        result["parameters"] = {**given[0], **given[1]}
    return result


def _put(
    name: str, entry: Mapping[str, Any], parts: Mapping[str, Any], read: Callable[[Path], SystemDescription]
) -> None:
    """Put the system of an entry under its name into the parts of a description."""
    unknown = [key for key in entry if key not in _OF_A_SYSTEM]
    if unknown:
        raise ValueError(f"unknown key '{unknown[0]}' of a system; {nearest(str(unknown[0]), _OF_A_SYSTEM)}")
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, Mapping):
        raise ValueError(f"parameters: {parameters!r:.80}: write keys and values: {{pump.V: 2.0}}")
    inner = read(_file(entry["system"]))
    if len(parts["components"]) + len(inner.components) > MAX_COMPONENTS:
        raise ValueError(_TOO_MANY)
    different = clashes({kind: parts[kind] for kind in DEFINITIONS}, inner)
    if different:
        raise ValueError(f"{entry['system']} defines {', '.join(different)} otherwise; rename it in one of the files")
    inside = nested(name, inner, parameters)
    parts["components"].update(inside.components)
    parts["connections"].extend(inside.connections)
    parts["subsystems"].update(inside.subsystems)
    taken = [bond for bond in inside.bonds if bond in parts["bonds"]]
    if taken:
        raise ValueError(f"{entry['system']} has the bond '{taken[0]}' as well; rename one of them")
    parts["bonds"].update(inside.bonds)
    for kind in DEFINITIONS:
        parts[kind].update(getattr(inner, kind))


def _file(path: Any) -> Path:
    if not isinstance(path, Path):
        raise ValueError(f"system: {path!r:.80}: give the path of a YAML file")
    if path.suffix.lower() not in (".yaml", ".yml"):
        raise ValueError(f"{path}: a system in a system is a YAML file; make one of it with `cotwin convert`")
    return path
