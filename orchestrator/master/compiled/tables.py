"""Tables: the words of a program in memory that stays where it is."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.int64]


class Range(NamedTuple):
    """Addresses of the first row of a table and behind its last one."""

    first: int = 0
    end: int = 0


def address(array: NDArray[Any]) -> int:
    """Where an array lies in memory."""
    return int(array.ctypes.data)


def word(number: float) -> int:
    """The bits of a double as a word."""
    return int(np.float64(number).view(np.int64))


class Tables:
    """Makes tables and keeps them alive: a compiled loop knows their addresses only."""

    def __init__(self) -> None:
        self._kept: list[NDArray[Any]] = []
        self._alike: dict[bytes, int] = {}

    @property
    def kept(self) -> Sequence[NDArray[Any]]:
        """The arrays whose addresses are known."""
        return self._kept

    def keep(self, array: NDArray[Any]) -> int:
        """Address of an array, which lives as long as the tables do."""
        self._kept.append(array)
        return address(array)

    def constant(self, array: NDArray[np.uint32]) -> int:
        """Address of numbers that are never written, the same for the same numbers: fewer of them stay in the cache."""
        known = array.tobytes()
        if known not in self._alike:
            self._alike[known] = self.keep(array)
        return self._alike[known]

    def table(self, rows: Iterable[Sequence[int]]) -> Range:
        """A table of rows of words."""
        listed = [list(row) for row in rows]
        if not listed:
            return Range()
        words = np.array(listed, np.int64)
        first = self.keep(words)
        return Range(first, first + words.nbytes)

    def sequence(self, *tables: Iterable[Sequence[int]]) -> tuple[int, ...]:
        """Tables behind each other, whose rows may differ in length: where the first begins, and where each ends."""
        parts = [[number for row in rows for number in row] for rows in tables]
        words = np.array([number for part in parts for number in part], np.int64)
        first = self.keep(words) if words.size else 0
        ends = np.cumsum([8 * len(part) for part in parts]) + first
        return (first, *(int(end) for end in ends))
