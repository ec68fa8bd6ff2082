"""What the master did over the time of a run, in stretches: steps, steps that were taken back, iterations."""

from dataclasses import dataclass
from typing import Any

from orchestrator.master.statistics import Statistics
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


class RunCourse:
    """Observer of one run from `start` to `stop` (s): 1 `watch`, then it is told, then 2 `data`."""

    def __init__(self, start: float, stop: float) -> None:
        self._start, self._width = start, (stop - start) / STRETCHES
        self._stretches: dict[int, Stretch] = {}
        self._statistics = Statistics()
        self._before = (0, 0, 0)
        self._t = start

    def watch(self, statistics: Statistics) -> None:
        """Read from these counts, which belong to the run."""
        self._statistics = statistics
        self._before = self._counts()

    def initialized(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Count from here."""
        self._t, self._before = t, self._counts()

    def communication_point(self, t: float, signals: Any) -> None:  # noqa: ARG002
        """Take what was made since the point before into the stretch that ends here."""
        counts = self._counts()
        steps, rejected, iterations = (new - old for new, old in zip(counts, self._before, strict=True))
        h, self._t, self._before = t - self._t, t, counts
        if steps == 0 and rejected == 0:
            return
        stretch = self._stretches.setdefault(self._index(t), Stretch())
        stretch.macro_steps += steps
        stretch.rejected += rejected
        stretch.iterations += iterations
        if h > 0.0:
            stretch.smallest_step = min(stretch.smallest_step, h)
            stretch.largest_step = max(stretch.largest_step, h)

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
