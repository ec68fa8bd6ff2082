"""Loops of direct feedthrough in Initialization Mode, against their solutions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import AlgebraicLoopError, InitializationError
from orchestrator.system.connector import Storage
from orchestrator.system.quantities.units import Unit
from tests.coupled import simulation
from tests.doubles import Faults, FunctionInstance, an_input, an_output
from tests.master.initial.coupled import Told, initialized, value

KINDS = pytest.mark.parametrize("kind", [FunctionInstance, Told])
EXACT = (4.5571749758, 0.0928624960)
RING = ["quadratic.x1 -> straight.x1", "straight.x2 -> quadratic.x2"]


def published(kind, x1=4.0, x2=8.0, **limits):
    """2 x1^2 + 5 x2 = 42 solved for x1, x1 - 6 x2 = 4 solved for x2."""
    quadratic = kind(
        lambda t, u: np.sqrt((42.0 - 5.0 * u) / 2.0),
        name="quadratic",
        inputs=[an_input("x2", start=x2, **limits)],
        outputs=[an_output("x1")],
    )
    straight = kind(
        lambda t, u: (u - 4.0) / 6.0,
        name="straight",
        inputs=[an_input("x1", start=x1)],
        outputs=[an_output("x2")],
    )
    return [quadratic, straight]


@KINDS
def test_the_published_nonlinear_loop_has_its_published_solution(kind):
    signals = initialized(published(kind), RING)
    assert value(signals, "quadratic.x1") == pytest.approx(EXACT[0], abs=1e-10)
    assert value(signals, "straight.x2") == pytest.approx(EXACT[1], abs=1e-10)
    assert value(signals, "quadratic.x2") == pytest.approx(EXACT[1], abs=1e-10)


def test_derivatives_that_are_told_are_used():
    parts = published(Told)
    initialized(parts, RING)
    assert all(0 < part.asked < 20 for part in parts)


@KINDS
@pytest.mark.parametrize("gain", [-2.0, 0.5, 3.0, 1e6])
def test_a_loop_has_its_fixed_point_however_strong_it_is(kind, gain):
    """y = gain u + 1, u = y: passing values around would diverge for |gain| > 1."""
    one = kind(lambda t, u: gain * u + 1.0, name="one")
    other = kind(lambda t, u: u, name="other")
    signals = initialized([one, other], ["one.y -> other.u", "other.y -> one.u"])
    assert value(signals, "one.u") == pytest.approx(1.0 / (1.0 - gain), rel=1e-9)


def _linear(kind, matrix, constant, sizes):
    """Components with `sizes` inputs and outputs each: y = A u + b, all of them fed by all."""
    parts, at = [], 0
    for index, size in enumerate(sizes):
        rows = slice(at, at + size)
        parts.append(
            kind(
                lambda t, u, rows=rows: matrix[rows] @ u + constant[rows],
                name=f"c{index}",
                inputs=[an_input(f"u{column}") for column in range(len(constant))],
                outputs=[an_output(f"y{row}") for row in range(at, at + size)],
            )
        )
        at += size
    owners = [f"c{index}.y{sum(sizes[:index]) + row}" for index, size in enumerate(sizes) for row in range(size)]
    connections = [
        f"{owner} -> c{index}.u{column}" for index in range(len(sizes)) for column, owner in enumerate(owners)
    ]
    return parts, connections, owners


@KINDS
def test_a_linear_loop_of_50_components_has_the_solution_of_linear_algebra(kind):
    random = np.random.default_rng(1)
    matrix, constant = random.normal(size=(50, 50)), random.normal(size=50)
    parts, connections, owners = _linear(kind, matrix, constant, [1] * 50)
    signals = initialized(parts, connections)
    found = np.array([value(signals, owner)[0] for owner in owners])
    expected = np.linalg.solve(np.eye(50) - matrix, constant)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.abs(expected).max())


@KINDS
def test_a_ring_of_50_components_is_solved_though_their_gains_multiply(kind):
    gains = np.where(np.arange(50) % 2, 3.0, -2.0)
    parts = [kind(lambda t, u, k=k: k * u + 1.0, name=f"c{index}") for index, k in enumerate(gains)]
    signals = initialized(parts, [f"c{index}.y -> c{(index + 1) % 50}.u" for index in range(50)])
    for index, k in enumerate(gains):
        before = value(signals, f"c{index - 1 if index else 49}.y")
        assert value(signals, f"c{index}.y") == pytest.approx(k * before + 1.0, rel=1e-9)


@KINDS
@pytest.mark.parametrize("nominals", [True, False])
def test_a_badly_scaled_loop_is_solved_in_every_variable(kind, nominals):
    """a = 1e-9 (3 - 1e-6 b), b = 1e6 (1 + 1e9 a / 4): the solution is a = 2.5e-9 ... in linear algebra."""
    sizes = {"a": {"nominal": 1e-9}, "b": {"nominal": 1e6}} if nominals else {"a": {}, "b": {}}
    one = kind(
        lambda t, u: 1e-9 * (3.0 - 1e-6 * u),
        name="one",
        inputs=[an_input(**sizes["b"])],
        outputs=[an_output(**sizes["a"])],
    )
    other = kind(
        lambda t, u: 1e6 * (1.0 + 1e9 * u / 4.0),
        name="other",
        inputs=[an_input(**sizes["a"])],
        outputs=[an_output(**sizes["b"])],
    )
    signals = initialized([one, other], ["one.y -> other.u", "other.y -> one.u"])
    assert value(signals, "one.y") == pytest.approx(1.6e-9, rel=1e-9)
    assert value(signals, "other.y") == pytest.approx(1.4e6, rel=1e-9)


def _between_scales(kind, gain, size=1e6):
    """a = gain 1e-15 b, b = 1e15 a + c: nothing tells how large a and b are where c = 0 and both start with 0."""
    return [
        kind(lambda t, u: gain * 1e-9 / size * u, name="one"),
        kind(lambda t, u: size / 1e-9 * u, name="other"),
    ]


@KINDS
@pytest.mark.parametrize("gain", [0.5, -2.0, 1.001])
def test_a_badly_scaled_loop_that_starts_at_its_solution_0_is_not_called_singular(kind, gain):
    signals = initialized(_between_scales(kind, gain), ["one.y -> other.u", "other.y -> one.u"])
    assert value(signals, "one.y") == 0.0
    assert value(signals, "other.y") == 0.0


@KINDS
def test_a_badly_scaled_loop_that_is_singular_is_refused_also_at_0(kind):
    with pytest.raises(InitializationError, match="the Jacobian is singular"):
        initialized(_between_scales(kind, 1.0), ["one.y -> other.u", "other.y -> one.u"])


@KINDS
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("still", [False, True])
def test_random_loops_over_15_orders_of_magnitude_need_no_nominals(kind, seed, still):
    random = np.random.default_rng(seed)
    size = np.array([1e-9, 1e6, 1.0, *10.0 ** random.choice([-6.0, -3.0, 3.0], 2)])
    matrix, constant = random.normal(size=(5, 5)), np.zeros(5) if still else random.normal(size=5)
    scaled = size[:, np.newaxis] * matrix / size
    parts, connections, owners = _linear(kind, scaled, size * constant, [1] * 5)
    signals = initialized(parts, connections)
    found = np.array([value(signals, owner)[0] for owner in owners]) / size
    expected = np.linalg.solve(np.eye(5) - matrix, constant)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9 * np.abs(expected).max())


def test_a_step_that_would_leave_the_bounds_is_cut():
    """u = ln(u) + 2 from u = 0.02: Newton's first step goes below 0, where there is no logarithm."""
    one = FunctionInstance(
        lambda t, u: np.log(u) + 2.0 if u[0] > 0.0 else pytest.fail("outside"),
        name="one",
        inputs=[an_input(start=4.0, minimum=1e-3, maximum=5.0)],
    )
    other = FunctionInstance(lambda t, u: u, name="other", inputs=[an_input(start=1.05, minimum=1e-3)])
    signals = initialized([one, other], ["one.y -> other.u", "other.y -> one.u"])
    u = value(signals, "one.u")[0]
    assert u == pytest.approx(np.log(u) + 2.0, rel=1e-9)


