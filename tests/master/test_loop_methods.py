"""The methods for loops by themselves: on linear maps, on badly scaled ones, and what they remember."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.master.loops.anderson import Anderson
from orchestrator.master.loops.fixed_point import Aitken, FixedPoint
from orchestrator.master.loops.method import Method, Situation
from orchestrator.master.loops.newton import Newton
from orchestrator.plain_data import pack, unpack
from tests.checkpoint.runs import assert_same_rows, oscillator, resumed, stopped, uninterrupted

Vector = NDArray[np.float64]
Map = Callable[[Vector], Vector]

MADE: dict[str, Callable[[], Method]] = {
    "fixed_point": lambda: FixedPoint(0.5),
    "aitken": lambda: Aitken(1.0),
    "anderson": lambda: Anderson(1.0, 5),
    "newton": lambda: Newton(reuse=True),
}


def solve(
    method: Method,
    G: Map,
    x: Vector,
    *,
    slopes: NDArray[np.float64] | None = None,
    weights: Vector | None = None,
    tolerance: float = 1e-12,
    limit: int = 200,
) -> tuple[Vector, int]:
    """The solution and the evaluations of G."""
    weights = np.ones_like(x) if weights is None else weights
    r, count = G(x) - x, 1
    trials = method.trials(Situation(x, r, weights, lambda: slopes))
    trial = next(trials)
    while True:
        x, count = trial.values, count + 1
        r = G(x) - x
        if np.abs(r / weights).max() <= tolerance:
            method.accept()
            return x, count
        assert count < limit
        trial = trials.send(r)


def linear(seed: int, n: int, radius: float) -> tuple[Map, Vector]:
    """A random linear map of this spectral radius, and its fixed point."""
    rng = np.random.default_rng(seed)
    M = rng.normal(size=(n, n))
    M *= radius / np.abs(np.linalg.eigvals(M)).max()
    b = rng.normal(size=n)
    return lambda x: M @ x + b, np.linalg.solve(np.eye(n) - M, b)


@pytest.mark.parametrize("name", ["aitken", "anderson", "newton"])
@pytest.mark.parametrize("slope", [-200.0, -2.0, 0.5, 3.0])
def test_a_straight_line_takes_three_evaluations(name: str, slope: float) -> None:
    x, count = solve(MADE[name](), lambda x: slope * x + 1.0, np.array([7.0]), tolerance=1e-9)
    assert x[0] == pytest.approx(1.0 / (1.0 - slope), rel=1e-7)
    assert count == 3


@given(seed=st.integers(0, 1000), n=st.integers(1, 8), radius=st.sampled_from([0.5, 3.0]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_anderson_solves_linear_maps_in_at_most_two_evaluations_more_than_unknowns(
    seed: int, n: int, radius: float
) -> None:
    G, exact = linear(seed, n, radius)
    x, count = solve(MADE["anderson"](), G, np.zeros(n), tolerance=1e-8)
    np.testing.assert_allclose(x, exact, atol=1e-4 * max(1.0, np.abs(exact).max()))
    assert count <= n + 4


@pytest.mark.parametrize("n", [1, 3, 10])
def test_newton_needs_one_probe_for_each_unknown_of_a_linear_map_or_its_slopes(n: int) -> None:
    G, exact = linear(3, n, 4.0)
    x, count = solve(MADE["newton"](), G, np.zeros(n), tolerance=1e-9)
    np.testing.assert_allclose(x, exact, rtol=1e-6, atol=1e-7)
    assert count <= n + 3
    slopes = np.array([G(one) - G(np.zeros(n)) for one in np.eye(n)]).T
    x, count = solve(MADE["newton"](), G, np.zeros(n), slopes=slopes)
    np.testing.assert_allclose(x, exact, rtol=1e-9, atol=1e-10)
    assert count == 2


def test_slopes_that_are_of_no_use_are_replaced_by_differences() -> None:
    G, exact = linear(4, 3, 5.0)
    x, count = solve(MADE["newton"](), G, np.zeros(3), slopes=np.zeros((3, 3)), tolerance=1e-9)
    np.testing.assert_allclose(x, exact, rtol=1e-6)
    assert count <= 3 + 5


def test_newton_halves_steps_that_lead_too_far() -> None:
    """x + atan(5 x) = x: undamped, Newton's method goes off to infinity from beyond 0.28."""
    x, count = solve(MADE["newton"](), lambda x: x - np.arctan(5.0 * x), np.array([2.0]), tolerance=1e-9)
    assert x[0] == pytest.approx(0.0, abs=1e-9)
    assert count < 20


