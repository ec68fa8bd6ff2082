"""A page: one HTML file with tables and figures, with nothing to fetch from anywhere."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from cotwin.folder import MADE_BY
from cotwin.tables import Table


class Figure(NamedTuple):
    """An `<svg>` element under a heading, and what is to be read from it; `light` needs light paper around it."""

    title: str
    svg: str
    caption: str = ""
    light: bool = False


def page_of(title: str, facts: Iterable[str], figures: Sequence[Figure], tables: Iterable[Table]) -> str:
    """A page with figures first, then tables."""
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    header = f"<header><h1>{escape(title)}</h1><ul class=facts>{items}</ul></header>"
    wide = [figure_of(figure) for figure in figures if figure.light]
    small = [figure_of(figure) for figure in figures if not figure.light]
    grid = f"<div class=plots>{''.join(small)}</div>" if small else ""
    return framed(title, "\n".join((header, *wide, grid, *map(table_of, tables))))


def framed(title: str, body: str) -> str:
    """The whole page around its body."""
    return _PAGE.format(title=escape(title), made_by=MADE_BY, style=_STYLE, body=body)


def figure_of(figure: Figure) -> str:
    """A figure with heading and caption."""
    caption = f"<figcaption>{escape(figure.caption)}</figcaption>" if figure.caption else ""
    kind = " class=light" if figure.light else ""
    return f"<section><h2>{escape(figure.title)}</h2><figure{kind}><div>{figure.svg}</div>{caption}</figure></section>"


def table_of(table: Table) -> str:
    """A table, nothing where it has no row."""
    if not table.rows:
        return ""
    kinds = [" class=number" if numeric else "" for numeric in table.numeric]
    head = "".join(f"<th scope=col{kind}>{escape(cell)}</th>" for cell, kind in zip(table.header, kinds, strict=True))
    rows = (
        "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True)) for row in table.rows
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<section><h2>{escape(table.title)}</h2><div class=wide><table>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>"
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="{made_by}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5b6670; --paper: #fff; --line: #d9dee3; --alarm: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e7ea; --soft: #9aa5ae; --paper: #14181c; --line: #313a42; --alarm: #ff8a80; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.facts { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 0; padding: 0; list-style: none; }
.facts { color: var(--soft); }
.failure { border-left: 4px solid var(--alarm); padding: .5rem .9rem; color: var(--alarm); overflow-wrap: anywhere; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 27rem), 1fr)); gap: 1rem 1.5rem; }
figure { margin: 0; min-width: 0; max-width: 40rem; }
figure svg { width: 100%; height: auto; display: block; }
.picture { max-width: none; margin-top: 2rem; } .picture img { max-width: 100%; border-radius: 4px; }
.wide { overflow-x: auto; }
pre { font-size: .8rem; } details td { white-space: nowrap; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
figure.light { max-width: none; } figure.light > div { background: #fff; border-radius: 4px; overflow-x: auto; }
figure.light svg { width: auto; max-width: 100%; margin: 0 auto; }
figcaption { color: var(--soft); font-size: .85rem; }
summary { cursor: pointer; margin-top: 2rem; font-weight: 600; }
"""
