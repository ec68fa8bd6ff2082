"""Error control: steps as long as the coupling error allows, without knowledge of when something jumps."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import cotwin
from orchestrator.errors import CapabilityError, StepError
from orchestrator.instance import Capabilities
from orchestrator.master.statistics import Statistics
from orchestrator.system.connector import Variability
from orchestrator.system.description import SystemDescription
from plant_models.textbook.exact import controlled
from plant_models.textbook.exact import lotka_volterra as exact_lotka_volterra
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.test_refused_steps import reluctant
from tests.textbook import control_loop, lotka_volterra


class Ran(NamedTuple):
    memory: Memory
    statistics: Statistics

    @property
    def evaluations(self) -> int:
        """Steps of components, rejected ones too."""
        return sum(each.steps for each in self.statistics.components.values())

    def off(self, component: str, connector: str, exact: np.ndarray) -> float:
        return float(np.abs(self.memory.of(component, connector)[:, 0] - exact).max())


def run(description: SystemDescription) -> Ran:
    memory = Memory()
    with cotwin.open_simulation(description, observers=[memory]) as simulated:
        simulated.run()
        return Ran(memory, simulated.coupling.statistics)


def control(tolerance: float, **more: object) -> dict[str, object]:
    return {"step_control": {"method": "error", "tolerance": tolerance, **more}}


@pytest.mark.parametrize(
    ("step_size", "components", "most"), [(1.3, 3, 500), (0.7, 3, 550), (1.0, 3, 520), (1.3, 4, 670)]
)
def test_the_loop_that_jumps_is_followed_to_a_hundred_thousandth(step_size: float, components: int, most: int) -> None:
    """MasterSim's published figure for the like is 2,639 evaluations."""
    ran = run(control_loop(step_size, components=components, **control(2e-6)))
    assert ran.off("plant", "x", controlled(ran.memory.times)) <= 1e-5
    assert ran.evaluations <= most
    assert ran.statistics.rejected["jump"] > 0


def _end_of_a_chain(tolerance: float, **declared: Any) -> float:
    """The largest error of x in x' = u, u = sin(t): the only coupling error, in an output that goes nowhere."""
    source = FunctionInstance(lambda t, u: [np.sin(t)], name="source", inputs=())
    end = FunctionInstance(
        lambda t, u, x: x,
        name="total",
        outputs=[an_output(nominal=1.0, nominal_is_declared=True, **declared)],
        step=lambda t, h, u, x: x + h * u,
        state=[0.0],
    )
    memory = Memory()
    keys: dict[str, Any] = {"step_control": {"method": "error", "tolerance": tolerance}, "step_size": 1.0}
    with simulation([source, end], ["source.y -> total.u"], stop=6.0, observers=[memory], **keys) as run:
        run.run()
    return float(np.abs(memory.of("total", "y")[:, 0] - (1.0 - np.cos(memory.times))).max())


def test_the_last_component_of_a_chain_is_controlled_too() -> None:
    errors = [_end_of_a_chain(tolerance) for tolerance in (4e-2, 2e-2, 1e-2)]
    assert errors[0] < 4.0 * 4e-2
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.3)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.3)


def test_an_output_that_goes_nowhere_and_jumps_by_declaration_is_not_watched() -> None:
    assert _end_of_a_chain(1e-2, variability=Variability.DISCRETE) > 0.2


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel", "iterative"])
def test_the_error_is_proportional_to_the_tolerance(algorithm: str) -> None:
    errors = []
    for tolerance in (4e-3, 2e-3, 1e-3):
        ran = run(lotka_volterra(0.5, stop=4.0, algorithm=algorithm, **control(tolerance)))
        expected = exact_lotka_volterra(ran.memory.times[1:])
        errors.append(ran.off("prey", "x", np.concatenate([[1.0], expected[:, 0]])))
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.3)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.3)


def test_the_grid_is_met_exactly_and_no_step_before_it_is_tiny() -> None:
    ran = run(lotka_volterra(0.5, stop=5.0, **control(1e-3)))
    times = ran.memory.times
    assert all(0.5 * k in times for k in range(11))
    lengths = np.diff(times)
    assert (lengths[1:] > 0.4 * lengths[:-1]).all()
    assert ran.statistics.smallest_step == pytest.approx(lengths.min())
    assert ran.memory.of("master", "step_size")[1:, 0] == pytest.approx(lengths)


