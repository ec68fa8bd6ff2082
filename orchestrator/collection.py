"""Collection: Python's search for garbage, and when it would only cost time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_LOCK: Final = Lock()
_RUNS = 0
"""How many runs are under way for which what was there before the first of them is left in peace."""


@contextmanager
def no_collection() -> Iterator[None]:
    """Python looks for no garbage meanwhile: among millions of objects that all stay it would take half of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


@contextmanager
def new_garbage_alone() -> Iterator[None]:
    """Python looks for garbage among what is made meanwhile alone, all of which is looked at again afterwards.

    A system of a thousand components has a million objects that all stay; to look at each of them takes a second, in
    which nothing steps. Where somebody has frozen objects on his own, everything is as he has it.
    """
    froze = _begin()
    try:
        yield
    finally:
        _end(froze=froze)


def _begin() -> bool:
    """A run begins; whether objects are frozen for it, as the first one of those under way has them."""
    global _RUNS
    with _LOCK:
        if _RUNS == 0:
            if gc.get_freeze_count():
                return False
            gc.freeze()
        _RUNS += 1
        return True


def _end(*, froze: bool) -> None:
    global _RUNS
    with _LOCK:
        _RUNS -= froze
        if froze and _RUNS == 0:
            gc.unfreeze()
