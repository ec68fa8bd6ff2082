"""Rows: where the compiled loop writes what is recorded."""

import numpy as np

from orchestrator.master.compiled import layout as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import Words, address
from orchestrator.signals import RowTable


class RowWriter:
    """Writes tables of rows into a program; the words for each are made once."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._known: dict[int, tuple[RowTable, Words, int]] = {}

    def give(self, rows: RowTable | None) -> None:
        """Let the loop record into this table from its first free row on, or nowhere."""
        program = self._program
        if rows is None:
            program[at.TIMES] = program[at.ROWS] = 0
            return
        known = self._known.get(address(rows.times))
        if known is None or known[0].times is not rows.times:
            known = self._known[address(rows.times)] = (rows, *_columns(rows))
        _, words, bytes_at = known
        program[at.RECORD], program[at.RECORD_END] = address(words), address(words) + words.nbytes
        program[at.RECORD_BYTES] = address(words) + bytes_at
        program[at.TIMES], program[at.ROWS], program[at.ROWS_END] = address(rows.times), rows.first, rows.times.size


def _columns(rows: RowTable) -> tuple[Words, int]:
    """The words of the columns, and how many bytes come before those whose values are bytes."""
    wide: list[tuple[int, int, int]] = []
    narrow: list[tuple[int, int, int]] = []
    for source, places, chunk in rows.parts:
        columns = narrow if source.itemsize == 1 else wide
        for column, place in enumerate(places.tolist()):
            cell = address(chunk) + chunk.itemsize * column
            columns.append((address(source) + source.itemsize * place, cell, chunk.strides[0]))
    return np.array([*wide, *narrow], np.int64).reshape(-1, 3), 24 * len(wide)
