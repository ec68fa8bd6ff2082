"""Chunk: rows on their way from the signals to a table."""

from collections.abc import Sequence
from typing import Any, Final

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


class Chunk:
    """Memory for `size` rows, row after row: 1 `take` or `table`, repeated, 2 `arrow`, then again."""

    def __init__(self, columns: Sequence[Column], signals: Signals, size: int) -> None:
        self._columns = columns
        self.times = np.empty(size)
        self._parts = tuple(self._part(storage, signals) for storage in Storage)
        self._moved = tuple(part for part in self._parts if part.places.size)
        self._by_address = all(part.chunk.dtype != object for part in self._moved)

    def take(self, row: int, t: float) -> None:
        """Write the signals, valid at t (s), into a row."""
        self.times[row] = t
        for source, where, chunk in self._moved:
            chunk[row] = source[where]

    def table(self, first: int) -> RowTable | None:
        """Where others may write rows from this one on; None where there are texts or bytes among them."""
        return RowTable(self.times, self._moved, first) if self._by_address else None

    def arrow(self, rows: int, schema: pa.Schema) -> pa.Table:
        """A table of the first rows, with values of its own."""
        series = {storage: iter(part.chunk[:rows].T.copy()) for storage, part in zip(Storage, self._parts, strict=True)}
        arrays = [_array(next(series[column.connector.storage]), column.connector.storage) for column in self._columns]
        return pa.Table.from_arrays([_array(self.times[:rows].copy(), Storage.FLOAT64), *arrays], schema=schema)

    def _part(self, storage: Storage, signals: Signals) -> RowPart:
        starts = [
            signals.place(component, connector.name, element).start
            for component, connector, element in self._columns
            if connector.storage is storage
        ]
        chunk = np.empty((self.times.size, len(starts)), storage.dtype)
        return RowPart(signals.array(storage), np.array(starts, dtype=np.intp), chunk)


def _array(values: NDArray[Any], storage: Storage) -> pa.Array:
    """An array over the memory of these values, which nobody else writes; bits of Booleans, and text, are copied.

    pyarrow makes the same of NumPy's arrays, but imports pandas for that.
    """
    kind = TYPES[storage]
    if values.dtype == object:
        return pa.array(values.tolist(), kind)
    own = np.packbits(values, bitorder="little") if storage is Storage.BOOLEAN else values
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(own)])
