"""What `cotwin diff` says, as a table."""

import os
from collections.abc import Iterable
from pathlib import Path

from cotwin.tables import Table
from orchestrator.system.difference import Difference
from orchestrator.system.yaml.loader import dotted

LONGEST = 120
"""Characters of a value that are shown."""


def difference_table(found: Iterable[Difference], one: Path, other: Path) -> Table:
    """One row for each difference; `numbers` says whether a run may give other ones."""
    header = ("where", one.name, other.name, "numbers")
    return Table(
        "Differences", header, [(*_row(each), "may change" if each.changes_numbers else "same") for each in found]
    )


def _row(found: Difference) -> tuple[str, str, str]:
    return dotted(found.place), _cell(found.one), _cell(found.other)


def _cell(text: str | None) -> str:
    if text is None:
        return "-"
    if text.startswith(os.sep):
        text = min(text, os.path.relpath(text), key=len)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
