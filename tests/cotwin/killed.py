"""A run that is killed again and again, at given calls of Python functions, and goes on from its checkpoint each time.

    python -m tests.cotwin.killed SYSTEM DIR CALLS...

Prints the number of calls of a run that is not killed, and after it how many of the processes were killed.
"""

import os
import signal
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from cotwin.execution import execute
from cotwin.preparation import Overrides, prepare
from cotwin.resuming import asked
from orchestrator.checkpoint.file import FILE

EVERY = "0.3 s"


class Killer:
    """Observer that kills the process at a call, counted from the initialization on until the record is complete."""

    def __init__(self, call: int | None) -> None:
        self._call = call
        self._calls = count()
        self.seen = 0

    def initialized(self, t: float, signals: Any) -> None:
        sys.setprofile(self._called)

    def communication_point(self, t: float, signals: Any) -> None:
        pass

    def event(self, event: Any) -> None:
        pass

    def terminated(self, error: Exception | None) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, arg: object) -> None:
        self.seen = next(self._calls)
        if self.seen == self._call:
            os.kill(os.getpid(), signal.SIGKILL)


def run(system: Path, folder: Path, call: int | None) -> int:
    """Run, or go on where there is a checkpoint, in this process; the calls made."""
    killer = Killer(call)
    resuming = asked(EVERY, folder, resume=(folder / FILE).exists())
    outcome = execute(prepare(system, Overrides()), folder, (killer,), (), resuming)
    assert outcome.failure is None
    return killer.seen


def in_a_child(system: Path, folder: Path, call: int | None) -> bool:
    """Whether the process was killed."""
    child = os.fork()
    if child == 0:
        run(system, folder, call)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def main() -> None:
    system, folder, *calls = sys.argv[1:]
    killed = sum(in_a_child(Path(system), Path(folder), int(call)) for call in calls)
    print(run(Path(system), Path(folder), None), killed)


if __name__ == "__main__":
    main()
