"""Showing: what people read of text that speaks of unpacked archives and of names without end."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 400
"""Characters without a space that are shown; of what is longer, the beginning and the end."""
_HEAD, _TAIL = 150, 50

_folders: dict[str, str] = {}
"""Folders that an archive was unpacked into for a while, and the archive as people know it."""


def unpacked_into(folder: Path, archive: Path) -> None:
    """From now on the archive is named where the folder is meant."""
    _folders[str(folder)] = named(str(archive))


def folders() -> Mapping[str, str]:
    """What is known of unpacked archives, for another process to `learn`."""
    return dict(_folders)


def learn(known: Mapping[str, str]) -> None:
    """Take over what another process knows of unpacked archives."""
    _folders.update(known)


def named(text: str) -> str:
    """The text with archives in place of the folders that they were unpacked into: `plant.ssp/resources/a.fmu`."""
    for folder, archive in _folders.items():
        text = text.replace(folder, archive)
    return text


def named_within(data: Any) -> Any:
    """Plain data (dicts, lists, scalars) with every text in it `named`."""
    if isinstance(data, str):
        return named(data)
    if isinstance(data, dict):
        return {key: named_within(value) for key, value in data.items()}
    return [named_within(value) for value in data] if isinstance(data, list) else data


def shown(text: str) -> str:
    """The text as people are to read it: archives named, words without end cut."""
    return re.sub(rf"\S{{{LONGEST + 1},}}", lambda word: f"{word[0][:_HEAD]}...{word[0][-_TAIL:]}", named(text))