def test_where_nothing_is_to_be_corrected_the_steps_are_those_of_the_grid() -> None:
    clock = FunctionInstance(lambda t, u: [t], name="clock", inputs=())
    double = FunctionInstance(lambda t, u: 2.0 * u, name="double")
    memory = Memory()
    with simulation([clock, double], ["clock.y -> double.u"], observers=[memory], **control(1e-6)) as simulated:
        simulated.run()
        assert simulated.coupling.statistics.rejected == {}
    assert memory.times == [0.1 * k for k in range(10)] + [1.0]


def test_a_truth_value_that_changes_within_a_step_is_localized_where_it_matters() -> None:
    """A switch at 0.437 s; x' = 1 from then on."""

    def ramp(times: np.ndarray) -> np.ndarray:
        return np.maximum(times - 0.437, 0.0)

    for tolerance in (1e-3, 1e-5):
        switch = FunctionInstance(
            lambda t, u: [t >= 0.437], name="switch", inputs=(), outputs=[an_output(storage="boolean")]
        )
        tank = FunctionInstance(
            lambda t, u, x: x,
            name="tank",
            inputs=[an_input(storage="boolean")],
            step=lambda t, h, u, x: x + h * u,
            state=[0.0],
        )
        seen = FunctionInstance(lambda t, u: u, name="seen")
        memory = Memory()
        with simulation(
            [switch, tank, seen], ["switch.y -> tank.u", "tank.y -> seen.u"], observers=[memory], **control(tolerance)
        ) as simulated:
            simulated.run()
            steps = len(switch.steps)
        off = np.abs(memory.of("tank", "y")[:, 0] - ramp(np.array(memory.times))).max()
        assert off <= tolerance
        assert steps <= 35 + 4 * np.log2(1e-3 / tolerance) + 30


def test_smooth_outputs_do_not_jump_however_long_the_steps_are() -> None:
    """Over three orbits with an inflection of both populations every two seconds."""
    ran = run(lotka_volterra(0.5, stop=25.0, extrapolation={"order": 1}, **control(1e-3)))
    assert ran.statistics.rejected["jump"] == 0


def test_a_jump_without_effect_on_others_is_not_localized() -> None:
    saw = FunctionInstance(lambda t, u: [np.floor(7.3 * t)], name="saw", inputs=())
    seen = FunctionInstance(lambda t, u: 0.0 * u, name="seen")
    memory = Memory()
    with simulation([saw, seen], ["saw.y -> seen.u"], observers=[memory], **control(1e-6)) as simulated:
        simulated.run()
        assert simulated.coupling.statistics.macro_steps <= 20
        assert len(saw.steps) <= 80


def test_a_tolerance_that_cannot_be_met_is_an_error_with_the_output_and_both_values() -> None:
    noise = np.random.default_rng(1)
    rough = FunctionInstance(lambda t, u: [noise.normal()], name="rough", inputs=())
    seen = FunctionInstance(lambda t, u: u, name="seen")
    with (
        simulation([rough, seen], ["rough.y -> seen.u"], **control(1e-6, smallest=0.01)) as simulated,
        pytest.raises(StepError, match=r"'rough\.y': the coupling error of a step from t = "),
    ):
        simulated.run()


def test_a_component_that_takes_steps_of_one_size_only_is_refused_by_name() -> None:
    able = Capabilities(get_set_state=True, variable_step=False)
    fixed = FunctionInstance(lambda t, u: u, name="fixed", capabilities=able)
    with pytest.raises(CapabilityError, match="'fixed' takes steps of one size only"):
        simulation([fixed], **control(1e-3))


def test_a_component_that_refuses_a_step_gets_a_shorter_one_in_trials_too() -> None:
    late = reluctant(lambda t, h: h > 0.03, lambda t, h: t)
    with simulation([late], **control(1e-3)) as simulated:
        simulated.run()
        assert simulated.time == 1.0
        assert simulated.coupling.statistics.rejected["discard"] > 0
