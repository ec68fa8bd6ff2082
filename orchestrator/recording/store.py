"""Store: tables of a record in memory or in a file, written piece by piece.

A record grows in `NAME.parquet.partial`, a stream of Arrow's IPC format. Other than Parquet it needs no end to be
readable: whatever kills the process or fills the disk, what was written before can be read. On `close` it becomes
`NAME.parquet`.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import ResultError, SimulationError

# A footer takes about 1 kB for each column of each row group, kept in memory until the end: few and large groups.
_GROUP_VALUES = 2**21
_GROUP_ROWS = 2**14

PARTIAL = ".partial"


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


class FileStore:
    """Appends each table to the partial file, and makes the Parquet file of it in the end.

    ResultError where another run is writing the same file; SimulationError where the disk takes no more.
    """

    def __init__(self, schema: pa.Schema, path: Path) -> None:
        self._schema, self._path = schema, path
        self._partial = partial_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = for_one_writer(self._partial)
        self._writer = pa.ipc.new_stream(self._file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
        self._torn = False

    def write(self, table: pa.Table) -> None:
        """Append the rows of a table; they have left this process when this returns."""
        try:
            self._writer.write_table(table)
            self._file.flush()
        except (OSError, pa.ArrowException) as error:
            self._torn = True
            raise SimulationError(
                f"{self._partial}: cannot be written ({error}). Free space on the disk, or give another output"
            ) from error

    def read(self) -> pa.Table:
        """Everything written up to now."""
        return pa.Table.from_batches(_batches(self._partial, torn=True), self._schema)

    def close(self) -> None:
        """Make the Parquet file; where that fails, the partial file stays."""
        if self._file.closed:
            return
        try:
            self._end_stream()
            self._convert()
        except (OSError, pa.ArrowException) as error:
            raise SimulationError(
                f"{self._path}: cannot be completed ({error}). Free space on the disk; what was recorded is kept in "
                f"{self._partial}"
            ) from error
        finally:
            with suppress(OSError):  # of a full disk; reported before
                self._file.close()

    def _end_stream(self) -> None:
        if not self._torn:
            self._writer.close()
            self._file.flush()

    def _convert(self) -> None:
        new = self._path.with_name(f".{self._path.name}.new")
        try:
            with pq.ParquetWriter(
                new, self._schema, compression="zstd", use_dictionary=False, write_statistics=False
            ) as writer:
                for table in _groups(_batches(self._partial, torn=self._torn), self._schema):
                    writer.write_table(table, row_group_size=max(1, table.num_rows))
            new.replace(self._path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        self._partial.unlink()


def partial_path(path: Path) -> Path:
    """Where a record grows."""
    return path.with_name(path.name + PARTIAL)


def read_partial(path: Path) -> pa.Table:
    """What a partial file holds, up to its torn end; ResultError where it holds nothing readable."""
    try:
        with pa.OSFile(str(path)) as file:
            schema = pa.ipc.open_stream(file).schema
        return pa.Table.from_batches(_batches(path, torn=True), schema)
    except (OSError, pa.ArrowException) as error:
        raise ResultError(f"{path}: not a readable partial record ({error}). Run the simulation again") from error


def for_one_writer(path: Path) -> BinaryIO:
    """An empty file that nobody else writes as long as it is open; ResultError where somebody does."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another run may have completed its record, and removed this file, since it was opened here.
        free = os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        free = False
    except OSError:  # a file system without locks
        free = True
    if not free:
        file.close()
        raise ResultError(f"{path}: another run is writing this record. Give each run an output of its own")
    file.truncate(0)
    return file


def _batches(path: Path, *, torn: bool) -> Iterator[pa.RecordBatch]:
    """Batches of a stream; where it may be torn, those before the tear."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        while True:
            try:
                yield stream.read_next_batch()
            except StopIteration:
                return
            except (OSError, pa.ArrowException):
                if torn:
                    return
                raise


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    rows = min(_GROUP_ROWS, _GROUP_VALUES // len(schema) + 1)
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= rows:
            yield pa.Table.from_batches(waiting, schema).combine_chunks()
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema).combine_chunks()
