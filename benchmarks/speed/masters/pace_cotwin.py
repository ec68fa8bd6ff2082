"""cotwin in step with the clock, at 1 kHz, with or without a Python thread that is busy all the time.

python pace_cotwin.py SYSTEM.json
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.masters.run_cotwin import described
from speed.system import System
from speed.worker import answering


def main() -> None:
    """Answer lines `STEPS BUSY MARGIN [SPEED THREADS]` by what the pacer reports."""
    system = System.from_json(Path(sys.argv[1]).read_text())
    with answering() as answer:
        for line in sys.stdin:
            steps, busy, margin, *rest = line.split()
            speed, threads = (float(rest[0]), int(rest[1])) if rest else (1.0, None)
            pacer = cotwin.Pacer(speed, margin=float(margin))
            answer(_paced(described(system, int(steps)), pacer, threads, busy=busy == "1"))


def _paced(plan: dict[str, Any], pacer: cotwin.Pacer, threads: int | None, *, busy: bool) -> dict[str, object]:
    with cotwin.open_simulation(plan, threads=threads) as simulation, _busy_thread(busy):
        simulation.initialize()
        simulation.run(pacer=pacer)
    report = pacer.report
    return {
        "p50": report.late_p50 * 1e6,
        "p99": report.late_p99 * 1e6,
        "p999": report.late_p999 * 1e6,
        "most": report.late_most * 1e6,
        "late": report.overruns / report.steps,
        "scheduling": report.scheduling,
    }


@contextmanager
def _busy_thread(wanted: bool) -> Iterator[None]:
    """A thread that computes in Python without a pause, where it is wanted."""
    ends = threading.Event()

    def compute() -> None:
        while not ends.is_set():
            sum(range(1_000))

    thread = threading.Thread(target=compute)
    if wanted:
        thread.start()
    try:
        yield
    finally:
        ends.set()
        if wanted:
            thread.join()


if __name__ == "__main__":
    main()
