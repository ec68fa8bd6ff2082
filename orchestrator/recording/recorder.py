"""Recorder: an observer that keeps the chosen variables at every communication point."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from orchestrator.errors import ResultError
from orchestrator.master.memory import Remembered
from orchestrator.observer import Event
from orchestrator.recording.events import events_path, write_events
from orchestrator.recording.position import Position, fingerprint
from orchestrator.recording.results import METADATA_KEY, Results
from orchestrator.recording.selection import Column
from orchestrator.recording.store import FileStore, MemoryStore, Store, partial_path
from orchestrator.signals import RowPart, RowTable, Signals
from orchestrator.system.connector import Storage

# So much is lost at most where the process is killed.
_CHUNK_VALUES = 2**18
_CHUNK_ROWS = (16, 2**10)
_TYPES = {
    Storage.FLOAT64: pa.float64(),
    Storage.INT64: pa.int64(),
    Storage.BOOLEAN: pa.bool_(),
    Storage.UINT64: pa.uint64(),
    Storage.STRING: pa.string(),
    Storage.BINARY: pa.binary(),
}


class Recorder:
    """Writes `time` (s) and the columns to a Parquet file, or keeps them in memory where `path` is None.

    Rows go to the disk in chunks, so that memory stays constant. The file is complete and readable also after a run
    that failed; events lie beside it in `NAME.events.parquet`. A process that is killed leaves `NAME.parquet.partial`.

    Where a run goes on from a checkpoint, `remember` comes before `initialized` or `rolled_back`. What was recorded
    after that checkpoint is cut off, in the same run, and with `continues` in the file of an earlier one, where there
    is one. A new record begins with a row of the checkpoint.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        metadata: Mapping[str, Any],
        path: Path | None = None,
        *,
        continues: bool = False,
    ) -> None:
        self._columns, self._path, self._continues = tuple(columns), path, continues
        self._schema = _schema(self._columns, metadata)
        rows = _CHUNK_VALUES // (len(self._columns) + 1)
        self._times = np.empty(min(max(rows, _CHUNK_ROWS[0]), _CHUNK_ROWS[1]))
        self._parts: tuple[RowPart, ...] = ()
        self._store: Store | None = None
        self._complete: Path | None = None
        self._rows = self._written = 0
        self._before = 0  # rows of the whole run before those of this record
        self._last = ""
        self._tail: pa.Table | None = None
        self._resumed: Remembered | None = None
        self._events: list[Event] = []

    def initialized(self, t: float, signals: Signals) -> None:
        """Begin the record with the values at the start."""
        self._parts = tuple(self._part(storage, signals) for storage in Storage)
        position = self._position()
        if self._path is None:
            self._store = MemoryStore(self._schema)
        else:
            self._store = FileStore(self._schema, self._path, position)
        if position is None:
            self._begin(t, signals)
        else:
            self._written, self._last = position
            events_path(self._path or Path()).unlink(missing_ok=True)

    def rolled_back(self, t: float, signals: Signals) -> None:
        """Go on from t (s); what comes after it is cut off already."""
        if not self._written:
            self._begin(t, signals)

    def _begin(self, t: float, signals: Signals) -> None:
        self.communication_point(t, signals)
        self._flush()  # no record is without a row, and a disk that takes nothing shows at once

    def communication_point(self, t: float, signals: Signals) -> None:  # noqa: ARG002
        """Take a row."""
        row = self._rows
        self._times[row] = t
        for source, where, chunk in self._parts:
            chunk[row] = source[where]
        self._rows += 1
        if self._rows == self._times.size:
            self._flush()

    @property
    def rows(self) -> RowTable | None:
        """Where the next rows may be written; None where there are texts or bytes among them."""
        moved = [part for part in self._parts if part.places.size]
        if any(part.chunk.dtype == object for part in moved):
            return None
        return RowTable(self._times, tuple(moved), self._rows)

    def filled(self, rows: int) -> None:
        """The rows up to this one are written."""
        self._rows = rows
        if self._rows == self._times.size:
            self._flush()

    def event(self, event: Event) -> None:
        """Take an event."""
        self._events.append(event)

    def terminated(self, error: Exception | None) -> None:  # noqa: ARG002
        """Complete the record; each part of it even where another one cannot be written."""
        if self._store is None:
            return
        with ExitStack() as last_first:
            if self._path is not None:
                last_first.callback(write_events, events_path(self._path), self._events)
            last_first.callback(self._store.close)
            self._flush()
        self._complete = self._path

    def remembered(self) -> Remembered:
        """Where the record ends, all of it on the disk, and its events."""
        self._flush()
        if self._store is not None:
            self._store.sync()
        if self._tail is not None:
            self._last, self._tail = fingerprint(self._tail), None
        events = [list(event) for event in self._events]
        return {"before": self._before, "rows": self._written, "last": self._last, "events": events}

    def remember(self, memory: Remembered) -> None:
        """Go on where a record ended; see the call order of the class."""
        end = memory["before"] + memory["rows"]
        if self._store is None:
            self._resumed, self._before = memory, end - 1
            return
        self._flush()
        self._written = max(end - self._before, 0)
        self._store.cut(self._written)
        if self._written:
            self._last, self._tail = memory["last"], None
        else:
            self._before = end - 1
        self._events = [Event(*event) for event in memory["events"]]

    def results(self) -> Results:
        """What was recorded up to now; ResultError where the run has not begun."""
        if self._store is None:
            raise ResultError("nothing is recorded yet. Initialize the simulation, or make a step, first")
        if self._complete is not None:
            return Results.load(self._complete)
        self._flush()
        return Results.of_table(self._store.read(), tuple(self._events))

    def _position(self) -> Position | None:
        """Where to go on in the file of an earlier run; None where there is none."""
        if self._resumed is None or not self._continues or self._path is None:
            return None
        if not (self._path.exists() or partial_path(self._path).exists()):
            return None
        self._before = self._resumed["before"]
        self._events = [Event(*event) for event in self._resumed["events"]]
        return Position(self._resumed["rows"], self._resumed["last"])

    def _part(self, storage: Storage, signals: Signals) -> RowPart:
        starts = [
            signals.place(component, connector.name, element).start
            for component, connector, element in self._columns
            if connector.storage is storage
        ]
        chunk = np.empty((self._times.size, len(starts)), storage.dtype)
        return RowPart(signals.array(storage), np.array(starts, dtype=np.intp), chunk)

    def _flush(self) -> None:
        if self._rows and self._store is not None:
            rows, self._rows = self._rows, 0
            table = self._table(rows)
            self._store.write(table)
            self._written += rows
            self._tail = table.slice(rows - 1)

    def _table(self, rows: int) -> pa.Table:
        # arrow arrays take the memory of the NumPy arrays that they are made of: hand it copies
        series = {storage: iter(part.chunk[:rows].T.copy()) for storage, part in zip(Storage, self._parts, strict=True)}
        arrays = [next(series[column.connector.storage]) for column in self._columns]
        series_of_columns = [
            pa.array(array, _TYPES[column.connector.storage])
            for column, array in zip(self._columns, arrays, strict=True)
        ]
        return pa.Table.from_arrays([pa.array(self._times[:rows].copy()), *series_of_columns], schema=self._schema)


def _schema(columns: Sequence[Column], metadata: Mapping[str, Any]) -> pa.Schema:
    time = pa.field("time", pa.float64(), nullable=False, metadata={"unit": "s", "description": "communication point"})
    fields = [
        pa.field(column.name, _TYPES[column.connector.storage], nullable=False, metadata=_field_metadata(column))
        for column in columns
    ]
    return pa.schema([time, *fields], metadata={METADATA_KEY: json.dumps(metadata)})


def _field_metadata(column: Column) -> dict[str, str]:
    connector = column.connector
    metadata = {"description": connector.description, "causality": str(connector.causality)}
    if connector.unit is not None:
        metadata["unit"] = connector.unit.name
    if connector.items:
        metadata["items"] = json.dumps(dict(connector.items))
    return metadata
