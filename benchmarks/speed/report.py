"""What is made of the lines: tables for README and documentation, and a picture."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from speed.lines import RESULTS, Line, kept
from speed.picture import draw

ROOT: Final = Path(__file__).parents[2]
IMAGE: Final = ROOT / "docs" / "images" / "speed.png"
MASTERS: Final = ("W1-10", "W1-100", "W2", "W2 recording", "W3")
_PERCENTILES: Final = ("p50", "p99", "p99.9", "most")
_TITLES: Final = {
    "masters": "More of W1 and W2",
    "parallel": "Several cores",
    "scaling": "Chains, rings and random graphs",
    "loops": "Gauss-Seidel and loops",
    "recording": "Recording",
    "opening": "Opening and memory",
    "pacing": "Soft real time",
    "control": "The loop that jumps",
    "micro": "Parts of a macro step",
}


def report() -> None:
    """Write the table beside the results, those of README and documentation, and the picture."""
    lines = kept()
    table = "\n".join(masters_table(lines))
    everything = "\n".join((table, *other_tables(lines)))
    RESULTS.with_suffix(".md").write_text(everything + "\n")
    put(ROOT / "README.md", "speed", table)
    put(ROOT / "docs" / "performance.md", "speed", everything)
    put(ROOT / "docs" / "realtime.md", "pacing", "\n".join(pacing_table(lines)))
    draw([line for line in lines if line.workload in MASTERS], MASTERS, IMAGE)


def masters_table(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each master, a column for each workload: us a macro step and the ratio to straight C."""
    cells = {(line.who, line.workload): line for line in lines if line.workload in MASTERS}
    names = list(dict.fromkeys(who for who, _ in cells))
    yield "| us/macro step (times the C floor) | " + " | ".join(MASTERS) + " |"
    yield "|---" * (len(MASTERS) + 1) + "|"
    for name in sorted(names, key=lambda name: _rank(name, cells)):
        yield f"| {name} | " + " | ".join(_cell(cells.get((name, workload))) for workload in MASTERS) + " |"


def _rank(name: str, cells: Mapping[tuple[str, str], Line]) -> float:
    line = cells.get((name, MASTERS[0]))
    return float("inf") if line is None or line.value is None else line.value


def _cell(line: Line | None, *, bare: bool = False) -> str:
    if line is None:
        return ""
    if line.value is None:
        return line.note or "-"
    text = figure(line.value)
    if bare:
        return text
    if line.ratio is not None:
        text += f" ({figure(line.ratio)})"
    return f"{text}, {line.note}" if line.note else text


def figure(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def other_tables(lines: Sequence[Line]) -> Iterator[str]:
    """A table for each section: rows for what is not in the table of the masters."""
    for section, found in groupby(sorted(lines, key=_place), lambda line: line.section):
        rows = [line for line in found if line.workload not in MASTERS and not _is_reference(line, lines)]
        if not rows:
            continue
        yield f"\n### {_TITLES[section]}\n"
        yield "| what | figure | compared with | ratio | to reach |"
        yield "|---|---|---|---|---|"
        yield from map(_row, rows)


def pacing_table(lines: Sequence[Line]) -> Iterator[str]:
    """A row for each loop in each window of time, a column for each percentile of the lateness (us)."""
    found: dict[tuple[str, str], dict[str, Line]] = {}
    for line in lines:
        window, _, percentile = line.workload.removeprefix("1 kHz, ").partition(": ")
        if line.section == "pacing" and percentile:
            found.setdefault((window, line.who), {})[percentile.partition(" ")[0]] = line
    yield "| us late | " + " | ".join(_PERCENTILES) + " |"
    yield "|---" * (len(_PERCENTILES) + 1) + "|"
    for (window, who), by_percentile in found.items():
        cells = (_cell(by_percentile.get(name), bare=True) for name in _PERCENTILES)
        yield f"| {who}, {window} | " + " | ".join(cells) + " |"


def _place(line: Line) -> int:
    return list(_TITLES).index(line.section)


def _is_reference(line: Line, lines: Sequence[Line]) -> bool:
    """Whether a figure stands in another row, as what that is compared with."""
    return line.reference is None and any(
        other.workload == line.workload and other.section == line.section and other.reference == line.value
        for other in lines
        if other is not line
    )


def _row(line: Line) -> str:
    who = "" if line.who == "cotwin" else f"{line.who}: "
    value = "-" if line.value is None else f"{figure(line.value)} {line.unit}".strip()
    note = f" ({line.note})" if line.note else ""
    reference = "" if line.reference is None else f"{line.comparator}: {figure(line.reference)}"
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    return f"| {line.workload} | {who}{value}{note} | {reference} | {ratio} | {_wanted(line)} |"


def _wanted(line: Line) -> str:
    if line.reach is None:
        return ""
    sign = ">=" if line.more_is_better else "<="
    return f"{sign} {figure(line.reach)}: {'yes' if line.reached else 'no'}"


def put(page: Path, name: str, table: str) -> None:
    """Replace the table between the marks of this name."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text()
    if begin not in text or end not in text:
        raise ValueError(f"{page}: put the marks {begin} and {end} where the table is to be")
    page.write_text(re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL))
