"""Whatever a system is made of and however it is solved: it goes on from a checkpoint to the bit.

A part of a master that keeps something from step to step and gives no `remembered` for it fails here.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle
from orchestrator.recording.results import Results
from orchestrator.simulation import Simulation
from orchestrator.system.description import Component, SystemDescription
from orchestrator.system.scenario_file import scenario_of
from orchestrator.system.yaml.file import from_mapping
from tests.kit.build import kit_fmu
from tests.plants import ROOT, example
from tests.textbook import control_loop, gain_loop, harmonic, lotka_volterra, nonlinear_loop, two_mass

RESTARTS = 2
"""Steps at which each run is stopped, at random but the same ones in every test run."""

SURROGATE = ROOT / "build" / "surrogates" / "fluid_dynamics_20x10.surrogate"

Open = Callable[..., Simulation[Results]]


def assert_goes_on(case: str, opened: Open, tmp_path: Path) -> None:
    """Stop at random steps; the rest of the run elsewhere is that of the run that was not stopped."""
    with opened() as run:
        run.initialize()
        steps = 0
        while not run.ended:
            run.step()
            steps += 1
    random = Random(case)
    for stop in sorted(random.sample(range(1, steps), RESTARTS)):
        with opened() as run:
            run.initialize()
            for _ in range(stop):
                run.step()
            t = run.time
            run.checkpoint().save(tmp_path / case)
            whole = run.run()
            counted = run.coupling.statistics.remembered()
        with opened(resume=tmp_path / case) as run:
            assert run.time == t
            rest = run.run()
            assert run.coupling.statistics.remembered() == counted
        assert_same_end(rest, whole, f"{case}, stopped at t = {t:g} s")


def assert_same_end(rest: Results, whole: Results, what: str) -> None:
    before = len(whole) - len(rest)
    np.testing.assert_array_equal(rest.times, whole.times[before:], what)
    for name in whole.names:
        assert rest[name].tobytes() == whole[name][before:].tobytes(), f"{what}: {name}"
    assert rest.events == whole.events[len(whole.events) - len(rest.events) :], what


LOOPS = {
    method: {"algorithm": "iterative", "loops": {"method": method}}
    for method in ("fixed_point", "aitken", "anderson", "newton")
}
SOLVED: Mapping[str, Mapping[str, Any]] = {
    "jacobi": {"algorithm": "jacobi"},
    "gauss_seidel": {"algorithm": "gauss_seidel"},
    **{f"iterative_{method}": each for method, each in LOOPS.items()},
    "order_1": {"extrapolation": {"order": 1}},
    "order_2": {"extrapolation": {"order": 2}},
    "order_2_jacobi": {"extrapolation": {"order": 2}, "algorithm": "jacobi"},
    "smooth": {"extrapolation": {"order": 1, "smoothing": True}, "algorithm": "jacobi"},
    "error": {"step_control": {"method": "error", "tolerance": 1e-3}},
    "error_first": {"step_control": {"method": "error", "tolerance": 1e-4, "first": 0.003}, "algorithm": "jacobi"},
    "error_order_1": {"step_control": {"method": "error", "tolerance": 1e-3}, "extrapolation": {"order": 1}},
    "error_iterative": {"step_control": {"method": "error", "tolerance": 1e-3}, **LOOPS["anderson"]},
    "global_error": {"step_control": {"method": "constant", "global_error": True}},
    "global_error_order_1": {
        "step_control": {"method": "constant", "global_error": True},
        "extrapolation": {"order": 1},
    },
    "global_error_iterative": {"step_control": {"method": "constant", "global_error": True}, **LOOPS["newton"]},
    "error_global_error": {"step_control": {"method": "error", "tolerance": 1e-3, "global_error": True}},
}


@pytest.mark.parametrize("way", SOLVED)
@pytest.mark.parametrize("system", [harmonic, lotka_volterra])
def test_every_algorithm_and_stepper(way, system, tmp_path):
    description = system(0.05, stop=1.0, **SOLVED[way])
    assert_goes_on(f"{way}_{system.__name__}", lambda **more: open_simulation(description, **more), tmp_path)


POWER = {
    "shaft": {"kind": "power", "connections": ["one.v -> two.v_other", "two.F -> one.F"], "unit": "W", "nominal": 0.1}
}
CONTROLLED = {"method": "bonds", "tolerance": 1e-2}
BONDS: Mapping[str, Mapping[str, Any]] = {
    "recorded": {"bonds": POWER},
    "corrected": {"bonds": {"shaft": {**POWER["shaft"], "correct": True}}},
    "controlled": {"bonds": POWER, "step_control": CONTROLLED},
    "both": {"bonds": {"shaft": {**POWER["shaft"], "correct": True}}, "step_control": CONTROLLED},
    "with_error": {"bonds": POWER, "step_control": {"method": "error", "tolerance": 1e-3}},
}


@pytest.mark.parametrize("way", BONDS)
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_bonds(way, algorithm, tmp_path):
    description = two_mass("force", 0.05, stop=1.0, algorithm=algorithm, **BONDS[way])
    assert_goes_on(f"{way}_{algorithm}", lambda **more: open_simulation(description, **more), tmp_path)


def test_loops_of_direct_feedthrough(tmp_path):
    for name, description in {
        "gain": gain_loop(-2.0, 1.0, **LOOPS["newton"]),
        "nonlinear": nonlinear_loop("x1", **LOOPS["anderson"]),
    }.items():
        assert_goes_on(name, lambda one=description, **more: open_simulation(one, **more), tmp_path)


@pytest.mark.parametrize("components", [3, 4])
def test_jumps_under_error_control(components, tmp_path):
    control = {"step_control": {"method": "error", "tolerance": 1e-4}}
    description = control_loop(0.25, stop=6.0, components=components, **control)
    assert_goes_on(f"jumps_{components}", lambda **more: open_simulation(description, **more), tmp_path)


def with_component(description: SystemDescription, name: str, **changes: Any) -> SystemDescription:
    component = type(description.components[name]).model_validate(
        {**description.components[name].model_dump(), **changes}
    )
    return description.model_copy(update={"components": {**description.components, name: component}})


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("slow", [0.1, 0.025])
def test_components_with_rates_of_their_own(algorithm, order, slow, tmp_path):
    plain = lotka_volterra(0.05, stop=1.0, algorithm=algorithm, extrapolation={"order": order})
    description = with_component(plain, "predator", step_size=slow)
    assert_goes_on(f"{algorithm}{order}{slow}", lambda **more: open_simulation(description, **more), tmp_path)


SLOW: Mapping[str, Mapping[str, Any]] = {
    **{
        f"{name}_{each}": {**SOLVED[each], "algorithm": name}
        for name in ("jacobi", "gauss_seidel")
        for each in ("error", "error_order_1")
    },
    **{name: SOLVED[name] for name in ("iterative_anderson", "iterative_newton", "error_iterative")},
}


@pytest.mark.parametrize("way", SLOW)
def test_slow_components_beside_step_control_and_in_solved_loops(way, tmp_path):
    description = with_component(lotka_volterra(0.05, stop=1.0, **SLOW[way]), "predator", step_size=0.2)
    assert_goes_on(f"slow_{way}", lambda **more: open_simulation(description, **more), tmp_path)


@pytest.mark.parametrize("control", [{"method": "constant"}, {"method": "error", "tolerance": 1e-3}])
def test_bonds_with_a_slow_end(control, tmp_path):
    plain = two_mass("force", 0.05, stop=1.0, bonds=POWER, step_control=control)
    description = with_component(plain, "two", step_size=0.25)
    case = f"slow_bond_{control['method']}"
    assert_goes_on(case, lambda **more: open_simulation(description, **more), tmp_path)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("changes", [{"kind": "model_exchange"}, {"isolation": "process"}])
def test_every_kind_of_fmu(version, changes, tmp_path):
    description = lotka_volterra(0.05, stop=1.0, version=version)
    for name in description.components:
        description = with_component(description, name, **changes)
    assert_goes_on(f"{version}{changes}"[:8], lambda **more: open_simulation(description, **more), tmp_path)


@pytest.mark.parametrize("solver", [{"method": "cvode"}, {"method": "rk4", "step": 0.01}])
@pytest.mark.parametrize("order", [0, 1])
def test_model_exchange_with_its_solvers_and_inputs(solver, order, tmp_path):
    description = lotka_volterra(0.05, stop=1.0, extrapolation={"order": order})
    for name in description.components:
        description = with_component(description, name, kind="model_exchange", solver=solver)
    case = f"{solver['method']}_{order}"
    assert_goes_on(case, lambda **more: open_simulation(description, **more), tmp_path)


SIGNALS = {
    "inputs": {
        "signals": {
            "u": {"expression": "1 + 0.5*sin(7*t)"},
            "p": {"pulse": {"low": 0.0, "high": 1.0, "period": 0.31, "width": 0.12, "start": 0.05}},
            "r": {"ramp": {"from": 0.0, "to": 2.0, "start": 0.2, "stop": 0.73}},
            "s": {"step": {"from": 0.0, "to": 3.0, "at": 0.41}},
        }
    }
}
TABLE = "time,u,p\n0,0,1\n0.33,1,1\n0.33,2,4\n0.7,1,4\n0.8,1,0\n"
ACTIONS = [
    {"at": 0.13, "for": 0.52, "noise": "one.u", "sigma": 0.3, "seed": 4},
    {"when": "two.y > 0.1", "for": 0.3, "scale": "two.u", "factor": 1.5},
    {"at": 0.2, "override": "one.u", "ramp": {"to": 2.0, "over": 0.4}},
    {"at": 0.35, "until": "t > 0.77", "force": "two.y", "value": 0.25},
    {"when": "one.y > 0.4", "override": "three.u", "value": 3.0},
    {"at": 5.0, "for": 1.0, "override": "one.u", "value": 1.0},
]


def fed(tmp_path: Path, inputs: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Three integrators, fed from outside; `three` by nothing."""
    integrator = {"source": str(kit_fmu("Integrator", "2.0", "co_simulation"))}
    (tmp_path / "table.csv").write_text(TABLE)
    return {
        "name": "fed",
        "components": {**inputs, "one": integrator, "two": integrator, "three": integrator},
        "connections": ["inputs.u -> one.u", "inputs.p -> two.u"],
        "experiment": {"stop": 1.0},
        "step_size": 0.1,
        "record": ["*"],
        **changes,
    }


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("source", ["signals", "table"])
def test_inputs_over_time_and_scenarios(algorithm, acted, source, tmp_path):
    inputs = SIGNALS if source == "signals" else {"inputs": {"source": str(tmp_path / "table.csv")}}
    data = fed(tmp_path, inputs, algorithm=algorithm)
    scenarios = [scenario_of({"actions": ACTIONS}, "test.yaml")] if acted else []
    case = f"{algorithm}_{acted}_{source}"
    assert_goes_on(case, lambda **more: open_simulation(data, scenarios=scenarios, **more), tmp_path)


