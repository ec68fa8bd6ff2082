"""The linear algebra of loops, whose sums have one order, against that of NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.master.loops import hot_linear as linear

Matrix = NDArray[np.float64]

sizes = st.integers(1, 12)
seeds = st.integers(0, 10_000)


def at(array: Matrix) -> int:
    assert array.flags.c_contiguous
    return array.ctypes.data


def some(seed: int, n: int) -> Matrix:
    return np.random.default_rng(seed).normal(size=(n, n))


def inverse_of(matrix: Matrix) -> Matrix:
    """That of the solver, which takes a pseudo-inverse where a matrix is nearly singular."""
    n = len(matrix)
    work, result, other = matrix.copy(), np.empty((n, n)), np.empty((n, n))
    linear.invert_safely(at(work), n, at(result), at(other), at(np.empty(n)))
    return result


@given(seed=seeds, n=sizes)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_an_inverse_is_that_of_numpy(seed: int, n: int) -> None:
    matrix = some(seed, n)
    expected = np.linalg.inv(matrix)
    scale = np.linalg.cond(matrix) * np.abs(expected).max()
    np.testing.assert_allclose(inverse_of(matrix), expected, rtol=0.0, atol=1e-14 * n * scale)


@pytest.mark.parametrize("n", [2, 3, 7])
def test_rows_that_have_to_change_places_do(n: int) -> None:
    matrix = np.eye(n)[np.random.default_rng(n).permutation(n)] * np.arange(1.0, n + 1.0)
    np.testing.assert_array_equal(inverse_of(matrix) @ matrix, np.eye(n))


def test_a_matrix_without_inverse_is_told_so() -> None:
    matrix = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert not linear.invert(at(matrix), 2, at(np.empty(2)))


@given(seed=seeds, n=st.integers(2, 10), rank=st.integers(1, 9))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_of_a_singular_matrix_the_pseudo_inverse_is_taken(seed: int, n: int, rank: int) -> None:
    rng, rank = np.random.default_rng(seed), min(rank, n - 1)
    left, right = (np.linalg.qr(rng.normal(size=(n, n))).Q[:, :rank] for _ in range(2))
    values = rng.uniform(0.5, 3.0, rank)
    expected = right @ np.diag(1.0 / values) @ left.T
    np.testing.assert_allclose(inverse_of((left * values) @ right.T), expected, rtol=0.0, atol=1e-12)


def test_nothing_is_made_of_a_matrix_of_which_next_to_nothing_is_left() -> None:
    np.testing.assert_array_equal(inverse_of(np.diag([2.0, 1e-12])), np.diag([0.5, 0.0]))
    np.testing.assert_array_equal(inverse_of(np.array([[1e-11]])), [[0.0]])


@given(seed=seeds, n=sizes)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_singular_values_are_those_of_numpy(seed: int, n: int) -> None:
    matrix = some(seed, n) * np.logspace(0.0, -6.0, n)
    work, right = matrix.copy(), np.empty((n, n))
    linear.decompose(at(work), at(right), n)
    found = np.sort(np.linalg.norm(work, axis=1))[::-1]
    np.testing.assert_allclose(found, np.linalg.svd(matrix, compute_uv=False), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(right @ right.T, np.eye(n), atol=1e-13)
    np.testing.assert_allclose(right @ matrix, work, atol=1e-13)


@given(seed=seeds, n=st.integers(2, 12), columns=st.integers(1, 11))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_is_orthogonal_to_a_basis_and_its_parts_along_it_make_up_a_vector(seed: int, n: int, columns: int) -> None:
    columns = min(columns, n - 1)
    basis = np.ascontiguousarray(np.linalg.qr(some(seed, n)).Q[:columns])
    vector = np.random.default_rng(seed + 1).normal(size=n)
    rest, parts = vector.copy(), np.empty(columns)
    linear.orthogonal(at(rest), at(basis), columns, n, at(parts))
    np.testing.assert_allclose(basis @ rest, np.zeros(columns), atol=1e-13)
    np.testing.assert_allclose(rest + parts @ basis, vector, atol=1e-13)


@given(seed=seeds, n=sizes)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_an_upper_triangle_is_solved_from_below(seed: int, n: int) -> None:
    triangle = np.triu(some(seed, n)) + 3.0 * np.eye(n)
    exact = np.random.default_rng(seed + 1).normal(size=n)
    vector = triangle @ exact
    linear.back_substitute(at(triangle), n, n, at(vector))
    np.testing.assert_allclose(vector, exact, rtol=1e-9, atol=1e-9)


def test_norms_and_the_largest_entry() -> None:
    vector, weights = np.array([3.0, -8.0]), np.array([1.0, 2.0])
    assert linear.norm(at(vector), 2) == np.sqrt(73.0)
    assert linear.weighted_norm(at(vector), at(weights), 2) == 5.0
    assert linear.largest(at(vector), at(weights), 2) == 4.0
    assert np.isnan(linear.largest(at(np.array([np.nan, 1.0])), at(weights), 2))
    assert linear.largest(at(vector), at(weights), 0) == 0.0
