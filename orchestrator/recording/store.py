"""Store: tables of a record in memory or in a Parquet file, written piece by piece."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.observer import Event

EVENT_SCHEMA = pa.schema(
    [("time", pa.float64()), ("component", pa.string()), ("kind", pa.string()), ("message", pa.string())]
)


class Store(Protocol):
    """1 `write` (repeated, `read` between), 2 `close`."""

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        ...

    def read(self) -> pa.Table:
        """Everything written up to now."""
        ...

    def close(self) -> None:
        """Complete what is stored."""
        ...


class MemoryStore:
    """Keeps the tables."""

    def __init__(self, schema: pa.Schema) -> None:
        self._tables = [schema.empty_table()]

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table."""
        self._tables.append(table)

    def read(self) -> pa.Table:
        """Everything written up to now."""
        return pa.concat_tables(self._tables).combine_chunks()

    def close(self) -> None:
        """Nothing to complete."""


class ParquetStore:
    """Writes each table as a row group, under a temporary name until the file is complete."""

    def __init__(self, schema: pa.Schema, path: Path) -> None:
        self._schema, self._path = schema, path
        self._partial = path.with_name(f".{path.name}.partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._open()

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table as one row group."""
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def read(self) -> pa.Table:
        """Everything written up to now: the unfinished file is completed for reading, then begun anew."""
        self._writer.close()
        table = pq.read_table(self._partial, memory_map=False)
        self._writer = self._open()
        self._writer.write_table(table)
        return table

    def close(self) -> None:
        """Write the footer and give the file its name."""
        if self._writer.is_open:
            self._writer.close()
            self._partial.replace(self._path)

    def _open(self) -> pq.ParquetWriter:
        return pq.ParquetWriter(
            self._partial, self._schema, compression="zstd", use_dictionary=False, write_statistics=False
        )


def events_path(path: Path) -> Path:
    """Where the events of a record lie: `NAME.events.parquet` beside `NAME.parquet`."""
    return path.with_suffix(".events.parquet")


def event_table(events: list[Event]) -> pa.Table:
    """Events as rows."""
    columns = zip(*events, strict=True) if events else [[], [], [], []]
    arrays = [pa.array(list(column), field.type) for column, field in zip(columns, EVENT_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA)


def read_events(path: Path) -> tuple[Event, ...]:
    """Events of a file; none where there is no file."""
    if not path.exists():
        return ()
    table = pq.read_table(path)
    return tuple(Event(*row.values()) for row in table.to_pylist())
