"""Tables of inputs from files of any kind: text, or Parquet with one column for each input.

In Parquet the unit of a column is the metadata `unit` of its field, or stands in brackets behind its name; the first
column is the time, `time` or `time [s]`. The record of a run is such a file.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.errors import DescriptionError
from orchestrator.system.tables import MAX_CELLS, InputTable, read_table, table_of


def read_inputs(path: Path) -> InputTable:
    """Read a table of inputs from a text file or a Parquet file; DescriptionError says what is wrong with it."""
    return _of_parquet(path) if path.suffix.lower() == ".parquet" else read_table(path)


def _of_parquet(path: Path) -> InputTable:
    try:
        file = pq.ParquetFile(path)
        if file.metadata.num_rows * file.metadata.num_columns > MAX_CELLS:
            raise DescriptionError(f"{path}: more than {MAX_CELLS} cells; give a shorter table")
        table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise DescriptionError(f"{path}: cannot be read as Parquet ({error}); give the path of a table") from error
    header = [_heading(field) for field in table.schema]
    columns = [_cells(path, column, name) for column, name in zip(table.columns, header, strict=True)]
    return table_of(path, header, [(row, cells) for row, cells in enumerate(zip(*columns, strict=True), start=1)])


def _heading(field: Any) -> str:
    name = str(field.name)
    unit = (field.metadata or {}).get(b"unit", b"").decode()
    return f"{name} [{unit}]" if unit and not name.endswith("]") else name


def _cells(path: Path, column: Any, name: str) -> list[str]:
    """Texts that read as the same values again."""
    if column.null_count:
        raise DescriptionError(f"{path}: the column {name!r:.60} has rows without a value; give one in every row")
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [value.hex() for value in column.to_pylist()]
    if pa.types.is_boolean(kind):
        return [str(value).lower() for value in column.to_pylist()]
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or _is_text(kind)):
        raise DescriptionError(f"{path}: the column {name!r:.60} holds {kind}; give numbers, Booleans, text or bytes")
    return [value if isinstance(value, str) else repr(value) for value in column.to_pylist()]


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
