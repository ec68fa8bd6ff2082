"""Tables as rows of text: what the terminal and the report show in the same words."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cotwin.panels import Curve, Panel

if TYPE_CHECKING:
    from orchestrator.recording.results import Results


class Table(NamedTuple):
    """A table of text."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Whether a column holds numbers, units apart: it is then set to the right."""
        return tuple(
            name != "unit" and _mostly_numbers([row[index] for row in self.rows if row[index]])
            for index, name in enumerate(self.header)
        )

    def without_empty_columns(self) -> "Table":
        """The same without the columns in which no row says anything."""
        kept = [index for index in range(len(self.header)) if any(row[index] for row in self.rows)]
        rows = [tuple(row[index] for index in kept) for row in self.rows]
        return Table(self.title, tuple(self.header[index] for index in kept), rows)


def number(value: float) -> str:
    """A value in at most six digits; Booleans as words, integers whole."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    return f"{value:d}" if isinstance(value, int | np.integer) else f"{value:.6g}"


def _mostly_numbers(cells: Sequence[str]) -> bool:
    return 2 * sum(map(_reads_as_number, cells)) > len(cells)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def summary(arranged: Iterable[Panel]) -> Table:
    """First, last, least and greatest value of every curve."""
    rows = [_summary_row(curve, panel.unit) for panel in arranged for curve in panel.curves]
    return Table("Variables", ("variable", "unit", "start", "end", "least", "greatest"), rows)


def _summary_row(curve: Curve, unit: str) -> tuple[str, ...]:
    least, greatest = (curve.values, curve.values) if curve.band is None else curve.band
    cells = (curve.values[0], curve.values[-1], least.min(), greatest.max())
    items = curve.items or {}
    return (curve.label, unit, *(items.get(int(cell)) or number(cell) if items else number(cell) for cell in cells))


def events(results: "Results") -> Table:
    """Everything that happened during a run."""
    rows = [(number(event.t), event.component, event.kind, event.message) for event in results.events]
    return Table("Events", ("time [s]", "component", "kind", "message"), rows)
