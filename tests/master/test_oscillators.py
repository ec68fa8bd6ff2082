"""Oscillators cut in two: the two-mass oscillator against its exact solution, and the energy of x' = v, v' = -x."""

from math import exp, log

import numpy as np
import pytest

from cotwin import open_simulation
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.textbook import MASSES, two_mass

STOP = 1.0


def error(split, h, kind="co_simulation", **changes):
    """Largest distance to the exact displacements and velocities at the stop."""
    described = two_mass(split, h, stop=STOP, **changes)
    parts = {name: part.model_copy(update={"kind": kind}) for name, part in described.components.items()}
    with open_simulation(described.model_copy(update={"components": parts})) as run:
        run.run()
        found = np.array([run[f"{part}.{name}"] for part in ("one", "two") for name in ("x", "v")])
    return np.abs(found - MASSES.at([STOP])[0]).max()


def fall(split, h=0.01, **changes):
    """error(h) / error(h / 2)."""
    return error(split, h, **changes) / error(split, h / 2, **changes)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("split", ["force", "displacement"])
def test_two_masses_coupled_explicitly_err_by_the_step_size(split, algorithm):
    assert fall(split, algorithm=algorithm) == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(("split", "kind"), [("displacement", "co_simulation"), ("force", "model_exchange")])
def test_two_masses_on_lines_err_by_its_square(split, kind, algorithm):
    """Where a force that flows on depends directly on what is held, only inputs that follow the lines do."""
    changes = {"algorithm": algorithm, "kind": kind, "extrapolation": {"order": 1}}
    assert fall(split, **changes) == pytest.approx(4.0, rel=0.2)


def test_two_masses_in_a_solved_loop_on_parabolas_err_by_the_cube_of_the_step_size():
    changes = {"algorithm": "iterative", "loops": {"tolerance": 1e-10}, "extrapolation": {"order": 2}}
    assert fall("force", h=0.1, kind="model_exchange", **changes) == pytest.approx(8.0, rel=0.2)


def energy(algorithm, steps, h):
    """(x^2 + v^2) / 2 after so many steps from (1, 0), with explicit Euler steps inside: exact doubles."""

    def part(name, rate, start):
        return FunctionInstance(
            lambda t, u, x: x, name=name, step=lambda t, h, u, x: x + h * rate * u, state=[start], strict=False
        )

    wires = ["v.y -> x.u", "x.y -> v.u"]
    instances = [part("x", 1.0, 1.0), part("v", -1.0, 0.0)]
    worst = 0.0
    with simulation(instances, wires, step_size=h, stop=steps * h, algorithm=algorithm) as run:
        run.initialize()
        while not run.ended:
            run.run(min(run.time + 1000 * h, steps * h))
            x, v = instances[0].x[0], instances[1].x[0]
            worst = max(worst, abs((x * x + v * v) - 1.0) / 2.0)
    return (x * x + v * v) / 2.0, worst


def test_jacobi_makes_energy_by_one_plus_h_squared_in_each_step():
    steps, h = 100_000, 0.01
    found, _ = energy("jacobi", steps, h)
    assert log(2.0 * found) == pytest.approx(steps * log(1.0 + h * h), rel=1e-10)
    assert found == pytest.approx(0.5 * exp(steps * log(1.0 + h * h)), rel=1e-9)


def test_gauss_seidel_keeps_energy_within_half_the_step_size():
    steps, h = 100_000, 0.01
    _, worst = energy("gauss_seidel", steps, h)
    assert worst <= 1.01 * h / 2.0
