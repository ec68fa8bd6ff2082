"""Naming: names of SSP as names of a description, which hold no '.', '->' and slashes."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.system.description import MAX_NAME, NOT_IN_NAMES


def usable(names: Iterable[str]) -> dict[str, str]:
    """For every name the one that it has here, each of them unique; usable names stay as they are."""
    wanted = list(dict.fromkeys(names))
    fitted = {name: _fitted(name) for name in wanted}
    taken = {name for name, changed in fitted.items() if name == changed}
    for name, changed in fitted.items():
        if name != changed:
            fitted[name] = free(changed, taken)
            taken.add(fitted[name])
    return fitted


def title(name: str) -> str:
    """The name of a whole system, which may hold dots and arrows."""
    fitted = re.sub(NOT_IN_NAMES, "_", name)[:MAX_NAME]
    return fitted if fitted.strip(". ") else "system"


def free(name: str, taken: Iterable[str]) -> str:
    """The name itself, or with the first number behind it that makes it unique."""
    others = taken if isinstance(taken, set | dict) else set(taken)
    candidate, number = name, 1
    while candidate in others:
        number += 1
        candidate = f"{name[: MAX_NAME - 8]}_{number}"
    return candidate


def merged(known: dict[str, Any], added: Mapping[str, Any]) -> dict[str, str]:
    """Put definitions of one file among those of others; old name -> name here, another where the two conflict."""
    renamed = {}
    for name, definition in added.items():
        if known.get(name, definition) == definition:
            renamed[name] = name
        else:
            same = (other for other in known if other.startswith(f"{name}_") and known[other] == definition)
            renamed[name] = next(same, None) or free(name, known)
        known[renamed[name]] = definition
    return renamed


def _fitted(name: str) -> str:
    fitted = re.sub(rf"->|\.|{NOT_IN_NAMES}", "_", name)[:MAX_NAME]
    return fitted if fitted.strip(". ") else f"element{fitted}".replace(" ", "_")[:MAX_NAME]
