"""Recorder: an observer that keeps the chosen variables at every communication point."""

import json
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.errors import ResultError
from orchestrator.master.memory import Remembered
from orchestrator.observer import Event
from orchestrator.recording.chunk import TYPES, Chunk, table_of
from orchestrator.recording.events import events_path, write_events
from orchestrator.recording.pace import Pace
from orchestrator.recording.position import Position, fingerprint
from orchestrator.recording.results import METADATA_KEY, Results
from orchestrator.recording.selection import Column
from orchestrator.recording.store import FileStore, MemoryStore, Store, partial_path
from orchestrator.recording.writing import Writer
from orchestrator.signals import RowTable, Signals

_CHUNK_VALUES = 2**20
_CHUNK_ROWS = (16, 2**16)

# So much waits in memory at most where components step in Python: a process that is killed loses it.
_LOST_VALUES = 2**18
_LOST_ROWS = (16, 2**10)


class Recorder:
    """Writes `time` (s) and the columns to a Parquet file, or keeps them in memory where `path` is None.

    Rows go to the disk in chunks, so that memory stays constant: a thread writes one of them while the other is filled.
    An error of the disk is raised where the next chunk is full. With a `pace` there are fewer rows, and one of the last
    communication point. The file is complete and readable also after a run
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
        pace: Pace | None = None,
    ) -> None:
        self._columns, self._path, self._continues = tuple(columns), path, continues
        self._pace = pace
        self._now = self._recorded = -math.inf
        self._schema = _schema(self._columns, metadata)
        self._chunks: list[Chunk] = []
        self._size = _between(_CHUNK_VALUES // (len(self._columns) + 1), _CHUNK_ROWS)
        self._enough = min(self._size, _between(_LOST_VALUES // (len(self._columns) + 1), _LOST_ROWS))
        self._store: Store | None = None
        self._writer: Writer | None = None
        self._complete: Path | None = None
        self._rows = self._written = 0
        self._before = 0  # rows of the whole run before those of this record
        self._last = ""
        self._resumed: Remembered | None = None
        self._events: list[Event] = []

    def initialized(self, t: float, signals: Signals) -> None:
        """Begin the record with the values at the start."""
        self._chunks = [Chunk(self._columns, signals, self._size) for _ in range(2)]
        position = self._position()
        if self._path is None:
            self._store = MemoryStore(self._schema)
        else:
            self._store = FileStore(self._schema, self._path, position)
        self._writer = Writer(self._store)
        self._go_on(t)
        if position is None:
            self._begin(t)
        else:
            self._written, self._last = position
            events_path(self._path or Path()).unlink(missing_ok=True)

    def rolled_back(self, t: float, signals: Signals) -> None:  # noqa: ARG002
        """Go on from t (s); what comes after it is cut off already."""
        self._go_on(t)
        if not self._written:
            self._begin(t)

    def _go_on(self, t: float) -> None:
        self._now = self._recorded = t
        if self._pace is not None:
            self._pace.begin(t)

    def _begin(self, t: float) -> None:
        self._take(t)
        self._settle()  # no record is without a row, and a disk that takes nothing shows at once

    def communication_point(self, t: float, signals: Signals) -> None:  # noqa: ARG002
        """Take a row, where one is due."""
        self._now = t
        if self._pace is None or self._pace.due(t) or t == self._recorded:
            self._take(t)

    def _take(self, t: float) -> None:
        self._chunks[0].take(self._rows, t)
        self.filled(self._rows + 1, t)

    @property
    def rows(self) -> RowTable | None:
        """Where the next rows may be written; None where there are texts or bytes among them."""
        pace = None if self._pace is None else self._pace.words
        return self._chunks[0].table(self._rows, pace) if self._chunks else None

    def filled(self, rows: int, t: float) -> None:
        """The rows up to this one are written; the run is at t (s)."""
        if rows > self._rows:
            self._recorded = float(self._chunks[0].times[rows - 1])
        self._rows, self._now = rows, t
        if rows >= self._enough:
            self._flush()

    def event(self, event: Event) -> None:
        """Take an event."""
        self._events.append(event)

    def terminated(self, error: Exception | None) -> None:  # noqa: ARG002
        """Complete the record; each part of it even where another one cannot be written."""
        if self._store is None or self._writer is None or not self._writer.works:
            return
        with ExitStack() as last_first:
            if self._path is not None:
                last_first.callback(write_events, events_path(self._path), self._events)
            last_first.callback(self._store.close)
            last_first.callback(self._writer.end)
            if self._now > self._recorded:
                self._take(self._now)
            self._flush(wait=True)
        self._complete = self._path

    def remembered(self) -> Remembered:
        """Where the record ends, all of it on the disk, and its events."""
        self._settle()
        if self._store is not None:
            self._store.sync()
        if self._writer is not None and self._writer.last is not None:
            last, self._writer.last = self._writer.last, None
            self._last = fingerprint(table_of([last], self._chunks[0].places, self._schema, self._schema.names))
        events = [list(event) for event in self._events]
        return {"before": self._before, "rows": self._written, "last": self._last, "events": events}

    def remember(self, memory: Remembered) -> None:
        """Go on where a record ended; see the call order of the class."""
        end = memory["before"] + memory["rows"]
        if self._store is None:
            self._resumed, self._before = memory, end - 1
            return
        self._settle()
        self._written = max(end - self._before, 0)
        self._store.cut(self._written)
        if self._writer is not None:
            self._writer.last = None
        if self._written:
            self._last = memory["last"]
        else:
            self._before = end - 1
        self._events = [Event(*event) for event in memory["events"]]

    def results(self) -> Results:
        """What was recorded up to now; ResultError where the run has not begun."""
        if self._store is None:
            raise ResultError("nothing is recorded yet. Initialize the simulation, or make a step, first")
        if self._complete is not None:
            return Results.load(self._complete)
        self._settle()
        return Results(self._schema, self._store.reader(), tuple(self._events))

    def _position(self) -> Position | None:
        """Where to go on in the file of an earlier run; None where there is none."""
        if self._resumed is None or not self._continues or self._path is None:
            return None
        if not (self._path.exists() or partial_path(self._path).exists()):
            return None
        self._before = self._resumed["before"]
        self._events = [Event(*event) for event in self._resumed["events"]]
        return Position(self._resumed["rows"], self._resumed["last"])

    def _settle(self) -> None:
        """Everything recorded is in the store."""
        self._flush(wait=True)
        if self._writer is not None:
            self._writer.settle()

    def _flush(self, *, wait: bool = False) -> None:
        """Have the rows written, and go on in the chunk that is written already, or `wait` for this one too."""
        if not self._rows or self._writer is None:
            return
        if wait:
            self._writer.store(self._chunks[0], self._rows)
        else:
            self._writer.hand(self._chunks[0], self._rows)
        self._chunks.reverse()
        self._rows, self._written = 0, self._written + self._rows


def _between(rows: int, limits: tuple[int, int]) -> int:
    return min(max(rows, limits[0]), limits[1])


def _schema(columns: Sequence[Column], metadata: Mapping[str, Any]) -> pa.Schema:
    time = pa.field("time", pa.float64(), nullable=False, metadata={"unit": "s", "description": "communication point"})
    fields = [
        pa.field(column.name, TYPES[column.connector.storage], nullable=False, metadata=_field_metadata(column))
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
