"""Parallel loading: the compiled functions for several threads, made ready beside the run that is to try them.

They take some hundredths of a second to load, and seconds where they have to be compiled: one thread goes on stepping
while another one does that.
"""

import os
from functools import cache
from importlib import import_module
from threading import Thread
from typing import Any, Final

_HOT: Final = "orchestrator.master.compiled.parallel.hot"


def load() -> Any:
    """The module of the compiled functions, when it is there."""
    return import_module(_HOT)


@cache
def _loading() -> Thread:
    """Who loads it: one thread in a process."""
    thread = Thread(target=load, name="cotwin loading")
    thread.start()
    # A process that is forked off while modules are imported would wait for ever for who imports them.
    os.register_at_fork(before=thread.join)
    return thread


def is_loaded() -> bool:
    """Whether it is there; begins to load it, and does not wait."""
    return not _loading().is_alive()
