"""Newton: the slopes of the residual by the unknowns, told by the components, learnt of them, or found once."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.loops.method import Bounds, Matrix, Situation, Trial, Trials, Vector
from orchestrator.master.memory import Remembered

_PROBE = 1e-4
"""Difference for a slope, as part of the size of an unknown: above the noise of solvers inside components."""

_GOOD = 0.5
"""A residual that shrinks less than by this factor calls for new slopes."""

_SLOW = 0.7
"""Slopes that are told are given up where neither residual nor step shrinks by this factor, so often in a row:"""

_PATIENCE = 3

_HALVINGS = 6

_GROUPS = 3
"""Probes that teach how each component responds: unknowns are changed together that few components share."""

_SINGULAR = 1e-10
"""Part of the identity that is left of I - J where slopes, which are never exact, tell no solution."""

_TINY = np.finfo(np.float64).tiny


class Newton:
    """x <- x + (I - J)^-1 r, J = dG/dx.

    J is what the components tell, and what was learnt of each of them, anew at each trial. Where nothing is known yet,
    and where it turns out to be no good, J comes from differences, a repeated step of all components for each unknown,
    and Broyden's update keeps it for the rest of the macro step, and with `reuse` for the next ones. With slopes of its
    own at each trial, a step is good where the residual shrinks, or the step after it does: where G is steep on one
    side of the solution and flat on the other, the residual alone would forbid to change sides. A step ends at the
    declared bounds of an unknown; one that begins there may pass. Broyden: "A class of methods for solving nonlinear
    simultaneous equations", Math. Comp. 19 (1965) 577; steps as a measure: Deuflhard, "Newton Methods for Nonlinear
    Problems" (2004), 2.2.
    """

    refuses_growth = False

    def __init__(self, *, reuse: bool) -> None:
        self._reuse = reuse
        self._jacobian: Matrix | None = None
        self._new = False

    def trials(self, situation: Situation) -> Trials:
        """One Newton step after the other."""
        x, r = situation.values, situation.residual
        self._new = False
        if situation.slopes() is None and situation.teaches:
            for group in range(min(_GROUPS, x.size)):
                yield Trial(_shifted(situation, x, np.arange(x.size) % _GROUPS == group), probe=True)
        if situation.slopes() is None and self._jacobian is None:
            self._jacobian = yield from self._differences(situation, x, r)
        if situation.slopes() is not None:
            x, r = yield from self._told(situation)
            self._jacobian = yield from self._differences(situation, x, r)
        yield from self._kept(situation, x, r)

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

    def _told(self, situation: Situation) -> Generator[Trial, Vector, tuple[Vector, Vector]]:
        """Steps with slopes that are new at each trial; where these are no good it ends with the last good trial."""
        x, r, weights = situation.values, situation.residual, situation.weights
        step, slow = _step(situation, x, r, situation.slopes()), 0
        while slow < _PATIENCE:
            found = yield Trial(x + step)
            following = _step(situation, x + step, found, situation.slopes())
            part = min(_part(found, r, weights), _part(following, step, weights))
            slow = slow + 1 if part > _SLOW else 0
            if part > 1.0:
                step = _step(situation, x, r, situation.slopes())
            else:
                x, r, step = x + step, found, following
        return x, r

    def _kept(self, situation: Situation, x: Vector, r: Vector) -> Trials:
        """Steps with slopes of its own, found by differences and kept up to date."""
        weights = situation.weights
        while True:
            step = _step(situation, x, r, self._jacobian)
            found = yield Trial(x + step)
            if self._new:
                step, found = yield from _damped(x, r, step, found, weights)
            shrunk = _size(found, weights) <= _GOOD * _size(r, weights)
            self._update(step, found - r, weights)
            x, r = x + step, found
            if not (shrunk or self._new):
                self._jacobian = yield from self._differences(situation, x, r)

    def _differences(self, situation: Situation, x: Vector, r: Vector) -> Generator[Trial, Vector, Matrix]:
        jacobian = np.eye(x.size)
        for column in range(x.size):
            shifted = _shifted(situation, x, np.arange(x.size) == column)
            found = yield Trial(shifted, probe=True)
            jacobian[:, column] += (found - r) / (shifted - x)[column]
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


def _step(situation: Situation, x: Vector, r: Vector, jacobian: Matrix | None) -> Vector:
    """The Newton step from x, as far as the bounds."""
    assert jacobian is not None
    step = _solve(jacobian, r, situation.weights)
    return step if situation.bounds is None else _within(situation.bounds, x, step)


def _within(bounds: Bounds, x: Vector, step: Vector) -> Vector:
    low = np.where(x > bounds.low, bounds.low - x, -np.inf)
    high = np.where(x < bounds.high, bounds.high - x, np.inf)
    return np.asarray(np.clip(step, low, high))


def _solve(jacobian: Matrix, r: Vector, weights: Vector) -> Vector:
    matrix = np.eye(r.size) - jacobian * weights / weights[:, np.newaxis]
    inverse = _inverse(matrix)
    if inverse is None:
        left, sizes, right = np.linalg.svd(matrix)
        used = sizes > _SINGULAR * max(1.0, float(sizes.max(initial=0.0)))
        inverse = right.T @ (np.where(used, 1.0 / np.maximum(sizes, _TINY), 0.0)[:, np.newaxis] * left.T)
    return np.asarray(inverse @ (r / weights) * weights)


def _inverse(matrix: Matrix) -> Matrix | None:
    """That of a matrix which is clearly not singular: at a tenth of the price of its singular values."""
    try:
        inverse: Matrix = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    least = 1.0 / max(float(np.linalg.norm(inverse)), _TINY)
    return inverse if least > _SINGULAR * max(1.0, float(np.linalg.norm(matrix))) else None


def _shifted(situation: Situation, x: Vector, which: NDArray[np.bool_]) -> Vector:
    """x with some unknowns changed by a little, upwards where the bounds allow it."""
    change = np.where(which, _PROBE * situation.weights, 0.0)
    if situation.bounds is None:
        return x + change
    return np.where(x + change > situation.bounds.high, x - change, x + change)


def _part(after: Vector, before: Vector, weights: Vector) -> float:
    size = _size(before, weights)
    return _size(after, weights) / size if size > 0.0 else 0.0


def _size(residual: Vector, weights: Vector) -> float:
    return float(np.abs(residual / weights).max(initial=0.0))
