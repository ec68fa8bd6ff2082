"""Directional derivatives of Model Exchange FMUs as the Jacobian of CVODE: exact, cheaper, and never taken on faith."""

import shutil
from contextlib import closing

import casadi as ca
import numpy as np
import pytest

from fmus.build import build
from orchestrator.errors import DescriptionError, FmuImportError, StepError
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.model_exchange_dynamics import FmuDynamics
from orchestrator.fmi.solver import address
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Solver
from plant_models.model import Model
from tests.fmi.exchange_runs import put, run, take
from tests.fmi.exchange_toys import exchange_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

NUMBER = {"fmi2": 'providesDirectionalDerivative="true"', "fmi3": 'providesDirectionalDerivatives="true"'}
SOURCES = ("directional_derivatives", "difference_quotients")
COUPLING = np.array([[-2.0, 3.0, 0.0, 1.0], [0.5, -1e4, 7.0, 0.0], [0.0, 11.0, -5.0, 2.0], [13.0, 0.0, -1.0, -0.25]])


def robertson() -> Model:
    """Robertson's reactions: rates of 0.04, 1e4 and 3e7 (Hairer and Wanner, Solving ODEs II, section IV.1)."""
    model = Model("robertson", "Three species, a stiff system")
    y1 = model.state("y1", 1.0, "1", "Species 1", visible=True)
    y2 = model.state("y2", 0.0, "1", "Species 2", nominal=1e-4, visible=True)
    y3 = model.state("y3", 0.0, "1", "Species 3", visible=True)
    first, last = 0.04 * y1 - 1e4 * y2 * y3, 3e7 * y2 * y2
    model.derivative("y1", -first)
    model.derivative("y2", first - last)
    model.derivative("y3", last)
    return model


def coupled() -> Model:
    """x' = A x with A = COUPLING, of an array of three states and a scalar one."""
    model = Model("coupled", "An array and a scalar")
    x = model.state("x", [1.0, 2.0, 3.0], "1", "States", size=3, visible=True)
    s = model.state("s", 4.0, "1", "State", visible=True)
    rates = ca.mtimes(ca.DM(COUPLING), ca.vertcat(x, s))
    model.derivative("x", rates[:3])
    model.derivative("s", rates[3])
    return model


def chain(n: int = 20) -> Model:
    """x[i]' = 1e4 (x[i-1] - 2 x[i] + x[i+1]) - x[i]^2 between walls of u and 0: stiff, with three diagonals."""
    model = Model("chain", "Diffusion and consumption")
    x = model.state("x", list(np.linspace(1.0, 2.0, n)), "1", "States", size=n, visible=True)
    u = model.input("u", 0.0, "1", "Wall")
    model.derivative(
        "x", 1e4 * (ca.mtimes(ca.sparsify(ca.DM(_diagonals(n))), x) + ca.vertcat(u, ca.DM(n - 1, 1))) - x**2
    )
    return model


def _diagonals(n):
    return np.eye(n, k=-1) - 2 * np.eye(n) + np.eye(n, k=1)


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jacobian")
    return {model.name: build(model, folder) for model in (robertson(), coupled(), chain())}


@pytest.fixture
def calls(monkeypatch):
    """How often the right-hand side and the Jacobian were asked for."""
    counts = {"derivatives": 0, "jacobian": 0}

    def counted(name):
        original = getattr(FmuDynamics, name)

        def call(*arguments):
            counts[name] += 1
            return original(*arguments)

        return call

    for name in counts:
        monkeypatch.setattr(FmuDynamics, name, counted(name))
    return counts


def started(path, *, interpreted=False, **solver):
    instance = open_exchange("it", read_model(path), Solver(**solver), interpreted=interpreted)
    instance.enter_initialization(0.0, None, None)
    instance.exit_initialization()
    return instance


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_the_matrix_is_that_of_the_equations_column_by_column(fmus, version):
    with closing(started(getattr(fmus["coupled"], version))) as instance:
        assert instance.identity["jacobian"] == "directional_derivatives"
        dynamics = instance._running._dynamics
        x, matrix = np.array([0.1, 0.2, 0.3, 0.4]), np.zeros((4, 4), order="F")
        assert dynamics.jacobian(0.0, address(x), address(matrix)) == 0
        np.testing.assert_allclose(matrix, COUPLING, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("version", "calls_of_the_fmu"), [("fmi2", 3), ("fmi3", 20)])
