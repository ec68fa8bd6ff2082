"""Newton's method for small systems of equations: damped, bounded, and scaled, whatever their units.

The step solves the linear system of values in units of their scales. It is cut where it would leave the bounds, and
halved until the residual is smaller (Deuflhard 2011, "Newton Methods for Nonlinear Problems", section 3.1).
"""

from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.initial.gaps import Matrix, Vector, fills, find_gap, normalized

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

    def sizes(self, jacobian: Matrix, scales: Vector) -> "Sizes":
        """The size of each unknown, with what the Jacobian tells of it, and that of each residual, larger than 0."""
        ...

    def kept(self, sums: Matrix) -> Matrix:
        """What no iteration may change, where sums of residuals (rows: their weights) are zero whatever the unknowns.

        Rows of weights of the unknowns, one for each sum; fewer where the unknowns are left open without a reason.
        """
        ...


class Sizes(NamedTuple):
    """How large each unknown and each residual is."""

    unknowns: Vector
    residuals: Vector


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

    These are those that a singular Jacobian leaves open, where it is solved those that kept what they began with, and
    where it is stuck those at their bounds.
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
        jacobian = equations.jacobian(x)
        scales, sizes = equations.sizes(jacobian, equations.scales(x))
        scaled, matrix = residual / sizes, jacobian * scales / sizes[:, None]
        gap = find_gap(matrix, equations.rounding)
        kept = equations.kept(gap.sums / sizes) * scales
        if gap.open and not fills(kept, gap, matrix, scaled):
            return Solution(End.SINGULAR, x, scaled, iteration, gap.open)
        if np.abs(scaled).max(initial=0.0) <= tolerance:
            return Solution(End.SOLVED, x, scaled, iteration, gap.open)
        if iteration == iterations:
            break
        step = scales * _step(np.vstack([matrix, normalized(kept)]), scaled, _at_bounds(x, bounds))
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
    wanted = np.concatenate([-residual, np.zeros(matrix.shape[0] - residual.size)])
    for _ in range(residual.size + 1):
        step[:] = 0.0
        if not free.any():
            return step
        step[free] = _solved(matrix[:, free], wanted)
        leaving = free & ((held.low & (step < 0.0)) | (held.high & (step > 0.0)))
        if not leaving.any():
            return step
        free &= ~leaving
    return step


def _solved(matrix: Matrix, wanted: Vector) -> Vector:
    square = matrix.shape[0] == matrix.shape[1]  # a square one is regular, which was looked at before
    solved = np.linalg.solve(matrix, wanted) if square else np.linalg.lstsq(matrix, wanted, rcond=None)[0]
    return np.asarray(solved, np.float64)


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
