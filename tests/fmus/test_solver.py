"""The integrator itself: order of the method and of its error estimate, elimination, tolerance."""

import math

import casadi as ca
import numpy as np
import pytest

from fmus.elimination import eliminate
from fmus.jacobian import dense_rows, jacobian
from plant_models.model import Model, Role
from tests.fmus.c_driver import compile_driver, run
from tests.fmus.harness import running


def kaps(stiffness):
    """Kaps' problem: y1 = exp(-2t), y2 = exp(-t) for any stiffness 1/eps (Dekker, Verwer 1984, p. 180)."""
    model = Model("kaps", "Nonlinear stiff problem with a smooth exact solution")
    y1 = model.state("y1", 1.0, "1", "First")
    y2 = model.state("y2", 1.0, "1", "Second")
    model.derivative("y1", -(stiffness + 2) * y1 + stiffness * y2**2)
    model.derivative("y2", y1 - y2 - y2**2)
    return model


@pytest.fixture(scope="module")
def fixed_steps(tmp_path_factory):
    """(stiffness, number of steps) -> error at t = 1, error estimates of the first step."""
    drivers = {s: compile_driver("fixed_steps", kaps(s), tmp_path_factory.mktemp("driver")) for s in (1.0, 1e6)}

    def integrate(stiffness, steps):
        numbers = np.array(run(drivers[stiffness], 1.0, steps).split(), dtype=float)
        error = np.abs(numbers[:2] - [math.exp(-2.0), math.exp(-1.0)]).max()
        return error, np.abs(numbers[2:]).max()

    return integrate


def test_the_method_is_of_order_four(fixed_steps):
    errors = [fixed_steps(1.0, n)[0] for n in (8, 16, 32, 64)]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios[-1] == pytest.approx(16.0, rel=0.05)
    assert ratios[0] == pytest.approx(16.0, rel=0.15)


def test_the_error_estimate_is_that_of_a_method_of_order_three(fixed_steps):
    """The local error of the embedded method falls with h**4."""
    estimates = [fixed_steps(1.0, n)[1] for n in (32, 64, 128)]
    assert estimates[1] / estimates[2] == pytest.approx(16.0, rel=0.1)


def test_a_stiff_problem_is_solved_with_steps_far_beyond_its_fast_time_constant(fixed_steps):
    """Steps of 1/16 against a time constant of 1e-6: still accurate, and the error falls at least as h**2."""
    errors = [fixed_steps(1e6, n)[0] for n in (16, 32, 64)]
    assert errors[0] < 1e-5
    assert errors[0] / errors[2] > 16.0


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8, 1e-10])
def test_the_error_follows_the_tolerance(fmu, tolerance):
    """A quarter of a period of the oscillator; the global error stays within a few tolerances."""
    with running(fmu("oscillator")) as instance:
        instance.initialize(tolerance=tolerance)
        instance.step(0.0, math.pi / 4)
        error = abs(instance.get("q")[0]) + abs(instance.get("v")[0] + 2.0)
        assert error < 20 * tolerance
        assert error > 1e-5 * tolerance


def test_the_tolerance_of_the_experiment_overrides_the_parameter(fmu):
    def position(**options):
        with running(fmu("oscillator")) as instance:
            instance.initialize(**options)
            instance.step(0.0, 3.0)
            return instance.get("q")[0]

    assert position(tolerance=1e-8) == position(tolerance=1e-8, solver_tolerance=1e-3)
    assert position(solver_tolerance=1e-3) != position(tolerance=1e-8)


