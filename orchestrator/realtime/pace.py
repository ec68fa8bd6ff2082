"""Pace: where a paced run is against the clock, and the arithmetic of it.

`due` and `account` are run as they stand by the pacer, and compiled by the paced loop: both count the same.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CONTINUE, SKIP, STOP = range(3)
"""Policies, as numbers."""

OVERRUN, CAUGHT_UP = range(2)
"""Kinds of marks."""

PACE: Final = np.dtype(
    [
        # How a run is paced: times of the clock and simulated ones (s) at the start, their ratio, and the policy.
        ("started", np.float64),
        ("start", np.float64),
        ("speed", np.float64),
        ("margin", np.float64),
        ("policy", np.int64),
        # By how much (s) dropped deadlines have moved those after them, and how many were dropped, in all and last.
        ("moved", np.float64),
        ("skipped", np.int64),
        ("dropped", np.int64),
        # The last communication point that was released, when it was, and when the step to the next one finished.
        ("reached", np.float64),
        ("released", np.float64),
        ("finished", np.float64),
        # How long (s) after its deadline the last step finished, and the point was released, and of all points.
        ("late", np.float64),
        ("waited_late", np.float64),
        ("lateness", np.float64),
        ("most_late", np.float64),
        # Steps, those that finished after their deadline, how late they were, and the last ones in a row.
        ("steps", np.int64),
        ("overruns", np.int64),
        ("overrun", np.float64),
        ("worst", np.float64),
        ("in_a_row", np.int64),
        ("worst_in_a_row", np.float64),
        # Seconds spent on steps, and all of them.
        ("busy", np.float64),
        ("elapsed", np.float64),
        # Two moments, on the clock and simulated, the earlier of which begins the window of the real-time factor.
        ("window", np.float64),
        ("window_t", np.float64),
        ("next_window", np.float64),
        ("next_window_t", np.float64),
        # Not 0 where the run begins with the next step of the paced loop, how many marks are made, and when (on the
        # clock) the loop is to come back.
        ("begins", np.int64),
        ("marks", np.int64),
        ("back", np.float64),
    ]
)
"""Everything that pacing remembers, in memory; times are seconds."""

MARK: Final = np.dtype(
    [("t", np.float64), ("kind", np.int64), ("late", np.float64), ("count", np.int64), ("moved", np.float64)]
)
"""Where lateness began or ended: how many deadlines were dropped there, or how many steps in a row were late."""

WINDOW: Final = 1.0
"""Least length (s) of the window over which the real-time factor is taken; it is less than twice that."""


class Pace:
    """Everything that pacing remembers, where Python counts: the fields of `PACE` as attributes."""

    __slots__ = tuple(PACE.names or ())

    def __init__(self, record: Any = None) -> None:
        record = np.zeros((), PACE) if record is None else record
        for name in self.__slots__:
            setattr(self, name, record[name].item())

    def record(self) -> Any:
        """The same as a compiled function changes it."""
        record: Any = np.zeros(1, PACE).view(np.recarray)[0]
        for name in self.__slots__:
            record[name] = getattr(self, name)
        return record


def new_pace(speed: float, policy: int, margin: float) -> Any:
    """The pace of a run that has not begun."""
    pace: Any = Pace()
    pace.speed, pace.policy, pace.margin = speed, policy, margin
    return pace


def new_marks(size: int = 256) -> NDArray[Any]:
    """Room for marks."""
    return np.zeros(size, MARK).view(np.recarray)


def begin(pace: Any, now: float) -> None:
    """Tie the simulated time at which the run begins to now (s on the clock)."""
    pace.started = pace.released = pace.window = pace.next_window = now
    pace.reached = pace.window_t = pace.next_window_t = pace.start
    pace.late = 0.0
    pace.begins = 0


def due(pace: Any, t: float, finished: float) -> float:
    """The deadline (s on the clock) of point t (s), the step to which finished then: started + (t - start) / speed.

    Where it is late and deadlines are skipped, the next one that lies ahead takes its place, and all later ones move.
    """
    since = (t - pace.start) / pace.speed
    pace.finished = finished
    pace.late = finished - (pace.started + (since + pace.moved))
    pace.dropped = 0
    period = (t - pace.reached) / pace.speed
    if pace.policy == SKIP and pace.late > 0.0 and period > 0.0:
        pace.dropped = math.ceil(pace.late / period)
        pace.skipped += pace.dropped
        pace.moved += pace.dropped * period
    return pace.started + (since + pace.moved)  # type: ignore[no-any-return]


def account(pace: Any, marks: Any, t: float, deadline: float, now: float) -> None:
    """Count point t (s), which was due at `deadline` and is released now (s on the clock); mark a change."""
    pace.busy += pace.finished - pace.released
    pace.elapsed += now - pace.released
    pace.released = now
    pace.reached = t
    pace.waited_late = now - deadline
    pace.lateness += pace.waited_late
    pace.most_late = max(pace.most_late, pace.waited_late)
    pace.steps += 1
    if now - pace.next_window >= WINDOW:
        pace.window, pace.window_t = pace.next_window, pace.next_window_t
        pace.next_window, pace.next_window_t = now, t
    if pace.late > 0.0:
        pace.overruns += 1
        pace.overrun += pace.late
        pace.worst = max(pace.worst, pace.late)
        pace.in_a_row += 1
        pace.worst_in_a_row = max(pace.worst_in_a_row, pace.late)
        begins = pace.in_a_row == 1 and pace.policy != STOP
    else:
        begins = False
    if begins or (pace.late <= 0.0 and pace.in_a_row > 0):
        mark = marks[pace.marks]
        mark.t = t
        mark.kind = OVERRUN if begins else CAUGHT_UP
        mark.late = pace.late if begins else pace.worst_in_a_row
        mark.count = pace.dropped if begins else pace.in_a_row
        mark.moved = pace.moved
        pace.marks += 1
    if pace.late <= 0.0:
        pace.in_a_row = 0
        pace.worst_in_a_row = 0.0
