"""Audience: who is told what happens in a run, and everything told that belongs into the record."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from orchestrator.observer import Event, Observer, RowObserver, is_patient, tell_rolled_back
from orchestrator.signals import RowTable, Signals


class Audience:
    """Observers, in their order, and the `events` that they were told. `sources` are asked for events now and then."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self.observers = tuple(observers)
        self.events: list[Event] = []
        self.sources: list[Callable[[], Iterable[Event]]] = []
        self._listening = self.observers
        self._recorder = next((each for each in self.observers if isinstance(each, RowObserver)), None)
        self._asked = tuple(each for each in self.observers if not isinstance(each, RowObserver))

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

    def communication_point(self, t: float, signals: Signals, *, recorded: bool = False) -> None:
        """The run has come to t (s); the recorder need not be told where that is `recorded`."""
        for observer in self._listening:
            if not (recorded and observer is self._recorder):
                observer.communication_point(t, signals)

    @property
    def patient(self) -> bool:
        """Whether nobody has to be told each communication point; a recorder of texts has to."""
        tells = self._recorder is not None and self._recorder in self._listening and self._recorder.rows is None
        return not tells and all(is_patient(observer) for observer in self._asked if observer in self._listening)

    @property
    def only_recorded(self) -> bool:
        """Whether nobody but the recorder listens."""
        return all(observer is self._recorder for observer in self._listening)

    @property
    def rows(self) -> RowTable | None:
        """Where the recorder, if there is one, wants its rows."""
        return None if self._recorder is None or not self._listening else self._recorder.rows

    def filled(self, rows: int, t: float) -> None:
        """The table of rows is filled up to here, and the run is at t (s)."""
        if self._recorder is not None:
            self._recorder.filled(rows, t)
