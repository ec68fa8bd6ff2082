"""Parallel loading: the compiled functions for several threads, made ready beside the run that is to try them.

They take some hundredths of a second to load, and seconds where they have to be compiled: one thread goes on stepping
while another one does that.
"""

import os
from functools import cache
from importlib import import_module
from threading import Thread
from typing import Any, Final

_FOLDER: Final = "orchestrator.master.compiled.parallel"
LOOP: Final = "hot"
"""The functions that make macro steps, and those that make steps that may be taken back."""
ATTEMPTS: Final = "hot_attempts"


def load(name: str = LOOP) -> Any:
    """The module of the compiled functions, when it is there."""
    return import_module(f"{_FOLDER}.{name}")


@cache
def _loading(name: str) -> Thread:
    """Who loads it: one thread in a process."""
    thread = Thread(target=load, args=(name,), name="cotwin loading")
    thread.start()
    # A process that is forked off while modules are imported would wait for ever for who imports them.
    os.register_at_fork(before=thread.join)
    return thread


def is_loaded(name: str = LOOP) -> bool:
    """Whether it is there; begins to load it, and does not wait."""
    return not _loading(name).is_alive()
