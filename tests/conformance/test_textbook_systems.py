"""Coupled textbook FMUs against the exact solutions of the wholes."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import cotwin
from plant_models.textbook.exact import (
    TwoMass,
    controlled,
    harmonic,
    held_step,
    lotka_volterra,
    lotka_volterra_invariant,
)
from tests import textbook
from tests.plants import ROOT, fmu

ALGORITHMS = ("jacobi", "gauss_seidel")
MASSES = TwoMass(m=(1.0, 2.0), c=(1.0, 3.0), d=(0.1, 0.2), x=(1.0, -0.5), v=(0.0, 0.3))


def ends(system: cotwin.SystemDescription, *names: str) -> np.ndarray:
    with cotwin.open_simulation(system) as run:
        run.run()
        return np.array([run[name] for name in names])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("split", ["force", "displacement"])
def test_two_masses_in_two_fmus_are_off_by_order_one(split: str, algorithm: str) -> None:
    exact = MASSES.at(2.0)[0]

    def error(h: float) -> float:
        system = textbook.two_mass(split, h, stop=2.0, masses=MASSES, algorithm=algorithm)
        return float(np.abs(ends(system, "one.x", "one.v", "two.x", "two.v") - exact).max())

    coarse, fine = error(0.002), error(0.001)
    assert coarse / fine == pytest.approx(2.0, rel=0.05)
    assert fine < 2e-2


def test_the_energy_of_two_integrators_under_jacobi_grows_by_one_plus_h_squared_in_every_step() -> None:
    h, steps = 0.01, 1000
    x, v = ends(textbook.harmonic(h, stop=h * steps, algorithm="jacobi"), "position.x", "velocity.x")
    assert x**2 + v**2 == pytest.approx((1 + h**2) ** steps, rel=1e-11)
    assert [x, v] == pytest.approx(harmonic(h * steps)[0], abs=0.06)


def test_the_control_loop_is_followed_within_its_band_and_a_step() -> None:
    h = 1e-3
    for components in (3, 4):
        system = textbook.control_loop(h, components=components)
        with cotwin.open_simulation(system) as run:
            results = run.run()
        x4 = results["plant.x"]
        assert np.abs(x4 - controlled(results.times)).max() <= 6 * h + 1e-5


def example(name: str) -> Path:
    path = ROOT / "examples" / f"{name}.yaml"
    for component in yaml.safe_load(path.read_text())["components"].values():
        fmu(Path(component["source"]).stem, 3)
    return path


def test_the_example_of_prey_and_predators_stays_on_its_circle() -> None:
    with cotwin.open_simulation(example("lotka_volterra")) as run:
        results = run.run()
    found = np.stack([results["prey.x"], results["predator.y"]], axis=1)
    exact = lotka_volterra(results.times)
    assert np.abs(found - exact).max() <= 0.02
    assert np.ptp(lotka_volterra_invariant(*found.T)) <= 5e-3


def test_the_example_of_the_control_loop_reaches_every_command() -> None:
    with cotwin.open_simulation(example("control_loop")) as run:
        results = run.run()
    assert np.abs(results["plant.x"] - controlled(results.times)).max() <= 0.01 + 3 * 6e-3
    assert set(np.round(results["relay.v"])) == {-6.0, 0.0, 6.0}


@pytest.mark.parametrize("version", [2, 3])
def test_an_affine_fmu_takes_its_matrices_from_a_description(version: int) -> None:
    rng = np.random.default_rng(5)
    A, B, C, D = rng.normal(size=(4, 2, 2))
    x, u = rng.normal(size=(2, 2))
    values = {name: M.ravel().tolist() for name, M in zip("ABCD", (A, B, C, D), strict=True)}
    parts = {"part": ("affine", {**values, "x": x.tolist(), "u": u.tolist()})}
    keys = {"step_size": 0.3, "experiment": {"stop": 0.6, "tolerance": 1e-10}}
    with cotwin.open_simulation(textbook.system(parts, [], version=version, **keys)) as run:
        results = run.run()
    step = held_step(A, B, 0.6)
    expected = C @ (step.state @ x + step.held @ u) + D @ u
    assert [results[f"part.y[{k}]"][-1] for k in (1, 2)] == pytest.approx(expected, abs=1e-8)
