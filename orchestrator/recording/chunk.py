"""Chunk: rows on their way from the signals to a table."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.recording.selection import Column
from orchestrator.signals import RowPart, RowTable, Signals
from orchestrator.system.connector import Storage

TYPES: Final = {
    Storage.FLOAT64: pa.float64(),
    Storage.INT64: pa.int64(),
    Storage.BOOLEAN: pa.bool_(),
    Storage.UINT64: pa.uint64(),
    Storage.STRING: pa.string(),
    Storage.BINARY: pa.binary(),
}
_TIME: Final = "time"


class Place(NamedTuple):
    """Where a column lies: the part of its storage class, and the column of it."""

    storage: Storage
    column: int


class Rows(NamedTuple):
    """Values of some rows, those of each storage class of shape (rows, columns), and their times (s)."""

    times: NDArray[np.float64]
    values: Mapping[Storage, NDArray[Any]]

    def first(self, rows: int) -> "Rows":
        """The first of them."""
        return Rows(self.times[:rows], {storage: values[:rows] for storage, values in self.values.items()})

    def copy(self) -> "Rows":
        """The same in memory of their own."""
        return Rows(self.times.copy(), {storage: values.copy() for storage, values in self.values.items()})


class Chunk:
    """Memory for `size` rows, row after row: 1 `take`, or rows are written into `table`, 2 `rows` or `arrow`."""

    def __init__(self, columns: Sequence[Column], signals: Signals, size: int) -> None:
        self.times = np.empty(size)
        self._parts = {storage: _part(storage, columns, signals, size) for storage in Storage}
        self._moved = tuple(part for part in self._parts.values() if part.places.size)
        self._by_address = all(part.chunk.dtype != object for part in self._moved)
        self.places = _places(columns)

    def take(self, row: int, t: float) -> None:
        """Write the signals, valid at t (s), into a row."""
        self.times[row] = t
        for source, where, chunk in self._moved:
            chunk[row] = source[where]

    def table(self, first: int, pace: NDArray[np.float64] | None = None) -> RowTable | None:
        """Where others may write rows from this one on; None where there are texts or bytes among them."""
        return RowTable(self.times, self._moved, first, pace) if self._by_address else None

    def rows(self, begin: int, end: int) -> Rows:
        """Some of the rows, over the same memory."""
        return Rows(self.times[begin:end], {storage: part.chunk[begin:end] for storage, part in self._parts.items()})

    def arrow(self, rows: int, schema: pa.Schema) -> pa.Table:
        """A table of the first rows, with values of its own."""
        series = {storage: part.chunk[:rows].T.copy() for storage, part in self._parts.items()}
        arrays = [_array(series[storage][column], storage) for storage, column in self.places.values()]
        return pa.Table.from_arrays([_array(self.times[:rows].copy(), Storage.FLOAT64), *arrays], schema=schema)


def table_of(pieces: Sequence[Rows], places: Mapping[str, Place], schema: pa.Schema, names: Sequence[str]) -> pa.Table:
    """A table of the columns with these names of all pieces, one after the other; there is one at least."""

    def series(name: str) -> pa.Array:
        if name == _TIME:
            return _array(np.concatenate([piece.times for piece in pieces]), Storage.FLOAT64)
        storage, column = places[name]
        return _array(np.concatenate([piece.values[storage][:, column] for piece in pieces]), storage)

    kept = pa.schema([schema.field(name) for name in names], metadata=schema.metadata)
    return pa.Table.from_arrays([series(name) for name in names], schema=kept)


def _part(storage: Storage, columns: Sequence[Column], signals: Signals, size: int) -> RowPart:
    starts = [
        signals.place(component, connector.name, element).start
        for component, connector, element in columns
        if connector.storage is storage
    ]
    return RowPart(
        signals.array(storage), np.array(starts, dtype=np.intp), np.empty((size, len(starts)), storage.dtype)
    )


def _places(columns: Sequence[Column]) -> dict[str, Place]:
    counts = dict.fromkeys(Storage, 0)
    places = {}
    for column in columns:
        storage = column.connector.storage
        places[column.name] = Place(storage, counts[storage])
        counts[storage] += 1
    return places


def _array(values: NDArray[Any], storage: Storage) -> pa.Array:
    """An array over the memory of these values, which nobody else writes; bits of Booleans, and text, are copied.

    pyarrow makes the same of NumPy's arrays, but imports pandas for that.
    """
    kind = TYPES[storage]
    if values.dtype == object:
        return pa.array(values.tolist(), kind)
    own = np.packbits(values, bitorder="little") if storage is Storage.BOOLEAN else values
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(own)])
