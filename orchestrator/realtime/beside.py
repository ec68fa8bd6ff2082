"""Beside: work in a thread of its own, while this one stays open to Ctrl-C."""

import threading
from collections.abc import Callable
from typing import Final, TypeVar

_LOOKS: Final = 0.01
"""How often (s) this thread looks whether the work is to end."""

ResultT = TypeVar("ResultT")


def beside(work: Callable[[], ResultT], ends: Callable[[], bool], end: Callable[[], None]) -> ResultT:
    """What work gives or raises; where it `ends`, and where an exception interrupts this, `end` has it come back."""
    given: list[ResultT] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            given.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="paced loop")
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_LOOKS)
            if ends():
                end()
    finally:
        _await(thread, end)
    if raised:
        raise raised[0]
    return given[0]


def _await(thread: threading.Thread, end: Callable[[], None]) -> None:
    """Wait for the step under way, however often Ctrl-C is pressed: an instance in a step may not be closed."""
    while thread.is_alive():
        end()
        try:
            thread.join()
        except KeyboardInterrupt:
            continue
