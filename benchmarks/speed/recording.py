"""Recording: a hundred million values to a Parquet file, at what rate and in what memory."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from speed.comparison import Effort
from speed.contender import COTWIN, MASTERS, NoAnswerError, Process
from speed.lines import Line
from speed.workloads import ring_of_waves

SECTION: Final = "recording"
_COLUMNS: Final = 100
_MOST: Final = 100_000_000
_GROWTH: Final = 1.15
"""Memory at the end against that of a run of a tenth: constant but for the noise of allocators."""


def measure(effort: Effort) -> Iterator[Line]:
    """A hundred outputs of ten components at every communication point; then a tenth of the run."""
    values = effort.steps(_MOST)
    try:
        short, long = (_recorded(count // _COLUMNS) for count in (values // 10, values))
    except NoAnswerError as error:
        yield Line(SECTION, "values to disk", COTWIN.name, None, "values/s", note=str(error))
        return
    what = f"{values:.0e} values to Parquet"
    yield Line(SECTION, f"{what}: rate", COTWIN.name, values / long["seconds"] / 1e6, "million values/s")
    yield Line(SECTION, f"{what}: size of the file", COTWIN.name, long["bytes"] / values, "bytes/value")
    yield Line(
        SECTION,
        f"{what}: peak memory",
        COTWIN.name,
        long["memory"] / 1e3,
        "MB",
        comparator="a tenth of it",
        reference=short["memory"] / 1e3,
        reach=_GROWTH,
    )
    yield Line(
        SECTION,
        f"{what}: a macro step",
        COTWIN.name,
        long["seconds"] / (values // _COLUMNS) * 1e6,
        "us",
        comparator="without recording",
        reference=long["unrecorded"] / long["unrecorded_steps"] * 1e6,
    )


def _recorded(steps: int) -> dict[str, Any]:
    """A run in a process of its own, so that its peak of memory is its own."""
    system = ring_of_waves(10, steps=steps)
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        plan.write_text(system.to_json())
        command = [sys.executable, str(MASTERS / "record_cotwin.py"), str(plan), folder]
        process = Process(command, plan.with_suffix(".log"))
        try:
            return process.ask(str(steps), 300.0)
        finally:
            process.close()
