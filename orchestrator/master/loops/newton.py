"""Newton: the slopes of the residual by the unknowns, found once and then kept up to date."""

from collections.abc import Generator

import numpy as np

from orchestrator.master.loops.method import Matrix, Situation, Trial, Trials, Vector
from orchestrator.master.memory import Remembered

_PROBE = 1e-4
"""Difference for a slope, as part of the size of an unknown: above the noise of solvers inside components."""

_GOOD = 0.5
"""A residual that shrinks less than by this factor calls for new slopes."""

_HALVINGS = 6


class Newton:
    """x <- x + (I - J)^-1 r, J = dG/dx.

    J comes from directional derivatives where components tell them. Otherwise, and where it turns out to be no good, it
    comes from differences, a repeated step of all components for each unknown. Broyden's update keeps it from iteration
    to iteration, and with `reuse` from macro step to macro step. Where the residual grows although the slopes are new,
    the step is halved. Broyden: "A class of methods for solving nonlinear simultaneous equations", Math. Comp. 19
    (1965) 577.
    """

    refuses_growth = False

    def __init__(self, *, reuse: bool) -> None:
        self._reuse = reuse
        self._jacobian: Matrix | None = None
        self._new = False

    def trials(self, situation: Situation) -> Trials:
        """One Newton step after the other."""
        x, r, weights = situation.values, situation.residual, situation.weights
        self._new = False
        if self._jacobian is None:
            self._jacobian = situation.slopes()
        if self._jacobian is None:
            self._jacobian = yield from self._differences(x, r, weights)
        while True:
            step = _solve(self._jacobian, r, weights)
            found = yield Trial(x + step)
            if self._new:
                step, found = yield from _damped(x, r, step, found, weights)
            shrunk = _size(found, weights) <= _GOOD * _size(r, weights)
            self._update(step, found - r, weights)
            x, r = x + step, found
            if not (shrunk or self._new):
                self._jacobian = yield from self._differences(x, r, weights)

    def accept(self) -> None:
        """Keep the slopes where they may be used again."""
        if not self._reuse:
            self._jacobian = None

    def remembered(self) -> Remembered:
        """The slopes."""
        return {"jacobian": None if self._jacobian is None else self._jacobian.copy()}

    def remember(self, memory: Remembered) -> None:
        """Go back to the slopes of then."""
        self._jacobian = None if memory["jacobian"] is None else memory["jacobian"].copy()

    def _differences(self, x: Vector, r: Vector, weights: Vector) -> Generator[Trial, Vector, Matrix]:
        jacobian = np.eye(x.size)
        for column in range(x.size):
            change = np.zeros_like(x)
            change[column] = _PROBE * weights[column]
            found = yield Trial(x + change, probe=True)
            jacobian[:, column] += (found - r) / change[column]
        self._new = True
        return jacobian

    def _update(self, step: Vector, change: Vector, weights: Vector) -> None:
        """The least change of J after which it explains the change of the residual: r' = J - I."""
        assert self._jacobian is not None
        direction = step / weights**2
        square = float(direction @ step)
        if square > 0.0:
            missing = change - (self._jacobian @ step - step)
            self._jacobian = self._jacobian + np.outer(missing, direction / square)


def _damped(
    x: Vector, r: Vector, step: Vector, found: Vector, weights: Vector
) -> Generator[Trial, Vector, tuple[Vector, Vector]]:
    """The step, halved until the residual does not grow, and the residual after it."""
    for _ in range(_HALVINGS):
        if _size(found, weights) <= _size(r, weights):
            break
        step = step / 2.0
        found = yield Trial(x + step)
    return step, found


def _solve(jacobian: Matrix, r: Vector, weights: Vector) -> Vector:
    matrix = np.eye(r.size) - jacobian * weights / weights[:, np.newaxis]
    try:
        solved = np.linalg.solve(matrix, r / weights)
    except np.linalg.LinAlgError:
        solved = np.linalg.lstsq(matrix, r / weights)[0]
    return np.asarray(solved * weights)


def _size(residual: Vector, weights: Vector) -> float:
    return float(np.abs(residual / weights).max(initial=0.0))
