"""Events of a record, in a Parquet file of their own: what happened is no series over time."""

from array import array
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import ResultError
from orchestrator.observer import Event

EVENT_SCHEMA = pa.schema(
    [("time", pa.float64()), ("component", pa.string()), ("kind", pa.string()), ("message", pa.string())]
)


def events_path(path: Path) -> Path:
    """Where the events of a record lie: `NAME.events.parquet` beside `NAME.parquet`."""
    return path.with_suffix(".events.parquet")


def write_events(path: Path, events: Sequence[Event]) -> None:
    """Write events as rows; the file appears complete or not at all."""
    times, *texts = zip(*events, strict=True) if events else [()] * 4
    arrays = [_numbers(times), *map(_texts, texts)]
    new = path.with_name(f".{path.name}.new")
    try:
        pq.write_table(pa.Table.from_arrays(arrays, schema=EVENT_SCHEMA), new)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _numbers(column: Sequence[float]) -> pa.Array:
    """As `pyarrow.array` makes it, which imports pandas: that takes longer than most runs."""
    return pa.Array.from_buffers(pa.float64(), len(column), [None, pa.py_buffer(array("d", column))])


def _texts(column: Sequence[str]) -> pa.Array:
    """As `pyarrow.array` makes it, without pandas too: where each text ends, and all of them in a row."""
    encoded = [text.encode() for text in column]
    ends = array("i", accumulate(map(len, encoded), initial=0))
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def read_events(path: Path) -> tuple[Event, ...]:
    """Events of a file; none where there is no file, ResultError where it holds something else."""
    if not path.exists():
        return ()
    try:
        rows = pq.read_table(path, schema=EVENT_SCHEMA).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ResultError(f"{path}: not readable as events ({error}). Remove it, or run again") from error
    return tuple(Event(*row.values()) for row in rows)
