"""Shared: the memory in which an instance for Model Exchange and its compiled functions find the same numbers."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi import exchange_layout as at


class Shared:
    """Where an integration is; the words behind it are for compiled functions (see `exchange_layout`).

    `address` does not change.
    """

    def __init__(self) -> None:
        self._memory = np.zeros(at.SIZE // at.WORD, np.int64)
        # Views give plain numbers, and faster than arrays do.
        self._words: Any = memoryview(self._memory)  # type: ignore[arg-type, unused-ignore]
        self._numbers: Any = memoryview(self._memory.view(np.float64))  # type: ignore[arg-type, unused-ignore]
        self._kept: list[object] = []
        self.address: Final = int(self._memory.ctypes.data)
        self[at.IN_EVENT_MODE] = True
        self.point(at.ANSWERS, np.zeros(16, np.int64))
        self.log: Final = np.zeros((at.LOG_ROWS, 2), np.int64)
        self.point(at.LOG, self.log)

    def __getitem__(self, place: int) -> int:
        return self._words[place >> 3]  # type: ignore[no-any-return]

    def __setitem__(self, place: int, word: int) -> None:
        self._words[place >> 3] = word

    def number(self, place: int) -> float:
        """The double at a place."""
        return self._numbers[place >> 3]  # type: ignore[no-any-return]

    def put(self, place: int, number: float) -> None:
        """Write a double."""
        self._numbers[place >> 3] = number

    def keep(self, what: object) -> None:
        """Let something live as long as this memory does."""
        self._kept.append(what)

    def place_of(self, array: NDArray[Any]) -> int:
        """The address of an array, which lives as long as this memory does."""
        self.keep(array)
        return int(array.ctypes.data)

    def point(self, place: int, array: NDArray[Any]) -> None:
        """Write the address of an array, which lives as long as this memory does."""
        self[place] = self.place_of(array)

    def at(self, place: int) -> int:
        """The address of a word."""
        return self.address + place
