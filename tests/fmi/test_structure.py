"""Structural parameters: given before anything else, the sizes of arrays follow."""

from contextlib import closing

import numpy as np
import pytest

from cotwin import open_simulation, read_system
from orchestrator.errors import DescriptionError, FmuImportError
from orchestrator.fmi.opening import open_component
from orchestrator.fmi.structure import read_component
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle
from orchestrator.system.description import Component
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="the kit needs a C compiler")

THREE = {"n": 3, "m": 1, "r": 3}
ROTATION = [0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def component(kind="co_simulation", **parameters):
    return Component(source=kit_fmu("StateSpace", "3.0", kind), parameters=parameters)


def give(instance, **values):
    by_name = {connector.name: connector for connector in instance.connectors}
    for name, value in values.items():
        instance.set(Bundle.of([by_name[name]]), np.ravel(value).astype(float))


def taken(instance, name):
    bundle = Bundle.of([next(connector for connector in instance.connectors if connector.name == name)])
    values = np.zeros(bundle.size)
    instance.get(bundle, values)
    return values


def shapes(model):
    return {connector.name: connector.shape for connector in model.connectors}


def test_sizes_follow_from_the_structural_parameters_that_are_given():
    model = read_component(component(**THREE))
    found = shapes(model)
    assert (found["A"], found["B"], found["C"], found["u"], found["y"]) == ((3, 3), (3, 1), (3, 3), (1,), (3,))
    assert dict(model.structure) == THREE
    by_name = {connector.name: connector for connector in model.connectors}
    assert by_name["n"].start == (3,)
    assert by_name["A"].start is None
    assert shapes(read_model(model.path))["A"] == (2, 2)


def rotation(kind, tmp_path, more=""):
    """x' = A x with a rotation about the third axis: x(t) = (cos t, -sin t, 1)."""
    text = f"""
name: rotation
components:
  space:
    source: {kit_fmu("StateSpace", "3.0", kind)}
    kind: {kind}
    {more}
    parameters:
      n: 3
      m: 1
      r: 3
      A: {ROTATION}
      B: [0.0, 0.0, 0.0]
      C: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
      D: [0.0, 0.0, 0.0]
      u: [0.0]
      x: [1.0, 0.0, 1.0]
experiment: {{stop: 1, tolerance: 1.0e-8}}
step_size: 0.1
"""
    (tmp_path / "rotation.yaml").write_text(text)
    with open_simulation(read_system(tmp_path / "rotation.yaml")) as simulation:
        return simulation.run()


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
def test_a_rotation_in_space_runs_with_three_states_instead_of_two(kind, tmp_path):
    results = rotation(kind, tmp_path)
    exact = np.stack([np.cos(results.times), -np.sin(results.times), np.ones_like(results.times)], axis=1)
    np.testing.assert_allclose(results.array("space.y"), exact, atol=2e-3)


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
def test_a_process_of_its_own_takes_the_sizes_and_gives_the_same_to_the_bit(kind, tmp_path):
    far, near = rotation(kind, tmp_path, "isolation: process"), rotation(kind, tmp_path)
    assert far.array("space.y").shape == (11, 3)
    assert far.names == near.names
    assert all(np.array_equal(far[name], near[name]) for name in near.names)


def test_an_isolated_component_keeps_its_sizes_after_a_reset_and_says_them():
    def opened(isolation):
        return open_component("space", component(**THREE).model_copy(update={"isolation": isolation}))

    with closing(opened("process")) as far, closing(opened(None)) as near:
        assert far.connectors == near.connectors
        assert {c.name: c.shape for c in far.connectors}["A"] == (3, 3)
        for instance in (far, near):
            give(instance, A=ROTATION, x=[1.0, 0.0, 1.0], C=np.eye(3), u=[0.0], B=np.zeros(3), D=np.zeros(3))
            instance.enter_initialization(0.0, None, None)
            instance.exit_initialization()
            instance.restart(2.0, {"x": np.array([3.0, 4.0, 5.0])})
            instance.do_step(2.0, 0.1)
        assert np.array_equal(taken(far, "y"), taken(near, "y"))


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if "do not fit the sizes of" in record.getMessage()]


@pytest.mark.parametrize("isolation", [None, "process"])
def test_arrays_whose_start_values_fit_no_more_and_that_are_given_none_are_named_once(isolation, caplog):
    asked = component(n=3, C=[1.0] * 6, x=[0.0] * 3).model_copy(update={"isolation": isolation})
    open_component("space", asked).close()
    (text,) = warnings(caplog)
    assert "StateSpace" in text
    assert "with n = 3 the start values that it describes do not fit the sizes of A, B; the FMU chooses" in text
    assert "Give them under parameters of 'space'" in text


def test_nothing_is_said_of_arrays_that_keep_their_size_or_are_all_given(caplog):
    open_component("space", component(n=2, m=2)).close()
    arrays = {"A": [0.0] * 9, "B": [0.0] * 3, "C": [0.0] * 9, "D": [0.0] * 3, "u": [0.0], "x": [0.0] * 3}
    open_component("space", component(**THREE, **arrays)).close()
    assert warnings(caplog) == []


def test_a_size_that_is_the_described_one_keeps_the_start_values():
    model = read_component(component(n=2))
    assert not model.structure
    assert {c.name: c.start for c in model.connectors}["A"] == (0.0, 1.0, -1.0, 0.0)


def test_pyfmi_which_runs_fmi_2_is_refused_by_name_where_there_are_structural_parameters():
    asked = component(**THREE).model_copy(update={"importer": "pyfmi"})
    with pytest.raises(FmuImportError, match=r"importer: pyfmi runs FMI 2\.0 .*, 'space' would be FMI 3\.0"):
        open_component("space", asked)


@pytest.mark.parametrize("value", [2.5, True, -1, "3"])
def test_an_impossible_size_is_refused_before_anything_is_opened(value):
    with pytest.raises(DescriptionError, match="the structural parameter 'n' cannot be") as caught:
        open_component("space", component(n=value))
    assert repr(value) in str(caught.value)
