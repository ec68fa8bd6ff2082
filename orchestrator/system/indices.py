"""Indices: `S[3]`, `S[1:4]`, `S[2:]`, `M[1:2,3]`; elements count from 1, both ends of a range belong to it."""

import re
from typing import NamedTuple

import numpy as np

_INDEX = r"\s*(?:\d+|\d*\s*:\s*\d*)\s*"
_INDEXED = re.compile(rf"(?P<name>.+)\[(?P<indices>{_INDEX}(?:,{_INDEX})*)\]")


class Indexed(NamedTuple):
    """The name of an array, and what is picked from it along each dimension: (first, last), the same for an index.

    `kept` tells which dimensions stay: those with a range. None as first or last is the first or last element.
    """

    name: str
    ranges: tuple[tuple[int | None, int | None], ...]
    kept: tuple[bool, ...]


class Picked(NamedTuple):
    """Positions of the elements in the array, counted from 0 row by row, and the shape that they form."""

    positions: tuple[int, ...]
    shape: tuple[int, ...]


def indexed(name: str) -> Indexed | None:
    """Read a name with indices; None where it has none."""
    found = _INDEXED.fullmatch(name)
    if found is None:
        return None
    parts = [part.strip() for part in found["indices"].split(",")]
    ends = [tuple(int(end) if end.strip() else None for end in part.split(":")) for part in parts]
    return Indexed(found["name"], tuple((end[0], end[-1]) for end in ends), tuple(len(end) == 2 for end in ends))


def is_one_element(name: str) -> bool:
    """Whether the indices of a name stand for one element: none of them is a range."""
    found = indexed(name)
    return found is not None and not any(found.kept)


def pick(wanted: Indexed, shape: tuple[int, ...]) -> Picked | None:
    """The elements of an array that indices stand for; None where the array has not all of them, or they are none."""
    if len(shape) != len(wanted.ranges):
        return None
    axes = []
    for (first, last), extent in zip(wanted.ranges, shape, strict=True):
        start, stop = first if first is not None else 1, last if last is not None else extent
        if not 1 <= start <= stop <= extent:
            return None
        axes.append(np.arange(start - 1, stop))
    grid = np.meshgrid(*axes, indexing="ij")
    positions = np.ravel_multi_index(tuple(grid), shape).ravel()
    kept = tuple(axis.size for axis, stays in zip(axes, wanted.kept, strict=True) if stays)
    return Picked(tuple(positions.tolist()), kept)
