"""Newton's method for small systems of equations: damped, bounded, and scaled, whatever their units.

The step solves the linear system of values in units of their scales. It is cut where it would leave the bounds, and
halved until the residual is smaller (Deuflhard 2011, "Newton Methods for Nonlinear Problems", section 3.1).
"""

from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

HALVINGS: Final = 30
"""Times that a step is halved before it is given up."""


class Equations(Protocol):
    """residual(x) = 0, of as many equations as unknowns. A value that is not finite says that x is not allowed."""

    @property
    def rounding(self) -> float:
        """Relative error of the Jacobian: that of rounding, or of difference quotients."""
        ...

    def residual(self, x: Vector) -> Vector:
        """What is not zero yet."""
        ...

    def jacobian(self, x: Vector) -> Matrix:
        """Derivatives of the residual (rows) by the unknowns (columns), at the x of which it was asked for last."""
        ...

    def scales(self, x: Vector) -> Vector:
        """The size of each unknown, larger than 0."""
        ...

    def sizes(self, jacobian: Matrix, scales: Vector) -> Vector:
        """The size of each residual, larger than 0."""
        ...


class Bounds(NamedTuple):
    """The least and the greatest value of each unknown."""

    lower: Vector
    upper: Vector


class End(StrEnum):
    """Why the iteration ended."""

    SOLVED = "solved"
    SINGULAR = "singular"
    STUCK = "stuck"
    UNFINISHED = "unfinished"
    UNDEFINED = "undefined"


class Solution(NamedTuple):
    """Where it ended: the unknowns, the residuals in units of their sizes, and the unknowns that `end` is about.

    These are those that a singular Jacobian leaves open, or those at their bounds where it is stuck.
    """

    end: End
    x: Vector
    residuals: Vector
    iterations: int
    about: tuple[int, ...] = ()

    @property
    def worst(self) -> float:
        """The largest residual."""
        return float(np.abs(self.residuals).max(initial=0.0))


def solve(equations: Equations, x: Vector, bounds: Bounds, *, tolerance: float, iterations: int) -> Solution:
    """Iterate from x until no residual exceeds `tolerance` times its size, at most so many times.

    The Jacobian is looked at at least once: what it leaves open is not solved even where the residual is zero.
    """
    x = np.clip(x, *bounds)
    residual = equations.residual(x)
    scaled = residual
    for iteration in range(iterations + 1):
        if not np.isfinite(residual).all():
            return Solution(End.UNDEFINED, x, residual, iteration, tuple(np.flatnonzero(~np.isfinite(residual))))
        scales = equations.scales(x)
        jacobian = equations.jacobian(x)
        sizes = equations.sizes(jacobian, scales)
        scaled, matrix = residual / sizes, jacobian * scales / sizes[:, None]
        open_ones = _left_open(matrix, equations.rounding)
        if open_ones:
            return Solution(End.SINGULAR, x, scaled, iteration, open_ones)
        if np.abs(scaled).max(initial=0.0) <= tolerance:
            return Solution(End.SOLVED, x, scaled, iteration)
        if iteration == iterations:
            break
        step = scales * _step(matrix, scaled, _at_bounds(x, bounds))
        found = _damped(equations, x, step, bounds, sizes, float(np.linalg.norm(scaled)))
        if found is None:
            held = np.flatnonzero((x <= bounds.lower) | (x >= bounds.upper))
            return Solution(End.STUCK, x, scaled, iteration, tuple(map(int, held)))
        x, residual = found
    return Solution(End.UNFINISHED, x, scaled, iterations)


class _Held(NamedTuple):
    """Unknowns that can go no lower, and those that can go no higher."""

    low: NDArray[np.bool_]
    high: NDArray[np.bool_]


def _at_bounds(x: Vector, bounds: Bounds) -> _Held:
    return _Held(x <= bounds.lower, x >= bounds.upper)


def _step(matrix: Matrix, residual: Vector, held: _Held) -> Vector:
    """Newton's step in scaled values; unknowns that it would take over their bounds stay there, the others do best."""
    free = np.ones(residual.size, dtype=bool)
    step = np.zeros(residual.size)
    for _ in range(residual.size + 1):
        step[:] = 0.0
        if not free.any():
            return step
        step[free] = np.linalg.lstsq(matrix[:, free], -residual, rcond=None)[0]
        leaving = free & ((held.low & (step < 0.0)) | (held.high & (step > 0.0)))
        if not leaving.any():
            return step
        free &= ~leaving
    return step


def _damped(
    equations: Equations, x: Vector, step: Vector, bounds: Bounds, sizes: Vector, norm: float
) -> tuple[Vector, Vector] | None:
    """The first of x + step, x + step / 2, ... with a smaller residual, and that residual; None where there is none."""
    part = 1.0
    for _ in range(HALVINGS):
        trial = np.clip(x + part * step, *bounds)
        residual = equations.residual(trial)
        if np.isfinite(residual).all() and np.linalg.norm(residual / sizes) < (1.0 - 1e-4 * part) * norm:
            return trial, residual
        part *= 0.5
    return None


def _left_open(matrix: Matrix, rounding: float) -> tuple[int, ...]:
    """The unknowns that a change of which changes no residual; nothing where the matrix is regular."""
    if not matrix.size:
        return ()
    # Rows of any size: what counts is whether they point in different directions.
    longest = np.abs(matrix).max(axis=1, keepdims=True)
    _, values, directions = np.linalg.svd(matrix / np.where(longest > 0.0, longest, 1.0))
    if values[-1] > rounding * matrix.shape[0] * values[0]:
        return ()
    direction = np.abs(directions[-1])
    return tuple(map(int, np.flatnonzero(direction > 0.1 * direction.max())))
