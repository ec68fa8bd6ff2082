"""Store: tables of a record in memory or in a file, written piece by piece, and cut where a run goes on from earlier.

A record grows in `NAME.parquet.partial`, a stream of Arrow's IPC format. Other than Parquet it needs no end to be
readable: whatever kills the process or fills the disk, what was written before can be read. On `close` it becomes
`NAME.parquet`.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import ResultError, SimulationError
from orchestrator.recording.chunk import Chunk, Place, Rows, table_of
from orchestrator.recording.position import GROUP_ROWS, Position, batches_of, first, found

# A footer takes about 1 kB for each column of each row group, kept in memory until the end: few and large groups.
_GROUP_VALUES = 2**21

PARTIAL = ".partial"

Reader = Callable[[Sequence[str]], pa.Table]
"""Reads the columns with these names."""


class Store(Protocol):
    """1 `take` (repeated; `reader`, `cut` and `sync` between), 2 `close`."""

    def take(self, chunk: Chunk, rows: int) -> None:
        """Append the first rows of a chunk, whose memory may be written again afterwards."""
        ...

    def reader(self) -> Reader:
        """What reads columns of everything stored up to now, also later."""
        ...

    def cut(self, rows: int) -> None:
        """Forget everything after so many rows."""
        ...

    def sync(self) -> None:
        """What was written is on the disk when this returns, also where the machine fails."""
        ...

    def close(self) -> None:
        """Complete what is stored."""
        ...


class MemoryStore:
    """Keeps rows as they come, and makes columns of them where they are asked for."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._pieces: list[Rows] = []
        self._places: Mapping[str, Place] = {}

    def take(self, chunk: Chunk, rows: int) -> None:
        """Append the first rows of a chunk."""
        self._pieces.append(chunk.rows(0, rows).copy())
        self._places = chunk.places

    def reader(self) -> Reader:
        """What reads columns of everything stored up to now."""
        pieces = tuple(self._pieces)
        return lambda names: table_of(pieces, self._places, self._schema, names)

    def cut(self, rows: int) -> None:
        """Forget everything after so many rows."""
        kept: list[Rows] = []
        for piece in self._pieces:
            if rows > 0:
                kept.append(piece.first(rows))
            rows -= piece.times.size
        self._pieces = kept

    def sync(self) -> None:
        """Nothing is on a disk."""

    def close(self) -> None:
        """Nothing to complete."""


class FileStore:
    """Appends each table to the partial file, and makes the Parquet file of it in the end.

    With a `position` it goes on there in the record that there is, complete or not. ResultError where another run is
    writing the same file, or it does not hold that position; SimulationError where the disk takes no more.
    """

    def __init__(self, schema: pa.Schema, path: Path, position: Position | None = None) -> None:
        self._schema, self._path = schema, path
        self._partial = partial_path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = for_one_writer(self._partial, keep=position is not None)
        self._torn = False
        if position is None:
            self._writer = _stream(self._file, schema)
            return
        try:
            self._go_on(found((self._partial, path), schema, position), position.rows)
            path.unlink(missing_ok=True)  # a complete record, which this one goes on from
        except BaseException:
            if not self._partial.stat().st_size:
                self._partial.unlink()
            self._file.close()
            raise

    def take(self, chunk: Chunk, rows: int) -> None:
        """Append the first rows of a chunk; they have left this process when this returns."""
        try:
            self._writer.write_table(chunk.arrow(rows, self._schema))
            self._file.flush()
        except (OSError, pa.ArrowException) as error:
            self._torn = True
            raise _not_written(self._partial, error) from error

    def reader(self) -> Reader:
        """What reads columns of everything stored up to now."""
        table = pa.Table.from_batches(batches_of(self._partial, torn=True), self._schema)
        return lambda names: table.select(list(names))

    def cut(self, rows: int) -> None:
        """Forget everything after so many rows."""
        self._go_on(batches_of(self._partial, torn=True), rows)

    def sync(self) -> None:
        """What was written is on the disk when this returns, also where the machine fails."""
        os.fsync(self._file.fileno())

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

    def _go_on(self, earlier: Iterable[pa.RecordBatch], rows: int) -> None:
        """Go on in a partial file of the first rows of these batches, which takes the place of the one there is."""
        new = partial_of_a_partial(self._partial)
        file = for_one_writer(new)
        try:
            writer = _stream(file, self._schema)
            for batch in first(earlier, rows):
                writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=self._schema))
            file.flush()
            os.fsync(file.fileno())
            new.replace(self._partial)
        except BaseException as error:
            file.close()
            new.unlink(missing_ok=True)
            if isinstance(error, OSError | pa.ArrowException):
                raise _not_written(self._partial, error) from error
            raise
        self._file.close()
        self._file, self._writer = file, writer

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
                for table in _groups(batches_of(self._partial, torn=self._torn), self._schema):
                    writer.write_table(table, row_group_size=max(1, table.num_rows))
            new.replace(self._path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        self._partial.unlink()


def _not_written(path: Path, error: Exception) -> SimulationError:
    return SimulationError(f"{path}: cannot be written ({error}). Free space on the disk, or give another output")


def partial_path(path: Path) -> Path:
    """Where a record grows."""
    return path.with_name(path.name + PARTIAL)


def partial_of_a_partial(path: Path) -> Path:
    """Where the beginning of a record is copied that is to go on from an earlier row."""
    return path.with_name(f".{path.name}.new")


def read_partial(path: Path) -> pa.Table:
    """What a partial file holds, up to its torn end; ResultError where it holds nothing readable."""
    try:
        with pa.OSFile(str(path)) as file:
            schema = pa.ipc.open_stream(file).schema
        return pa.Table.from_batches(batches_of(path, torn=True), schema)
    except (OSError, pa.ArrowException) as error:
        raise ResultError(f"{path}: not a readable partial record ({error}). Run the simulation again") from error


def for_one_writer(path: Path, *, keep: bool = False) -> BinaryIO:
    """A file that nobody else writes as long as it is open; ResultError where somebody does.

    It is empty unless its content is to be kept.
    """
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
    if not keep:
        file.truncate(0)
    return file


def _stream(file: BinaryIO, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
    return pa.ipc.new_stream(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    rows = min(GROUP_ROWS, _GROUP_VALUES // len(schema) + 1)
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(each.num_rows for each in waiting) >= rows:
            yield pa.Table.from_batches(waiting, schema).combine_chunks()
            waiting = []
    if waiting:
        yield pa.Table.from_batches(waiting, schema).combine_chunks()
