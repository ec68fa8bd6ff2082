"""Bars as SVG text that takes the colours of the page around it."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#8a949c")
"""Okabe and Ito's palette (2008), visible on light and dark paper."""

WIDTH, ROW, TOP = 540.0, 26.0, 8.0
LABEL, VALUE = 190.0, 96.0
"""Room for the names on the left and the numbers on the right (px)."""
LONGEST = 30
"""Characters of a name that are shown; the whole of it is in the title of its bar."""


class Bar(NamedTuple):
    """One row: what it is called, its parts from left to right, and what is written at its end."""

    label: str
    parts: tuple[float, ...]
    text: str


def bars(rows: Sequence[Bar], legend: Sequence[str] = (), limit: float | None = None) -> str:
    """Horizontal bars over each other; `legend` names their parts, a line stands at `limit`."""
    longest = max([sum(row.parts) for row in rows] + ([limit * 1.15] if limit is not None else []), default=0.0)
    scale = (WIDTH - LABEL - VALUE) / longest if longest > 0.0 else 0.0
    bottom = TOP + ROW * len(rows)
    height = bottom + (22.0 if legend or limit is not None else 4.0)
    lines = [f'<svg role="img" viewBox="0 0 {WIDTH:.0f} {height:.0f}" font-size="12" fill="currentColor">']
    lines += [text for number, row in enumerate(rows) for text in _row(row, TOP + ROW * number, scale)]
    lines += _limit(limit, scale, bottom) if limit is not None else []
    lines += _legend(legend, bottom + 16.0)
    return "".join((*lines, "</svg>"))


def _row(row: Bar, y: float, scale: float) -> Iterator[str]:
    yield f"<g><title>{escape(row.label)}: {escape(row.text)}</title>"
    yield f'<text x="{LABEL - 8:.0f}" y="{y + 15:.1f}" text-anchor="end">{escape(_short(row.label))}</text>'
    x = LABEL
    for number, part in enumerate(row.parts):
        width = max(part, 0.0) * scale
        yield f'<rect x="{x:.1f}" y="{y + 3:.1f}" width="{width:.1f}" height="{ROW - 9:.0f}" fill="{COLOURS[number]}"/>'
        x += width
    yield f'<text x="{x + 6:.1f}" y="{y + 15:.1f}">{escape(row.text)}</text></g>'


def _limit(limit: float, scale: float, bottom: float) -> Iterator[str]:
    x = LABEL + limit * scale
    yield f'<path d="M{x:.1f},{TOP - 4:.0f} V{bottom:.0f}" stroke="#D55E00" stroke-width="1.5" stroke-dasharray="5 3"/>'
    yield f'<text x="{x:.1f}" y="{bottom + 16:.0f}" text-anchor="middle" fill="#D55E00">{limit:g}</text>'


def _legend(names: Sequence[str], y: float) -> Iterator[str]:
    x = LABEL
    for number, name in enumerate(names):
        yield f'<rect x="{x:.0f}" y="{y - 10:.0f}" width="11" height="11" fill="{COLOURS[number]}"/>'
        yield f'<text x="{x + 16:.0f}" y="{y:.0f}">{escape(name)}</text>'
        x += 34.0 + 6.6 * len(name)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
