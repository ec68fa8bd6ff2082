"""Error control where a component cannot go back: no step is repeated, and the run says so."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import cotwin
from orchestrator.errors import CapabilityError
from orchestrator.instance import Capabilities
from orchestrator.master.statistics import Statistics
from orchestrator.observer import Event
from orchestrator.simulation import Simulation
from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.file import from_mapping
from plant_models.textbook.exact import lotka_volterra
from plant_models.textbook.populations import CONVERSION, DEATH, GROWTH, PREDATION
from tests.coupled import Memory, simulation
from tests.doubles import STATEFUL, FunctionInstance, an_output
from tests.kit.build import kit_fmu
from tests.master.test_refused_steps import across, reluctant

NEVER_BACK = Capabilities()


class Ran(NamedTuple):
    memory: Memory
    statistics: Statistics
    events: tuple[Event, ...]

    @property
    def times(self) -> np.ndarray:
        return np.array(self.memory.times)

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.times)

    def of(self, component: str) -> np.ndarray:
        return self.memory.of(component, "y")[:, 0]

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


def control(tolerance: float, **more: float) -> dict[str, object]:
    return {"step_control": {"method": "error", "tolerance": tolerance, **more}}


def ended(simulated: Simulation[object], memory: Memory) -> Ran:
    simulated.run()
    return Ran(memory, simulated.coupling.statistics, simulated.events)


def run(parts: Sequence[FunctionInstance], connections: Sequence[str], **more: object) -> Ran:
    memory = Memory()
    with simulation(parts, connections, observers=[memory], step_size=1.0, **more) as simulated:
        return ended(simulated, memory)


def source(function, **more):
    return FunctionInstance(lambda t, u: [function(t)], name="source", inputs=(), capabilities=NEVER_BACK, **more)


def seen():
    return FunctionInstance(lambda t, u: u, name="seen", capabilities=NEVER_BACK)


def state(name, step, start):
    return FunctionInstance(lambda t, u, x: x, name=name, step=step, state=[start], capabilities=NEVER_BACK)


def oscillator(*, able: bool = False):
    """x' = v, v' = -x from (1, 0), each exact for an input that is held."""
    x = state("x", lambda t, h, u, x: x + h * u, 1.0)
    v = state("v", lambda t, h, u, x: x - h * u, 0.0)
    if able:
        v.capabilities = Capabilities(get_set_state=True)
    return [x, v], ["x.y -> v.u", "v.y -> x.u"]


def populations():
    """Prey and predators, each exact for the other population held."""
    prey = state("prey", lambda t, h, u, x: x * np.exp((GROWTH - PREDATION * u) * h), 1.0)
    predators = state("predators", lambda t, h, u, x: x * np.exp((CONVERSION * u - DEATH) * h), 1.0)
    return [prey, predators], ["prey.y -> predators.u", "predators.y -> prey.u"]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_the_error_of_an_oscillator_is_proportional_to_the_tolerance(algorithm: str, order: int) -> None:
    errors = []
    for tolerance in (4e-2, 2e-2, 1e-2):
        ways = {"algorithm": algorithm, "extrapolation": {"order": order}}
        ran = run(*oscillator(), stop=10.0, **ways, **control(tolerance))
        errors.append(max(np.abs(ran.of("x") - np.cos(ran.times)).max(), np.abs(ran.of("v") + np.sin(ran.times)).max()))
        assert errors[-1] <= 5.0 * tolerance
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.25)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.25)


@pytest.mark.parametrize(("order", "power"), [(0, 1.0), (1, 1.0 / 2.0), (2, 1.0 / 3.0)])
def test_the_number_of_steps_follows_from_the_order_of_the_inputs(order: int, power: float) -> None:
    few, many = (
        run(*oscillator(), stop=20.0, extrapolation={"order": order}, **control(tolerance)).statistics.macro_steps
        for tolerance in (1e-2, 1e-2 / 16.0)
    )
    assert np.log(many / few) / np.log(16.0) == pytest.approx(power, abs=0.1)


def test_lotka_and_volterras_populations_follow_the_exact_ones_within_the_tolerance_by_a_factor() -> None:
    errors = []
    for tolerance in (2e-2, 1e-2, 5e-3):
        ran = run(*populations(), stop=4.0, **control(tolerance))
        exact = np.concatenate([[[1.0, 1.0]], lotka_volterra(ran.times[1:])])
        errors.append(np.abs(np.stack([ran.of("prey"), ran.of("predators")], axis=1) - exact).max())
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(2.0, rel=0.2)


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_fmus_without_a_state_to_keep_are_controlled_too(version: str) -> None:
    def description(tolerance: float) -> SystemDescription:
        integrator = {"source": str(kit_fmu("Integrator", version, "co_simulation", get_set_state=False))}
        data = {
            "name": "oscillator",
            "components": {"x": {**integrator, "parameters": {"x": 1.0}}, "v": integrator},
            "connections": ["v.y -> x.u", {"connect": "x.y -> v.u", "factor": -1.0}],
            "experiment": {"stop": 6.0},
            "step_size": 1.0,
            **control(tolerance),
        }
        return from_mapping(data, Path("/"), "test")

    errors = []
    for tolerance in (4e-2, 2e-2):
        memory = Memory()
        with cotwin.open_simulation(description(tolerance), observers=[memory]) as simulated:
            ran = ended(simulated, memory)
        errors.append(np.abs(ran.of("x") - np.cos(ran.times)).max())
        assert ran.statistics.of("x").saves == ran.statistics.of("x").restores == 0
        assert ran.statistics.rejected == {}
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


def test_the_run_says_at_its_beginning_who_cannot_go_back_and_what_that_means() -> None:
    ran = run(*oscillator(able=True), **control(1e-1))
    (event,) = ran.told("embedded_estimate")
    assert (event.t, event.component) == (0.0, "x")
    assert "embedded predictor, since 'x' cannot go back" in event.message
    assert ran.statistics.estimate in event.message


def test_steps_are_as_short_as_a_fast_transient_wants_and_long_after_it() -> None:
    """x' = 100 (u - x), exact for held inputs; u' = -x / 10: x is at rest beside u after 0.1 s."""
    fast = state("fast", lambda t, h, u, x: u + (x - u) * np.exp(-100.0 * h), 0.0)
    slow = state("slow", lambda t, h, u, x: x - 0.1 * h * u, 1.0)
    connections = ["slow.y -> fast.u", "fast.y -> slow.u"]
    ran = run([fast, slow], connections, stop=5.0, **control(1e-2, first=1e-5))
    early, late = ran.lengths[ran.times[:-1] < 0.01], ran.lengths[(ran.times[:-1] > 0.5) & (ran.times[1:] < 4.5)]
    assert early.mean() < 1e-3
    assert late.min() > 0.02
    assert ran.told("large_error") == []
    assert np.abs(ran.of("slow") - np.exp(-0.1 * ran.times)).max() < 1e-2


def test_a_step_with_a_too_large_error_stays_and_is_told_and_the_next_is_shorter() -> None:
    jump = source(lambda t: float(t >= 4.437))
    lag = state("lag", lambda t, h, u, x: u + (x - u) * np.exp(-h), 0.0)
    connections = ["source.y -> lag.u", "lag.y -> seen.u"]
    ran = run([jump, lag, seen()], connections, stop=10.0, **control(1e-2))
    (event,) = ran.told("large_error")
    assert event.t == 5.0
    assert event.message.startswith("'source.y': the inputs that it feeds were off by 1 of its scale at the end of")
    assert ran.statistics.worst_output == "source.y"
    assert (ran.statistics.worst_error, ran.statistics.worst_time) == (pytest.approx(100.0), 5.0)
    assert ran.statistics.exceeded < 10
    after = ran.lengths[np.searchsorted(ran.times, 5.0)]
    assert after == pytest.approx(0.1 * ran.lengths[np.searchsorted(ran.times, 5.0) - 1])
    # exact for the jump where it was seen, or a step before
    late = ran.times >= 6.0
    begun = 5.0 - ran.lengths[np.searchsorted(ran.times, 5.0) - 1]
    assert (ran.of("lag")[late] <= 1.0 - np.exp(-(ran.times[late] - begun)) + 1e-12).all()
    assert (ran.of("lag")[late] >= 1.0 - np.exp(-(ran.times[late] - 5.0)) - 1e-12).all()


@pytest.mark.parametrize("order", [0, 1, 2])
def test_one_jump_does_not_keep_the_steps_short(order: int) -> None:
    ran = run(
        [source(lambda t: float(t >= 3.3)), seen()],
        ["source.y -> seen.u"],
        stop=20.0,
        **control(1e-3),
        extrapolation={"order": order},
    )
    assert ran.lengths[-10:] == pytest.approx(np.ones(10))
    assert ran.statistics.macro_steps < 50


@pytest.mark.parametrize("order", [0, 1, 2])
def test_noise_that_no_step_makes_smaller_does_not_keep_the_steps_short(order: int) -> None:
    draw = np.random.default_rng(1)
    ran = run(
        [source(lambda t: draw.normal()), seen()],
        ["source.y -> seen.u"],
        stop=100.0,
        **control(1e-3),
        extrapolation={"order": order},
    )
    assert ran.statistics.macro_steps < 700
    assert ran.lengths.max() > 0.9
    (event,) = ran.told("restless_output")
    assert event.component == "source"


def test_values_that_step_have_no_part_in_the_estimate() -> None:
    stairs = source(lambda t: np.floor(2.0 * t), outputs=[an_output(variability="discrete")])
    ran = run([stairs, seen()], ["source.y -> seen.u"], stop=10.0, **control(1e-6, first=1.0))
    assert ran.lengths == pytest.approx(np.ones(10))


def test_a_component_with_a_rate_of_its_own_follows_with_parts_of_each_step() -> None:
    parts, connections = oscillator()
    sizes = {"x": {"source": "x.fmu", "step_size": 0.01}, "v": {"source": "v.fmu"}}
    more = {"components": sizes, "extrapolation": {"order": 1}}
    ran = run(parts, connections, stop=4.0, **more, **control(2e-2))
    assert np.abs(ran.of("x") - np.cos(ran.times)).max() < 1e-2
    assert ran.statistics.of("v").steps == ran.statistics.macro_steps
    assert ran.statistics.of("x").steps > 4 * ran.statistics.macro_steps


def test_a_step_that_is_refused_before_anybody_has_stepped_who_cannot_go_back_is_made_shorter() -> None:
    late = reluctant(across(0.43), lambda t, h: 0.43)
    total = state("total", lambda t, h, u, x: x + h * u, 0.0)
    begin = FunctionInstance(lambda t, u: [1.0], name="begin", inputs=())
    ran = run([begin, late, total], ["begin.y -> late.u", "late.y -> total.u"], stop=1.0, **control(1e-1))
    assert ran.statistics.rejected == {"discard": 1}
    assert 0.43 in ran.times.round(12)
    assert ran.of("total")[-1] == pytest.approx(0.5, abs=2e-2)


def test_after_an_event_inputs_are_held_and_the_next_step_is_short_enough_for_that() -> None:
    """An event forgets where the inputs went, whether or not it changes an output."""
    parts, connections = oscillator()
    more = {"extrapolation": {"order": 2}, "step_size": 1.0, "stop": 4.0, **control(1e-2)}
    with simulation(parts, connections, **more) as simulated:
        predictor = simulated._master.controls["predictor"]
        orders = []
        for _ in range(12):
            simulated.step()
            orders.append(int(predictor.orders.max()))
        assert orders == [0, 1] + [2] * 10
        simulated.coupling.forget()
        for expected in (0, 1, 2):
            simulated.step()
            assert predictor.orders.tolist() == [expected, expected]
        assert simulated.coupling.statistics.exceeded == 0


def test_the_grid_is_met_exactly() -> None:
    ran = run(*oscillator(), stop=4.0, **control(3e-2))
    assert all(float(k) in ran.memory.times for k in range(5))
    assert ran.lengths[1:] == pytest.approx(ran.memory.of("master", "step_size")[2:, 0])


def test_a_second_run_for_the_global_error_is_refused_since_nothing_can_be_repeated() -> None:
    with pytest.raises(CapabilityError, match="global_error"):
        run(*oscillator(), step_control={"method": "error", "global_error": True})


@pytest.mark.parametrize("order", [0, 2])
def test_a_run_goes_on_from_a_checkpoint_to_the_bit(order: int) -> None:
    """Parts that can be kept, although they said that they cannot when the run was put together."""

    def opened() -> tuple[Simulation[None], Memory]:
        parts, connections = oscillator()
        jump = source(lambda t: float(t >= 2.2) + np.sin(40.0 * t))
        memory = Memory()
        found = simulation(
            [*parts, jump, seen()],
            [*connections, "source.y -> seen.u"],
            observers=[memory],
            step_size=1.0,
            stop=4.0,
            extrapolation={"order": order},
            **control(2e-2),
        )
        for part in found.instances.values():
            part.capabilities = STATEFUL
        return found, memory

    whole, memory = opened()
    with whole:
        for _ in range(20):
            whole.step()
        checkpoint = whole.checkpoint()
        whole.run()
        counted = whole.coupling.statistics.remembered()
    rest, again = opened()
    with rest:
        rest.restore(checkpoint)
        rest.run()
        assert rest.coupling.statistics.remembered() == counted
    assert rest.events == whole.events
    before = len(memory.rows) - len(again.rows)
    assert again.times == memory.times[before:]
    np.testing.assert_array_equal(again.of("x", "y"), memory.of("x", "y")[before:])
