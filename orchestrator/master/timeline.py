"""Timeline: where a run is, on the grid of communication points or at an event between two of them."""

import math

from orchestrator.errors import CheckpointError, SimulationError
from orchestrator.master.events import TimeEvent, step_end
from orchestrator.master.memory import Remembered
from orchestrator.master.step_size import FixedStep


class Timeline:
    """The communication point reached; times on the grid are exactly start + k * step_size, never sums."""

    def __init__(self, grid: FixedStep) -> None:
        self.grid = grid
        self.index = 0
        self._between: float | None = None

    @property
    def time(self) -> float:
        """The last communication point (s)."""
        return self.grid.time(self.index) if self._between is None else self._between

    @property
    def over(self) -> bool:
        """Whether the stop time is reached."""
        return self.index >= self.grid.count

    @property
    def on_grid(self) -> bool:
        """Whether the last communication point is one of the grid."""
        return self._between is None

    def covered(self, t: float) -> float:
        """The length (s) of the step from t to here: that of the grid where it is one, and no difference of times."""
        whole = self._between is None and self.index > 0 and t == self.grid.time(self.index - 1)
        return self.grid.step(self.index - 1) if whole else self.time - t

    def event_before_grid(self, event: TimeEvent | None) -> TimeEvent | None:
        """The event where it lies truly before the next point of the grid."""
        return step_end(event, self.time, self.grid.time(self.index + 1))

    def whole_until(self, index: int, event: TimeEvent | None) -> int:
        """The last point of the grid up to which all steps from `index` on are whole, where this is the next event."""
        if event is None:
            return self.grid.count
        index = max(self.grid.index_at(event.time), index + 1)
        cut = step_end(event, self.grid.time(index - 1), self.grid.time(index)) is not None
        return index - 1 if cut else index

    def to_grid(self) -> float:
        """The length (s) of a step to the next point of the grid."""
        if self._between is None:
            return self.grid.step(self.index)
        return self.grid.time(self.index + 1) - self._between

    def arrive(self, end: float) -> None:
        """A step ended at `end` (s): the point of the grid where it is one up to rounding."""
        grid_point = self.grid.time(self.index + 1)
        on_grid = end >= grid_point - 1e-9 * self.grid.step_size - 4.0 * math.ulp(grid_point)
        self.index += on_grid
        self._between = None if on_grid else end

    def index_at(self, until: float) -> int:
        """The first point of the grid not before `until` (s); SimulationError where that is after the stop."""
        stop = self.grid.stop
        if until - stop > 1e-9 * self.grid.step_size:
            raise SimulationError(
                f"until = {until:g} s lies after the stop of the experiment, {stop:g} s. Give it a later stop",
                time=self.time,
            )
        return self.grid.index_at(until)

    def remembered(self) -> Remembered:
        """Where the run is."""
        return {"index": self.index, "between": self._between}

    def remember(self, memory: Remembered) -> None:
        """Go back to where it was."""
        self.index, self._between = memory["index"], memory["between"]

    def require(self, t: float) -> None:
        """CheckpointError where t (s) lies outside of the experiment."""
        if not self.grid.start <= t <= self.grid.stop:
            raise CheckpointError(
                f"the checkpoint lies at t = {t:.9g} s, outside of the experiment from {self.grid.start:.9g} s to "
                f"{self.grid.stop:.9g} s. Give it a later stop"
            )

    def place(self, t: float) -> None:
        """Be at t (s), where the run was in an experiment with another stop: at a point of the grid up to rounding."""
        if self.time == t:
            return
        index = self.grid.index_at(t)
        on_grid = abs(self.grid.time(index) - t) <= 1e-9 * self.grid.step_size + 4.0 * math.ulp(t)
        self.index, self._between = (index, None) if on_grid else (index - 1, t)
