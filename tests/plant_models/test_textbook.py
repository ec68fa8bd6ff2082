"""The textbook models against their exact solutions, and these against the equations."""

from functools import cache, partial

import casadi as ca
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from plant_models.model import Model
from plant_models.plants import Link, compose
from plant_models.plants.reference import Reference
from plant_models.textbook import TEXTBOOK
from plant_models.textbook.exact import (
    NONLINEAR_ROOT,
    TwoMass,
    controlled,
    harmonic,
    held_step,
    lotka_volterra,
    lotka_volterra_invariant,
)
from tests.plant_models.evaluation import Equations, rate_of_change

tight = partial(Reference, rtol=1e-9, atol=1e-9)

FORCE = [Link("two.F", "one.F"), Link("one.x", "two.x_other"), Link("one.v", "two.v_other")]
DISPLACEMENT = [
    Link(f"{a}.{name}", f"{b}.{name}_other") for a, b in (("one", "two"), ("two", "one")) for name in ("x", "v")
]
SPLITS = {"force": ("mass_under_force", FORCE), "displacement": ("mass_on_spring", DISPLACEMENT)}

positive = st.floats(0.1, 10)
any_number = st.floats(-3, 3)
pair = st.tuples(positive, positive)
two_masses = st.builds(
    TwoMass,
    m=pair,
    c=pair,
    d=pair,
    ck=positive,
    dk=positive,
    x=st.tuples(any_number, any_number),
    v=st.tuples(any_number, any_number),
)


@cache
def two_mass(split: str) -> Model:
    first, links = SPLITS[split]
    return compose("two_mass", {"one": TEXTBOOK[first](), "two": TEXTBOOK["mass_on_spring"]()}, links)


def values(masses: TwoMass, split: str) -> dict[str, float]:
    found = {f"two.{name}": getattr(masses, name) for name in ("ck", "dk")}
    if split == "displacement":
        found |= {f"one.{name}": getattr(masses, name) for name in ("ck", "dk")}
    for place, name in enumerate(("one", "two")):
        found |= {f"{name}.{key}": getattr(masses, key)[place] for key in ("m", "c", "d", "x", "v")}
    return found


@pytest.mark.parametrize("split", SPLITS)
@settings(deadline=None)
@given(masses=two_masses)
def test_both_splits_of_the_two_masses_are_the_same_equations(split: str, masses: TwoMass) -> None:
    found = Equations(two_mass(split)).derivatives(values(masses, split))
    start = [masses.x[0], masses.v[0], masses.x[1], masses.v[1]]
    expected = masses.matrix @ start
    names = ("one.x", "one.v", "two.x", "two.v")
    assert [found[name] for name in names] == pytest.approx(expected, rel=1e-12, abs=1e-11)


def test_the_start_values_of_the_masses_are_those_of_the_exact_solution() -> None:
    for split in SPLITS:
        found = Equations(two_mass(split)).derivatives({"one.x": 1.0})
        assert [found["one.v"], found["two.v"]] == pytest.approx(TwoMass().matrix @ [1, 0, 0, 0] @ np.eye(4)[:, [1, 3]])


def test_the_two_masses_follow_the_matrix_exponential() -> None:
    masses, times = TwoMass(), [0.5, 3.0, 6.0]
    found = tight(two_mass("force"), values(masses, "force")).at(times)
    expected = masses.at(times)
    for column, name in enumerate(("one.x", "one.v", "two.x", "two.v")):
        assert found[name] == pytest.approx(expected[:, column], abs=1e-7)
    assert found["two.F"] == pytest.approx(masses.force(expected), abs=1e-6)


def test_energy_of_the_two_masses_goes_into_the_dampers_alone() -> None:
    masses, h = TwoMass(v=(0.3, -0.4)), 1e-4
    before, now, after = masses.at([2 - h, 2.0, 2 + h])
    _, v1, _, v2 = now
    lost = masses.d[0] * v1**2 + masses.d[1] * v2**2 + masses.dk * (v2 - v1) ** 2
    energies = masses.energy(np.array([before, after]))
    assert (energies[1] - energies[0]) / (2 * h) == pytest.approx(-lost, rel=1e-6)


def test_two_integrators_oscillate() -> None:
    parts = {"position": TEXTBOOK["integrator"](), "velocity": TEXTBOOK["integrator"]()}
    model = compose("harmonic", parts, [Link("position.x", "velocity.u"), Link("velocity.x", "position.u")])
    found = tight(model, {"velocity.gain": -1.0, "position.x": 0.8, "velocity.x": 0.6}).at([1.0, 3.0, 6.0])
    expected = harmonic([1.0, 3.0, 6.0], 0.8, 0.6)
    assert np.stack([found["position.x"], found["velocity.x"]], axis=1) == pytest.approx(expected, abs=1e-7)


@cache
def populations() -> Model:
    parts = {name: TEXTBOOK[name]() for name in ("prey", "predator")}
    return compose("lotka_volterra", parts, [Link("prey.x", "predator.x"), Link("predator.y", "prey.y")])


def test_prey_and_predators_follow_the_reference_which_keeps_its_invariant() -> None:
    times = np.linspace(1.0, 40.0, 40)
    expected = lotka_volterra(times)
    kept = lotka_volterra_invariant(*expected.T)
    assert kept == pytest.approx(float(lotka_volterra_invariant(1.0, 1.0)), abs=1e-11)
    found = tight(populations(), {}).at(times[:8].tolist())
    assert np.stack([found["prey.x"], found["predator.y"]], axis=1) == pytest.approx(expected[:8], abs=1e-7)


