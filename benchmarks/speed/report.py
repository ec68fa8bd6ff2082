"""What is made of the lines: tables for README and documentation, and a picture."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from speed.lines import RESULTS, Line, kept
from speed.picture import draw

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = ROOT / "docs" / "images" / "speed.png"
_MASTERS: Final = ("W1-10", "W1-100", "W2", "W2 recording")


def report() -> None:
    """Write the table beside the results, those of README and documentation, and the picture."""
    lines = kept()
    table = "\n".join(masters_table(lines))
    everything = "\n".join((table, "", *other_table(lines)))
    RESULTS.with_suffix(".md").write_text(everything + "\n")
    put(ROOT / "README.md", "speed", table)
    put(ROOT / "docs" / "performance.md", "speed", everything)
    draw(lines, _MASTERS, IMAGE)


def masters_table(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each master, a column for each workload: us a macro step and the ratio to straight C."""
    cells = {(line.who, line.workload): line for line in lines if line.section == "masters"}
    names = list(dict.fromkeys(who for who, workload in cells if workload in _MASTERS))
    yield "| us/macro step (times the C floor) | " + " | ".join(_MASTERS) + " |"
    yield "|---" * (len(_MASTERS) + 1) + "|"
    for name in sorted(names, key=lambda name: _rank(name, cells)):
        yield f"| {name} | " + " | ".join(_cell(cells.get((name, workload))) for workload in _MASTERS) + " |"


def _rank(name: str, cells: dict[tuple[str, str], Line]) -> float:
    line = cells.get((name, _MASTERS[0]))
    return float("inf") if line is None or line.value is None else line.value


def _cell(line: Line | None) -> str:
    if line is None:
        return ""
    if line.value is None:
        return line.note or "-"
    text = _figure(line.value)
    if line.ratio is not None:
        text += f" ({_figure(line.ratio)})"
    return f"{text}, {line.note}" if line.note else text


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def other_table(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each figure that is not in the table of the masters."""
    yield "| what | who | figure | compared with | ratio | to reach |"
    yield "|---|---|---|---|---|---|"
    for line in lines:
        if line.section == "masters" and line.workload in _MASTERS:
            continue
        value = "-" if line.value is None else f"{_figure(line.value)} {line.unit}"
        reference = "" if line.reference is None else f"{line.comparator}: {_figure(line.reference)}"
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        note = f" ({line.note})" if line.note else ""
        yield f"| {line.workload} | {line.who} | {value}{note} | {reference} | {ratio} | {_wanted(line)} |"


def _wanted(line: Line) -> str:
    if line.reach is None:
        return ""
    sign = ">=" if line.more_is_better else "<="
    return f"{sign} {_figure(line.reach)}: {'yes' if line.reached else 'no'}"


def put(page: Path, name: str, table: str) -> None:
    """Replace the table between the marks of this name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text()
    if begin not in text or end not in text:
        raise ValueError(f"{page}: put the marks {begin} and {end} where the table is to be")
    page.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))
