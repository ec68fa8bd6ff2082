"""The estimate of the global error: a second run by longer steps beside the first, against exact solutions."""

from typing import Any

import numpy as np
import pytest

import cotwin
from orchestrator.errors import CapabilityError, CotwinError
from orchestrator.instance import Capabilities
from orchestrator.recording.results import Results
from plant_models.textbook.exact import lotka_volterra as exact
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, a_parameter, an_input
from tests.kit.build import kit_fmu
from tests.master.test_error_control_on_affine_systems import Affine
from tests.master.test_refused_steps import reluctant
from tests.textbook import MASSES, lotka_volterra, two_mass

ORBIT = 8.0
"""A bit more than the period of the populations (s)."""

CONSTANT = {"method": "constant", "global_error": True}
MASTERS: dict[str, dict[str, Any]] = {
    "jacobi": {"algorithm": "jacobi"},
    "gauss_seidel": {"algorithm": "gauss_seidel"},
    "jacobi, order 1": {"algorithm": "jacobi", "extrapolation": {"order": 1}},
    "gauss_seidel, order 1": {"algorithm": "gauss_seidel", "extrapolation": {"order": 1}},
    "iterative": {"algorithm": "iterative"},
    "iterative, order 1": {"algorithm": "iterative", "extrapolation": {"order": 1}},
}


def run(h: float, stop: float, **more: Any) -> tuple[Results, Any]:
    with cotwin.open_simulation(lotka_volterra(h, stop=stop, **more)) as simulated:
        return simulated.run(), simulated.coupling.statistics


def controlled(tolerance: float, **more: Any) -> dict[str, Any]:
    return {"method": "error", "tolerance": tolerance, "first": 0.01, "global_error": True, **more}


def truth(results: Results) -> np.ndarray:
    """The largest error of both populations, in units of the largest value that each has had."""
    values = np.stack([results["prey.x"], results["predator.y"]], axis=1)
    scales = np.maximum.accumulate(np.abs(values), axis=0)
    return np.asarray((np.abs(values - exact(results.times)) / scales).max(axis=1))


def assert_within_a_factor(factor: float, results: Results) -> None:
    """At eight times over two orbits."""
    for t in np.arange(2.0, 2.0 * ORBIT + 0.1, 2.0):
        row = int(np.searchsorted(results.times, t - 1e-9))
        estimated, true = float(results["master.global_error"][row]), float(truth(results)[row])
        assert true / factor <= estimated <= true * factor, f"t = {t:g} s: {estimated:.2e}, in truth {true:.2e}"


@pytest.mark.parametrize("master", MASTERS)
@pytest.mark.parametrize("control", ["constant", "error"])
def test_the_estimate_is_within_a_factor_of_three_of_the_truth(master: str, control: str) -> None:
    fields, higher = MASTERS[master], "order" in master
    if control == "constant":
        results, _ = run(0.05 if higher else 0.02, 2.0 * ORBIT, **fields, step_control=CONSTANT)
    else:
        tolerance = 1e-3 if higher else 1e-2
        results, _ = run(1.0, 2.0 * ORBIT, **fields, step_control=controlled(tolerance))
    assert_within_a_factor(3.0, results)


@pytest.mark.parametrize("master", ["jacobi", "iterative"])
def test_parabolas_are_of_a_higher_order_than_what_is_guaranteed_so_that_the_estimate_is_on_the_safe_side(
    master: str,
) -> None:
    results, _ = run(0.05, 2.0 * ORBIT, algorithm=master, extrapolation={"order": 2}, step_control=CONSTANT)
    assert_within_a_factor(3.0, results)


@pytest.mark.parametrize("control", [{"method": "constant"}, {"method": "error", "tolerance": 1e-2}])
@pytest.mark.parametrize("master", ["jacobi, order 1", "iterative"])
def test_the_first_run_does_not_notice_the_second(master: str, control: dict[str, Any]) -> None:
    alone, _ = run(0.1, 3.0, **MASTERS[master], step_control=control)
    beside, _ = run(0.1, 3.0, **MASTERS[master], step_control={**control, "global_error": True})
    assert beside.times.tobytes() == alone.times.tobytes()
    for name in alone.names:
        assert beside[name].tobytes() == alone[name].tobytes()


POWER = {"kind": "power", "connections": ["one.v -> two.v_other", "two.F -> one.F"], "unit": "W", "nominal": 0.1}


