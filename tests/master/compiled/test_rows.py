"""Rows that the compiled loop records are those that NumPy would pick."""

from typing import Any

import numpy as np
import pytest

from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.rows import RowWriter
from orchestrator.signals import RowPart, RowTable


class _Words:
    """The words of a program, and nothing else of it."""

    def __init__(self) -> None:
        self.words = np.zeros(at.PROGRAM // at.WORD, np.int64)

    def __setitem__(self, place: int, value: int) -> None:
        self.words[place // at.WORD] = value


def _part(random: np.random.Generator, source: Any, rows: int) -> RowPart:
    """Some columns of the source, in runs of random lengths."""
    places: list[int] = []
    while len(places) < 40:
        first = int(random.integers(source.size))
        places += range(first, min(first + int(random.integers(1, 12)), source.size))
    return RowPart(source, np.array(places, np.intp), np.zeros((rows, len(places)), source.dtype))


@pytest.mark.parametrize("seed", range(5))
def test_rows_hold_the_columns_that_were_chosen(seed: int) -> None:
    from orchestrator.master.compiled.hot.points import record

    random, rows = np.random.default_rng(seed), 6
    sources: list[Any] = [
        random.normal(size=100),
        random.integers(-(2**60), 2**60, 50),
        random.random(64) < 0.5,
        random.integers(2**63, 2**64 - 1, 30, np.uint64),
    ]
    parts = tuple(_part(random, source, rows) for source in sources)
    table, program = RowTable(np.zeros(rows), parts, 1), _Words()
    make: Any = RowWriter
    writer = make(program)  # the words that it makes live as long as it does
    writer.give(table)
    expected = [np.zeros_like(part.chunk) for part in parts]
    for row in range(1, rows):
        for part, rows_of, source in zip(parts, expected, sources, strict=True):
            source[:] = random.permutation(source)
            rows_of[row] = source[part.places]
        assert record(program.words.ctypes.data, 0.5 * row) == (row + 1 < rows)
    np.testing.assert_array_equal(table.times, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5])
    for part, rows_of in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(part.chunk, rows_of)


def test_nothing_is_recorded_without_rows() -> None:
    program = _Words()
    make: Any = RowWriter
    make(program).give(None)
    assert not program.words[at.TIMES // at.WORD]
