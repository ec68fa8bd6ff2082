"""Tables: inputs over time from a text file, CSV or TSV, or from the cells of another kind of file.

    time, S [g/L], feed_on
    0,    5.0,     false
    10,   4.0,     false
    10,   4.0,     true
    20,   3.5,     true

The first column is the time (s, or with a unit in brackets), the others are variables with an optional unit. Two rows
at one time are a jump: the first holds up to that time, the second from it on. Cells are separated by commas,
semicolons or tabs; lines that begin with # are comments. An element of an array has a column of its own, `S[1]`,
or `"M[1,2]"` between commas.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Storage
from orchestrator.system.parameters.start_values import binary

SUFFIXES: Final = (".csv", ".tsv", ".parquet")
MAX_CELLS: Final = 20_000_000

_HEADER = re.compile(r"(?P<name>.*\S)\s+\[(?P<unit>[^\[\]]*)\]")
_TRUTH: Final = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}
_TIME_FACTORS: Final = {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0}


Items = Sequence[tuple[int, str]]
"""Values of an enumeration with their names."""


class Column(NamedTuple):
    """One variable: its name, unit (None where the header has none) and its cells as they are written."""

    name: str
    unit: str | None
    cells: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class InputTable:
    """Rows over time: `times` (s, never decreasing), the line in the file of each row, and columns of text."""

    path: Path
    times: NDArray[np.float64]
    lines: tuple[int, ...]
    columns: tuple[Column, ...]

    def values(self, column: Column, storage: Storage, items: Items = ()) -> NDArray[Any]:
        """The cells of a column in a storage type; DescriptionError with the line of one that does not fit.

        Of an enumeration the `items` are the values that there are; cells hold their numbers or their names.
        """
        read = _READERS[storage]
        numbers = {key: number for number, name in items for key in (name, str(number))}
        values = storage.zeros(len(column.cells))
        for index, (line, cell) in enumerate(zip(self.lines, column.cells, strict=True)):
            try:
                values[index] = numbers[cell] if items else read(cell)
            except (KeyError, ValueError, OverflowError) as error:
                where = f"{place(self.path, line)}: column '{column.name}'"
                hint = _choice(items) if items else _hint(cell, storage)
                raise DescriptionError(f"{where}: {cell!r:.40} is no {storage} value{hint}") from error
        return values

    def is_numeric(self, column: Column) -> bool:
        """Whether every cell of a column is a finite number."""
        try:
            self.values(column, Storage.FLOAT64)
        except DescriptionError:
            return False
        return True


def read_table(path: Path) -> InputTable:
    """Read a table; DescriptionError names file, line and what is wrong: times, numbers of cells, decimal commas."""
    return table_of(path, *_header_and_rows(path, _text(path)))


def table_of(path: Path, header: Sequence[str], rows: Sequence[tuple[int, Sequence[str]]]) -> InputTable:
    """A table of the cells of a file: its header, and the number and cells of each row. DescriptionError as above."""
    columns = [_column(cell) for cell in header]
    if not columns or columns[0][0].lower() != "time":
        first = header[0] if header else ""
        raise DescriptionError(f"{path}: the first column is {first!r:.40}; begin the header with 'time'")
    if len(columns) == 1:
        raise DescriptionError(f"{path}: there is no column beside the time; give one for each input")
    _check_names(path, [name for name, _ in columns])
    if not rows:
        raise DescriptionError(f"{path}: there is no row below the header; give at least one")
    times = _times(path, rows, columns[0][1])
    cells = list(zip(*(row for _, row in rows), strict=True))
    named = tuple(Column(*column, cells[index + 1]) for index, column in enumerate(columns[1:]))
    return InputTable(path, times, tuple(line for line, _ in rows), named)


def place(path: Path, line: int) -> str:
    """Where a row stands: the line of a text file, the row of any other."""
    return f"{path}: row {line}" if path.suffix.lower() == ".parquet" else f"{path}:{line}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path}: cannot be read ({error}); give the path of a table in UTF-8") from error


def _header_and_rows(path: Path, text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    separator = "\t" if "\t" in first else ";" if ";" in first else ","
    header: list[str] | None = None
    rows: list[tuple[int, list[str]]] = []
    try:
        for line, cells in _records(text, separator):
            if header is None:
                header = cells
                continue
            _check_cells(path, line, cells, len(header))
            rows.append((line, cells))
            if len(rows) * len(header) > MAX_CELLS:
                raise DescriptionError(f"{path}:{line}: more than {MAX_CELLS} cells; give a shorter table")
    except csv.Error as error:
        raise DescriptionError(f"{path}: is no table ({error})") from error
    return header or [], rows


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text.splitlines(), delimiter=separator, skipinitialspace=True, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells) and not cells[0].startswith("#"):
            yield reader.line_num, [cell.strip() for cell in cells]


def _check_cells(path: Path, line: int, cells: Sequence[str], expected: int) -> None:
    if len(cells) != expected:
        hint = ". Are there decimal commas? Write 1.5, not 1,5" if len(cells) > expected else ""
        raise DescriptionError(f"{path}:{line}: {len(cells)} cells under {expected} columns{hint}")


def _column(cell: str) -> tuple[str, str | None]:
    match = _HEADER.fullmatch(cell)
    return (match["name"], match["unit"].strip() or None) if match else (cell, None)


def _check_names(path: Path, names: Sequence[str]) -> None:
    for name in names:
        if not name:
            raise DescriptionError(f"{path}: a column has no name; name it in the header or leave it out")
        if names.count(name) > 1:
            raise DescriptionError(f"{path}: the column {name!r:.60} appears twice; keep one of them")


def _times(path: Path, rows: Sequence[tuple[int, Sequence[str]]], unit: str | None) -> NDArray[np.float64]:
    factor = _TIME_FACTORS.get(unit or "s")
    if factor is None:
        raise DescriptionError(f"{path}: the time is in '{unit}'; use one of {', '.join(_TIME_FACTORS)}")
    times = np.empty(len(rows))
    for index, (line, cells) in enumerate(rows):
        try:
            times[index] = factor * _real(cells[0])
        except ValueError as error:
            raise DescriptionError(
                f"{place(path, line)}: the time {cells[0]!r:.40} is no number{_hint(cells[0], Storage.FLOAT64)}"
            ) from error
        if index and times[index] < times[index - 1]:
            raise DescriptionError(
                f"{place(path, line)}: the time {cells[0]} lies before that of the row above; sort the rows"
            )
        if index > 1 and times[index] == times[index - 2]:
            raise DescriptionError(f"{place(path, line)}: a third row at the time {cells[0]}; a jump has two")
    return times


def _real(text: str) -> float:
    value = float(text.replace("_", "?"))  # Python would read 1_000
    if not isfinite(value):
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    try:
        return int(text.replace("_", "?"))
    except ValueError:
        value = _real(text)
        if not value.is_integer() or abs(value) > 2**53:
            raise
        return int(value)


def _truth(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise ValueError(text)
    return _TRUTH[text.lower()]


_READERS: Final[dict[Storage, Callable[[str], Any]]] = {
    Storage.FLOAT64: _real,
    Storage.INT64: _whole,
    Storage.UINT64: _whole,
    Storage.BOOLEAN: _truth,
    Storage.STRING: str,
    Storage.BINARY: binary,
}


def _choice(items: Items) -> str:
    return f" of the enumeration; use one of {', '.join(f'{number} ({name})' for number, name in items)}"


def _hint(cell: str, storage: Storage) -> str:
    if storage is Storage.BINARY:
        return "; write hexadecimal digits, 00ff, or base64 behind 'base64:'"
    if re.fullmatch(r"[-+]?\d+,\d+([eE][-+]?\d+)?", cell):
        return f"; write it with a decimal point, {cell.replace(',', '.')}"
    return "; give a value in every row" if not cell else ""
