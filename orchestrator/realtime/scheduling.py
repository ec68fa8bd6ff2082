"""Scheduling: what a thread asks of the operating system so that others disturb it less."""

import ctypes
import os
import sys
from typing import Final, NamedTuple

PRIORITY: Final = 80
"""Priority under SCHED_FIFO: above that of threads which handle interrupts (50) in a kernel with PREEMPT_RT."""

_ALL_THAT_IS_USED: Final = 1 | 2 | 4
"""MCL_CURRENT, MCL_FUTURE and MCL_ONFAULT: memory is locked as it is used, not as it is reserved."""


class Standing(NamedTuple):
    """What a thread was granted, each None, or why not."""

    priority: str | None = None
    memory: str | None = None

    @property
    def refused(self) -> str | None:
        """What was refused, why and what helps, None where nothing was."""
        refusals = []
        if self.priority is not None:
            refusals.append(f"SCHED_FIFO was refused ({self.priority}): allow it by LimitRTPRIO or CAP_SYS_NICE")
        if self.memory is not None:
            refusals.append(f"mlockall was refused ({self.memory}): allow it by LimitMEMLOCK or CAP_IPC_LOCK")
        return "; ".join(refusals) or None

    def __str__(self) -> str:
        priority = f"without SCHED_FIFO ({self.priority})" if self.priority else f"SCHED_FIFO {PRIORITY}"
        memory = f"memory not locked ({self.memory})" if self.memory else "memory locked"
        return f"{priority}, {memory}"


def take_priority() -> str | None:
    """Put this thread before all that are not SCHED_FIFO, as long as it lives; None, or why that was refused."""
    if sys.platform != "linux":
        return f"not available on {sys.platform}"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        return error.strerror or str(error)
    return None


def lock_memory() -> str | None:
    """Keep the memory of this process from being paged out, also what it takes later; None, or why not."""
    if sys.platform != "linux":
        return f"not available on {sys.platform}"
    libc = ctypes.CDLL(None, use_errno=True)
    return os.strerror(ctypes.get_errno()) if libc.mlockall(_ALL_THAT_IS_USED) else None


def unlock_memory() -> None:
    """Let memory be paged out again."""
    ctypes.CDLL(None).munlockall()