def test_a_metered_run(tmp_path):
    description = lotka_volterra(0.05, stop=1.0)
    assert_goes_on("metered", lambda **more: open_simulation(description, meter=True, **more), tmp_path)


def test_a_swap_there_and_back(tmp_path):
    if not SURROGATE.exists():
        pytest.skip("the surrogate is trained by `make demo`")
    data = example("ecoli_zones", 3, experiment={"stop": 40.0, "tolerance": 1e-6})
    swap = {"surrogate": str(SURROGATE), "to_surrogate_at": 12.0, "back_at": 28.0, "force": True}
    data["components"]["reactor"]["swap"] = swap
    description = from_mapping(data, ROOT, "test")
    for stop in (5, 11, 20, 27, 35):
        with open_simulation(description) as run:
            run.run(until=float(stop))
            run.checkpoint().save(tmp_path / "swap")
            whole = run.run()
        with open_simulation(description, resume=tmp_path / "swap") as run:
            rest = run.run()
        for name in whole.names:
            assert rest[name].tobytes() == whole[name][stop:].tobytes(), (stop, name)
        told = [(event.t, event.kind) for event in whole.events if event.t > stop]
        assert [(event.t, event.kind) for event in rest.events if event.t > stop] == told


KITS = [
    ("BouncingBall", "2.0", "co_simulation", {}),
    ("BouncingBall", "3.0", "model_exchange", {}),
    ("Stair", "3.0", "model_exchange", {}),
    ("Stair", "3.0", "co_simulation", {"event_mode": True}),
    ("BouncingBall", "3.0", "co_simulation", {"event_mode": True, "early_return": True}),
    ("Clocks", "3.0", "co_simulation", {}),
    ("Clocks", "3.0", "model_exchange", {}),
    ("Partitions", "3.0", "scheduled_execution", {}),
]


