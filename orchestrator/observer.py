"""Observer: whoever is told at each communication point (recorder, progress bar, pacer's report, tests)."""

from typing import Any, NamedTuple, Protocol


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
