"""A loop that compiled code solves, sweeps and all, beside the same loop solved step by step in Python."""

from typing import Any

import numpy as np
import pytest
from numba import njit

from orchestrator.by_address import doubles
from orchestrator.master.loops.hot_iteration import begin, following, go_back, keep
from orchestrator.master.loops.layout import AGAIN, GIVEN_UP, SOLVED
from tests.master.loop_maps import Solver, Vector

METHODS = ("fixed_point", "aitken", "anderson", "newton")
H = 0.1


@njit(nogil=True, error_model="numpy")
def evaluate(t: float, matrix: int, given: int, gives: int, n: int) -> None:
    """y_i = sum_j M_ij u_j + sin(t + i) - u_i^3 / 9, u = y."""
    u, y, m = doubles(given), doubles(gives), doubles(matrix)
    for i in range(n):
        u[i] = y[i]
    for i in range(n):
        y[i] = np.sin(t + i) - u[i] ** 3 / 9.0
        for j in range(n):
            y[i] += m[i * n + j] * u[j]


@njit(nogil=True, error_model="numpy")
def solve(iteration: int, matrix: int, given: int, gives: int, n: int, steps: int) -> int:
    """Macro steps, as long as each is solved; the statement of the last one."""
    status = SOLVED
    for k in range(steps):
        if status == SOLVED:
            status = begin(iteration, H * k, H)
            while status == AGAIN:
                evaluate(H * k, matrix, given, gives, n)
                status = following(iteration)
    return status


def matrix(n: int) -> Vector:
    """M, of the spectral radius 0.4."""
    some = np.random.default_rng(n).normal(size=(n, n))
    return np.asarray(some * 0.4 / np.abs(np.linalg.eigvals(some)).max(), dtype=np.float64)


MATRICES = {n: matrix(n) for n in (1, 3, 8)}


def made(method: str, n: int, **settings: Any) -> tuple[Solver, tuple[int, ...]]:
    """A solver, and what the compiled functions take of it."""
    one = Solver(method, np.ones(n), tolerance=1e-10, **settings)
    return one, (MATRICES[n].ctypes.data, one.given, one.gives, n)


@pytest.mark.parametrize("n", MATRICES)
@pytest.mark.parametrize("method", METHODS)
def test_compiled_code_comes_to_the_same_bits_with_the_same_counts(method: str, n: int) -> None:
    one, of_one = made(method, n)
    other, of_other = made(method, n)
    for k in range(20):

        def G(_: Vector, t: float = H * k) -> Vector:
            evaluate(t, *of_one)
            return one.values

        one.solve(G, one.values, H * k, H)
    assert solve(other.iteration.address, *of_other, 20) == SOLVED
    other.iteration.count()
    np.testing.assert_array_equal(other.values, one.values)
    assert other.statistics == one.statistics
    assert one.statistics.solved == 20


@pytest.mark.parametrize("method", METHODS)
def test_macro_steps_that_were_taken_back_leave_no_trace(method: str) -> None:
    one, of_one = made(method, 3)
    other, of_other = made(method, 3)
    for run, taken in ((one, of_one), (other, of_other)):
        assert solve(run.iteration.address, *taken, 5) == SOLVED
    before = other.values
    keep(other.iteration.address)
    assert solve(other.iteration.address, *of_other, 7) == SOLVED
    go_back(other.iteration.address)
    other.start(before)
    for run, taken in ((one, of_one), (other, of_other)):
        assert solve(run.iteration.address, *taken, 5) == SOLVED
        run.iteration.count()
    np.testing.assert_array_equal(other.values, one.values)
    assert other.statistics == one.statistics


def test_compiled_code_is_told_where_it_does_not_go_on() -> None:
    one, taken = made("newton", 3, max_iterations=2)
    assert solve(one.iteration.address, *taken, 5) == GIVEN_UP
