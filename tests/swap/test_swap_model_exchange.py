"""A swap whose FMU is Model Exchange: its solver starts anew at the hand-over back, from the states it is handed."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import FmuImportError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle
from orchestrator.swap import Mode, SwapInstance
from orchestrator.system.description import Component, Swap
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")

POLICY = Swap(surrogate=Path("x.surrogate"), to_surrogate_at=0.5, back_at=1.2, shadow=2, force=True)


def opened(model, kind, **more):
    source = kit_fmu(model, "3.0", kind, **more)
    return open_component("plant", Component(source=source, kind=kind))


def trajectory(swap, u=None, steps=20, h=0.1):
    """Outputs over steps in which the input is u(k); the modes at their ends."""
    by_name = {connector.name: connector for connector in swap.connectors}
    y, value = Bundle.of([by_name["y" if "y" in by_name else "x"]]), np.empty(1)
    swap.enter_initialization(0.0, None, 1e-10)
    swap.exit_initialization()
    values, modes = [], []
    for k in range(steps):
        if u is not None:
            swap.set(Bundle.of([by_name["u"]]), np.array([u(k)]))
        swap.do_step(k * h, h)
        swap.get(y, value)
        values.append(float(value[0]))
        modes.append(swap.mode)
    return values, modes


@pytest.fixture
def swap():
    opened_swaps = []

    def make(model):
        # the same model as Co-Simulation takes the part of the surrogate, with fixed steps of its own
        one = SwapInstance(opened(model, "model_exchange"), opened(model, "co_simulation"), POLICY, lambda: 0.0)
        opened_swaps.append(one)
        return one

    yield make
    for one in opened_swaps:
        one.close()


def test_an_integral_of_inputs_that_change_at_every_step_goes_through_both_hand_overs(swap):
    inputs = np.cos(np.arange(20.0))
    values, modes = trajectory(swap("Integrator"), lambda k: inputs[k])
    assert {*modes} == set(Mode)
    assert values == pytest.approx(np.cumsum(0.1 * inputs), abs=1e-9)


def test_a_decay_is_continued_by_the_solver_from_the_states_of_the_surrogate(swap):
    one = swap("Dahlquist")
    values, modes = trajectory(one)
    assert modes[-1] is Mode.FMU
    assert [hand_over.newcomer for hand_over in one.report.hand_overs] == ["surrogate", "fmu"]
    assert one.report.hand_overs[1].way == "continuous_states"
    # the stand-in has steps of 1 ms of first order, the solver a tolerance of 1e-10
    assert values == pytest.approx(np.exp(-0.1 * np.arange(1, 21)), rel=1e-3)
    after = modes.index(Mode.FMU, modes.index(Mode.SURROGATE))
    decay = np.array(values[after + 1 :]) / np.array(values[after:-1])
    assert decay == pytest.approx(np.exp(-0.1), rel=1e-8)


def test_a_clock_of_an_fmu_with_a_swap_is_refused_by_name():
    source = kit_fmu("Clocks", "3.0", "co_simulation")
    with pytest.raises(FmuImportError, match=r"clock 'tick' of 'plant'.*its surrogate.*Leave swap out"):
        open_component("plant", Component(source=source, swap=POLICY))
