"""Gaps: what a singular matrix leaves open, and whether it is settled by what keeps its value."""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NO_SUM: Final = 1e-6
"""Part of the residuals that a sum which is zero may seem to be."""

_TURNS: Final = 10
"""Times that rows and columns are made even; one or two do for most systems."""


class Gap(NamedTuple):
    """Where a square matrix is singular: sums of its rows that are zero (rows of weights), and the unknowns concerned.

    What is smaller than `limit`, in units of the largest singular value, is zero.
    """

    sums: Matrix
    open: tuple[int, ...]
    limit: float


def find_gap(matrix: Matrix, rounding: float) -> Gap:
    """The gap of a matrix whose elements have this relative error; it concerns nothing where there is none.

    Rows count by their directions, whatever their size.
    """
    limit = rounding * math.sqrt(matrix.shape[0])
    nothing = Gap(np.zeros((0, matrix.shape[0])), (), limit)
    even, longest = _even(matrix)
    if not matrix.size or _is_regular(even, limit):
        return nothing
    sums, values, directions = np.linalg.svd(even)
    none = values <= limit * values[0]
    if not none.any():
        return nothing
    shares = np.abs(directions[none]).max(axis=0)
    return Gap(sums.T[none] / longest.T, tuple(map(int, np.flatnonzero(shares > 0.1 * shares.max()))), limit)


def fills(kept: Matrix, gap: Gap, matrix: Matrix, residual: Vector) -> bool:
    """Whether what is kept (rows of weights) settles all that is open; the sums of residuals are zero then."""
    if kept.shape[0] < gap.sums.shape[0]:
        return False
    values = np.linalg.svd(_even(np.vstack([matrix, kept]))[0], compute_uv=False)
    off = np.abs(normalized(gap.sums) @ residual).max(initial=0.0)
    return bool(values[-1] > gap.limit * values[0] and off <= _NO_SUM * np.linalg.norm(residual))


def normalized(rows: Matrix) -> Matrix:
    """The rows, each of length 1."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    even: Matrix = rows / np.where(lengths > 0.0, lengths, 1.0)
    return even


def evened(matrix: Matrix, scales: Vector, free: NDArray[np.bool_]) -> Vector:
    """The scales of columns, those that are `free` chosen so that rows and columns count alike.

    Rows and free columns are divided by their largest elements in turn, a form of equilibration (Ruiz, "A scaling
    algorithm to equilibrate both rows and columns norms in matrices", RAL-TR-2001-034, 2001).
    """
    scales = scales.copy()
    if not free.any():
        return scales
    for _ in range(_TURNS):
        largest = np.abs(_even(matrix * scales)[0]).max(axis=0)
        scales[free & (largest > 0.0)] /= largest[free & (largest > 0.0)]
    return scales


def _even(matrix: Matrix) -> tuple[Matrix, Matrix]:
    """The matrix with rows whose largest element is 1, and by what they were divided."""
    longest = np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
    longest[longest == 0.0] = 1.0
    return matrix / longest, longest


def _is_regular(matrix: Matrix, limit: float) -> bool:
    """Whether a bound for the condition, which costs far less than the singular values, excludes a gap."""
    try:
        inverse = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return False
    return bool(np.linalg.norm(matrix) * np.linalg.norm(inverse) * limit < 1.0)
