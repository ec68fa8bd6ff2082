"""Soft real time: how late a loop of 1 kHz wakes up, beside a C loop at the same time."""

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from speed.comparison import Effort
from speed.contender import COTWIN, MASTERS, NoAnswerError, Process, compiled
from speed.lines import Line
from speed.workloads import STEP_SIZE, controlled_mass

SECTION: Final = "pacing"
PRIORITY: Final = 80
"""Of the C loop under SCHED_FIFO: that of cotwin's."""
REACH: Final = 1.25
_MARGIN: Final = 50e-6
_WINDOWS: Final = {
    "alone": (False, _MARGIN),
    "a busy Python thread beside it": (True, _MARGIN),
    "the same, no margin": (True, 0.0),
}
"""Whether the thread is there; for how long (s) before a deadline the clock is looked at. The C loop only sleeps."""


def measure(effort: Effort) -> Iterator[Line]:
    """Percentiles of lateness of both loops in the same window, without and with a busy Python thread."""
    steps = max(500, effort.steps(15_000))
    system = controlled_mass(steps=steps, record=False)
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        plan.write_text(system.to_json())
        program = compiled("pace.c", "pace")
        straight = Process([str(program), str(int(STEP_SIZE * 1e9)), str(PRIORITY)], Path(folder) / "c.log")
        paced = Process([sys.executable, str(MASTERS / "pace_cotwin.py"), str(plan)], Path(folder) / "cotwin.log")
        try:
            paced.ask("50 0 0.0", 120.0)
            for window, (busy, margin) in _WINDOWS.items():
                yield from _window(straight, paced, f"1 kHz, {window}", f"{steps} {int(busy)} {margin}")
        except NoAnswerError as error:
            yield Line(SECTION, "1 kHz", COTWIN.name, None, "us", note=str(error))
        finally:
            paced.close()
            straight.close()


def _window(straight: Process, paced: Process, window: str, request: str) -> Iterator[Line]:
    """`request` is the number of macro steps, whether Python is busy, and the margin (s)."""
    steps = request.split()[0]
    limit = 60.0 + 3.0 * int(steps) * STEP_SIZE
    with ThreadPoolExecutor(2) as both:
        asked = both.submit(straight.ask, steps, limit), both.submit(paced.ask, request, limit)
        c, ours = (each.result() for each in asked)
    for key, name in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"), ("most", "most")):
        workload = f"{window}: {name} of the lateness"
        yield Line(SECTION, workload, "C clock_nanosleep", c[key], "us", note=_granted(c))
        yield Line(
            SECTION,
            workload,
            COTWIN.name,
            ours[key],
            "us",
            comparator="C clock_nanosleep",
            reference=c[key],
            reach=REACH if key == "p99" else None,
            note=ours["scheduling"],
        )


def _granted(c: dict[str, Any]) -> str:
    return "SCHED_FIFO" if c["granted"] else "SCHED_FIFO not granted"
