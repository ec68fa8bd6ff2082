"""Observer: whoever is told at each communication point (recorder, progress bar, pacer's report, tests)."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Event(NamedTuple):
    """Something that happened at time t (s) and belongs into the record: a swap, a late step, a discard."""

    t: float
    component: str
    kind: str
    message: str


class Observer(Protocol):
    """Told in this order: 1 `initialized`, 2 `communication_point` (repeated, `event` between), 3 `terminated`.

    `signals` is the `Signals` object of the run (typed Any because this floor lies below it): read it, never write,
    and copy what you keep.
    """

    def initialized(self, t: float, signals: Any) -> None:
        """The coupled initialization is done; the signals hold the values valid at the start time t."""
        ...

    def communication_point(self, t: float, signals: Any) -> None:
        """All components have reached t (s); the signals hold the values valid at t."""
        ...

    def event(self, event: Event) -> None:
        """Something worth recording happened."""
        ...

    def terminated(self, error: Exception | None) -> None:
        """The run is over, regularly (None) or by this error; called exactly once."""
        ...


@runtime_checkable
class RowObserver(Observer, Protocol):
    """An observer that has communication points written into its own memory, where nobody else is told them."""

    @property
    def rows(self) -> Any:
        """The memory: a `RowTable`, typed Any because the signals lie above this floor."""
        ...

    def filled(self, rows: int, t: float) -> None:
        """The rows up to this one are written; the run, and what the signals hold, is at t (s)."""
        ...


def is_patient(observer: Observer) -> bool:
    """Whether an observer is content with some of the communication points: it says so with `patient = True`.

    A `RowObserver` need not say so.
    """
    return bool(getattr(observer, "patient", False))


def tell_rolled_back(observer: Observer, t: float, signals: Any) -> None:
    """Tell an observer with a method `rolled_back(t, signals)` that the run goes on from t (s) again."""
    told: Callable[[float, Any], None] | None = getattr(observer, "rolled_back", None)
    if told is not None:
        told(t, signals)
