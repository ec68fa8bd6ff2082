"""The methods for loops by themselves: on linear maps, on badly scaled ones, and what they remember."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.master.loops.hot_iteration import begin, following, go_back, keep
from orchestrator.master.loops.layout import AGAIN
from orchestrator.plain_data import pack, unpack
from tests.checkpoint.runs import assert_same_rows, oscillator, resumed, stopped, uninterrupted
from tests.master.loop_maps import Chain, Map, Solver, Vector

METHODS: dict[str, dict[str, Any]] = {"fixed_point": {"relaxation": 0.5}, "aitken": {}, "anderson": {}, "newton": {}}


def solve(
    method: str,
    G: Map,
    x: Vector,
    *,
    slopes: NDArray[np.float64] | None = None,
    sizes: Vector | None = None,
    tolerance: float = 1e-12,
) -> tuple[Vector, int]:
    """The solution and the evaluations of G."""
    told = None if slopes is None else lambda _: slopes
    sizes = np.ones_like(x) if sizes is None else sizes
    one = Solver(method, sizes, slopes=told, tolerance=tolerance, **METHODS[method])
    return one.solve(G, x), one.statistics.evaluations


def linear(seed: int, n: int, radius: float) -> tuple[Map, Vector]:
    """A random linear map of this spectral radius, and its fixed point."""
    rng = np.random.default_rng(seed)
    M = rng.normal(size=(n, n))
    M *= radius / np.abs(np.linalg.eigvals(M)).max()
    b = rng.normal(size=n)
    return lambda x: M @ x + b, np.asarray(np.linalg.solve(np.eye(n) - M, b), dtype=np.float64)


@pytest.mark.parametrize("name", ["aitken", "anderson", "newton"])
@pytest.mark.parametrize("slope", [-200.0, -2.0, 0.5, 3.0])
def test_a_straight_line_takes_three_evaluations(name: str, slope: float) -> None:
    x, count = solve(name, lambda x: slope * x + 1.0, np.array([7.0]), tolerance=1e-7)
    assert x[0] == pytest.approx(1.0 / (1.0 - slope), rel=1e-7)
    assert count == 3


@given(seed=st.integers(0, 1000), n=st.integers(1, 8), radius=st.sampled_from([0.5, 3.0]))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_anderson_solves_linear_maps_in_at_most_two_evaluations_more_than_unknowns(
    seed: int, n: int, radius: float
) -> None:
    G, exact = linear(seed, n, radius)
    x, count = solve("anderson", G, np.zeros(n), tolerance=1e-8)
    np.testing.assert_allclose(x, exact, atol=1e-4 * max(1.0, np.abs(exact).max()))
    assert count <= n + 4


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_newton_learns_a_linear_map_of_few_unknowns_in_two_evaluations_more_than_unknowns(n: int) -> None:
    G, exact = linear(3, n, 4.0)
    x, count = solve("newton", G, np.zeros(n), tolerance=1e-9)
    np.testing.assert_allclose(x, exact, rtol=1e-6, atol=1e-7)
    assert count == n + 2


@pytest.mark.parametrize("n", [10, 20])
def test_of_many_unknowns_of_one_component_newton_takes_one_difference_each(n: int) -> None:
    """What three probes and three slow steps teach of so many is not enough."""
    G, exact = linear(3, n, 4.0)
    x, count = solve("newton", G, np.zeros(n), tolerance=1e-9)
    np.testing.assert_allclose(x, exact, rtol=1e-6, atol=1e-7)
    assert count <= n + 3 + 3 + 3


@pytest.mark.parametrize("n", [1, 3, 10])
def test_newton_solves_a_linear_map_whose_slopes_are_told_at_once(n: int) -> None:
    G, exact = linear(3, n, 4.0)
    slopes = np.array([G(one) - G(np.zeros(n)) for one in np.eye(n)]).T
    x, count = solve("newton", G, np.zeros(n), slopes=slopes)
    np.testing.assert_allclose(x, exact, rtol=1e-9, atol=1e-10)
    assert count == 2


def test_slopes_that_are_of_no_use_are_replaced_by_differences() -> None:
    G, exact = linear(4, 3, 5.0)
    x, count = solve("newton", G, np.zeros(3), slopes=np.zeros((3, 3)), tolerance=1e-9)
    np.testing.assert_allclose(x, exact, rtol=1e-6)
    assert count <= 3 + 5


def test_newton_halves_steps_that_lead_too_far() -> None:
    """x + atan(5 x) = x: undamped, Newton's method goes off to infinity from beyond 0.28."""
    useless = np.zeros((1, 1))
    x, count = solve("newton", lambda x: x - np.arctan(5.0 * x), np.array([2.0]), slopes=useless, tolerance=1e-9)
    assert x[0] == pytest.approx(0.0, abs=1e-9)
    assert count < 20


@pytest.mark.parametrize("name", METHODS)
def test_iterates_do_not_depend_on_units(name: str) -> None:
    G, _ = linear(5, 2, 0.5)
    units = np.array([2.0**-40, 2.0**30])
    plain, count = solve(name, G, np.zeros(2), tolerance=1e-6)
    scaled, other = solve(name, lambda x: units * G(x / units), np.zeros(2), sizes=units, tolerance=1e-6)
    np.testing.assert_allclose(scaled / units, plain, rtol=1e-6)
    assert count == other