def test_steps_that_bonds_choose_are_estimated_too() -> None:
    bonds = {"bonds": {"shaft": POWER}, "step_control": {"method": "bonds", "tolerance": 1e-2}}
    with cotwin.open_simulation(two_mass("force", 0.05, stop=3.0, **bonds)) as simulated:
        alone = simulated.run()
    bonds["step_control"]["global_error"] = True
    with cotwin.open_simulation(two_mass("force", 0.05, stop=3.0, **bonds)) as simulated:
        beside = simulated.run()
    for name in alone.names:
        assert beside[name].tobytes() == alone[name].tobytes()
    outputs = ["one.x", "one.v", "two.F"]
    states = MASSES.at(beside.times)
    exact_values = np.stack([states[:, 0], states[:, 1], MASSES.force(states)], axis=1)
    values = np.stack([beside[name] for name in outputs], axis=1)
    first = np.where(values[0] == 0.0, 1.0, np.abs(values[0]))
    scales = np.maximum(np.maximum.accumulate(np.abs(values), axis=0), first)
    true = (np.abs(values - exact_values) / scales).max(axis=1)
    for t in (1.0, 2.0, 3.0):
        row = int(np.searchsorted(beside.times, t - 1e-9))
        assert true[row] / 3.0 <= beside["master.global_error"][row] <= true[row] * 3.0


def test_no_more_than_two_states_are_kept_for_the_second_run() -> None:
    """Its own, and that of the first run while the second one steps."""
    kept: set[int] = set()
    most = 0

    class Counted(FunctionInstance):
        def save_state(self) -> object:
            nonlocal most
            state = [super().save_state()]
            kept.add(id(state))
            states.append(state)
            most = max(most, len(kept))
            return state

        def restore_state(self, state: Any) -> None:
            super().restore_state(state[0])

        def free_state(self, state: object) -> None:
            kept.remove(id(state))

    states: list[object] = []
    one = Counted(lambda t, u, x: x, name="one", step=lambda t, h, u, x: x + h * u, state=[1.0])
    with simulation([one, seen()], ["one.y -> seen.u"], step_control=CONSTANT) as run:
        run.run()
    assert most <= 3  # one more in case a component refuses the step
    assert len(kept) == 1


def test_the_second_run_costs_half_a_run_more_with_constant_steps() -> None:
    _, counted = run(0.1, 4.0, step_control=CONSTANT)
    assert [one.steps for one in counted.components.values()] == [40 + 20] * 2


def test_statistics_tell_the_error_of_each_output_and_the_worst() -> None:
    results, counted = run(0.02, 10.0, algorithm="jacobi", step_control=CONSTANT)
    said = counted.global_error
    assert said.last == results["master.global_error"][-1]
    assert said.largest == results["master.global_error"].max()
    assert results["master.global_error"][results.times == said.worst_time][0] == said.largest
    x, y = exact(results.times)[-1]
    off = {"prey.x": results["prey.x"][-1] - x, "predator.y": results["predator.y"][-1] - y}
    assert said.errors == pytest.approx(off, abs=0.2 * max(map(abs, off.values())))
    assert said.worst_variable in off
    assert (said.renewed, said.lost) == (0, "")


def integrator(**more: Any) -> FunctionInstance:
    """x' = k u with what is written to u: exact for inputs that are held."""
    made = FunctionInstance(
        lambda t, u, x: x,
        name="integrator",
        others=[a_parameter("k", 1.0, tunable=True)],
        step=lambda t, h, u, x: x + h * float(np.sum(u)) * float(made.values["k"][0]),
        state=[0.0],
        **more,
    )
    return made


def behind() -> FunctionInstance:
    """x' = u, held: of first order."""
    return FunctionInstance(lambda t, u, x: x, name="behind", step=lambda t, h, u, x: x + h * u, state=[0.0])


def seen() -> FunctionInstance:
    return FunctionInstance(lambda t, u: u, name="seen")


def test_what_is_written_between_macro_steps_is_given_to_the_second_run_too() -> None:
    random, memory = np.random.default_rng(7), Memory()
    with simulation(
        [integrator(), seen()], ["integrator.y -> seen.u"], observers=[memory], step_control=CONSTANT
    ) as run:
        while not run.ended:
            run["integrator.u"] = random.normal()
            run.step()
        assert run.coupling.statistics.global_error.renewed == 0
    assert np.abs(memory.of("integrator", "y")).max() > 0.1
    assert memory.of("master", "global_error") == pytest.approx(0.0, abs=1e-12)


def test_a_truth_value_that_is_written_within_a_pair_of_steps_is_followed_by_two_steps() -> None:
    gate, memory = integrator(inputs=[an_input(storage="boolean")]), Memory()
    with simulation([gate, seen()], ["integrator.y -> seen.u"], observers=[memory], step_control=CONSTANT) as run:
        while not run.ended:
            run["integrator.u"] = run.time > 0.25
            run.step()
    assert memory.of("integrator", "y")[-1] == pytest.approx(0.7)
    assert memory.of("master", "global_error") == pytest.approx(0.0, abs=1e-12)


