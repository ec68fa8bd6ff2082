"""Pace: which communication points are recorded where not all of them are."""

import math

import numpy as np
from numpy.typing import NDArray


class Pace:
    """Recorded are the first points at or after start + k * interval (s), k = 0, 1, ..., and all at the time of one.

    `words` are start, interval and the last k, for compiled functions that decide alike: `hot.pace.due`.
    """

    def __init__(self, start: float, interval: float) -> None:
        self.words: NDArray[np.float64] = np.array([start, interval, -1.0])

    def due(self, t: float) -> bool:
        """Whether the point at t (s), the next one, is recorded."""
        passed = self._passed(t)
        due = passed > self.words[2]
        if due:
            self.words[2] = passed
        return bool(due)

    def begin(self, t: float) -> None:
        """The point at t (s) has been decided about."""
        self.words[2] = self._passed(t)

    def _passed(self, t: float) -> float:
        intervals = (t - float(self.words[0])) / float(self.words[1])
        return float(math.floor(intervals + (1e-9 + 1e-15 * intervals)))