@pytest.mark.parametrize("isolated", [False, True])
@pytest.mark.parametrize(("model", "version", "kind", "settings"), KITS)
def test_events_clocks_and_partitions(model, version, kind, settings, isolated, tmp_path):
    component: dict[str, Any] = {"source": str(kit_fmu(model, version, kind, **settings)), "kind": kind}
    if isolated:
        component["isolation"] = "process"
    beside = {"source": str(kit_fmu("Dahlquist", "2.0", "co_simulation"))}
    data = {
        "name": "kit",
        "components": {"one": component, "beside": beside},
        "connections": [],
        "experiment": {"stop": 3.0},
        "step_size": 0.07,
    }
    assert_goes_on(f"{model}{kind}{isolated}", lambda **more: open_simulation(data, **more), tmp_path)


def test_an_input_that_is_held_is_no_jump_after_a_restart(tmp_path):
    instance = open_component("one", Component(source=kit_fmu("Integrator", "3.0", "model_exchange")))
    other = open_component("one", Component(source=kit_fmu("Integrator", "3.0", "model_exchange")))
    for each in (instance, other):
        bundle = Bundle.of([connector for connector in each.connectors if connector.name == "u"])
        each.set(bundle, np.array([2.0]))
        each.enter_initialization(0.0, None, None)
        each.exit_initialization()
    instance.set(bundle, np.array([3.0]))
    instance.do_step(0.0, 1.0)
    data = instance.serialize_state(instance.save_state())
    other.restore_state(other.deserialize_state(data))
    other.set(Bundle.of([connector for connector in other.connectors if connector.name == "u"]), np.array([3.0]))
    assert not other.running.in_event_mode
    with pytest.raises(CapabilityError, match="no state of Model Exchange"):
        other.deserialize_state(data[:30])
    for each in (instance, other):
        each.close()
