"""Histogram: percentiles of durations at constant memory, over runs of any length."""

import math

import numpy as np
from numpy.typing import NDArray

_LEAST, _DECADES, _PER_DECADE = 1e-8, 12, 50


class Histogram:
    """Durations (s) in 50 logarithmic bins per decade from 10 ns to 10,000 s.

    Percentiles are upper edges of bins, at most 4.7 % too high and never above the largest duration.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_DECADES * _PER_DECADE + 1, dtype=np.int64)
        self.count = 0
        self.total = 0.0
        self.largest = 0.0

    def add(self, duration: float) -> None:
        """Count one duration (s); what is not positive counts as the smallest."""
        self._counts[_bin(duration)] += 1
        self.count += 1
        self.total += duration
        self.largest = max(self.largest, duration)

    def add_all(self, counts: NDArray[np.int64], total: float, largest: float) -> None:
        """Count durations (s) of which the number in each bin, the sum and the largest are known."""
        self._counts += counts
        self.count += int(counts.sum())
        self.total += total
        self.largest = max(self.largest, largest)

    @property
    def counts(self) -> NDArray[np.int64]:
        """The number in each bin."""
        return self._counts.copy()

    def percentile(self, q: float) -> float:
        """Duration (s) that q percent do not exceed; NaN where nothing was counted."""
        if not self.count:
            return math.nan
        rank = max(1, math.ceil(q / 100.0 * self.count))
        index = int(np.searchsorted(np.cumsum(self._counts), rank))
        edge = _LEAST * 10.0 ** (index / _PER_DECADE)
        return min(edge, self.largest) if index < self._counts.size - 1 else self.largest


def _bin(duration: float) -> int:
    if duration <= _LEAST:
        return 0
    return min(math.ceil(math.log10(duration / _LEAST) * _PER_DECADE), _DECADES * _PER_DECADE)
