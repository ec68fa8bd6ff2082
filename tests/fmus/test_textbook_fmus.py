"""The FMUs of the textbook models: valid, the same in both versions, with states to keep and exact derivatives."""

import numpy as np
import pytest
from fmpy.validation import validate_fmu

from plant_models.model import Role
from plant_models.textbook import TEXTBOOK
from plant_models.textbook.exact import TwoMass, held_step
from tests.fmus.harness import running
from tests.fmus.test_sensitivity import jacobian
from tests.plants import fmu


def names(stem: str, role: Role) -> list[str]:
    model = TEXTBOOK[stem]()
    return [v.name for v in model.of(role)]


def results(stem: str) -> list[str]:
    return names(stem, Role.STATE) + names(stem, Role.OUTPUT)


def advance(instance, stem: str, start: float) -> np.ndarray:
    """Five steps with inputs that change from step to step: every state and output after each."""
    rows = []
    for k in range(5):
        for place, name in enumerate(names(stem, Role.INPUT)):
            instance.set(name, 0.1 * (k + place + 1))
        instance.step(start + 0.25 * k, 0.25)
        rows.append(np.concatenate([instance.get(name) for name in results(stem)]))
    return np.array(rows)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("stem", TEXTBOOK)
def test_fmpy_finds_no_problem_in_a_textbook_fmu(stem, version):
    assert validate_fmu(str(fmu(stem, version))) == []


@pytest.mark.parametrize("stem", TEXTBOOK)
def test_both_versions_of_a_textbook_fmu_give_the_same_bits(stem):
    found = []
    for version in (2, 3):
        with running(fmu(stem, version)) as instance:
            instance.initialize()
            found.append(advance(instance, stem, 0.0))
    assert np.isfinite(found[0]).all()
    assert np.array_equal(*found)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("stem", TEXTBOOK)
def test_a_kept_and_a_serialized_state_of_a_textbook_fmu_go_on_alike(stem, version):
    with running(fmu(stem, version)) as one, running(fmu(stem, version)) as other:
        one.initialize()
        advance(one, stem, 0.0)
        state = one.keep()
        there = other.deserialize(one.serialize(state))
        first = advance(one, stem, 1.25)
        one.restore(state)
        other.restore(there)
        assert np.array_equal(advance(one, stem, 1.25), first)
        assert np.array_equal(advance(other, stem, 1.25), first)
        one.free(state)
        other.free(there)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("stem", [stem for stem in TEXTBOOK if names(stem, Role.INPUT) and names(stem, Role.OUTPUT)])
def test_directional_derivatives_of_a_textbook_fmu_are_those_of_its_equations(stem, version):
    expected = jacobian(TEXTBOOK[stem](), Role.OUTPUT, Role.INPUT)
    with running(fmu(stem, version)) as instance:
        instance.initialize()
        found = np.column_stack(
            [
                np.concatenate([instance.sensitivity(y, u, seed) for y in names(stem, Role.OUTPUT)])
                for u in names(stem, Role.INPUT)
                for seed in np.eye(instance.size(u))
            ]
        )
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize(
    ("stem", "output", "depends"),
    [
        ("integrator", "x", ["x"]),
        ("mass_under_force", "v", ["v"]),
        ("mass_on_spring", "x", ["x"]),
        ("mass_on_spring", "F", ["x", "v", "x_other", "v_other"]),
        ("prey", "x", ["x"]),
        ("relay", "v", ["wanted", "found"]),
        ("gain", "y", ["u"]),
    ],
)
def test_the_model_structure_says_what_feeds_through(stem, output, depends):
    with running(fmu(stem, 3)) as instance:
        (unknown,) = [one for one in instance.description.outputs if one.variable.name == output]
        assert [variable.name for variable in unknown.dependencies] == depends


def test_a_mass_that_is_pulled_by_a_held_force_takes_an_exact_step():
    masses = TwoMass(ck=0.0, dk=0.0)
    step = held_step(masses.matrix[:2, :2], [[0.0], [1.0]], 0.5)
    with running(fmu("mass_under_force", 3)) as instance:
        instance.initialize(tolerance=1e-10, x=1.0, F=0.7)
        instance.step(0.0, 0.5)
        found = [instance.get(name)[0] for name in ("x", "v")]
    assert found == pytest.approx(step.state @ [1.0, 0.0] + step.held @ [0.7], abs=1e-9)


def test_an_integrator_is_exact_over_a_step_up_to_rounding():
    with running(fmu("integrator", 3)) as instance:
        instance.initialize(u=0.3, gain=-2.0)
        for k in range(100):
            instance.step(k * 0.01, 0.01)
        assert instance.get("x")[0] == pytest.approx(-0.6, rel=1e-14)


def test_no_textbook_fmu_declares_an_event():
    for stem in TEXTBOOK:
        with running(fmu(stem, 3)) as instance:
            assert instance.description.numberOfEventIndicators in (0, None)
            assert not instance.description.coSimulation.hasEventMode