def test_a_solution_outside_of_the_bounds_is_none():
    parts = published(FunctionInstance, minimum=1.0)
    with pytest.raises(InitializationError) as caught:
        initialized(parts, RING)
    text = str(caught.value)
    assert "'straight.x2 -> quadratic.x2' came to a bound" in text
    assert "; residuals in units of the nominal values: " in text
    assert "straight.x2 -> quadratic.x2: 0." in text
    assert text.endswith("give start values nearer to the solution")


@KINDS
def test_what_a_loop_leaves_open_is_named(kind):
    """y = u, u = y holds for every value."""
    parts = [kind(lambda t, u: u, name=name) for name in ("one", "other")]
    with pytest.raises(InitializationError) as caught:
        initialized(parts, ["one.y -> other.u", "other.y -> one.u"])
    assert "a change of 'one.y -> other.u', 'other.y -> one.u' changes nothing" in str(caught.value)
    assert "'delay: true'" in str(caught.value)


def test_a_loop_without_a_solution_is_an_error_with_its_residuals():
    """u = u^2 + 1 has no real solution."""
    one = FunctionInstance(lambda t, u: u**2 + 1.0, name="one", inputs=[an_input(start=3.0)])
    other = FunctionInstance(lambda t, u: u, name="other", inputs=[an_input(start=3.0)])
    with pytest.raises(InitializationError, match=r"has no solution that was found at t = 0 s after \d+ iterations"):
        initialized([one, other], ["one.y -> other.u", "other.y -> one.u"])


