"""Opening: how long it takes from nothing to the first macro step, and what memory a run needs."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from speed.comparison import Effort
from speed.contender import COTWIN, MASTERS, NoAnswerError, Process
from speed.lines import Line
from speed.system import System
from speed.workloads import ring_of_lags

SECTION: Final = "opening"


class Opened(NamedTuple):
    """Times (s): from the start of the interpreter to the first macro step, of opening, of 100 steps; memory (kB)."""

    first_step: float
    opening: float
    hundred_steps: float
    memory: int


def measure(effort: Effort) -> Iterator[Line]:
    """Ten FMUs from the start of the interpreter; a thousand with ten thousand connections."""
    small = [opened(ring_of_lags(10, steps=100)) for _ in range(1 + max(2, effort.turns // 2))][1:]
    best = min(small, key=lambda each: each.first_step)
    yield _line("ten FMUs: import, open, first step", best.first_step, "s", 1.5)
    yield Line(SECTION, "the interpreter and numpy alone", "Python", _bare(), "s")
    yield _with_a_large_archive(best)
    yield _line("resident memory of a run with ten FMUs", max(each.memory for each in small) / 1e3, "MB", 300.0)
    thousand = ring_of_lags(1_000, steps=100)
    assert len(thousand.wires) == 10_000
    try:
        large, tenth = opened(thousand), opened(ring_of_lags(100, steps=100))
    except NoAnswerError as error:
        yield Line(SECTION, "1,000 FMUs, 10,000 connections: open", COTWIN.name, None, "s", note=str(error))
        return
    yield _line("1,000 FMUs, 10,000 connections: open", large.opening, "s", 10.0)
    yield Line(
        SECTION,
        "opening of an FMU among 1,000",
        COTWIN.name,
        large.opening,
        "ms",
        comparator="among 100",
        reference=tenth.opening * 10.0,
    )
    yield Line(
        SECTION,
        "macro step of an FMU among 1,000",
        COTWIN.name,
        large.hundred_steps * 1e4,
        "ns",
        comparator="among 100",
        reference=tenth.hundred_steps * 1e5,
        reach=2.0,
    )


def _with_a_large_archive(without: Opened) -> Line:
    """Nine of the ten are one archive with resources of 100 MB that hardly compress."""
    system = ring_of_lags(10, steps=100)
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.fmu"
        shutil.copyfile(system.files["lag_10"], large)
        with zipfile.ZipFile(large, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("resources/data", os.urandom(100_000_000))
        found = opened(replace(system, files={**system.files, "lag_10": str(large)}))
    what = "ten FMUs, nine of them an archive of 100 MB: open"
    return Line(
        SECTION, what, COTWIN.name, found.opening, "s", comparator="without its resources", reference=without.opening
    )


def _line(what: str, value: float, unit: str, reach: float) -> Line:
    return Line(SECTION, what, COTWIN.name, value, unit, reach=reach)


def opened(system: System, limit: float = 120.0) -> Opened:
    """Open a system in a new process, make a step, and a hundred more."""
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        plan.write_text(system.to_json())
        began = perf_counter()
        process = Process([sys.executable, str(MASTERS / "open_cotwin.py"), str(plan)], plan.with_suffix(".log"))
        try:
            found = process.ask("1", limit)
            first = perf_counter() - began
            more = process.ask("100", limit)
        finally:
            process.close()
    return Opened(first, found["opening"], more["seconds"], more["memory"])


def _bare() -> float:
    """What an interpreter that imports numpy takes: the best of three."""
    times = []
    for _ in range(3):
        began = perf_counter()
        subprocess.run([sys.executable, "-c", "import numpy"], check=True)
        times.append(perf_counter() - began)
    return min(times)
