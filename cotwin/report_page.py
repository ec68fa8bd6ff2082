"""The report of a run as one HTML file: tables, plots and events, with nothing to fetch from anywhere."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cotwin.folder import MADE_BY
from cotwin.panels import Panel, panels
from cotwin.plots import svg, time_axis
from cotwin.tables import Table, events, summary

if TYPE_CHECKING:
    from orchestrator.recording.results import Results


class Extras(NamedTuple):
    """What a report shows beside the record: an error, pictures (PNG files) and tables above the plots.

    `verdict` stands before the error.
    """

    failure: str | None = None
    tables: Sequence[Table] = ()
    pictures: Sequence[Path] = ()
    verdict: str = "The run failed."


def write_report(results: "Results", path: Path, title: str, extras: Extras | None = None) -> Path:
    """Write the report of a run to `path` and return the path."""
    arranged, extras = panels(results), extras or Extras()
    parts = [
        _header(results, title),
        _failure(extras.verdict, extras.failure),
        *(_picture(picture) for picture in extras.pictures),
        *(_table(table) for table in extras.tables),
        _plots([panel for panel in arranged if not panel.constant]),
        _table(summary(arranged)),
        _table(events(results)),
        _record(results),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    page = _PAGE.format(title=escape(title), made_by=MADE_BY, style=_STYLE, body="\n".join(parts))
    path.write_text(page, encoding="utf-8")
    return path


def _header(results: "Results", title: str) -> str:
    span = float(results.times[-1] - results.times[0])
    axis = time_axis(span)
    facts = [f"{span / axis.seconds:.6g} {axis.unit} simulated", f"{len(results.times)} rows"]
    facts += [shown.format(results.metadata[key]) for key, shown in _FACTS.items() if key in results.metadata]
    items = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    return f"<header><h1>{escape(title)}</h1><ul class=facts>{items}</ul></header>"


def _failure(verdict: str, message: str | None) -> str:
    shown = f"<strong>{escape(verdict)}</strong> {escape(message or '')}"
    return f"<p class=failure role=alert>{shown}</p>" if message else ""


def _plots(arranged: Sequence[Panel]) -> str:
    """Panels by component, side by side where the page is wide enough."""
    sections = []
    for component in dict.fromkeys(panel.component for panel in arranged):
        own = [panel for panel in arranged if panel.component == component]
        figures = "".join(f"<figure>{svg(panel, f'{component}-{k}')}</figure>" for k, panel in enumerate(own))
        sections.append(f"<section><h2>{escape(component)}</h2><div class=plots>{figures}</div></section>")
    return "\n".join(sections)


def _picture(path: Path) -> str:
    data = b64encode(path.read_bytes()).decode("ascii")
    return f'<figure class=picture><img alt="{escape(path.stem)}" src="data:image/png;base64,{data}"></figure>'


def _table(table: Table) -> str:
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


def _record(results: "Results") -> str:
    """Everything that is known about what ran: components, the rest by key, the description as it was."""
    metadata = dict(results.metadata)
    components = metadata.pop("components", {})
    description = metadata.pop("description", None)
    keys = tuple(dict.fromkeys(key for identity in components.values() for key in identity))
    rows = [(name, *(str(identity.get(key, "")) for key in keys)) for name, identity in components.items()]
    parts = _table(Table("Components", ("component", *(key.replace("_", " ") for key in keys)), rows))
    parts += _table(Table("What ran", ("key", "value"), list(_flat(metadata))))
    if description is not None:
        text = escape(json.dumps(description, indent=2, ensure_ascii=False))
        parts += f"<h2>Description</h2><pre class=wide>{text}</pre>"
    return f"<details><summary>Record</summary>{parts}</details>"


def _flat(metadata: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in metadata.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(value)


_FACTS = {"algorithm": "algorithm {}", "step_size": "step size {:g} s"}

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
summary { cursor: pointer; margin-top: 2rem; font-weight: 600; }
"""
