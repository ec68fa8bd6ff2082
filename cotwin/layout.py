"""Tables laid out for the width of a terminal."""

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from cotwin.tables import Table

GAP, LAST_COLUMN = 2, 28
"""Characters between columns, and for the last one before it wraps: below that a table is stacked."""


def arranged(table: Table, width: int) -> RenderableType:
    """A table for a terminal of a width (characters): columns side by side if they fit.

    Otherwise the last one, if it is of words, goes below each row; where that does not fit either, each row becomes a
    heading with the rest below it.
    """
    widths = _widths(table)
    but_last = sum(widths[:-1]) + GAP * (len(widths) - 2)
    if len(widths) <= 2 or but_last + GAP + min(widths[-1], LAST_COLUMN) <= width:
        return _drawn(table)
    return _with_last_below(table) if but_last <= width and not table.numeric[-1] else _stacked(table)


def _widths(table: Table) -> list[int]:
    return [max(cell_len(row[index]) for row in (table.header, *table.rows)) for index in range(len(table.header))]


def _with_last_below(table: Table) -> Group:
    widths, numeric = _widths(table)[:-1], table.numeric
    lines: list[RenderableType] = [Text(table.title, "bold")]
    for index, row in enumerate((table.header, *table.rows)):
        cells = zip(row, widths, numeric, strict=False)
        padded = [_padded(cell, wide, right=right) for cell, wide, right in cells]
        lines.append(Text((" " * GAP).join(padded).rstrip(), "" if index else "dim"))
        if index and row[-1]:
            lines.append(Padding(Text(row[-1], "dim"), (0, 0, 0, 4)))
    return Group(*lines)


def _padded(cell: str, width: int, *, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return f"{space}{cell}" if right else f"{cell}{space}"


def _stacked(table: Table) -> Group:
    parts: list[RenderableType] = [Text(table.title, "bold")]
    for first, *others in table.rows:
        parts.append(Text(first))
        named = zip(table.header[1:], others, strict=True)
        said = ", ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
        parts.append(Padding(Text(said, "dim"), (0, 0, 0, 4)))
    return Group(*parts)


def _drawn(table: Table) -> Grid:
    grid = Grid(title=escape(table.title), title_justify="left", title_style="bold", box=None, pad_edge=False)
    grid.show_header = any(table.header)
    for name, numeric in zip(table.header, table.numeric, strict=True):
        grid.add_column(escape(name), justify="right" if numeric else "left", overflow="fold", header_style="dim")
    for row in table.rows:
        grid.add_row(*(escape(cell) for cell in row))
    return grid
