"""Restless: outputs whose error does not fall with the step, since they jump or are noisy."""

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.jumps import Mask
from orchestrator.master.step_control.outputs import Floats

_SHORTER = 0.5
"""A step that is at most this part of the one before is to have a smaller error."""

_IN_VAIN = 2
"""Times in a row that the error of an output may stay in spite of a shorter step."""


class Restless:
    """Finds outputs that no shorter step helps, and leaves them alone for `rest` (s).

    A smooth output is missed by less in a shorter step, at least by the square root of the ratio of the lengths; one
    that is noisy, or jumps again and again, is not.
    """

    def __init__(self, count: int, rest: float) -> None:
        self._rest = rest
        self._until = np.full(count, -np.inf)
        self._errors: Floats = np.zeros(count)
        self._in_vain: NDArray[np.int64] = np.zeros(count, np.int64)
        self._length = 0.0

    def found(self, errors: Floats, length: float, end: float) -> Mask:
        """Outputs (n,) that are left alone from now on, after a step of this length (s) up to `end` with these errors.

        Errors are in units of what is allowed.
        """
        large = (errors > 1.0) & ~self.alone(end)
        if 0.0 < length <= _SHORTER * self._length:
            stayed = large & (errors > np.sqrt(length / self._length) * self._errors) & (self._errors > 1.0)
            self._in_vain = np.where(stayed, self._in_vain + 1, self._in_vain)
        self._in_vain = np.where(large, self._in_vain, 0)
        new = np.asarray(self._in_vain >= _IN_VAIN)
        self._until = np.where(new, end + self._rest, self._until)
        self._in_vain = np.where(new, 0, self._in_vain)
        self._errors, self._length = errors, length
        return new

    def alone(self, end: float) -> Mask:
        """Outputs (n,) that are left alone in a step up to `end` (s)."""
        return np.asarray(self._until >= end)

    def remembered(self) -> Remembered:
        """Who is left alone until when, and the last step."""
        vectors = {"until": self._until, "errors": self._errors, "in_vain": self._in_vain}
        return {**{name: vector.copy() for name, vector in vectors.items()}, "length": self._length}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._until, self._errors = memory["until"].copy(), memory["errors"].copy()
        self._in_vain, self._length = memory["in_vain"].copy(), memory["length"]
