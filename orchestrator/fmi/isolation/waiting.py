"""Waiting: asking the process of a component and waiting for its answer, as compiled functions.

A handle is private memory of the run: nothing in it can be changed by the component.

They look for the answer for `SPIN` ns at most, as long as a thread switch costs, and then sleep on the counter (futex),
looking every `SLICE` ns whether the process still lives (pidfd). Everything is called by address, so that numba can
keep what it compiled.
"""

import ctypes
import platform
import sys
from collections.abc import Generator
from typing import Any, Final, NoReturn

import numpy as np
from numba import njit
from numpy.typing import NDArray

from orchestrator.by_address import call, load, load_counter, store, store_counter
from orchestrator.fmi.isolation.mailbox import (
    ANSWER,
    CHILD_SLEEPS,
    FUTEX,
    REQUEST,
    RUN_SLEEPS,
)
from orchestrator.interruption import opened

ANSWERED, PENDING, DIED, TIMED_OUT, STOPPED = range(5)
"""How waiting ended; STOPPED: somebody asked the run to end, and the answer did not come soon after that."""

SPIN: Final = 50_000
SLICE: Final = 10_000_000
_MOST_MISSED: Final = 6
_TRIED: Final = 64
"""Each time that they look in vain they look half as long, down to a 64th: steps take longer, or the component waits
for the processor that is looking. One answer in so many they look for in full, to see whether that is over."""
PATIENCE: Final = 50_000_000
"""How long (ns) it is waited until signals are handled."""
GRACE: Final = 1_000_000_000
"""How long (ns) an answer may still take once somebody has asked the run to end (Ctrl-C): then it ends regularly."""

_WAIT, _WAKE = 0, 1
_MONOTONIC: Final = 1
_POLLIN: Final = 1

MAILBOX, ASKED, _LIMIT, _BEGUN, _SYSCALL, _CLOCK, _POLL, _NUMBER, _PIDFD, _NOW, _SLICE, LOGGED, _MISSED, _LOOK = (
    0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 88, 104, 112, 120,
)  # fmt: skip
"""Words of a handle. Others know where the mailbox lies, the number of the last request, and how many bytes of what the
component has logged are handed on."""


class Looking:
    """Lets Python handle signals while compiled functions wait, by a call of the function at `address`.

    It answers how much shorter (ns) they are to wait, since somebody wants the run to end.
    """

    def __init__(self) -> None:
        self._raised: list[BaseException] = []
        looks = self._looks()
        next(looks)
        self._function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(looks.send)
        self.address: Final = int(ctypes.cast(self._function, ctypes.c_void_p).value or 0)

    def _looks(self) -> Generator[int, int, None]:
        # No function: where one is entered signals are handled before it can catch what their handlers raise.
        less = 0
        while True:
            try:
                yield less
                interruption = opened()
                less = PATIENCE if interruption is not None and interruption.requested else 0
            except GeneratorExit:
                return
            except BaseException as error:
                self._raised.append(error)
                less = GRACE

    def stop(self) -> NoReturn:
        """Raise what ends the run, where waiting was `STOPPED`."""
        if self._raised:
            raise self._raised.pop()
        interruption = opened()
        if interruption is not None:
            interruption.check()
        raise KeyboardInterrupt


def available() -> bool:
    """Whether this system has what isolation needs."""
    return sys.platform == "linux" and platform.machine() in FUTEX


def new_handle(mailbox: int, pidfd: int, look: int, time_limit: float) -> NDArray[np.int64]:
    """Everything that waiting needs: addresses of the mailbox and of `Looking`, the process, and the time limit (s)."""
    libc = ctypes.CDLL(None)
    addresses = [ctypes.cast(libc[name], ctypes.c_void_p).value for name in ("syscall", "clock_gettime", "poll")]
    pollfd = pidfd | _POLLIN << 32
    limit = min(int(time_limit * 1e9), 2**62)
    words = [mailbox, 0, limit, 0, *addresses, FUTEX[platform.machine()], pollfd, 0, 0, 0, SLICE, 0, 0, look]
    return np.array(words, np.int64)


