"""Structural parameters: given before anything else, the sizes of arrays follow."""

import numpy as np
import pytest

from cotwin import open_simulation, read_system
from orchestrator.errors import DescriptionError
from orchestrator.fmi.opening import open_component
from orchestrator.fmi.structure import read_component
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Component
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="the kit needs a C compiler")

THREE = {"n": 3, "m": 1, "r": 3}


def component(kind="co_simulation", **parameters):
    return Component(source=kit_fmu("StateSpace", "3.0", kind), parameters=parameters)


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


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
def test_a_rotation_in_space_runs_with_three_states_instead_of_two(kind, tmp_path):
    """x' = A x with a rotation about the third axis: x(t) = (cos t, -sin t, 1)."""
    text = f"""
name: rotation
components:
  space:
    source: {kit_fmu("StateSpace", "3.0", kind)}
    kind: {kind}
    parameters:
      n: 3
      m: 1
      r: 3
      A: [0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
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
        results = simulation.run()
    exact = np.stack([np.cos(results.times), -np.sin(results.times), np.ones_like(results.times)], axis=1)
    np.testing.assert_allclose(results.array("space.y"), exact, atol=2e-3)


@pytest.mark.parametrize("value", [2.5, True, -1, "3"])
def test_an_impossible_size_is_refused_before_anything_is_opened(value):
    with pytest.raises(DescriptionError, match="the structural parameter 'n' cannot be") as caught:
        open_component("space", component(n=value))
    assert repr(value) in str(caught.value)
