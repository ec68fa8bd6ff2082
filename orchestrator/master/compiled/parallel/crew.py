"""Parallel crew: the threads that step components, and the memory that they share."""

import ctypes
import os
import platform
import sys
import weakref
from collections.abc import Sequence
from threading import Thread
from typing import Any, Final

import numpy as np

from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.parallel import words as of
from orchestrator.master.compiled.parallel.kernel import addresses
from orchestrator.master.compiled.parallel.split import Levels, Shares
from orchestrator.master.compiled.tables import Tables, Words, address

_SLICE: Final = 10_000_000
_FUTEX: Final = {"x86_64": 202, "aarch64": 98}
"""Number of the system call that waits for a word, by machine (Linux)."""


def available() -> bool:
    """Whether threads can wait for each other here."""
    return sys.platform == "linux" and platform.machine() in _FUTEX


def _system_calls() -> tuple[int, int, int]:
    """Addresses of syscall and clock_gettime, and the number of the system call that waits."""
    libc = ctypes.CDLL(None)
    syscall, clock = (ctypes.cast(libc[name], ctypes.c_void_p).value or 0 for name in ("syscall", "clock_gettime"))
    return syscall, clock, _FUTEX[platform.machine()]


class Crew:
    """Threads that wait until a macro step is theirs, without the GIL, and cost nothing while none is.

    Call order: 1 `share`, repeated, 2 `start`, 3 calls of the parallel hot loop with `address`, 4 `close`. They begin
    in the thread that calls the hot loop and take over its floating-point environment, which FMUs may have changed when
    they were loaded. A process that is forked off begins its own.
    """

    def __init__(self, program: Program, levels: Levels, threads: int) -> None:
        self.threads: Final = threads
        self._program = program
        self._words = _lines(of.CREW + threads * of.THREAD_ROW)
        tickets = np.zeros((len(program.rows), of.TICKET_ROW // at.WORD), np.int64)
        for number, level in enumerate(levels):
            tickets[list(level), of.LEVEL // at.WORD] = number
        tickets[:, of.TICKET_STEP // at.WORD] = -1
        self._tickets, self._tables = tickets, Tables()
        self._put(of.SYSCALL, *_system_calls(), threads)
        self._put(of.TICKETS, address(tickets), program.address)
        self._put(of.STEP, *addresses())
        self._put(of.UNDER_WAY, -1)
        self._put(of.SLICE, 0, _SLICE)
        self._running: list[Thread] = []
        self._process = 0
        self._end: Any = None

    @property
    def address(self) -> int:
        """What the parallel hot loop is called with."""
        return address(self._words)

    def __getitem__(self, place: int) -> int:
        return int(self._words.item(place // at.WORD))

    def __setitem__(self, place: int, value: int) -> None:
        self._words[place // at.WORD] = value

    def _put(self, place: int, *values: int) -> None:
        self._words[place // at.WORD : place // at.WORD + len(values)] = values

    @property
    def costs(self) -> Words:
        """What the steps of each component took while they were metered (ns); writable."""
        costs: Words = self._tickets[:, of.COST // at.WORD]
        return costs

    def ticket(self, number: int) -> Words:
        """The words of the ticket of a component."""
        words: Words = self._tickets[number]
        return words

    @property
    def works(self) -> bool:
        """Whether its threads live in this process."""
        return self._process == os.getpid()

    @property
    def is_idle(self) -> bool:
        """Whether all threads are through with the last round, also those that came late."""
        rows = [(of.CREW + number * of.THREAD_ROW + of.ANSWERED) for number in range(1, self.threads)]
        return all(self[row] & of.COUNTER == self[of.GO] & of.COUNTER for row in rows)

    def share(self, shares: Sequence[Shares]) -> None:
        """Let each thread step what is its own, level after level; the crew must be idle."""
        tables = Tables()
        rows = [self._level(each, tables) for each in shares]
        self._put(of.LEVELS, *tables.table(rows))
        self._tables = tables

    def _level(self, shares: Shares, tables: Tables) -> list[int]:
        own = [self._list(chunk, tables) for thread in shares.chunks for chunk in thread]
        chunks = _lines(of.LINE * len(own))
        first = tables.keep(chunks)
        for number, (begin, end) in enumerate(own):
            place = number * of.LINE // at.WORD
            chunks[place : place + 3] = self[of.MACRO_STEP], begin, end
        places = np.cumsum([0, *(len(thread) for thread in shares.chunks)][: self.threads])
        beginnings = [(first + of.LINE * int(place) if place < len(own) else first,) for place in places]
        mine = self._list(shares.mine, tables)
        return [first, first + chunks.nbytes, len(own), *mine, tables.table(beginnings).first]

    def _list(self, numbers: Sequence[int], tables: Tables) -> tuple[int, int]:
        first = self._program[at.COMPONENTS]
        return tables.table([(first + number * at.COMPONENT_ROW,) for number in numbers])

    def start(self) -> None:
        """Begin the threads; those of the process that this one was forked off from are not there."""
        from orchestrator.master.compiled.parallel.hot import work

        if self.works:
            return
        self._process = os.getpid()
        # A thread that is left when Python ends would be stopped anywhere, and one that sleeps for ever waited for.
        self._running = [
            Thread(target=work, args=(self.address, number), name=f"cotwin stepping {number}", daemon=True)
            for number in range(1, self.threads)
        ]
        for thread in self._running:
            thread.start()
        self._end = weakref.finalize(self, _end, self._words, self._running, self._process)

    def close(self) -> None:
        """End the threads."""
        if self._end is not None:
            self._end()


def _end(words: Words, running: Sequence[Thread], process: int) -> None:
    from orchestrator.master.compiled.parallel.hot import call_all

    if process != os.getpid():
        return
    words[of.ENDS // at.WORD] = 1
    call_all(address(words))
    for thread in running:
        thread.join()


def _lines(size: int) -> Words:
    """Words in whole cache lines."""
    words = np.zeros(size // at.WORD + of.LINE // at.WORD, np.int64)
    first = -(address(words) // at.WORD) % (of.LINE // at.WORD)
    return words[first : first + size // at.WORD]
