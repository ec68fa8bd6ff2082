"""Messages: what an FMU says through its logger callback, forwarded to `logging` and kept for error messages."""

import logging
from collections import deque
from ctypes import byref
from itertools import count
from typing import Any, Final
from weakref import WeakValueDictionary

import fmpy
from fmpy import fmi2, fmi3
from fmpy.logging import addLoggerProxy

QUOTED: Final = 5
STATUS: Final = ("OK", "Warning", "Discard", "Error", "Fatal", "Pending")
_LEVELS: Final = (logging.DEBUG, logging.WARNING, logging.INFO, logging.ERROR, logging.CRITICAL, logging.INFO)


class Messages:
    """The messages of one instance; `key` is the environment pointer that the FMU hands back with each of them."""

    def __init__(self, name: str) -> None:
        self.logger = logging.getLogger(f"cotwin.fmu.{name}")
        self.key = next(_keys)
        self._recent: deque[str] = deque(maxlen=QUOTED)
        _listeners[self.key] = self

    def add(self, status: int, message: str) -> None:
        """Log one message and keep it."""
        known = 0 <= status < len(STATUS)
        self.logger.log(_LEVELS[status] if known else logging.ERROR, "%s", message)
        self._recent.append(message)

    def quoted(self) -> str:
        """The last messages, to append to an error; empty where there are none."""
        return "".join(f"\n  it said: {message}" for message in self._recent)


_keys = count(1)
_listeners: WeakValueDictionary[int, Messages] = WeakValueDictionary()


def _deliver(key: int | None, status: int, message: bytes | None) -> None:
    listener = _listeners.get(key) if key is not None else None
    if listener is not None:
        listener.add(status, (message or b"").decode("utf-8", errors="replace").strip())


def _from_fmi2(key: int | None, _: bytes, status: int, __: bytes, message: bytes | None) -> None:
    _deliver(key, status, message)


def _from_fmi3(key: int | None, status: int, _: bytes, message: bytes | None) -> None:
    _deliver(key, status, message)


# One callback each for the whole process, never collected: an FMU may call it as long as its library is loaded.
FMI3_CALLBACK: Final = fmi3.fmi3LogMessageCallback(_from_fmi3)
_FMI2_CALLBACK: Final = fmi2.fmi2CallbackLoggerTYPE(_from_fmi2)


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
