"""Scenario files: YAML with the actions of a scenario."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from orchestrator.errors import DescriptionError
from orchestrator.system.names import nearest
from orchestrator.system.scenario import KINDS, Action, Scenario
from orchestrator.system.yaml.loader import Lines, Location, dotted, load

MAX_CHARACTERS: Final = 2**22
_KEYS: Final = tuple(
    "for" if name == "for_" else name for name in Action.model_fields if name not in ("kind", "target")
)


def read_scenario(path: Path) -> Scenario:
    """Read a scenario; DescriptionError lists everything that is wrong with the file, with its lines."""
    loaded = load(read_text(path), str(path))
    return scenario_of(loaded.data, str(path), loaded.lines, path.stem)


def scenario_of(data: Any, origin: str, lines: Lines | None = None, name: str = "scenario") -> Scenario:
    """A scenario from plain dicts and lists of the shape of the file; `origin` says where they came from."""
    known = lines or {}
    if not isinstance(data, Mapping) or not isinstance(data.get("actions"), Sequence) or not data["actions"]:
        raise DescriptionError(
            f"{origin}: expected the key 'actions' with a list: - {{at: 60, override: a.u, value: 1}}"
        )
    problems: list[str] = []
    for key in data:
        if key not in ("name", "actions"):
            hint = nearest(str(key), ("name", "actions"))
            problems.append(f"{placed((str(key),), origin, known)}: unknown key '{key}'; {hint}")
    actions, places = [], []
    for index, entry in enumerate(data["actions"]):
        location = ("actions", index)
        places.append(placed(location, origin, known))
        try:
            actions.append(Action.model_validate(_shaped(entry)))
        except ValueError as error:
            problems += [f"{placed((*location, *where), origin, known)}: {text}" for where, text in said(error)]
    if problems:
        raise DescriptionError("\n".join(problems))
    try:
        return Scenario(name=data.get("name", name), actions=tuple(actions), places=tuple(places))
    except ValidationError as error:
        texts = [f"{placed(where, origin, known)}: {text}" for where, text in said(error)]
        raise DescriptionError("\n".join(texts)) from error


def read_text(path: Path) -> str:
    """The text of a YAML file; DescriptionError where it cannot be read or is too long to be one."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: cannot be read ({error}); give the path of a YAML file in UTF-8") from error
    if len(text) > MAX_CHARACTERS:
        raise DescriptionError(f"{path}: longer than {MAX_CHARACTERS} characters; give the path of a YAML file")
    return text


def placed(location: Location, origin: str, lines: Lines) -> str:
    """File, line and place of a part of it."""
    found = next((location[:end] for end in range(len(location), 0, -1) if location[:end] in lines), None)
    where = origin if found is None else f"{origin}:{lines[found]}"
    return f"{where}: {dotted(location)}"


def said(error: ValueError) -> list[tuple[Location, str]]:
    """Places and messages of what pydantic or a check found."""
    if not isinstance(error, ValidationError):
        return [((), str(error))]
    told = []
    for detail in error.errors(include_url=False):
        location = tuple(part for part in detail["loc"] if not str(part).startswith("function-") and part != "float")
        if detail["type"] == "extra_forbidden":
            told.append((location, f"unknown key '{location[-1]}'; {nearest(str(location[-1]), (*KINDS, *_KEYS))}"))
        elif detail["type"] == "missing":
            told.append((location, f"missing; add the key '{location[-1]}'"))
        else:
            told.append((location, detail["msg"].removeprefix("Value error, ")))
    return told


def _shaped(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{entry!r:.80} is no action; write {{at: 60, override: component.input, value: 1}}")
    kinds = [kind for kind in KINDS if kind in entry]
    if len(kinds) != 1:
        raise ValueError(f"name what is done, one of {', '.join(f'{kind}: component.variable' for kind in KINDS)}")
    if "kind" in entry or "target" in entry:
        raise ValueError(f"leave 'kind' and 'target' out; write {kinds[0]}: component.variable")
    rest = {str(key): value for key, value in entry.items() if key != kinds[0]}
    return {"kind": kinds[0], "target": entry[kinds[0]], **rest}
