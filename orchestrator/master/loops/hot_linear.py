"""Hot linear: small dense linear algebra as compiled functions over addresses of doubles; matrices lie row by row.

The order of all sums is fixed: no library that may sum otherwise has a part in it.
"""

from math import sqrt
from typing import Any, Final

from numba import njit

from orchestrator.by_address import compiled, doubles, load_singly, words

SINGULAR: Final = 1e-10
"""Part of the identity that is left of I - J where slopes, which are never exact, tell no solution."""

_TINY: Final = 2.2250738585072014e-308
_ROTATED: Final = 1e-15
"""Cosine of two columns that counts as 0 in the singular value decomposition."""
_SWEEPS: Final = 60


@compiled
def set_all(vector: int, count: int, value: float) -> None:
    """The same value everywhere."""
    v = doubles(vector)
    for i in range(count):
        v[i] = value


def _copy_all(source: int, target: int, count: int) -> None:
    """Copy numbers that do not overlap; one by one, since there are few of them."""
    target_of = words(target)
    for i in range(count):
        target_of[i] = load_singly(source + 8 * i)


copy_all: Any = njit(nogil=True, error_model="numpy", forceinline=True)(_copy_all)


@compiled
def dot(one: int, other: int, count: int) -> float:
    """x . y"""
    x, y = doubles(one), doubles(other)
    total = 0.0
    for i in range(count):
        total += x[i] * y[i]
    return total


@compiled
def norm(vector: int, count: int) -> float:
    """|x|, of values whose squares are finite; also the Frobenius norm of a matrix."""
    return sqrt(dot(vector, vector, count))


@compiled
def weighted_norm(vector: int, weights: int, count: int) -> float:
    """|x / w|"""
    x, w = doubles(vector), doubles(weights)
    total = 0.0
    for i in range(count):
        total += (x[i] / w[i]) * (x[i] / w[i])
    return sqrt(total)


@compiled
def largest(vector: int, weights: int, count: int) -> float:
    """The largest of |x / w|, NaN where one of these is."""
    x, w = doubles(vector), doubles(weights)
    most = 0.0
    for i in range(count):
        size = abs(x[i] / w[i])
        if size > most or size != size:
            most = size
        if most != most:
            return most
    return most


@compiled
def orthogonal(vector: int, basis: int, columns: int, count: int, parts: int) -> None:
    """Leave of a vector what is orthogonal to all columns (modified Gram-Schmidt); the parts along them into `parts`.

    Columns lie one behind the other and are orthonormal. `parts` may be 0.
    """
    v, along = doubles(vector), doubles(parts)
    for column in range(columns):
        direction = doubles(basis + 8 * column * count)
        part = dot(basis + 8 * column * count, vector, count)
        for i in range(count):
            v[i] -= part * direction[i]
        if parts != 0:
            along[column] = part


@compiled
def back_substitute(triangle: int, size: int, stride: int, vector: int) -> None:
    """Solve U x = b in place, U upper triangular, with rows `stride` apart."""
    u, x = doubles(triangle), doubles(vector)
    for k in range(size):
        i = size - 1 - k
        total = x[i]
        for j in range(i + 1, size):
            total -= u[i * stride + j] * x[j]
        x[i] = total / u[i * stride + i]


@compiled
def _pivot(a: int, n: int, k: int) -> int:
    """The row from k on whose element in column k is the largest, -1 where all are 0 or one is NaN."""
    m = doubles(a)
    best, row = 0.0, -1
    for i in range(k, n):
        size = abs(m[i * n + k])
        if size != size:
            return -1
        if size > best:
            best, row = size, i
    return row


@compiled
def _swap_rows(a: int, n: int, one: int, other: int) -> None:
    x, y = doubles(a + 8 * n * one), doubles(a + 8 * n * other)
    for j in range(n):
        x[j], y[j] = y[j], x[j]


@compiled
def _swap_columns(a: int, n: int, one: int, other: int) -> None:
    m = doubles(a)
    for i in range(n):
        m[i * n + one], m[i * n + other] = m[i * n + other], m[i * n + one]


