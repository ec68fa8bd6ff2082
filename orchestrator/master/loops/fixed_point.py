"""Fixed point: the values that come out of a sweep go into the next; with Aitken's relaxation it converges faster."""

import numpy as np

from orchestrator.master.loops.method import Situation, Trial, Trials
from orchestrator.master.memory import Remembered


class FixedPoint:
    """x <- x + w r with constant relaxation w; converges where the spectral radius of I + w (G' - I) is below 1."""

    refuses_growth = True

    def __init__(self, relaxation: float) -> None:
        self._relaxation = relaxation

    def trials(self, situation: Situation) -> Trials:
        """Take the same part of every residual."""
        x, r = situation.values, situation.residual
        while True:
            x = x + self._relaxation * r
            r = yield Trial(x)

    def accept(self) -> None:
        """Nothing is learnt."""

    def remembered(self) -> Remembered:
        """Nothing."""
        return {}

    def remember(self, memory: Remembered) -> None:
        """Nothing to go back to."""


class Aitken:
    """x <- x + w r with w <- -w r_old.(r - r_old) / |r - r_old|^2, the vector form of Irons and Tuck (1969).

    With one unknown it is the secant method: exact in three evaluations where G is a straight line. Irons, Tuck: "A
    version of the Aitken accelerator for computer iteration", Int. J. Numer. Methods Eng. 1, 275; in coupled problems:
    Küttler, Wall: Comput. Mech. 43 (2008) 61, equation 44.
    """

    refuses_growth = False

    def __init__(self, relaxation: float) -> None:
        self._first = relaxation

    def trials(self, situation: Situation) -> Trials:
        """Begin with the first relaxation in every macro step."""
        x, r, weights = situation.values, situation.residual, situation.weights
        w = self._first
        while True:
            x = x + w * r
            before, r = r, (yield Trial(x))
            change = (r - before) / weights
            square = float(change @ change)
            w = -w * float((before / weights) @ change) / square if square > 0.0 else self._first
            if w == 0.0 or not np.isfinite(w):
                w = self._first

    def accept(self) -> None:
        """Nothing is learnt."""

    def remembered(self) -> Remembered:
        """Nothing."""
        return {}

    def remember(self, memory: Remembered) -> None:
        """Nothing to go back to."""
