"""Workspace: what a solver of a loop keeps in memory, as compiled functions reach it and as Python looks at it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.compiled.tables import Range, Tables, Words, address

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

WORD = 8


_AT_ONCE: Final = 128


class Learnt:
    """What changes from macro step to macro step: arrays behind each other, with copies to go back to."""

    def __init__(self) -> None:
        self._pieces: list[tuple[Vector, Vector]] = []
        self._used = 0

    def take(self, count: int) -> Vector:
        """So many zeros."""
        if not self._pieces or self._used + count > self._pieces[-1][0].size:
            size = max(_AT_ONCE, count)
            self._pieces.append((np.zeros(size), np.zeros(size)))
            self._used = 0
        self._used += count
        return self._pieces[-1][0][self._used - count : self._used]

    @property
    def arrays(self) -> tuple[Vector, ...]:
        """All of it, without the copies."""
        return tuple(live for live, _ in self._pieces)

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """Where they lie, where their copies are, and how many words that are."""
        for number, (live, copy) in enumerate(self._pieces, 1):
            yield address(live), address(copy), self._used if number == len(self._pieces) else live.size

    def up_to_here(self) -> tuple[Vector, ...]:
        """Those that have been taken, in one piece where possible."""
        pieces = [live for live, _ in self._pieces]
        return (*pieces[:-1], pieces[-1][: self._used]) if pieces else ()


class Workspace:
    """Words by their offsets in bytes, and the arrays whose addresses they are; all of it stays where it is.

    `learnt` are those that change from macro step to macro step; several workspaces may share them.
    """

    def __init__(self, size: int, learnt: Learnt | None = None) -> None:
        self.words: Words = np.zeros(size // WORD, np.int64)
        self._numbers = self.words.view(np.float64)
        self._tables = Tables()
        self.learnt = Learnt() if learnt is None else learnt

    @property
    def address(self) -> int:
        """What compiled functions are called with."""
        return address(self.words)

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The words, and all arrays whose addresses they are."""
        return (self.words, *self._tables.kept)

    def __getitem__(self, place: int) -> int:
        return int(self.words[place // WORD])

    def __setitem__(self, place: int, value: int) -> None:
        self.words[place // WORD] = value

    def number(self, place: int) -> float:
        """A word that is a double."""
        return float(self._numbers[place // WORD])

    def put_number(self, place: int, value: float) -> None:
        """Write a double into a word."""
        self._numbers[place // WORD] = value

    def keep(self, place: int, values: Iterable[float] | Vector) -> Vector:
        """An array of doubles, whose address is the word at this place."""
        array: Vector = np.array(values, np.float64)
        self[place] = self._tables.keep(array)
        return array

    def vector(self, place: int, count: int) -> Vector:
        """The same, of zeros; it takes memory as far as it is used."""
        array: Vector = np.zeros(count)
        self[place] = self._tables.keep(array)
        return array

    def keep_learnt(self, place: int, values: Iterable[float] | Vector) -> Vector:
        """The same, of values that can be taken back."""
        given = np.array(values, np.float64)
        array = self.learnt.take(given.size)
        array[:] = given
        self[place] = self._tables.keep(array)
        return array

    def keep_words(self, place: int, values: Sequence[int]) -> Words:
        """An array of words, whose address is the word at this place."""
        array: Words = np.array(values, np.int64)
        self[place] = self._tables.keep(array)
        return array

    def table(self, place: int, rows: Iterable[Sequence[int]]) -> Range:
        """A table, whose first row and end are the words from this place on."""
        found = self._tables.table(rows)
        self[place], self[place + WORD] = found
        return found
