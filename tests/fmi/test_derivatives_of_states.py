"""Which variable is the time derivative of which state: ModelStructure names derivatives, these name their states."""

import pytest

from orchestrator.fmi.variables import read_model
from tests.plants import fmu


@pytest.mark.parametrize(("version", "states"), [(2, ("x[1]", "x[2]")), (3, ("x",))])
def test_a_derivative_names_its_state(version, states):
    connectors = read_model(fmu("affine", version)).connectors
    named = {connector.name: connector.derivative_of for connector in connectors if connector.derivative_of}
    assert named == {f"der({state})": state for state in states}
    assert {connector.name for connector in connectors if connector.is_state} == set(states)
