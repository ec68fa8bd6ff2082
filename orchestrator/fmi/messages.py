"""Messages: what an FMU says through its logger callback, forwarded to `logging` and kept for error messages."""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from ctypes import addressof, byref, c_int64
from itertools import count
from typing import Any, Final
from weakref import WeakValueDictionary

import fmpy
from fmpy import fmi1, fmi2, fmi3
from fmpy.logging import addLoggerProxy

QUOTED: Final = 5
_LONGEST: Final = 500
"""Characters of a message that are quoted."""
STATUS: Final = ("OK", "Warning", "Discard", "Error", "Fatal", "Pending")
_LEVELS: Final = (logging.DEBUG, logging.WARNING, logging.INFO, logging.ERROR, logging.CRITICAL, logging.INFO)


class Messages:
    """The messages of one instance; `key` is the environment pointer that the FMU hands back with each of them."""

    def __init__(self, name: str) -> None:
        self.logger = logging.getLogger(f"cotwin.fmu.{name}")
        self.key = next(_keys)
        self._recent: deque[str] = deque(maxlen=QUOTED)
        self._count = c_int64(0)
        self.counted: Final[int] = addressof(self._count)
        """Where compiled functions find how many there were, as an int64."""
        _listeners[self.key] = self

    def add(self, status: int, message: str) -> None:
        """Log one message and keep it."""
        known = 0 <= status < len(STATUS)
        self.logger.log(_LEVELS[status] if known else logging.ERROR, "%s", message)
        self._recent.append(message if len(message) <= _LONGEST else f"{message[:_LONGEST]}...")
        self._count.value += 1

    def forget(self, count: int) -> None:
        """Quote none that came after this many: what gave rise to them is taken back."""
        for _ in range(min(self._count.value - count, len(self._recent))):
            self._recent.pop()
        self._count.value = count

    def quoted(self) -> str:
        """The last messages, to append to an error; empty where there are none."""
        return "".join(f"\n  it said: {message}" for message in self._recent)


_keys = count(1)
_listeners: WeakValueDictionary[int, Messages] = WeakValueDictionary()
_starting: list[Messages] = []


def _deliver(key: int | None, status: int, message: bytes | None) -> None:
    listener = _listeners.get(key) if key is not None else None
    if listener is None and _starting:
        listener = _starting[-1]
    if listener is not None:
        listener.add(status, (message or b"").decode("utf-8", errors="replace").strip())


def _from_fmi2(key: int | None, _: bytes, status: int, __: bytes, message: bytes | None) -> None:
    _deliver(key, status, message)


def _from_fmi3(key: int | None, status: int, _: bytes, message: bytes | None) -> None:
    _deliver(key, status, message)


# One callback each for the whole process, never collected: an FMU may call it as long as its library is loaded.
FMI3_CALLBACK: Final = fmi3.fmi3LogMessageCallback(_from_fmi3)
_FMI2_CALLBACK: Final = fmi2.fmi2CallbackLoggerTYPE(_from_fmi2)


_FMI1_CALLBACK: Final = fmi1.fmi1CallbackLoggerTYPE(_from_fmi2)


def fmi1_callbacks(messages: Messages) -> tuple[Any, AbstractContextManager[Callable[[int | None], None]]]:
    """The callback structure for one FMI 1.0 instance, and the context in which it is instantiated.

    FMI 1.0 hands back the instance instead of a pointer of ours: the context gives a function that takes it. What is
    said before comes from the instance that is being made; one is at a time.
    """
    callbacks = fmi1.fmi1CallbackFunctions()
    callbacks.logger = _FMI1_CALLBACK
    callbacks.allocateMemory = fmi1.fmi1CallbackAllocateMemoryTYPE(fmpy.calloc)
    callbacks.freeMemory = fmi1.fmi1CallbackFreeMemoryTYPE(fmpy.free)
    callbacks.stepFinished = None
    addLoggerProxy(byref(callbacks))
    return callbacks, _being_made(messages)


@contextmanager
def _being_made(messages: Messages) -> Iterator[Callable[[int | None], None]]:
    def listen(handle: int | None) -> None:
        if handle is not None:
            _listeners[handle] = messages

    _starting.append(messages)
    try:
        yield listen
    finally:
        _starting.pop()


def fmi2_callbacks(messages: Messages) -> Any:
    """The callback structure for one FMI 2.0 instance; keep it alive as long as the instance.

    FMI 2.0 messages are printf formats with arguments, which ctypes cannot take: FMPy's native proxy formats them. It
    forwards to the logger that was registered last in the process, hence a new registration for every instance.
    """
    callbacks = fmi2.fmi2CallbackFunctions()
    callbacks.logger = _FMI2_CALLBACK
    callbacks.allocateMemory = fmi2.fmi2CallbackAllocateMemoryTYPE(fmpy.calloc)
    callbacks.freeMemory = fmi2.fmi2CallbackFreeMemoryTYPE(fmpy.free)
    callbacks.componentEnvironment = messages.key
    addLoggerProxy(byref(callbacks))
    return callbacks
