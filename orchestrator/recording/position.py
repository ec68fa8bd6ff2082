"""Position: a place in a record from which it goes on, found again by what was recorded there."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import ResultError

GROUP_ROWS: Final = 2**14
"""Rows of a complete record that are read or written at once, where a row is not too long."""


class Position(NamedTuple):
    """A place in a record: after so many rows, of which the last one has this fingerprint."""

    rows: int
    last: str


def fingerprint(table: pa.Table | pa.RecordBatch) -> str:
    """Names and values of the last row, in short."""
    return sha256(repr(table.slice(table.num_rows - 1).to_pylist()).encode()).hexdigest()


def found(paths: Iterable[Path], schema: pa.Schema, position: Position) -> Iterator[pa.RecordBatch]:
    """The batches of the first record that holds a position, partial or complete; ResultError where none does."""
    path = Path()
    for path in paths:
        try:
            if _holds(batches_of(path, torn=True), schema, position):
                return batches_of(path, torn=True)
        except (OSError, pa.ArrowException):
            continue
    raise ResultError(
        f"{path}: is not the record that the checkpoint goes on from: it has no row {position.rows} with the values "
        "that were recorded there. Give another output for a new record from the checkpoint on"
    )


def first(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Batches up to so many rows."""
    for batch in batches:
        if rows <= 0:
            return
        yield batch.slice(0, rows)
        rows -= batch.num_rows


def batches_of(path: Path, *, torn: bool) -> Iterator[pa.RecordBatch]:
    """Batches of a record: a complete Parquet file, or a stream; where that may be torn, those before the tear."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=GROUP_ROWS)
        return
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


def _holds(batches: Iterable[pa.RecordBatch], schema: pa.Schema, position: Position) -> bool:
    rows, last = 0, None
    for last in first(batches, position.rows):
        if not last.schema.equals(schema):
            return False
        rows += last.num_rows
    return last is not None and rows == position.rows and fingerprint(last) == position.last