def _now(handle: int) -> int:
    """Monotonic time (ns)."""
    call(load(handle + _CLOCK), _MONOTONIC, handle + _NOW, 0, 0, 0)
    return int(load(handle + _NOW) * 1_000_000_000 + load(handle + _NOW + 8))


now: Any = njit("int64(int64)", cache=True)(_now)


def _post(handle: int) -> None:
    """Ask what the mailbox says, and wake the component where it sleeps."""
    mailbox = load(handle + MAILBOX)
    asked = (load(handle + ASKED) + 1) & 0xFFFFFFFF
    store(handle + ASKED, asked)
    store(handle + _BEGUN, now(handle))
    store_counter(mailbox + REQUEST, asked)
    if load_counter(mailbox + CHILD_SLEEPS) != 0:
        call(load(handle + _SYSCALL), load(handle + _NUMBER), mailbox + REQUEST, _WAKE, 1, 0)


post: Any = njit("void(int64)", cache=True, nogil=True)(_post)


def _wait(handle: int, patience: int) -> int:
    """Wait for the answer, at most for `patience` ns from now; PENDING after it."""
    mailbox, asked = load(handle + MAILBOX), load(handle + ASKED)
    begun, missed = now(handle), load(handle + _MISSED)
    tries = asked % _TRIED == 0
    spin = SPIN if tries else SPIN >> missed
    while load_counter(mailbox + ANSWER) != asked:
        if now(handle) - begun > spin:
            store(handle + _MISSED, min(missed + 1, _MOST_MISSED))
            return int(sleep(handle, begun + patience))
    store(handle + _MISSED, 0 if tries else max(missed - 1, 0))
    return ANSWERED


def _sleep(handle: int, end: int) -> int:
    mailbox, asked = load(handle + MAILBOX), load(handle + ASKED)
    store_counter(mailbox + RUN_SLEEPS, 1)
    outcome = -1
    while outcome < 0:
        # In this order: an answer given just before the process ended counts.
        dead = call(load(handle + _POLL), handle + _PIDFD, 1, 0, 0, 0) & 0xFFFFFFFF == 1
        seen = load_counter(mailbox + ANSWER)
        time = now(handle)
        if seen == asked:
            outcome = ANSWERED
        elif dead:
            outcome = DIED
        elif time - load(handle + _BEGUN) > load(handle + _LIMIT):
            outcome = TIMED_OUT
        elif time > end:
            outcome = PENDING
        else:
            call(load(handle + _SYSCALL), load(handle + _NUMBER), mailbox + ANSWER, _WAIT, seen, handle + _SLICE)
    store_counter(mailbox + RUN_SLEEPS, 0)
    return outcome


sleep: Any = njit("int64(int64, int64)", cache=True, nogil=True)(_sleep)
wait: Any = njit("int64(int64, int64)", cache=True, nogil=True)(_wait)


def _wait_out(handle: int) -> int:
    """Wait for the answer, however long that may take, but where somebody asks the run to end."""
    outcome, left = wait(handle, PATIENCE), GRACE
    while outcome == PENDING:
        left -= call(load(handle + _LOOK), 0, 0, 0, 0, 0)
        if left <= 0:
            return STOPPED
        outcome = wait(handle, PATIENCE)
    return int(outcome)


wait_out: Any = njit("int64(int64)", cache=True, nogil=True)(_wait_out)


def _ask(handle: int, patience: int) -> int:
    post(handle)
    return int(wait(handle, patience))


ask: Any = njit("int64(int64, int64)", cache=True, nogil=True)(_ask)


def limit(handle: NDArray[np.int64], time_limit: float) -> None:
    """Change how long (s) an answer may take."""
    handle[_LIMIT // 8] = min(int(time_limit * 1e9), 2**62)