@pytest.mark.parametrize("name", MADE)
def test_iterates_do_not_depend_on_units(name: str) -> None:
    G, _ = linear(5, 2, 0.5)
    units = np.array([2.0**-40, 2.0**30])
    plain, count = solve(MADE[name](), G, np.zeros(2), tolerance=1e-6)
    scaled, other = solve(MADE[name](), lambda x: units * G(x / units), np.zeros(2), weights=units, tolerance=1e-6)
    np.testing.assert_allclose(scaled / units, plain, rtol=1e-6)
    assert count == other


def test_the_vector_form_of_aitken_solves_a_map_whose_residual_keeps_its_direction_at_once() -> None:
    direction = np.array([1.0, -3.0, 2.0])
    _, count = solve(MADE["aitken"](), lambda x: -0.7 * x + direction, np.zeros(3), tolerance=1e-14)
    assert count == 3


def test_differences_that_say_the_same_are_left_out() -> None:
    """The third unknown is the sum of the others: there are two independent differences."""
    M = np.array([[0.5, 2.0, 0.0], [-1.0, 0.3, 0.0], [-0.5, 2.3, 0.0]])
    b = np.array([1.0, 2.0, 3.0])
    x, count = solve(MADE["anderson"](), lambda x: M @ x + b, np.zeros(3), tolerance=1e-10)
    np.testing.assert_allclose(x, np.linalg.solve(np.eye(3) - M, b), rtol=1e-8, atol=1e-9)
    assert count <= 6


@pytest.mark.parametrize("name", ["anderson", "newton"])
def test_a_second_problem_of_the_same_slopes_is_solved_in_two_evaluations(name: str) -> None:
    method = MADE[name]()
    G, exact = linear(6, 4, 3.0)
    solve(method, G, np.zeros(4), tolerance=1e-11)
    offset = np.array([1.0, -2.0, 0.5, 3.0])
    moved, count = solve(method, lambda x: G(x - offset) + offset, exact, tolerance=1e-6)
    np.testing.assert_allclose(moved, exact + offset, rtol=1e-4)
    assert count <= 3


def test_what_was_learnt_of_a_map_that_is_another_now_is_forgotten() -> None:
    method = MADE["anderson"]()
    solve(method, linear(6, 3, 3.0)[0], np.zeros(3), tolerance=1e-9)
    G, exact = linear(7, 3, 3.0)
    x, _ = solve(method, G, np.zeros(3), tolerance=1e-9, limit=40)
    np.testing.assert_allclose(x, exact, rtol=1e-5)


@pytest.mark.parametrize("name", MADE)
def test_what_is_remembered_is_plain_and_goes_on_to_the_bit(name: str) -> None:
    G, _ = linear(8, 3, 0.5)
    first = MADE[name]()
    solve(first, G, np.zeros(3))
    second = MADE[name]()
    second.remember(unpack(pack(first.remembered())))
    start = np.array([1.0, 2.0, 3.0])
    one, two = (solve(method, lambda x: 0.9 * G(x), start) for method in (first, second))
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1] == two[1]


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("steps", [0, 4])
def test_a_run_with_loops_goes_on_from_a_checkpoint_to_the_bit(name: str, steps: int, tmp_path: object) -> None:
    def made(observer: object) -> object:
        return oscillator(observer, algorithm="iterative", loops={"method": name})  # type: ignore[arg-type]

    before, checkpoint = stopped(made, steps, tmp_path)  # type: ignore[arg-type]
    assert_same_rows([*before, *resumed(made, checkpoint)], uninterrupted(made))  # type: ignore[arg-type]
