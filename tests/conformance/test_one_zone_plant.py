"""The plant split into FMUs against the same equations as one ODE: a 9 h batch of E. coli, Anane et al. 2017."""

from functools import cache

import numpy as np
import pytest

import cotwin
from plant_models.plants import CATALOGUE, ECOLI_CONNECTIONS, compose
from plant_models.plants.reference import Reference
from tests.plants import CONCENTRATIONS, batch_reactor

HOUR = 3600.0
ALGORITHMS = ("jacobi", "gauss_seidel")
CONSTANTS = {
    "reactor.kLa_fixed": 220.0,
    "reactor.gas_depletion": 0.0,
    "reactor.feed": 0.0,
    "metabolism.temperature_effect": 0.0,
}


@cache
def monolith(*times: float) -> dict[str, np.ndarray]:
    """Reactor and metabolism as one ODE, by SciPy's Radau at 1e-10."""
    models = {"reactor": CATALOGUE["fluid_dynamics"](), "metabolism": CATALOGUE["metabolism"]()}
    links = [
        link for link in ECOLI_CONNECTIONS if {link.source.split(".")[0], link.destination.split(".")[0]} <= set(models)
    ]
    return Reference(compose("batch_reactor", models, links), CONSTANTS).at(times)


def coupled(h: float, algorithm: str, stop: float, version: int = 3) -> cotwin.Results:
    with cotwin.open_simulation(batch_reactor(h, algorithm, stop=stop, version=version)) as simulation:
        return simulation.run()


def relative_error(results: cotwin.Results, t: float, names: tuple[str, ...] = CONCENTRATIONS) -> np.ndarray:
    exact = monolith(t)
    final = results.at(t)
    return np.array([final[f"reactor.{name}"] / exact[f"reactor.{name}"][0] - 1 for name in names])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_coupled_error_falls_with_order_one(algorithm: str) -> None:
    stop = 8 * HOUR
    errors = np.array([relative_error(coupled(h, algorithm, stop), stop) for h in (20.0, 10.0, 5.0)])
    fast = CONCENTRATIONS.index("DOT")  # kLa h reaches 1.2: the second order shows, and less of it at half the step
    assert np.delete(errors[0] / errors[1], fast) == pytest.approx(2.0, rel=0.01)
    assert np.delete(errors[1] / errors[2], fast) == pytest.approx(2.0, rel=0.01)
    assert errors[1, fast] / errors[2, fast] == pytest.approx(2.0, rel=0.05)
    assert abs(errors[1, fast] / errors[2, fast] - 2) < abs(errors[0, fast] / errors[1, fast] - 2)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_at_one_second_the_coupled_run_is_within_2e_4_of_the_monolith(algorithm: str) -> None:
    stop = 8 * HOUR
    assert np.abs(relative_error(coupled(1.0, algorithm, stop), stop)).max() <= 2e-4


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_fmi_2_and_fmi_3_builds_couple_to_the_same_trajectory(algorithm: str) -> None:
    old, new = (coupled(10.0, algorithm, HOUR, version) for version in (2, 3))
    for name in new.names:
        np.testing.assert_allclose(old[name], new[name], rtol=1e-12, atol=1e-12)


def test_what_held_inputs_cost_across_the_fmus_falls_with_order_one() -> None:
    """The cells' own account of what they took up against the reactor's: equal but for the inputs held in a step."""

    def residuals(h: float) -> np.ndarray:
        final = coupled(h, "gauss_seidel", 8 * HOUR).at(8 * HOUR)
        pairs = (
            (final["metabolism.O2_taken"], final["reactor.O2_consumed"]),
            (final["metabolism.C_glucose"] / 0.391, final["reactor.S_taken"]),
            (final["metabolism.C_biomass"] / 0.488, final["reactor.X_formed"]),
        )
        return np.array([cells / broth - 1 for cells, broth in pairs])

    coarse, fine = residuals(20.0), residuals(10.0)
    assert np.all(np.abs(coarse) < 1e-2)
    assert coarse / fine == pytest.approx(np.full(3, 2.0), rel=0.05)
