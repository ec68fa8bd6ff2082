"""What a thread of Python beside it does to a paced run: nothing that a loop in C does not suffer too."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fmus.compiler import find_compiler
from orchestrator.assembly import open_simulation
from orchestrator.realtime.paced_loop import available
from orchestrator.realtime.pacer import Pacer
from tests.textbook import lotka_volterra

pytestmark = pytest.mark.skipif(not available(), reason="no sleep until an absolute time on this system")

_STEPS, _PERIOD = 1500, 0.001


@contextmanager
def _busy_thread() -> Iterator[None]:
    ended = threading.Event()

    def turn() -> None:
        number = 0
        while not ended.is_set():
            number += 1

    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _compiled(folder: Path) -> Path:
    """A loop in C."""
    source = Path(__file__).with_name("nanosleep.c")
    subprocess.run([*find_compiler().command, "-O2", str(source), "-o", "loop"], cwd=folder, check=True)
    return folder / "loop"


def _lateness_of(loop: Path) -> list[float]:
    """Median and 99th percentile (s)."""
    command = [str(loop), str(_STEPS), str(round(_PERIOD * 1e9))]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(value) / 1e9 for value in np.percentile([int(line) for line in told.stdout.split()], [50, 99])]


def test_a_busy_thread_of_python_does_not_disturb_a_paced_run(tmp_path):
    pacer = Pacer()
    loop = _compiled(tmp_path)
    with open_simulation(lotka_volterra(_PERIOD, stop=_STEPS * _PERIOD)) as simulation, _busy_thread():
        simulation.run(pacer=pacer)
        p50, p99 = _lateness_of(loop)
    report = pacer.report
    assert report.steps == _STEPS
    assert report.scheduling.startswith("paced without Python")
    # Paced by Python, the median beside such a thread is some 3 ms.
    assert report.late_p50 <= 10.0 * max(p50, 20e-6), (report, p50)
    assert report.late_p99 <= 10.0 * max(p99, 200e-6), (report, p99)
