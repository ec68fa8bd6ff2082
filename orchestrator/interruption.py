"""Interruption: Ctrl-C and SIGTERM take effect where nothing is left half done."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

_ANSWERS: dict[int, tuple[Any, Callable[[], BaseException]]] = {
    signal.SIGINT: (signal.default_int_handler, KeyboardInterrupt),
    signal.SIGTERM: (signal.SIG_DFL, lambda: SystemExit(128 + signal.SIGTERM)),
}
"""The handler that a program has that cares for nothing, and what is raised instead."""


class Interruption:
    """While open, the first Ctrl-C waits for `check`; while `waiting`, or pressed again, it acts at once.

    SIGTERM, by which services, containers and schedulers end a program, does the same and raises SystemExit. Elsewhere
    than in the main thread, and where the program handles these signals itself, nothing is changed.
    """

    def __init__(self) -> None:
        self.waiting = False
        self._requested: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number, (careless, _) in _ANSWERS.items():
                if signal.getsignal(number) is careless:
                    self._previous[number] = signal.signal(number, self._interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed, SystemExit after SIGTERM."""
        if self._requested is not None:
            raise _ANSWERS[self._requested][1]()

    def _interrupted(self, number: int, _frame: FrameType | None) -> None:
        at_once = self.waiting or self._requested is not None
        self._requested = number
        if at_once:
            self.check()