def test_columns_that_share_no_row_are_found_together(fmus, version, calls_of_the_fmu):
    # The ModelStructure of FMI 3.0 speaks of the array as a whole, that of FMI 2.0 of each element.
    with closing(started(getattr(fmus["chain"], version), interpreted=True)) as instance:
        jacobian, asked = instance._jacobian, []
        call, jacobian._call = jacobian._call, lambda *arguments: asked.append(0) or call(*arguments)
        x, matrix = np.linspace(0.1, 2.0, 20), np.zeros((20, 20), order="F")
        assert instance._running._dynamics.jacobian(0.0, address(x), address(matrix)) == 0
    np.testing.assert_allclose(matrix, 1e4 * _diagonals(20) - np.diag(2 * x), rtol=1e-12)
    assert len(asked) == calls_of_the_fmu


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_stiff_chain_takes_n_evaluations_less_for_each_jacobian_and_ends_the_same(fmus, calls, version):
    counts, ends = {}, {}
    for source in SOURCES:
        calls.update(derivatives=0, jacobian=0)
        with closing(
            started(getattr(fmus["chain"], version), interpreted=True, tolerance=1e-8, jacobian=source)
        ) as instance:
            run(instance, 1e-3, 4)
            ends[source] = take(instance, *(c.name for c in instance.connectors if c.is_state))
        counts[source] = dict(calls)
    np.testing.assert_allclose(ends[SOURCES[0]], integrate(1e-3), rtol=1e-6)
    np.testing.assert_allclose(ends[SOURCES[0]], ends[SOURCES[1]], rtol=1e-6)
    exact, differences = (counts[source]["derivatives"] for source in SOURCES)
    assert exact + 20 * counts[SOURCES[0]]["jacobian"] == pytest.approx(differences, rel=0.05)


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_stiff_chain_whose_input_jumps_takes_a_third_less_of_the_evaluations(fmus, calls, version):
    counts, ends = {}, {}
    for source in SOURCES:
        calls.update(derivatives=0)
        with closing(
            started(getattr(fmus["chain"], version), interpreted=True, tolerance=1e-8, jacobian=source)
        ) as instance:
            for index in range(10):
                put(instance, "u", index % 2)
                instance.do_step(index * 1e-5, 1e-5)
            ends[source] = take(instance, *(c.name for c in instance.connectors if c.is_state))
        counts[source] = calls["derivatives"]
    np.testing.assert_allclose(ends[SOURCES[0]], ends[SOURCES[1]], rtol=1e-6)
    assert counts["directional_derivatives"] < counts["difference_quotients"] * 2 / 3


def integrate(t, n=20):
    integrated = pytest.importorskip("scipy.integrate").solve_ivp(
        lambda _, x: 1e4 * _diagonals(n) @ x - x**2, (0.0, t), np.linspace(1.0, 2.0, n), "Radau", rtol=1e-10, atol=1e-12
    )
    return integrated.y[:, -1]


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_a_stiff_system_takes_fewer_evaluations_and_meets_the_published_values(fmus, calls, version):
    counts, ends = {}, {}
    for source in SOURCES:
        calls.update(derivatives=0, jacobian=0)
        with closing(
            started(getattr(fmus["robertson"], version), interpreted=True, tolerance=1e-8, jacobian=source)
        ) as instance:
            run(instance, 40.0, 4)
            ends[source] = take(instance, "y1", "y2", "y3")
        counts[source] = dict(calls)
    # SUNDIALS, Example Programs for CVODE, cvRoberts_dns: y(40), there at 1e-4.
    np.testing.assert_allclose(ends[SOURCES[0]], [0.7158, 9.185e-6, 0.2842], rtol=2e-4)
    np.testing.assert_allclose(ends[SOURCES[0]], ends[SOURCES[1]], rtol=1e-6)
    assert counts["directional_derivatives"]["jacobian"] > 0
    assert counts["difference_quotients"]["jacobian"] == 0
    assert counts["directional_derivatives"]["derivatives"] < counts["difference_quotients"]["derivatives"]


def test_a_repetition_with_the_exact_jacobian_gives_the_same_bits(fmus):
    with closing(started(fmus["robertson"].fmi3)) as instance:
        run(instance, 1.0, 2)
        state, ends = instance.save_state(), []
        for _ in range(2):
            instance.restore_state(state)
            run(instance, 4.0, 3, start=1.0)
            ends.append(take(instance, "y1", "y2", "y3").tolist())
    assert ends[0] == ends[1]


def test_an_fmu_without_directional_derivatives_gets_difference_quotients(tmp_path, version):
    path = exchange_fmu("stiff", version, tmp_path)
    with closing(started(path)) as instance:
        assert instance.identity["jacobian"] == "difference_quotients"
        instance.do_step(0.0, 1.0)
    with pytest.raises(FmuImportError, match=r"'it' asks for solver\.jacobian: directional_derivatives, but the FMU"):
        started(path, jacobian="directional_derivatives")


def test_a_derivative_that_is_refused_is_an_error_that_names_it_and_can_be_avoided(tmp_path, version):
    path = exchange_fmu("stiff", version, tmp_path, flags=NUMBER[version])
    refusal = f"'it': {version}GetDirectionalDerivative returned Error at t = 0.0"
    with closing(started(path)) as instance, pytest.raises(StepError, match=refusal):
        instance.do_step(0.0, 1.0)
    with closing(started(path, jacobian="difference_quotients")) as instance:
        instance.do_step(0.0, 1.0)


def test_a_method_that_solves_nothing_has_no_jacobian(tmp_path):
    path = exchange_fmu("stiff", "fmi3", tmp_path)
    with pytest.raises(DescriptionError, match=r"'it': solver.method rk4 has no use for a jacobian"):
        started(path, method="rk4", step=0.1, jacobian="difference_quotients")