def test_the_vector_form_of_aitken_solves_a_map_whose_residual_keeps_its_direction_at_once() -> None:
    direction = np.array([1.0, -3.0, 2.0])
    _, count = solve("aitken", lambda x: -0.7 * x + direction, np.zeros(3), tolerance=1e-14)
    assert count == 3


def test_differences_that_say_the_same_are_left_out() -> None:
    """The third unknown is the sum of the others: there are two independent differences."""
    M = np.array([[0.5, 2.0, 0.0], [-1.0, 0.3, 0.0], [-0.5, 2.3, 0.0]])
    b = np.array([1.0, 2.0, 3.0])
    x, count = solve("anderson", lambda x: M @ x + b, np.zeros(3), tolerance=1e-10)
    np.testing.assert_allclose(x, np.linalg.solve(np.eye(3) - M, b), rtol=1e-8, atol=1e-9)
    assert count <= 6


@pytest.mark.parametrize("name", ["anderson", "newton"])
def test_a_second_problem_of_the_same_slopes_is_solved_in_two_evaluations(name: str) -> None:
    one = Solver(name, np.ones(4), tolerance=1e-6)
    G, exact = linear(6, 4, 3.0)
    one.solve(G, np.zeros(4))
    offset, before = np.array([1.0, -2.0, 0.5, 3.0]), one.statistics.evaluations
    moved = one.solve(lambda x: G(x - offset) + offset, exact)
    np.testing.assert_allclose(moved, exact + offset, rtol=1e-4)
    assert one.statistics.evaluations - before <= 3


def test_what_was_learnt_of_a_map_that_is_another_now_is_forgotten() -> None:
    one = Solver("anderson", np.ones(3), tolerance=1e-9, max_iterations=40)
    one.solve(linear(6, 3, 3.0)[0], np.zeros(3))
    G, exact = linear(7, 3, 3.0)
    np.testing.assert_allclose(one.solve(G, np.zeros(3)), exact, rtol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_remembered_is_plain_and_goes_on_to_the_bit(name: str) -> None:
    G, _ = linear(8, 3, 0.5)
    first, second = (Solver(name, np.ones(3), **METHODS[name]) for _ in range(2))
    first.solve(G, np.zeros(3))
    second.iteration.remember(unpack(pack(first.iteration.remembered())))
    start = np.array([1.0, 2.0, 3.0])
    for one in (first, second):
        one.solve(lambda x: 0.9 * G(x), start)
    np.testing.assert_array_equal(np.array(first.tried), np.array(second.tried))


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_a_loop_is_solved_when_its_discrete_values_have_come_to_rest(name: str, text: bool) -> None:
    one = Chain(name, text=text)
    one.start(-3.0)
    one.solve()
    assert one.values() == {"y": pytest.approx(4.0, rel=1e-7), "k": 2, "b": True, "s": one.high}
    assert one.iteration.by_address is not text


@pytest.mark.parametrize("name", METHODS)
def test_discrete_numbers_come_to_rest_without_python(name: str) -> None:
    one, other = (Chain(name, text=False) for _ in range(2))
    one.start(-3.0)
    one.solve()
    other.start(-3.0)
    begin(other.iteration.address, 0.0, 0.1)
    other.look()
    while following(other.iteration.address) == AGAIN:
        other.look()
    other.iteration.count()
    assert other.values() == one.values()
    assert other.statistics == one.statistics


@pytest.mark.parametrize("name", METHODS)
def test_what_compiled_steps_count_together_is_what_each_would_have_counted(name: str) -> None:
    one, other = (Solver(name, np.ones(3), **METHODS[name]) for _ in range(2))
    maps = [linear(seed, 3, 0.5)[0] for seed in (8, 9, 10)]
    for G in maps:
        one.solve(G, np.zeros(3))
        other.start(np.zeros(3))
        begin(other.iteration.address, 0.0, 0.1)
        other.look(G)
        while following(other.iteration.address) == AGAIN:
            other.look(G)
        assert np.array_equal(other.tried, one.tried)
    assert other.iteration.count() == 3
    assert other.iteration.count() == 0
    assert other.statistics == one.statistics


@pytest.mark.parametrize("name", METHODS)
def test_a_macro_step_that_is_taken_back_has_taught_and_counted_nothing(name: str) -> None:
    G, _ = linear(8, 3, 0.5)
    one = Solver(name, np.ones(3), **METHODS[name])
    one.solve(G, np.zeros(3))
    keep(one.iteration.address)
    before = one.iteration.remembered()
    begin(one.iteration.address, 0.1, 0.1)
    one.look(lambda x: 0.8 * G(x))
    while following(one.iteration.address) == AGAIN:
        one.look(lambda x: 0.8 * G(x))
    if name in ("anderson", "newton"):
        assert pack(one.iteration.remembered()) != pack(before)
    go_back(one.iteration.address)
    assert pack(one.iteration.remembered()) == pack(before)
    counted = one.statistics.evaluations, one.statistics.solved
    one.iteration.count()
    assert (one.statistics.evaluations, one.statistics.solved) == counted


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("steps", [0, 4])
def test_a_run_with_loops_goes_on_from_a_checkpoint_to_the_bit(name: str, steps: int, tmp_path: object) -> None:
    def made(observer: object) -> object:
        return oscillator(observer, algorithm="iterative", loops={"method": name})  # type: ignore[arg-type]

    before, checkpoint = stopped(made, steps, tmp_path)  # type: ignore[arg-type]
    assert_same_rows([*before, *resumed(made, checkpoint)], uninterrupted(made))  # type: ignore[arg-type]
