"""W3: what several cores are worth where each doStep takes a millisecond, also while another process takes a core."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from speed.comparison import Effort, compare
from speed.contender import COTWIN, MASTERS, NoAnswerError, Process
from speed.lines import Line
from speed.peers import present
from speed.workloads import STEP_SIZE, burning_ring, burning_star

SECTION: Final = "parallel"
GAIN: Final = 1.9
"""To reach on two idle cores, times the speed of one thread of straight C."""
PERIOD: Final = 7e-3
PACED: Final = "W3 in step with the clock, 7 ms a macro step: late steps"
CONTROLLED: Final = "W3 as a star, under error control"
LOSS: Final = 1.05
"""At most, times the cost with one thread of straight C, where a core is taken."""


def measure(effort: Effort) -> Iterator[Line]:
    """Idle cores with every master; then a taken core, with cotwin alone. Straight C has one thread."""
    system = burning_ring(steps=effort.steps(200))
    short = replace(effort, turns=2, turn=2.5 * effort.scale)
    for line in compare(SECTION, "W3", system, [COTWIN, *present()], short):
        yield replace(line, reach=1.0 / GAIN) if line.who == COTWIN.name else line
    with a_core_taken():
        for line in compare(SECTION, "W3, a core taken", system, [COTWIN], short):
            yield replace(line, reach=LOSS) if line.who == COTWIN.name else line
    yield controlled(effort)
    yield paced(effort)


def controlled(effort: Effort) -> Line:
    """Ten components of a millisecond a step, of which one feeds the others, under error control."""
    steps = max(20, effort.steps(100))
    system, seconds = burning_star(steps=steps), []
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        plan.write_text(system.to_json())
        command = [sys.executable, str(MASTERS / "doubling_cotwin.py"), str(plan), "1e-3"]
        for threads in ("1", "2"):
            process = Process([*command, threads], Path(folder) / "cotwin.log")
            try:
                process.ask("10", 300.0)
                seconds.append(process.ask(str(steps), 300.0)["seconds"] / steps * 1e6)
            except NoAnswerError as error:
                return Line(SECTION, CONTROLLED, COTWIN.name, None, "us", note=str(error))
            finally:
                process.close()
    return Line(SECTION, CONTROLLED, COTWIN.name, seconds[1], "us", "one thread of it", seconds[0])


def paced(effort: Effort) -> Line:
    """Ten steps of a millisecond in every 7 ms of the clock: too much for one thread, and enough time for two."""
    steps = max(50, effort.steps(1000))
    system, request = burning_ring(steps=steps), f"{steps} 0 50e-6 {STEP_SIZE / PERIOD}"
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan"
        plan.write_text(system.to_json())
        process = Process([sys.executable, str(MASTERS / "pace_cotwin.py"), str(plan)], Path(folder) / "cotwin.log")
        try:
            one, several = (process.ask(f"{request} {threads}", 300.0) for threads in (1, 2))
        except NoAnswerError as error:
            return Line(SECTION, PACED, COTWIN.name, None, "part", note=str(error))
        finally:
            process.close()
    note = str(several["scheduling"])
    return Line(SECTION, PACED, COTWIN.name, several["late"], "part", "one thread of it", one["late"], note=note)


@contextmanager
def a_core_taken() -> Iterator[None]:
    """Another process computes all the time."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            yield
        finally:
            busy.kill()
