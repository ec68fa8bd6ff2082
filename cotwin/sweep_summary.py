"""What a sweep gave: the final values of its runs, as a table, a file and a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from cotwin.manifest import DONE, Manifest, shown, table_text
from cotwin.plots import COLOURS
from cotwin.tables import Table, number
from orchestrator.errors import ResultError
from orchestrator.recording.results import Results
from orchestrator.system.names import nearest

SHOWN = 4
"""Results in a table or picture where the plan names none; more are in the file."""


class Summary(NamedTuple):
    """Final values of all runs: one row for each run that is done, by its number; names of columns have units."""

    parameters: tuple[str, ...]
    results: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    finals: tuple[tuple[Any, ...], ...]
    numbers: tuple[int, ...]


def summarized(manifest: Manifest, wanted: Sequence[str]) -> Summary:
    """Read the final values; `wanted` names them (empty: all that were recorded). ResultError for unknown names."""
    done = [run for run in manifest.runs if run.status == DONE]
    names: tuple[str, ...] = tuple(wanted)
    titles: dict[str, str] = {}
    finals = []
    for run in done:
        results = Results.load(manifest.folder / run.file)
        names = names or tuple(results.names)
        unknown = [name for name in names if name not in results.names]
        if unknown:
            raise ResultError(f"results: '{unknown[0]}' was not recorded; {nearest(unknown[0], results.names)}")
        finals.append(tuple(_plain(results[name][-1]) for name in names))
        titles |= {name: f"{name} [{unit}]" for name, unit in results.units.items()}
    values = tuple(manifest.cells(run) for run in done)
    results_with_units = tuple(titles.get(name, name) for name in names)
    return Summary(manifest.columns, results_with_units, values, tuple(finals), tuple(run.number for run in done))


def write_summary(summary: Summary, folder: Path) -> tuple[Path, ...]:
    """`summary.csv`, and `summary.png` where there are numbers over numbers to draw."""
    table = folder / "summary.csv"
    rows = [
        (count, *values, *finals)
        for count, values, finals in zip(summary.numbers, summary.values, summary.finals, strict=True)
    ]
    table.write_text(table_text(("number", *summary.parameters, *summary.results), rows), encoding="utf-8")
    drawn = _drawn(summary, folder / "summary.png")
    return (table,) if drawn is None else (table, drawn)


def status_table(manifest: Manifest) -> Table:
    """The runs that failed."""
    rows = [
        (str(run.number), ", ".join(f"{name} = {_cell(value)}" for name, value in run.values.items()), run.error)
        for run in manifest.runs
        if run.error
    ]
    return Table("Failed runs", ("run", "values", "error"), rows)


def final_table(summary: Summary, most: int) -> Table:
    """Final values of the first runs."""
    header = ("run", *summary.parameters, *summary.results[:SHOWN])
    rows = [
        (str(count), *map(_cell, values), *map(_cell, finals[:SHOWN]))
        for count, values, finals in zip(summary.numbers, summary.values, summary.finals, strict=True)
    ][:most]
    left = len(summary.numbers) - len(rows)
    if left:
        rows.append((f"... {left} more in summary.csv", *[""] * (len(header) - 1)))
    return Table("Final values", header, rows)


def _drawn(summary: Summary, path: Path) -> Path | None:
    """Final values over parameters: a row for each result, a column for each parameter."""
    columns = zip(summary.parameters, zip(*summary.values, strict=True), strict=True)
    axes = [(name, values) for name, column in columns if (values := _numbers(column))]
    series = [(name, [row[index] for row in summary.finals]) for index, name in enumerate(summary.results)]
    curves = [(name, values) for name, column in series if (values := _numbers(column))][:SHOWN]
    if not axes or not curves:
        return None
    with mpl.rc_context({"text.parse_math": False, "font.size": 9.0}):
        figure = Figure(figsize=(3.2 * len(axes), 2.4 * len(curves)), layout="constrained")
        grid = figure.subplots(len(curves), len(axes), squeeze=False, sharey="row", sharex="col")
        for row, (name, final) in enumerate(curves):
            for column, (parameter, values) in enumerate(axes):
                grid[row][column].plot(values, final, "o", markersize=3.5, color=COLOURS[row % len(COLOURS)])
                grid[row][0].set_ylabel(f"{name}, at the end")
                grid[-1][column].set_xlabel(parameter)
        figure.savefig(path, dpi=150)
    return path


def _numbers(values: Sequence[Any]) -> list[float]:
    """The values as numbers; nothing where one is none."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return numbers if len(numbers) == len(values) else []


def _cell(value: Any) -> str:
    plain = shown(value)
    return number(plain) if isinstance(plain, bool | int | float) else str(plain)


def _plain(value: Any) -> Any:
    scalar = value.item() if isinstance(value, np.generic) else value
    return scalar.hex() if isinstance(scalar, bytes) else scalar
