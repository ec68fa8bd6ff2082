"""Rows: where the compiled loop writes what is recorded."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import Words, address
from orchestrator.signals import RowTable

_LEAST_RUN: Final = 4
"""Fewer neighbours are copied one by one."""


class RowWriter:
    """Writes tables of rows into a program; the words for each are made once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._given = False
        self._known: dict[int, tuple[RowTable, Words, tuple[int, int]]] = {}

    def give(self, rows: RowTable | None) -> None:
        """Let the loop record into this table from its first free row on, or nowhere."""
        program = self._program
        if rows is None:
            if self._given:
                program[at.TIMES] = program[at.ROWS] = 0
            self._given = False
            return
        self._given = True
        known = self._known.get(address(rows.times))
        if known is None or known[0].times is not rows.times:
            known = self._known[address(rows.times)] = (rows, *_columns(rows))
        _, words, (runs_at, bytes_at) = known
        program[at.RECORD], program[at.RECORD_END] = address(words), address(words) + words.nbytes
        program[at.RECORD_RUNS], program[at.RECORD_BYTES] = address(words) + runs_at, address(words) + bytes_at
        program[at.PACE] = 0 if rows.pace is None else address(rows.pace)
        program[at.TIMES], program[at.ROWS], program[at.ROWS_END] = address(rows.times), rows.first, rows.times.size


def _columns(rows: RowTable) -> tuple[Words, tuple[int, int]]:
    """The words of the columns: single ones, runs of neighbours, bytes; how many bytes come before the last two."""
    single: list[int] = []
    runs: list[int] = []
    narrow: list[int] = []
    for source, places, chunk in rows.parts:
        for column, count in _runs(places):
            there = address(source) + source.itemsize * int(places[column])
            cell = address(chunk) + chunk.itemsize * column
            if source.itemsize == at.WORD and count >= _LEAST_RUN:
                runs += (there, cell, chunk.strides[0], count)
                continue
            for each in range(count):
                step = each * source.itemsize
                (narrow if source.itemsize == 1 else single).extend((there + step, cell + step, chunk.strides[0]))
    return np.array([*single, *runs, *narrow], np.int64), (8 * len(single), 8 * (len(single) + len(runs)))


def _runs(places: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Columns that lie side by side in the signals too: the first, and how many there are."""
    edges = np.flatnonzero(np.diff(places) != 1) + 1
    firsts = [0, *edges.tolist()] if places.size else []
    yield from zip(firsts, np.diff([*firsts, places.size]).tolist(), strict=True)
