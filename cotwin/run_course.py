"""What the master did over the time of a run, in stretches: steps, steps that were taken back, iterations."""

from dataclasses import dataclass
from typing import Any

from orchestrator.master.statistics import Statistics
from orchestrator.master.step_size import FixedStep
from orchestrator.observer import Event

STRETCHES = 400
"""Parts of the simulated time at most, whatever the number of steps."""


@dataclass
class Stretch:
    """One of the parts: what was made between its first and last communication point, step sizes in s."""

    macro_steps: int = 0
    rejected: int = 0
    iterations: int = 0
    smallest_step: float = float("inf")
    largest_step: float = 0.0

    def measure(self, h: float) -> None:
        """One of the steps was so long (s)."""
        self.smallest_step = min(self.smallest_step, h)
        self.largest_step = max(self.largest_step, h)


class RunCourse:
    """Observer of one run from `start` to `stop` (s): 1 `watch`, then it is told, then 2 `data`.

    It need not be told each communication point: where there are others since the last one, they lie on the grid.
    """

    patient = True

    def __init__(self, start: float, stop: float) -> None:
        self._start, self._width = start, (stop - start) / STRETCHES
        self._stretches: dict[int, Stretch] = {}
        self._statistics = Statistics()
        self._before = (0, 0, 0)
        self._t = start
        self._grid: FixedStep | None = None

    def watch(self, statistics: Statistics, grid: FixedStep) -> None:
        """Read from these counts, which belong to the run; `grid` are the communication points that it meets."""
        self._statistics, self._grid = statistics, grid
        self._before = self._counts()

    def initialized(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Count from here."""
        self._t, self._before = t, self._counts()

    def communication_point(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Take what was made since the point before into the stretch that ends here."""
        counts = self._counts()
        steps, rejected, iterations = (new - old for new, old in zip(counts, self._before, strict=True))
        before, self._t, self._before = self._t, t, counts
        if steps == 0 and rejected == 0:
            return
        if steps > 1:
            self._take_grid(before, steps - 1)
            before = self._grid_time(t, -1)
        stretch = self._stretch(t)
        stretch.macro_steps += min(steps, 1)
        stretch.rejected += rejected
        stretch.iterations += iterations
        if t > before:
            stretch.measure(t - before)

    def _take_grid(self, t: float, steps: int) -> None:
        """Take so many steps of the grid, the first of which begins at t (s), into the stretches in which they end."""
        grid = self._known_grid
        index = grid.index_at(t)
        end = index + steps
        while index < end:
            last = self._last_of_stretch(index + 1, end)
            stretch = self._stretch(grid.time(last))
            stretch.macro_steps += last - index
            stretch.measure(grid.time(last) - grid.time(last - 1))
            index = last

    def _last_of_stretch(self, index: int, end: int) -> int:
        """The last point of the grid up to `end` in the stretch of the point `index`."""
        grid, stretch = self._known_grid, self._index(self._known_grid.time(index))
        last = min(max(grid.index_at(self._start + (stretch + 1) * self._width), index), end)
        while last < end and self._index(grid.time(last + 1)) == stretch:
            last += 1
        while self._index(grid.time(last)) != stretch:
            last -= 1
        return last

    def _grid_time(self, t: float, offset: int) -> float:
        grid = self._known_grid
        return grid.time(grid.index_at(t) + offset)

    @property
    def _known_grid(self) -> FixedStep:
        assert self._grid is not None, "watch comes first"
        return self._grid

    def _stretch(self, t: float) -> Stretch:
        return self._stretches.setdefault(self._index(t), Stretch())

    def rolled_back(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """The run goes on from an earlier time; what was made stays made."""
        self._t, self._before = t, self._counts()

    def event(self, event: Event) -> None:
        """Events are in the record."""

    def terminated(self, error: Exception | None) -> None:
        """What was counted stays."""

    @property
    def data(self) -> list[dict[str, Any]]:
        """The stretches in which something was made, each with its middle (s)."""
        return [
            {
                "time": self._start + (index + 0.5) * self._width,
                **vars(stretch),
                "smallest_step": stretch.smallest_step if stretch.largest_step > 0.0 else None,
                "largest_step": stretch.largest_step or None,
            }
            for index, stretch in sorted(self._stretches.items())
        ]

    def _index(self, t: float) -> int:
        # a communication point belongs to the stretch that ends with it
        return min(max(int((t - self._start) / self._width * (1.0 - 1e-12)), 0), STRETCHES - 1)

    def _counts(self) -> tuple[int, int, int]:
        known = self._statistics
        return (
            known.macro_steps,
            sum(known.rejected.values()) if known.rejected else 0,
            sum(loop.iterations for loop in known.loops.values()) if known.loops else 0,
        )