def numeric_elimination(e, jacobian_values, shift, b):
    """What runtime/elimination.c does, with NumPy rows: factorize and substitute block by block."""
    n = len(e.order)
    factors, work = np.zeros(len(e.columns)), np.zeros(n)
    for i in range(n):
        columns = list(e.columns[e.rows[i] : e.rows[i + 1]])
        work[columns] = 0.0
        work[i] = shift
        for p in range(e.inside_rows[i], e.inside_rows[i + 1]):
            work[e.inside_columns[p]] -= jacobian_values[e.inside_nonzeros[p]]
        for p in range(e.rows[i], e.diagonals[i]):
            k = e.columns[p]
            factors[p] = work[k] / factors[e.diagonals[k]]
            for q in range(e.diagonals[k] + 1, e.rows[k + 1]):
                work[e.columns[q]] -= factors[p] * factors[q]
        factors[e.diagonals[i] : e.rows[i + 1]] = work[list(e.columns[e.diagonals[i] : e.rows[i + 1]])]
    x = np.zeros(n)
    for first, end in zip(e.blocks, e.blocks[1:], strict=False):
        for i in range(first, end):
            outside = range(e.outside_rows[i], e.outside_rows[i + 1])
            x[i] = b[e.order[i]] + sum(
                jacobian_values[e.outside_nonzeros[p]] * x[e.outside_columns[p]] for p in outside
            )
            x[i] -= sum(factors[p] * x[e.columns[p]] for p in range(e.rows[i], e.diagonals[i]))
        for i in reversed(range(first, end)):
            x[i] -= sum(factors[p] * x[e.columns[p]] for p in range(e.diagonals[i] + 1, e.rows[i + 1]))
            x[i] /= factors[e.diagonals[i]]
    solution = np.zeros(n)
    solution[list(e.order)] = x
    return solution


@pytest.mark.parametrize("seed", range(6))
def test_elimination_by_blocks_solves_what_a_dense_solver_solves(seed):
    rng = np.random.default_rng(seed)
    n = 30
    pattern = rng.random((n, n)) < (0.02, 0.04, 0.06, 0.1, 0.2, 1.0)[seed]
    matrix = np.where(pattern, rng.normal(size=(n, n)), 0.0)
    sparse = ca.sparsify(ca.DM(matrix))
    shift = 1.0 + np.abs(matrix).sum()
    b = rng.normal(size=n)
    found = numeric_elimination(eliminate(sparse.sparsity()), sparse.nonzeros(), shift, b)
    assert found == pytest.approx(np.linalg.solve(shift * np.eye(n) - matrix, b), rel=1e-10)


def test_states_that_nothing_depends_on_fill_nothing():
    """A chain of 50 states and one integral of them all: the dense row stays out of the factors."""
    chain = ca.Sparsity.banded(50, 1)
    whole = ca.vertcat(chain, ca.Sparsity.dense(1, 50))
    whole = ca.horzcat(whole, ca.Sparsity(51, 1))
    tables = eliminate(whole)
    assert len(tables.columns) == chain.nnz() + 1
    assert len(tables.outside_columns) == 50


def grid(n):
    """Diffusion on a grid with a nonlinear reaction, and two integrals over all cells."""
    model = Model("grid", "Grid")
    c = model.state("c", np.linspace(1.0, 2.0, n), "1", "Concentrations", size=n)
    total = model.state("total", 0.0, "1", "Integral")
    k = model.parameter("k", 0.3, "1/s", "Rate")
    band = ca.DM(ca.Sparsity.banded(n, 1), 1.0)
    model.derivative("c", band @ c - 3 * c - k * c**2 / (1 + c) * total)
    model.derivative("total", ca.sum1(c**2))
    return model


@pytest.mark.parametrize("unrolled", [0, 10**9])
def test_the_compressed_jacobian_is_the_jacobian(monkeypatch, unrolled):
    monkeypatch.setattr("fmus.jacobian._UNROLLED", unrolled)
    model = grid(200)
    rates = model.function("rates", Role.STATE)
    assert dense_rows(rates.jac_sparsity(0, 0)) == [200]
    at = [ca.MX.sym("a", rates.size1_in(i)) for i in range(4)]
    direct = ca.Function("direct", at, [ca.jacobian(rates(*at), at[0])])
    values = [np.array(model.starts(role)) for role in (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)]
    assert np.array(jacobian("j", rates)(*values)) == pytest.approx(np.array(direct(*values)), rel=1e-13)
