"""Jacobi and Gauss-Seidel against exact solutions."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.linalg import expm

from orchestrator.errors import StepError
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, an_input, an_output

H = 0.01

ALGORITHMS = ["jacobi", "gauss_seidel"]


def _oscillator(h: float) -> list[FunctionInstance]:
    """x' = v | v' = -x, each integrated by explicit Euler over its macro step."""
    position = FunctionInstance(lambda t, u, x: x, name="position", step=lambda t, h, u, x: x + h * u, state=[1.0])
    velocity = FunctionInstance(lambda t, u, x: x, name="velocity", step=lambda t, h, u, x: x - h * u, state=[0.0])
    return [position, velocity]


def _energies(algorithm: str, steps: int) -> np.ndarray:
    memory = Memory()
    connections = ["position.y -> velocity.u", "velocity.y -> position.u"]
    with simulation(
        _oscillator(H), connections, stop=steps * H, step_size=H, algorithm=algorithm, observers=[memory]
    ) as run:
        run.run()
    return 0.5 * (memory.of("position", "y") ** 2 + memory.of("velocity", "y") ** 2)[:, 0]


def test_the_energy_of_jacobi_grows_by_one_plus_h_squared_in_every_step() -> None:
    energies = _energies("jacobi", 1000)
    expected = 0.5 * (1.0 + H**2) ** np.arange(1001)
    np.testing.assert_allclose(energies, expected, rtol=1e-11)


def test_the_energy_of_gauss_seidel_stays_within_half_a_step() -> None:
    energies = _energies("gauss_seidel", 10_000)
    assert np.abs(energies / 0.5 - 1.0).max() <= 1.01 * H / 2.0
    assert np.abs(energies / 0.5 - 1.0).max() > 0.9 * H / 2.0  # it is bounded, not zero


def _exact_first_order(a: float) -> Callable[..., np.ndarray]:
    """x' = a x + u with u held: exact over a step, so that the coupling error alone remains."""
    return lambda t, h, u, x: math.exp(a * h) * x + u * math.expm1(a * h) / a


def _coupled_error(algorithm: str, h: float) -> float:
    """x1' = -x1 + x2, x2' = -3 x2 + 0.5 x1 from (1, 2), error at t = 2 against expm."""
    one = FunctionInstance(lambda t, u, x: x, name="one", step=_exact_first_order(-1.0), state=[1.0])
    two = FunctionInstance(lambda t, u, x: 0.5 * x, name="two", step=_exact_first_order(-3.0), state=[2.0])
    one.function = lambda t, u, x: 0.5 * x
    two.function = lambda t, u, x: x
    with simulation(
        [one, two], ["one.y -> two.u", "two.y -> one.u"], stop=2.0, step_size=h, algorithm=algorithm
    ) as run:
        run.run()
    exact = expm(2.0 * np.array([[-1.0, 1.0], [0.5, -3.0]])) @ [1.0, 2.0]
    return float(np.abs([one.x[0], two.x[0]] - exact).max())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_coupling_error_is_of_order_one(algorithm: str) -> None:
    errors = [_coupled_error(algorithm, h) for h in (0.02, 0.01, 0.005)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.05)


def test_gauss_seidel_hands_the_newest_value_down_a_chain_and_jacobi_the_last() -> None:
    ends = {}
    for algorithm in ALGORITHMS:
        clock = FunctionInstance(lambda t, u: [t], name="clock", inputs=())
        double = FunctionInstance(lambda t, u: 2.0 * u, name="double")
        memory = Memory()
        with simulation([double, clock], ["clock.y -> double.u"], algorithm=algorithm, observers=[memory]) as run:
            run.run()
        ends[algorithm] = memory.of("double", "y")[:, 0]
    times = np.array([0.1 * k for k in range(10)] + [1.0])
    np.testing.assert_allclose(ends["gauss_seidel"], 2.0 * times, rtol=1e-14)
    np.testing.assert_allclose(ends["jacobi"], 2.0 * np.concatenate([[0.0], times[:-1]]), rtol=1e-14)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_outputs_are_stamped_with_the_time_at_which_they_are_valid(algorithm: str) -> None:
    clock = FunctionInstance(lambda t, u: [t], name="clock", inputs=())
    memory = Memory()
    with simulation([clock], stop=10.0, step_size=0.001, algorithm=algorithm, observers=[memory]) as run:
        run.run()
    assert len(memory.rows) == 10_001
    np.testing.assert_allclose(memory.of("clock", "y")[:, 0], memory.times, rtol=0, atol=1e-12)


def test_the_result_of_jacobi_does_not_depend_on_the_order_of_the_components() -> None:
    def run(order: int) -> list[np.ndarray]:
        doubles = _oscillator(H)[::order]
        memory = Memory()
        connections = ["position.y -> velocity.u", "velocity.y -> position.u"]
        with simulation(doubles, connections, step_size=H, algorithm="jacobi", observers=[memory]) as simulated:
            simulated.run()
        return [memory.of(name, "y") for name in ("position", "velocity")]

    np.testing.assert_array_equal(run(1), run(-1))


FAULTS = {
    "discard": (Faults(discard_at=0.5), "refused its step"),
    "early return": (Faults(early_at=0.5), "returned early"),
    "exception": (Faults(fail_at=0.5), "out of order"),
    "NaN": (Faults(nan_at=0.6), r"'faulty\.y' is nan at t = 0\.6 s"),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_failed_step_names_component_and_time_and_keeps_the_last_values(algorithm: str, fault: str) -> None:
    faults, message = FAULTS[fault]
    clock = FunctionInstance(lambda t, u: [t], name="clock", inputs=())
    faulty = FunctionInstance(lambda t, u: 2.0 * u, name="faulty", faults=faults)
    memory = Memory()
    with simulation([clock, faulty], ["clock.y -> faulty.u"], algorithm=algorithm, observers=[memory]) as run:
        with pytest.raises(StepError, match=message) as caught:
            run.run()
        assert run.time == 0.5
        assert run["clock.y"] == pytest.approx(0.5, abs=1e-15)
    assert caught.value.component == "faulty"
    assert caught.value.time == pytest.approx(0.6 if fault == "NaN" else 0.5)
    assert memory.times == [0.1 * k for k in range(6)]
    assert memory.ends == [caught.value]
    assert clock.closed
    assert faulty.closed
    assert "terminate" in clock.calls
    assert "terminate" not in faulty.calls


def test_the_element_of_an_array_that_is_not_finite_is_named() -> None:
    zones = FunctionInstance(
        lambda t, u: [1.0, 2.0, np.inf if t > 0.25 else 3.0], name="zones", inputs=(), outputs=[an_output("S", size=3)]
    )
    with simulation([zones]) as run, pytest.raises(StepError, match=r"'zones\.S\[3\]' is inf at t = 0\.3 s"):
        run.run()


def test_integers_reach_real_inputs_as_numbers() -> None:
    count = FunctionInstance(
        lambda t, u: [round(10 * t)], name="count", inputs=(), outputs=[an_output(storage="int64")]
    )
    double = FunctionInstance(lambda t, u: 2.0 * u, name="double", inputs=[an_input()])
    with simulation([count, double], ["count.y -> double.u"]) as run:
        run.run()
        assert run["double.y"] == 20.0
