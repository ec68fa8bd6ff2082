"""W3: what several cores are worth where each doStep takes a millisecond, also while another process takes a core."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from speed.comparison import Effort, compare
from speed.contender import COTWIN
from speed.lines import Line
from speed.peers import present
from speed.workloads import burning_ring

SECTION: Final = "parallel"
GAIN: Final = 1.9
"""To reach on two idle cores, times the speed of one thread of straight C."""
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


@contextmanager
def a_core_taken() -> Iterator[None]:
    """Another process computes all the time."""
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            yield
        finally:
            busy.kill()
