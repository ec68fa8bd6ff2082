"""Descendants: what the process of a component has started: found, counted and ended.

They are counted by the tree of processes, in which orphans stay below the process (prctl(2),
PR_SET_CHILD_SUBREAPER), and found to be ended, also after it, by a mark in the environment that they inherited,
whatever session they made theirs. The number of processes is not limited by RLIMIT_NPROC: it counts all of a user,
those of other runs and containers too, and does not hold for root.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

MARK: Final = "COTWIN_ISOLATED"
"""Environment variable of the process of a component, and of all that it starts: its folder, which no other one has."""

PROCESSES: Final = 256
THREADS: Final = 2000
"""How many the process of a component may start, in all."""

_ROUNDS: Final = 50
_GONE: Final = (ProcessLookupError, FileNotFoundError, PermissionError)


def any_started() -> bool:
    """Whether this process has children, orphans of its children included."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def excess(memory: int | None) -> str | None:
    """What this process and its descendants have too much of, None where nothing; `memory` is the limit in bytes.

    The memory of one process alone is limited by the system.
    """
    family = _family(os.getpid()) if any_started() else [os.getpid()]
    threads = sum(len(_listed(Path(f"/proc/{each}/task"))) for each in family)
    if len(family) - 1 > PROCESSES:
        return f"it has started more than {PROCESSES} processes"
    if threads > THREADS:
        return f"it has started more than {THREADS} threads"
    if memory is not None and len(family) > 1 and sum(map(proportional, family)) > memory:
        return "the processes that it has started take more memory together than it may (memory_limit)"
    return None


def proportional(pid: int) -> int:
    """Memory (bytes) of a process, shared pages divided by those who share them; 0 where it is gone."""
    with suppress(OSError, ValueError, StopIteration):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return 1024 * next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return 0


def end_marked(mark: str) -> None:
    """End every process with this mark but this one; those that start others meanwhile, too."""
    for _ in range(_ROUNDS):
        if not [pid for pid in _marked(mark) if _end(pid, mark)]:
            return


def _family(pid: int) -> list[int]:
    """A process and its descendants, as many as there are when it is looked at; no more than are needed to say so."""
    family = [pid]
    for member in family:
        for thread in _listed(Path(f"/proc/{member}/task")):
            with suppress(OSError):
                family += map(int, Path(f"/proc/{member}/task/{thread}/children").read_text().split())
        if len(family) > PROCESSES + 1:
            break
    return family


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 -- ten times a second
    except OSError:
        return []


def _marked(mark: str) -> Iterator[int]:
    for name in _listed(Path("/proc")):
        if name.isdecimal() and int(name) != os.getpid() and _has(int(name), mark):
            yield int(name)


def _has(pid: int, mark: str) -> bool:
    try:
        return f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _end(pid: int, mark: str) -> bool:
    """Whether there was such a process: by a descriptor, so that no other one of the same number is meant."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if not _has(pid, mark):
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    except _GONE:
        return False
    finally:
        os.close(descriptor)
    return True