@settings(deadline=None)
@given(st.floats(0.1, 5), st.floats(0.1, 5))
def test_the_invariant_does_not_change_along_the_equations(x: float, y: float) -> None:
    model = populations()
    s = model.symbols
    a, b, c, d = (s[name] for name in ("prey.a", "prey.b", "predator.c", "predator.d"))
    V = d * s["prey.x"] - c * ca.log(s["prey.x"]) + b * s["predator.y"] - a * ca.log(s["predator.y"])
    assert rate_of_change(model, V, {"prey.x": x, "predator.y": y}) == pytest.approx(0, abs=1e-12)
    value = ca.Function("value", ca.symvar(V), [V])
    starts = {v.name: v.starts[0] for v in model.variables} | {"prey.x": x, "predator.y": y}
    expected = float(value(*(starts[symbol.name()] for symbol in ca.symvar(V))))
    assert float(lotka_volterra_invariant(x, y)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("t", "y"), [(0.0, 0.0), (0.999, 0.0), (1.0, 2.5), (2.999, 2.5), (3.0, -2.5), (5.0, 2.5), (9, 2.5)]
)
def test_the_command_changes_at_its_times(t: float, y: float) -> None:
    assert Equations(TEXTBOOK["command"]()).outputs({"clock": t})["y"] == y


@pytest.mark.parametrize(("error", "v"), [(1.0, 6), (1.1e-5, 6), (0.9e-5, 0), (0.0, 0), (-0.9e-5, 0), (-1.1e-5, -6)])
def test_the_relay_answers_the_sign_of_the_error_outside_its_band(error: float, v: float) -> None:
    relay = Equations(TEXTBOOK["relay"]())
    assert relay.outputs({"wanted": error})["v"] == v
    assert relay.outputs({"wanted": 0.0, "found": -error})["v"] == v
    assert Equations(TEXTBOOK["difference"]()).outputs({"u1": 1.0, "u2": 1.0 - error})["y"] == pytest.approx(error)


def test_the_exact_solution_of_the_control_loop_is_the_limit_of_small_steps() -> None:
    command, relay = Equations(TEXTBOOK["command"]()), Equations(TEXTBOOK["relay"]())
    h, x4, largest = 0.0025, 0.0, 0.0
    for k in range(4000):
        wanted = command.outputs({"clock": k * h})["y"]
        x4 += h * relay.outputs({"wanted": wanted, "found": x4, "band": 6 * h})["v"]
        largest = max(largest, abs(x4 - float(controlled((k + 1) * h)[0])))
    assert 0 < largest <= 2 * 6 * h


def test_both_unknowns_of_the_nonlinear_loop_meet_at_the_published_root() -> None:
    x1, x2 = NONLINEAR_ROOT
    for name, given_value, expected in (
        ("quadratic_x1", {"x2": x2}, x1),
        ("quadratic_x2", {"x1": x1}, x2),
        ("straight_x1", {"x2": x2}, x1),
        ("straight_x2", {"x1": x1}, x2),
    ):
        solved_for = name[-2:]
        assert Equations(TEXTBOOK[name]()).outputs(given_value)[solved_for] == pytest.approx(expected, abs=5e-10)


def test_the_nonlinear_loop_starts_at_four_and_eight() -> None:
    assert Equations(TEXTBOOK["quadratic_x2"]()).outputs() == {"x2": 2.0}
    assert Equations(TEXTBOOK["quadratic_x1"]()).outputs() == {"x1": 1.0}
    assert Equations(TEXTBOOK["straight_x1"]()).outputs() == {"x1": 52.0}
    assert Equations(TEXTBOOK["straight_x2"]()).outputs() == {"x2": 0.0}


@pytest.mark.parametrize("stem", ["affine", "affine_4"])
def test_the_affine_model_takes_its_matrices_by_rows(stem: str) -> None:
    rng = np.random.default_rng(3)
    n = 4 if stem == "affine_4" else 2
    A, B, C, D = rng.normal(size=(4, n, n))
    x, u, e = rng.normal(size=(3, n))
    given_values = {name: M.ravel().tolist() for name, M in zip("ABCD", (A, B, C, D), strict=True)}
    given_values |= {"x": x.tolist(), "u": u.tolist(), "e": e.tolist()}
    model = Equations(TEXTBOOK[stem]())
    assert model.derivatives(given_values)["x"] == pytest.approx(A @ x + B @ u, rel=1e-12)
    assert model.outputs(given_values)["y"] == pytest.approx(C @ x + D @ u + e, rel=1e-12)


def test_a_step_with_held_inputs_is_the_solution_of_the_affine_model() -> None:
    rng = np.random.default_rng(4)
    A, B = rng.normal(size=(2, 2, 2))
    x, u, h = rng.normal(size=2), rng.normal(size=2), 0.7
    matrices = {"A": A.ravel().tolist(), "B": B.ravel().tolist()}
    found = tight(TEXTBOOK["affine"](), {**matrices, "x": x.tolist(), "u": u.tolist()}).at([h])["x"][0]
    step = held_step(A, B, h)
    assert step.state @ x + step.held @ u == pytest.approx(found, abs=1e-8)
    assert step.state == pytest.approx(expm(h * A))
    assert step.held == pytest.approx(np.linalg.solve(A, (expm(h * A) - np.eye(2)) @ B))


def test_a_held_step_of_an_integrator_is_explicit_although_its_matrix_is_singular() -> None:
    step = held_step(0.0, 2.0, 0.25)
    assert (step.state.item(), step.held.item()) == pytest.approx((1.0, 0.5))


def test_the_gain_has_its_offset() -> None:
    assert Equations(TEXTBOOK["gain"]()).outputs({"u": 1 / 3})["y"] == pytest.approx(1 / 3)