def test_a_parameter_that_is_written_lets_the_second_run_begin_anew_with_the_error_up_to_there() -> None:
    """x' = 1, z' = x: with held inputs z is behind by h t / 2, whatever the step before."""
    memory = Memory()
    links = ["integrator.y -> behind.u", "behind.y -> seen.u"]
    with simulation(
        [integrator(), behind(), seen()], links, observers=[memory], algorithm="jacobi", step_control=CONSTANT
    ) as run:
        run["integrator.u"] = 1.0
        run.run(until=0.4)
        run["integrator.k"] = 2.0
        run.run()
        counted = run.coupling.statistics.global_error
        assert counted.renewed == 1
        assert counted.errors["behind.y"] == pytest.approx(-0.05 * (0.4 + 2.0 * 0.6))
    off = memory.of("behind", "y")[:, 0] - np.array([0.5 * t**2 for t in memory.times])
    assert memory.of("master", "global_error")[4, 0] == pytest.approx(-off[4])  # what starts at 0 has the scale 1


def test_a_second_run_that_fails_once_begins_anew() -> None:
    late = reluctant(lambda t, h: h > 0.15 and 0.35 < t < 0.45, lambda t, h: t)
    with simulation([late], step_control=CONSTANT) as run:
        run.run()
        counted = run.coupling.statistics.global_error
    assert (counted.renewed, counted.lost, counted.last) == (1, "", 0.0)


def test_a_second_run_that_fails_again_is_told_and_the_first_goes_on() -> None:
    memory = Memory()
    late = reluctant(lambda t, h: h > 0.15 and t > 0.35, lambda t, h: t)
    with simulation([late], observers=[memory], step_control=CONSTANT) as run:
        run.run()
        counted = run.coupling.statistics.global_error
    estimates = memory.of("master", "global_error")[:, 0]
    assert np.isfinite(estimates[:8]).all()
    assert np.isnan(estimates[8:]).all()
    assert memory.times[-1] == 1.0
    assert [(event.kind, event.component) for event in memory.events] == [("global_error_lost", late.name)]
    assert counted.last is None
    assert "refused" in counted.lost


@pytest.mark.parametrize(
    ("able", "why"),
    [
        (Capabilities(), "'fixed' cannot"),
        (Capabilities(get_set_state=True, variable_step=False), "'fixed' takes steps of one size only"),
    ],
)
def test_a_component_that_cannot_make_the_steps_of_a_second_run_is_refused_by_name(
    able: Capabilities, why: str
) -> None:
    fixed = FunctionInstance(lambda t, u: u, name="fixed", capabilities=able)
    with pytest.raises(CapabilityError, match=f"global_error.*{why}"):
        simulation([fixed], step_control=CONSTANT)


def test_a_component_that_steps_less_often_than_the_system_is_refused_by_name() -> None:
    slow = {"source": "slow.fmu", "step_size": 0.2}
    one = FunctionInstance(lambda t, u: u, name="slow")
    with pytest.raises(CotwinError, match=r"global_error.*'slow' has a step_size of its own"):
        simulation([one], components={"slow": slow}, step_control=CONSTANT)


def test_after_events_the_second_run_begins_anew() -> None:
    component = {"source": str(kit_fmu("Stair", "3.0", "co_simulation", event_mode=True))}
    beside = {"source": str(kit_fmu("Dahlquist", "2.0", "co_simulation"))}
    data = {
        "name": "kit",
        "components": {"stair": component, "beside": beside},
        "connections": [],
        "experiment": {"stop": 4.5},
        "step_size": 0.3,
        "step_control": controlled(1e-3),
    }
    with cotwin.open_simulation(data) as run:
        results = run.run()
        counted = run.coupling.statistics.global_error
    assert counted.renewed >= 3
    assert results["master.global_error"] == pytest.approx(0.0, abs=1e-12)


def test_an_estimate_that_sees_less_than_half_of_the_time_is_none() -> None:
    """Here a parameter is written before every macro step."""
    memory = Memory()
    with simulation(
        [integrator(), seen()], ["integrator.y -> seen.u"], observers=[memory], step_control=CONSTANT
    ) as run:
        while not run.ended:
            run["integrator.k"] = 1.0 + run.time
            run.step()
        assert run.coupling.statistics.global_error.last is None
    assert np.isnan(memory.of("master", "global_error")[2:]).all()


@pytest.mark.parametrize("master", ["jacobi", "gauss_seidel", "gauss_seidel, order 1", "iterative"])
@pytest.mark.parametrize("seed", range(4))
def test_on_random_affine_systems_the_estimate_is_the_error_to_a_quarter(seed: int, master: str) -> None:
    system, memory = Affine.random(seed), Memory()
    h = 0.1 / float(np.abs(system.matrix).sum(axis=1).max())
    with simulation(
        system.components(),
        system.links(),
        observers=[memory],
        stop=100 * h,
        step_size=h,
        step_control=CONSTANT,
        **MASTERS[master],
    ) as run:
        run.run()
    values = np.stack([memory.of(f"s{i}", "y")[:, 0] for i in range(len(system.offset))], axis=1)
    scales = np.maximum.accumulate(np.abs(values), axis=0)
    true = (np.abs(values - system.exact(memory.times)) / scales).max(axis=1)
    pairs = slice(20, None, 20)
    assert memory.of("master", "global_error")[pairs, 0] == pytest.approx(true[pairs], rel=0.25)
