"""Step size: where the communication points lie."""

import math
from dataclasses import dataclass
from functools import cached_property

from orchestrator.errors import DescriptionError

_NEGLIGIBLE = 1e-9
"""A last step shorter than this part of the step size is not made."""

_FINEST = 128
"""A step is at least so many times as long as the distance between neighbouring times."""


@dataclass(frozen=True)
class FixedStep:
    """Communication points t_k = start + k * step_size, never a sum, and the last one exactly at `stop` (all s)."""

    start: float
    stop: float
    step_size: float

    def __post_init__(self) -> None:
        if not self.start < self.stop < math.inf:
            raise DescriptionError(
                f"experiment: stop {self.stop:g} s is not after start {self.start:g} s. Choose a later, finite stop"
            )
        least = _FINEST * math.ulp(max(abs(self.start), abs(self.stop)))
        if not self.step_size >= least:
            raise DescriptionError(
                f"step_size: {self.step_size:g} s is too small to tell times between {self.start:g} s and "
                f"{self.stop:g} s apart. Choose at least {least:.2g} s, or a start nearer to 0"
            )

    @cached_property
    def count(self) -> int:
        """Number of macro steps."""
        return max(1, self._steps_to(self.stop))

    @property
    def clipped(self) -> bool:
        """Whether the last step is truly shorter than the others."""
        full = self.start + self.count * self.step_size
        return full - self.stop > self._tolerance

    def time(self, index: int) -> float:
        """Time (s) of communication point `index`."""
        return self.stop if index >= self.count else self.start + index * self.step_size

    def step(self, index: int) -> float:
        """Length (s) of the step that begins at communication point `index`; it never ends after `stop`."""
        t = self.time(index)
        return self.step_size if t + self.step_size <= self.stop else self.stop - t

    def index_at(self, t: float) -> int:
        """Index of the first communication point that does not lie before t (s)."""
        return min(max(self._steps_to(t), 0), self.count)

    @cached_property
    def _tolerance(self) -> float:
        # far from zero the rounding of a time exceeds what is negligible of a small step
        return _NEGLIGIBLE * self.step_size + 4.0 * math.ulp(max(abs(self.start), abs(self.stop)))

    def _steps_to(self, t: float) -> int:
        return math.ceil((t - self.start - self._tolerance) / self.step_size)