@compiled
def invert(a: int, n: int, order: int) -> bool:
    """Invert a matrix in place (Gauss-Jordan with partial pivoting); `order` are n words to work on.

    Whether there is an inverse; where there is none the matrix is destroyed.
    """
    m, swapped = doubles(a), words(order)
    for k in range(n):
        row = _pivot(a, n, k)
        if row < 0:
            return False
        swapped[k] = row
        if row != k:
            _swap_rows(a, n, k, row)
        pivot = m[k * n + k]
        m[k * n + k] = 1.0
        for j in range(n):
            m[k * n + j] /= pivot
        for i in range(n):
            if i != k:
                times = m[i * n + k]
                m[i * n + k] = 0.0
                for j in range(n):
                    m[i * n + j] -= times * m[k * n + j]
    for back in range(n):
        k = n - 1 - back
        if swapped[k] != k:
            _swap_columns(a, n, k, swapped[k])
    return True


@compiled
def _rotate(x: int, y: int, n: int, cosine: float, sine: float) -> None:
    one, other = doubles(x), doubles(y)
    for i in range(n):
        before = one[i]
        one[i] = cosine * before - sine * other[i]
        other[i] = sine * before + cosine * other[i]


@compiled
def decompose(a: int, v: int, n: int) -> None:
    """Singular value decomposition by rotations from one side (Hestenes 1958), A^T = U S V^T, rows by rows.

    Leaves in the rows of `a` the columns of U times their singular values, and in the rows of `v` the columns of V.
    """
    set_all(v, n * n, 0.0)
    for i in range(n):
        doubles(v)[i * n + i] = 1.0
    for _ in range(_SWEEPS):
        rotated = False
        for p in range(n - 1):
            for q in range(p + 1, n):
                x, y = a + 8 * n * p, a + 8 * n * q
                alpha, beta, gamma = dot(x, x, n), dot(y, y, n), dot(x, y, n)
                if abs(gamma) > _ROTATED * sqrt(alpha) * sqrt(beta):
                    zeta = (beta - alpha) / (2.0 * gamma)
                    tangent = (1.0 if zeta >= 0.0 else -1.0) / (abs(zeta) + sqrt(1.0 + zeta * zeta))
                    cosine = 1.0 / sqrt(1.0 + tangent * tangent)
                    _rotate(x, y, n, cosine, cosine * tangent)
                    _rotate(v + 8 * n * p, v + 8 * n * q, n, cosine, cosine * tangent)
                    rotated = True
        if not rotated:
            break


@compiled
def pseudo_invert(a: int, n: int, v: int, result: int) -> None:
    """The pseudo-inverse of a matrix, which is destroyed, without singular values below `SINGULAR` of the largest.

    That counts as 1 at least. `v` is a matrix to work on.
    """
    # the rows of A take the place of columns: A^T = U S V^T, A = V S U^T, and A^+ = U S^-1 V^T
    decompose(a, v, n)
    most = 1.0
    for k in range(n):
        most = max(most, norm(a + 8 * n * k, n))
    set_all(result, n * n, 0.0)
    inverse = doubles(result)
    for k in range(n):
        size = norm(a + 8 * n * k, n)
        if size > SINGULAR * most:
            u, w = doubles(a + 8 * n * k), doubles(v + 8 * n * k)
            for i in range(n):
                for j in range(n):
                    inverse[i * n + j] += u[i] / size * (w[j] / size)


@compiled
def invert_safely(a: int, n: int, inverse: int, other: int, order: int) -> None:
    """The inverse of a matrix that is clearly not singular, else the pseudo-inverse; `a` and `other` are worked on."""
    size = norm(a, n * n)
    copy_all(a, inverse, n * n)
    if invert(inverse, n, order):
        least = 1.0 / max(norm(inverse, n * n), _TINY)
        if least > SINGULAR * max(1.0, size):
            return
    pseudo_invert(a, n, other, inverse)
