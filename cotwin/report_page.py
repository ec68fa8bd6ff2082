"""The report of a run as one HTML file: tables, plots and events, with nothing to fetch from anywhere."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cotwin.page import framed, table_of
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
        *(table_of(table) for table in extras.tables),
        _plots([panel for panel in arranged if not panel.constant]),
        table_of(summary(arranged)),
        table_of(events(results)),
        _record(results),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    page = framed(title, "\n".join(parts))
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


def _record(results: "Results") -> str:
    """Everything that is known about what ran: components, the rest by key, the description as it was."""
    metadata = dict(results.metadata)
    components = metadata.pop("components", {})
    description = metadata.pop("description", None)
    keys = tuple(dict.fromkeys(key for identity in components.values() for key in identity))
    rows = [(name, *(str(identity.get(key, "")) for key in keys)) for name, identity in components.items()]
    parts = table_of(Table("Components", ("component", *(key.replace("_", " ") for key in keys)), rows))
    parts += table_of(Table("What ran", ("key", "value"), list(_flat(metadata))))
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
