"""Comparison: how far one record lies from another."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import ResultError

Record = tuple[NDArray[np.float64], Sequence[NDArray[Any]]]
"""Times (s) and the series of each variable over them."""

_TOLERANCE = 1e-6
"""Part of the smallest step within which two times are the same."""


class Deviation(NamedTuple):
    """Deviation of one variable from its reference.

    `max_abs` is the largest absolute error, at `time` (s); `nrmse` the root mean square error over the range of the
    reference, infinite where the reference is constant and the other is not.
    """

    name: str
    max_abs: float
    nrmse: float
    time: float


class Comparison(NamedTuple):
    """Deviations of all common variables over a number of common times."""

    common_times: int
    deviations: tuple[Deviation, ...]

    @property
    def worst(self) -> Deviation:
        """The deviation with the largest NRMSE."""
        return max(self.deviations, key=lambda deviation: deviation.nrmse)

    def of(self, name: str) -> Deviation:
        """Deviation of one variable; ResultError where it was not compared."""
        found = next((deviation for deviation in self.deviations if deviation.name == name), None)
        if found is None:
            raise ResultError(f"'{name}' is not in both results. Record it in both runs")
        return found


def compare(names: Sequence[str], tested: Record, reference: Record) -> Comparison:
    """Deviations of the series named from those of the reference, at the common times."""
    mine, theirs = _common(tested[0], reference[0])
    if not mine.size:
        raise ResultError("no communication point lies in both results. Compare runs whose step sizes fit each other")
    times = reference[0][theirs]
    series = zip(names, tested[1], reference[1], strict=True)
    return Comparison(
        int(mine.size),
        tuple(_deviation(name, values[mine], expected[theirs], times) for name, values, expected in series),
    )


def _common(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the times that both have; of a time recorded twice the first counts."""
    if not mine.size or not theirs.size:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    steps = np.concatenate([np.diff(mine), np.diff(theirs)])
    tolerance = _TOLERANCE * (float(steps[steps > 0.0].min()) if (steps > 0.0).any() else 1.0)
    nearest = np.clip(np.searchsorted(theirs, mine - tolerance), 0, theirs.size - 1)
    same = np.abs(theirs[nearest] - mine) <= tolerance
    return np.flatnonzero(same), nearest[same]


def _deviation(name: str, values: NDArray[Any], expected: NDArray[Any], times: NDArray[np.float64]) -> Deviation:
    errors = _distance(values, expected)
    worst = int(errors.argmax())
    rms, extent = float(np.sqrt(np.mean(errors**2))), float(np.ptp(expected.astype(np.float64)))
    nrmse = rms / extent if extent > 0.0 else (0.0 if rms == 0.0 else float("inf"))
    return Deviation(name, float(errors[worst]), nrmse, float(times[worst]))


def _distance(values: NDArray[Any], expected: NDArray[Any]) -> NDArray[np.float64]:
    if values.dtype == expected.dtype and values.dtype.kind in "iu":
        # Of integers beyond 2**53 the difference is small where that of their floats is none.
        larger, smaller = np.maximum(values, expected), np.minimum(values, expected)
        return np.asarray(larger.view(np.uint64) - smaller.view(np.uint64), dtype=np.float64)
    return np.abs(values.astype(np.float64) - expected.astype(np.float64))