def test_too_few_iterations_are_told_with_the_remedy():
    with pytest.raises(InitializationError, match="or raise its max_iterations"):
        initialized(published(FunctionInstance), RING, initialization={"max_iterations": 1})


def test_loops_behind_each_other_are_solved_in_their_order():
    """u = u / 2 + 1 gives 2; the next loop adds that: v = v / 2 + 2 gives 4."""
    half = [FunctionInstance(lambda t, u: u / 2.0 + 1.0, name="a"), FunctionInstance(lambda t, u: u, name="b")]
    sum_of = FunctionInstance(
        lambda t, u: u[:1] / 2.0 + u[1:], name="c", inputs=[an_input("v"), an_input("w")], outputs=[an_output()]
    )
    last = FunctionInstance(lambda t, u: u, name="d")
    connections = ["a.y -> b.u", "b.y -> a.u", "b.y -> c.w", "c.y -> d.u", "d.y -> c.v"]
    signals = initialized([last, sum_of, *half], connections)
    assert value(signals, "c.y") == pytest.approx(4.0)
    assert value(signals, "c.w") == pytest.approx(2.0)


def test_a_loop_between_elements_of_arrays_is_solved():
    """y1 = 2, y2 = u2 + 1 and u2 = -y2 beside an element from outside of the loop."""
    one = FunctionInstance(
        lambda t, u: [2.0 * u[0], u[1] + 1.0],
        name="one",
        inputs=[an_input(start=[1.0, 0.0], size=2)],
        outputs=[an_output(size=2)],
    )
    other = FunctionInstance(lambda t, u: -u, name="other")
    source = FunctionInstance(lambda t, u: [3.0], name="source", inputs=())
    connections = ["one.y[2] -> other.u", "other.y -> one.u[2]", "source.y -> one.u[1]"]
    signals = initialized([one, other, source], connections)
    np.testing.assert_allclose(value(signals, "one.y"), [6.0, 0.5], rtol=1e-10)


KELVIN = Unit("K", (0, 0, 0, 0, 1, 0, 0, 0))
CELSIUS = Unit("degC", (0, 0, 0, 0, 1, 0, 0, 0), 1.0, 273.15)
FAHRENHEIT = Unit("degF", (0, 0, 0, 0, 1, 0, 0, 0), 5.0 / 9.0, 459.67 * 5.0 / 9.0)


@KINDS
def test_units_with_an_offset_hold_on_a_loop(kind):
    """T = 0.5 T[K] + 100 in K; the other hands degrees Fahrenheit on that it got in degrees Celsius."""
    one = kind(
        lambda t, u: 0.5 * u + 100.0,
        name="one",
        inputs=[an_input(unit=KELVIN, start=300.0)],
        outputs=[an_output(unit=KELVIN)],
    )
    other = kind(
        lambda t, u: u * 1.8 + 32.0,
        name="other",
        inputs=[an_input(unit=CELSIUS, start=20.0)],
        outputs=[an_output(unit=FAHRENHEIT)],
    )
    signals = initialized([one, other], ["one.y -> other.u", "other.y -> one.u"])
    assert value(signals, "one.y") == pytest.approx(200.0, rel=1e-10)
    assert value(signals, "other.u") == pytest.approx(200.0 - 273.15, rel=1e-10)


