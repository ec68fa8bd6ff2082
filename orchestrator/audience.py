"""Audience: who is told what happens in a run, and everything told that belongs into the record."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from orchestrator.observer import Event, Observer, tell_rolled_back
from orchestrator.signals import Signals


class Audience:
    """Observers, in their order, and the `events` that they were told. `sources` are asked for events now and then."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.observers = tuple(observers)
        self.events: list[Event] = []
        self.sources: list[Callable[[], Iterable[Event]]] = []
        self._listening = self.observers

    @contextmanager
    def away(self) -> Iterator[None]:
        """Nobody listens to what happens within this."""
        self._listening = ()
        try:
            yield
        finally:
            self._listening = self.observers

    def event(self, event: Event) -> None:
        """Something happened."""
        self.events.append(event)
        for observer in self._listening:
            observer.event(event)

    def ask(self) -> None:
        """Take what the sources have to tell."""
        for source in self.sources:
            for event in source():
                self.event(event)

    def initialized(self, t: float, signals: Signals) -> None:
        """The run begins at t (s), or goes on there in a new simulation."""
        for observer in self._listening:
            observer.initialized(t, signals)

    def rolled_back(self, t: float, signals: Signals) -> None:
        """The run has gone back to t (s)."""
        for observer in self._listening:
            tell_rolled_back(observer, t, signals)

    def communication_point(self, t: float, signals: Signals) -> None:
        """The run has come to t (s)."""
        for observer in self._listening:
            observer.communication_point(t, signals)
