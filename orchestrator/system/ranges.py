"""Ranges: `zone[1..3]` in a name stands for `zone[1]`, `zone[2]` and `zone[3]`."""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

MAX_NAMES = 100_000

_RANGE = re.compile(r"(?<=[\[,])\s*(\d{1,9})\s*\.\.\s*(\d{1,9})\s*(?=[\],])")
_LIKE_A_RANGE = re.compile(r"\[[^\[\]]*\.\.[^\[\]]*\]")
_INDICES = "ijkl"


class Named(NamedTuple):
    """One of the names that a text stands for, and the indices that were put into it."""

    name: str
    indices: tuple[int, ...]


def expanded(text: str) -> tuple[Named, ...]:
    """Every name that a text with ranges stands for, the last range running fastest; ValueError for a wrong range."""
    odd = _LIKE_A_RANGE.search(_RANGE.sub("", text))
    if odd is not None:
        raise ValueError(f"'{odd[0]:.60}' is no range; write indices of up to 9 digits, such as [1..40]")
    ranges = [_range(match) for match in _RANGE.finditer(text)]
    count = 1
    for one in ranges:
        count *= len(one)
    if count > MAX_NAMES:
        raise ValueError(f"'{text}' stands for {count} names; {MAX_NAMES} are the most")
    return tuple(Named(_inserted(text, indices), indices) for indices in product(*ranges))


def expanded_pairs(source: str, destination: str) -> tuple[tuple[str, str], ...]:
    """The pairs of names that a connection stands for: both ends run together, an end without ranges is repeated.

    ValueError where the two ends stand for different numbers of names.
    """
    sources, destinations = ([one.name for one in expanded(end)] for end in (source, destination))
    if len(sources) == 1:
        sources *= len(destinations)
    if len(destinations) == 1:
        destinations *= len(sources)
    if len(sources) != len(destinations):
        raise ValueError(
            f"'{source}' stands for {len(sources)} names, '{destination}' for {len(destinations)}; "
            "give both ends ranges of the same length"
        )
    return tuple(zip(sources, destinations, strict=True))


def substituted(value: Any, indices: tuple[int, ...]) -> Any:
    """A value with the indices in place of `{i}`, `{j}`, `{k}` and `{l}` in every text and path of it."""
    if isinstance(value, str):
        for name, index in zip(_INDICES, indices, strict=False):
            value = value.replace(f"{{{name}}}", str(index))
        return value
    if isinstance(value, Path):
        return Path(substituted(str(value), indices))
    if isinstance(value, Mapping):
        return {key: substituted(part, indices) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [substituted(part, indices) for part in value]
    return value


def _range(match: re.Match[str]) -> range:
    first, last = int(match[1]), int(match[2])
    if last < first:
        raise ValueError(f"the range {match[0].strip()} runs backwards; write {last}..{first}")
    return range(first, last + 1)


def _inserted(text: str, indices: tuple[int, ...]) -> str:
    remaining: Iterator[int] = iter(indices)
    return _RANGE.sub(lambda _: str(next(remaining)), text)
