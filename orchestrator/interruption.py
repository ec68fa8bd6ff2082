"""Interruption: Ctrl-C takes effect where nothing is left half done."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interruption:
    """While open, the first Ctrl-C waits for `check`; while `waiting`, or pressed again, it acts at once.

    Elsewhere than in the main thread, and where the program handles SIGINT itself, nothing is changed.
    """

    def __init__(self) -> None:
        self.waiting = False
        self._requested = False
        self._previous: Any = None

    def __enter__(self) -> "Interruption":
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def check(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed."""
        if self._requested:
            raise KeyboardInterrupt

    def _interrupted(self, _number: int, _frame: FrameType | None) -> None:
        if self.waiting or self._requested:
            raise KeyboardInterrupt
        self._requested = True
