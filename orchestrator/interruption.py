"""Interruption: Ctrl-C and SIGTERM take effect where nothing is left half done."""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Terminated(SystemExit):
    """SIGTERM asked the program to end."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


_ANSWERS: dict[int, tuple[Any, Callable[[], BaseException]]] = {
    signal.SIGINT: (signal.default_int_handler, KeyboardInterrupt),
    signal.SIGTERM: (signal.SIG_DFL, Terminated),
}
"""The handler that a program has that cares for nothing, and what is raised instead."""

CALLED: Mapping[signal.Signals, str] = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
"""What people call the signals that interrupt."""


class Interruption:
    """While open, the first Ctrl-C waits for `check`; while `waiting`, or pressed again, it acts at once.

    SIGTERM, by which services, containers and schedulers end a program, does the same and raises Terminated. Elsewhere
    than in the main thread, and where the program handles these signals itself, nothing is changed. One opened inside
    another takes its place until it is closed.
    """

    def __init__(self, *, waiting: bool = False) -> None:
        self.waiting = waiting
        self._requested: int | None = None
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number, (careless, _) in _ANSWERS.items():
                handler = signal.getsignal(number)
                if handler is careless or isinstance(getattr(handler, "__self__", None), Interruption):
                    self._previous[number] = signal.signal(number, self._interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def requested(self) -> bool:
        """Whether a signal waits for `check`."""
        return self._requested is not None

    def check(self) -> None:
        """Raise KeyboardInterrupt where Ctrl-C was pressed, Terminated after SIGTERM."""
        if self._requested is not None:
            raise _ANSWERS[self._requested][1]()

    def _interrupted(self, number: int, _frame: FrameType | None) -> None:
        at_once = self.waiting or self._requested is not None
        self._requested = number
        if at_once:
            self.check()


def opened() -> Interruption | None:
    """The Interruption that has Ctrl-C or SIGTERM wait now, None where nobody does."""
    owners = (getattr(signal.getsignal(number), "__self__", None) for number in _ANSWERS)
    return next((owner for owner in owners if isinstance(owner, Interruption)), None)


@contextmanager
def held_off() -> Iterator[None]:
    """What is done meanwhile, such as removing temporary files, is done to its end: signals take effect after it.

    However often Ctrl-C is pressed. It has to be short. Elsewhere than in the main thread nothing interrupts anyway.
    """
    came: list[int] = []
    previous: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in _ANSWERS:
                if (handler := signal.getsignal(number)) is not None:
                    previous[number] = handler
                    signal.signal(number, lambda number, _: came.append(number))
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def signal_of(error: BaseException) -> signal.Signals:
    """The signal that KeyboardInterrupt or Terminated stands for."""
    return signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT
