"""Histogram: percentiles of durations at constant memory, over runs of any length."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_LEAST, _DECADES, _PER_DECADE = 1e-8, 12, 50

BINS: Final = _DECADES * _PER_DECADE + 1
"""Number of bins; the first is of everything up to 10 ns, the last of everything above 10,000 s."""


class Bin(NamedTuple):
    """How many durations lie above `lower` and not above `upper` (s): `number`."""

    lower: float
    upper: float
    number: int


class Histogram:
    """Durations (s) in 50 logarithmic bins per decade from 10 ns to 10,000 s.

    Percentiles are upper edges of bins, at most 4.7 % too high and never above the largest duration. One made with
    `counts`, the number in each bin, and with their sum and the largest of them shows what was counted elsewhere.
    """

    def __init__(self, counts: NDArray[np.int64] | None = None, total: float = 0.0, largest: float = 0.0) -> None:
        self._counts = np.zeros(BINS, dtype=np.int64) if counts is None else counts.copy()
        self.count = int(self._counts.sum())
        self.total = total
        self.largest = largest

    def add(self, duration: float) -> None:
        """Count one duration (s); what is not positive counts as the smallest."""
        self._counts[bin_of(duration)] += 1
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
        return min(_edge(index), self.largest)

    @property
    def bins(self) -> tuple[Bin, ...]:
        """The bins that are not empty."""
        filled = np.flatnonzero(self._counts).tolist()
        return tuple(
            Bin(_edge(index - 1) if index else 0.0, _edge(index), int(self._counts[index])) for index in filled
        )


def bin_of(duration: float) -> int:
    """Index of the bin of a duration (s)."""
    if duration <= _LEAST:
        return 0
    return min(math.ceil(math.log10(duration / _LEAST) * _PER_DECADE), _DECADES * _PER_DECADE)


def _edge(index: int) -> float:
    """Upper edge (s) of a bin."""
    return _LEAST * 10.0 ** (index / _PER_DECADE) if index < BINS - 1 else math.inf
