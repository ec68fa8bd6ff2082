"""How outputs follow inputs, as an FMU tells it through the seam."""

import numpy as np
import pytest

from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle, Instance, directional_derivatives
from orchestrator.realtime.metering import Meter
from orchestrator.system.description import Component
from tests.plants import fmu

A = np.array([[-2.0, 0.5], [0.25, 3.0]])


def _bundle(instance: Instance, name: str) -> Bundle:
    """An array of FMI 3.0, or its scalars of FMI 2.0."""
    return Bundle.of([each for each in instance.connectors if each.name.partition("[")[0] == name])


def _column(instance: Instance, seed: list[float]) -> np.ndarray:
    derivatives = directional_derivatives(instance)
    assert derivatives is not None
    result = np.zeros(2)
    derivatives.multiply(_bundle(instance, "y"), _bundle(instance, "u"), np.array(seed), result)
    return result


@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
@pytest.mark.parametrize("metered", [False, True])
@pytest.mark.parametrize("version", [2, 3])
def test_derivatives_of_outputs_by_inputs_are_the_feedthrough_at_the_start_and_after_a_step(version, metered, kind):
    instance = open_component("it", Component(source=fmu("affine", version), kind=kind))
    stepped = Meter(instance) if metered else instance
    try:
        instance.set(_bundle(instance, "D"), A.ravel())
        instance.enter_initialization(0.0, None, None)
        assert _column(stepped, [1.0, 0.0]) == pytest.approx(A[:, 0], rel=1e-14)
        instance.exit_initialization()
        instance.do_step(0.0, 0.5)
        assert _column(stepped, [1.0, -2.0]) == pytest.approx(A @ [1.0, -2.0], rel=1e-14)
    finally:
        instance.close()