def test_a_transformation_on_a_loop_counts():
    parts = [FunctionInstance(lambda t, u: u, name=name) for name in ("one", "other")]
    connections = [{"connect": "one.y -> other.u", "factor": 0.5, "offset": 1.0}, "other.y -> one.u"]
    assert value(initialized(parts, connections), "one.y") == pytest.approx(2.0)


def test_one_output_that_feeds_several_inputs_is_one_unknown():
    """y = 6 / (1 + 1) and the like: three components get the same output."""
    one = FunctionInstance(
        lambda t, u: 6.0 - u.sum(), name="one", inputs=[an_input(f"u{i}") for i in range(3)], outputs=[an_output()]
    )
    others = [FunctionInstance(lambda t, u: u / 3.0, name=f"c{i}") for i in range(3)]
    connections = [link for i in range(3) for link in (f"one.y -> c{i}.u", f"c{i}.y -> one.u{i}")]
    assert value(initialized([one, *others], connections), "one.y") == pytest.approx(3.0)


def test_values_that_are_no_numbers_pass_around_a_loop_until_they_rest():
    """A relay switches on below 2, and what it switches adds 1 to the 0.5 that are there."""
    relay = FunctionInstance(lambda t, u: u < 2.0, name="relay", outputs=[an_output("on", storage=Storage.BOOLEAN)])
    plant = FunctionInstance(
        lambda t, u: 0.5 + u, name="plant", inputs=[an_input("on", storage=Storage.BOOLEAN, start=0)]
    )
    signals = initialized([relay, plant], ["relay.on -> plant.on", "plant.y -> relay.u"])
    assert value(signals, "plant.y") == [1.5]


def test_values_that_do_not_rest_are_named():
    flip = FunctionInstance(lambda t, u: u < 1.0, name="flip", outputs=[an_output("on", storage=Storage.BOOLEAN)])
    level = FunctionInstance(
        lambda t, u: 2.0 * u, name="level", inputs=[an_input("on", storage=Storage.BOOLEAN, start=0)]
    )
    with pytest.raises(InitializationError, match=r"'level\.on' of a loop did not come to rest at t = 0 s"):
        initialized([flip, level], ["flip.on -> level.on", "level.y -> flip.u"])


def test_a_connection_with_a_delay_starts_with_the_start_value_of_its_destination():
    one = FunctionInstance(lambda t, u: 2.0 * u + 1.0, name="one", inputs=[an_input(start=5.0)])
    other = FunctionInstance(lambda t, u: u, name="other")
    connections = ["one.y -> other.u", {"connect": "other.y -> one.u", "delay": True}]
    signals = initialized([one, other], connections, algorithm="gauss_seidel")
    assert value(signals, "one.u") == [5.0]
    assert value(signals, "other.y") == [11.0]


def test_without_an_algorithm_that_iterates_a_loop_is_refused_before():
    with pytest.raises(AlgebraicLoopError, match="choose 'algorithm: iterative'"):
        simulation(published(FunctionInstance), RING, algorithm="gauss_seidel")


def test_a_component_that_fails_on_a_loop_is_named():
    parts = published(FunctionInstance)
    parts[1].faults = Faults(fail_in=frozenset({"get"}))
    with pytest.raises(InitializationError, match="'straight' failed at t = 0 s: out of order") as caught:
        initialized(parts, RING)
    assert caught.value.component == "straight"


def test_an_output_that_is_not_finite_on_a_loop_is_named():
    parts = published(FunctionInstance, x1=4.0, x2=9.0)
    with (
        np.errstate(invalid="ignore"),
        pytest.raises(InitializationError, match=r"'quadratic\.x1 -> straight\.x1' has a value"),
    ):
        initialized(parts, RING)


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 3), min_size=2, max_size=5),
    seed=st.integers(0, 2**32 - 1),
    magnitude=st.sampled_from([1e-9, 1.0, 1e6]),
)
def test_random_affine_loops_have_the_solution_of_linear_algebra(sizes, seed, magnitude):
    random = np.random.default_rng(seed)
    count = sum(sizes)
    matrix, constant = random.normal(size=(count, count)), magnitude * random.normal(size=count)
    system = np.eye(count) - matrix
    condition = np.linalg.cond(system)
    if condition > 1e4:
        return
    parts, connections, owners = _linear(FunctionInstance, matrix, constant, sizes)
    signals = initialized(parts, connections)
    found = np.array([value(signals, owner)[0] for owner in owners])
    expected = np.linalg.solve(system, constant)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * condition * np.abs(expected).max())
