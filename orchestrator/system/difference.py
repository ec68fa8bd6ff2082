"""Difference: what changes from one description to another, part by part."""

import filecmp
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from orchestrator.showing import named
from orchestrator.system.description import Connection, SystemDescription
from orchestrator.system.structure import ParameterBinding, SignalDictionary
from orchestrator.system.values import Quantity

MARKUP = "markup"
_READ = ("source", "mapping_source")
"""Files of sets and dictionaries: what stands in them is compared itself, so that only their names are left."""


class Difference(NamedTuple):
    """One part that differs: where, and what stands there in the one and in the other; None where nothing does."""

    place: tuple[str, ...]
    one: str | None
    other: str | None

    @property
    def changes_numbers(self) -> bool:
        """Whether a run may give other numbers: not for names of systems and of files that sets of parameters and
        dictionaries were read from, and not for what is kept for other tools only.
        """
        read = len(self.place) == 5 and self.place[2] in ("bindings", "dictionaries") and self.place[-1] in _READ
        return MARKUP not in self.place and self.place != ("name",) and not read


def differences(one: SystemDescription, other: SystemDescription) -> tuple[Difference, ...]:
    """Everything in which two descriptions differ, in the order of the description.

    Connections are compared without regard to their order, files by their content (those of parameter sets and
    dictionaries as what was read from them), values left to their default with the default. Numbers are equal where
    they are the same number, 2 and 2.0 too.
    """
    return tuple(_compared((), one, other))


def _compared(place: tuple[str, ...], one: Any, other: Any) -> Iterator[Difference]:
    parts = _parts(one), _parts(other)
    if type(one) is not type(other) or parts[0] is None or parts[1] is None:
        if not _same(one, other):
            yield Difference(place, _shown(one), _shown(other))
        return
    for key in dict.fromkeys((*parts[0], *parts[1])):
        if key not in parts[0]:
            yield Difference((*place, key), None, _shown(parts[1][key]))
        elif key not in parts[1]:
            yield Difference((*place, key), _shown(parts[0][key]), None)
        else:
            yield from _compared((*place, key), parts[0][key], parts[1][key])


def _parts(value: Any) -> Mapping[str, Any] | None:
    """What is compared one by one, by name; None for a value that is compared as a whole."""
    if isinstance(value, Quantity):
        return None
    if isinstance(value, Connection):
        return {
            name: getattr(value, name) for name in type(value).model_fields if name not in ("source", "destination")
        }
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        return _with_names(fields) if isinstance(value, ParameterBinding | SignalDictionary) else fields
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and value and all(isinstance(part, BaseModel) for part in value):
        return _numbered(value)
    return {} if value == () else None


def _with_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a set or dictionary with the bare names of the files that it was read from."""
    return {name: value.name if name in _READ and value is not None else value for name, value in fields.items()}


def _numbered(parts: tuple[BaseModel, ...]) -> dict[str, BaseModel]:
    """Connections by their text, other parts by their position; a second connection of the same text by its number."""
    named: dict[str, BaseModel] = {}
    for position, part in enumerate(parts):
        name = str(part) if isinstance(part, Connection) else str(position + 1)
        named[name if name not in named else f"{name} ({position + 1})"] = part
    return named


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Path) and isinstance(other, Path):
        return one == other or (one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: Any) -> str | None:
    if value is None or value in ((), {}):
        return None
    if isinstance(value, Quantity):
        return f"{_shown(value.value)} {value.unit}"
    if isinstance(value, Connection | Path):
        return named(str(value))
    if isinstance(value, BaseModel):
        given = value.model_dump(mode="json", exclude_defaults=True)
        return named(", ".join(f"{key}: {text}" for key, text in given.items())) or "present"
    if isinstance(value, tuple):
        return f"[{', '.join(str(_shown(part)) for part in value)}]"
    return str(value)
