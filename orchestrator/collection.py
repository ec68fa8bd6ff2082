"""Collection: Python's search for garbage, and when it would only cost time."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_LOCK: Final = Lock()
_RUNS = 0
"""How many runs are under way for which what was there before the first of them is left in peace."""

_MANY: Final = 100
"""So many components are worth it: what a run of fewer is looked through for takes less than a tenth of a second."""


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
def new_garbage_alone(components: int) -> Iterator[None]:
    """Python looks for garbage among what is made meanwhile alone, for a run of many components.

    A system of a thousand components has a million objects that all stay; to look at each of them takes a second, in
    which nothing steps. Where somebody has frozen objects on his own, everything is as he has it.
    """
    froze = components >= _MANY and _begin()
    try:
        yield
    finally:
        if froze:
            _end()


def look_through(components: int) -> None:
    """Find the garbage of systems of many components that were closed before: runs keep Python from looking for it."""
    if components >= _MANY and gc.isenabled():
        gc.collect()


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


def _end() -> None:
    global _RUNS
    with _LOCK:
        _RUNS -= 1
        if _RUNS == 0:
            gc.unfreeze()
