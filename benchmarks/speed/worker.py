"""The other end of a contender: a process that runs a system as often as it is told. Only the standard library."""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from speed.system import Made, System

Run = Callable[[System, int], Made]
"""Runs a system for some macro steps; only these are timed."""


def serve(run: Run, path: str) -> None:
    """Answer each line of the standard input, a number of macro steps, by a line of JSON, until there is none."""
    system = System.from_json(Path(path).read_text())
    with answering() as answer:
        for line in sys.stdin:
            answer(_answer(run, system, int(line)))


@contextmanager
def answering() -> Iterator[Callable[[Mapping[str, object]], None]]:
    """A function that writes a line of JSON; whatever else is printed, by C code too, goes to standard error."""
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        yield lambda found: print(json.dumps(found), file=answers, flush=True)


def _answer(run: Run, system: System, steps: int) -> dict[str, object]:
    try:
        made = run(system, steps)
    except Exception as error:  # whatever a master raises is its answer
        traceback.print_exc()
        return {"failed": f"{type(error).__name__}: {error}"}
    return {**made._asdict(), "memory": peak_memory()}


def peak_memory() -> int:
    """The largest resident memory (kB) that this process had so far. (That of getrusage begins with its parent's.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
