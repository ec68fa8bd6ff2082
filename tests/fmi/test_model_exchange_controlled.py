"""Model Exchange under error control and in loops: compiled macro steps are those of the readable path, to the bit."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import SimulationError
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.states import States
from orchestrator.fmi.variables import read_model
from orchestrator.system.connector import Storage
from orchestrator.system.description import Solver, SystemDescription
from orchestrator.system.yaml.file import from_mapping
from tests.doubles import Faults, FunctionInstance
from tests.fmi.test_model_exchange_strides import SYSTEMS, system
from tests.master.compiled.by_address import both_ways, made_at_once

VERSIONS = ["fmi2", "fmi3"]
CONTROL: dict[str, Any] = {"step_control": {"method": "error", "tolerance": 1e-3}, "step_size": 0.1}
SOLVERS: list[dict[str, Any]] = [
    {},
    *({"solver": {"method": method, "step": 0.004}} for method in ("euler", "heun", "rk4")),
]


def seen(description: SystemDescription, caplog: Any, *, interpreted: bool, go: Any = None) -> dict[str, Any]:
    """Everything that a run gives: record, counts, values at its end, error, warnings."""
    caplog.clear()
    with open_simulation(description, interpreted=interpreted) as simulation:
        simulation.initialize()
        found: dict[str, Any] = {"error": None, "strides": simulation.strides, "by_address": simulation.by_address}
        try:
            simulation.run() if go is None else go(simulation)
        except SimulationError as error:
            found["error"] = type(error), str(error), error.time, error.component
        results = simulation.results()
        found["columns"] = {name: results[name].tobytes() for name in ("time", *results.names)}
        found["counts"] = simulation.coupling.statistics.remembered()
        found["values"] = [array.tobytes() for array in simulation.coupling.signals.copy().values()]
    found["warnings"] = {(each.name, each.getMessage()) for each in caplog.records if each.levelno >= logging.WARNING}
    return found


def alike(description: SystemDescription, caplog: Any, go: Any = None) -> dict[str, Any]:
    """What both ways give."""
    compiled, interpreted = (seen(description, caplog, interpreted=way, go=go) for way in (False, True))
    assert compiled.pop("strides")
    assert sorted(compiled.pop("by_address")) == sorted(description.components)
    assert not interpreted.pop("strides")
    assert not interpreted.pop("by_address")
    if description.step_control.method == "constant":  # states kept for strides are not counted
        for each in (*compiled["counts"]["components"].values(), *interpreted["counts"]["components"].values()):
            del each["saves"]
    assert compiled == interpreted
    return compiled


@pytest.fixture
def made(monkeypatch) -> list[int]:
    return made_at_once(monkeypatch)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(("name", "parameters"), SYSTEMS)
@pytest.mark.parametrize("version", VERSIONS)
def test_steps_under_error_control_are_made_alike(toy, caplog, made, version, name, parameters, algorithm):
    found = alike(system(toy, name, version, parameters, algorithm=algorithm, **CONTROL), caplog)
    if not found["warnings"] and not found["error"]:
        rejected = found["counts"]["rejected"].get("jump", 0)
        assert sum(made) >= found["counts"]["plain"]["macro_steps"] - rejected


def pair(toy: Any, version: str, *names: str, component: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Two that feed each other, or three, in a circle; with `lead` nobody feeds the first one."""
    components = {f"c{index}": {"source": str(toy(name, version))} for index, name in enumerate(names)}
    for each in components.values():
        each |= component or {}
    connections: list[Any] = [f"c{index - 1}.y -> c{index}.u" for index in range(1, len(names))]
    if not changes.pop("lead", False):
        last = f"c{len(names) - 1}.y -> c0.u"
        connections.append(last if changes.get("algorithm") == "iterative" else {"connect": last, "delay": True})
    return {
        "name": "pair", "components": components, "connections": connections,
        "experiment": {"stop": 2.0}, "record": ["*"], **CONTROL, **changes,
    }  # fmt: skip


def described(data: dict[str, Any]) -> SystemDescription:
    return from_mapping(data, Path("/"), "tests")


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize(("name", "parameters"), [("relay", {}), ("ball", {}), ("sine", {}), ("stairs", {})])
def test_explicit_methods_are_taken_back_alike(toy, caplog, name, parameters, solver):
    data = system(toy, name, "fmi3", parameters, **CONTROL).model_dump()
    for component in data["components"].values():
        component |= solver
    alike(SystemDescription.model_validate(data), caplog)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("smoothing", [False, True])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("solver", SOLVERS[::3], ids=str)
def test_inputs_on_courses_are_taken_back_alike(toy, caplog, order, smoothing, algorithm, solver):
    component = {"extrapolation": {"order": order, "smoothing": smoothing}, **solver}
    data = pair(toy, "fmi2", "lag", "stairs", component=component, algorithm=algorithm)
    data["components"]["c1"]["parameters"] = {"gain": -9.0}
    alike(described(data), caplog)


@pytest.mark.parametrize("status", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["forgetful", "stubborn"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("algorithm", ["gauss_seidel", "iterative"])
def test_a_state_that_is_not_kept_or_not_given_back_is_told_of_alike(toy, caplog, place, name, status, algorithm):
    names = ["lag", "lag"]
    names[place] = name
    data = pair(toy, "fmi3", *names, algorithm=algorithm)
    data["components"][f"c{place}"]["parameters"] = {"k": float(status)}
    if algorithm == "iterative":
        data["step_control"] = {"method": "constant"}
    found = alike(described(data), caplog)
    assert (found["error"] is None) == (status == 1)


def test_what_was_recorded_before_a_state_could_not_be_kept_is_there_once(toy):
    data = pair(toy, "fmi3", "lag", "forgetful", algorithm="iterative", step_control={"method": "constant"})
    data["components"]["c1"]["parameters"] = {"k": 3.0}
    with open_simulation(described(data)) as simulation:
        simulation.run(until=0.3)
        simulation.run(until=0.5)
        with pytest.raises(SimulationError, match="GetFMUState"):
            simulation.run()
        results, values = simulation.results(), simulation.coupling.signals.copy()[Storage.FLOAT64]
    np.testing.assert_array_equal(results.times, np.arange(results.times.size) * 0.1)
    assert results["c0.y"][-1] in values


@pytest.mark.parametrize("seed", range(6))
def test_random_systems_are_followed_alike(toy, caplog, seed):
    """Lags, stairs and relays, fed by others or by nobody, with events of their own."""
    random = np.random.default_rng(seed)
    version, kinds = random.choice(VERSIONS), random.choice(["lag", "stairs", "relay", "ball"], 5)
    components: dict[str, Any] = {}
    for index, kind in enumerate(kinds):
        given = {"gain": float(random.uniform(-2.0, 2.0))} if kind == "stairs" else {}
        components[f"c{index}"] = {"source": str(toy(str(kind), str(version))), "parameters": given}
        components[f"c{index}"] |= SOLVERS[int(random.choice([0, 0, 3]))]
    sources = {"lag": "y", "stairs": "y", "relay": "on", "ball": "bounces"}
    taking = [index for index, kind in enumerate(kinds) if kind in ("lag", "stairs")]
    connections = []
    for index in taking:
        other = int(random.integers(5))
        connect = f"c{other}.{sources[kinds[other]]} -> c{index}.u"
        connections.append({"connect": connect, "delay": other >= index})
        if random.random() < 0.4:
            order = int(random.integers(1, 3))
            components[f"c{index}"]["extrapolation"] = {"order": order, "smoothing": bool(random.random() < 0.5)}
    data = {
        "name": "random", "components": components, "connections": connections, "record": ["*"],
        "experiment": {"stop": 2.0}, "algorithm": str(random.choice(["jacobi", "gauss_seidel"])),
        "step_size": float(random.choice([0.1, 0.25])),
        "step_control": {"method": "error", "tolerance": float(random.choice([1e-2, 1e-3]))},
    }  # fmt: skip
    alike(described(data), caplog)


def test_what_is_written_between_macro_steps_jumps_alike(toy, caplog):
    def go(simulation: Any) -> None:
        for index in range(12):
            simulation.write("c0.u", 0.5 * (index // 3))
            simulation.run(until=0.13 * (index + 1))
            simulation.step()

    alike(described(pair(toy, "fmi3", "stairs", "lag", lead=True)), caplog, go)


def test_a_run_goes_back_to_a_checkpoint_alike(toy, caplog):
    def go(simulation: Any) -> None:
        simulation.run(until=0.5)
        point = simulation.checkpoint()
        simulation.run(until=1.0)
        simulation.restore(point)
        simulation.run()

    data = pair(toy, "fmi2", "lag", "stairs", component={"extrapolation": {"order": 1}})
    alike(described(data), caplog, go)


def test_states_are_kept_in_memory_that_is_made_once(toy, monkeypatch):
    """Slots are made when the run is opened, two of each component; nothing else is asked for meanwhile."""
    slots, saved = [], []
    slot, save = States.slot, States.save
    monkeypatch.setattr(States, "slot", lambda self: slots.append(self) or slot(self))
    monkeypatch.setattr(States, "save", lambda self, *more: saved.append(self) or save(self, *more))
    with open_simulation(described(pair(toy, "fmi3", "lag", "lag", experiment={"stop": 200.0}))) as simulation:
        simulation.run()
        assert simulation.coupling.statistics.macro_steps >= 2000
    assert len(slots) == 4
    assert len(saved) <= 4


@pytest.mark.parametrize("method", ["fixed_point", "aitken", "anderson", "newton"])
@pytest.mark.parametrize("version", VERSIONS)
def test_loops_are_solved_alike(toy, caplog, version, method):
    data = pair(toy, version, "lag", "stairs", algorithm="iterative", loops={"method": method})
    data |= {"step_control": {"method": "constant"}, "connections": ["c0.y -> c1.u", "c1.y -> c0.u"]}
    data["components"]["c1"]["parameters"] = {"gain": -0.4}
    counts = alike(described(data), caplog)["counts"]
    assert counts["components"]["c0"]["restores"] > 0


@pytest.mark.parametrize("solver", SOLVERS, ids=str)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_loops_on_courses_are_solved_alike(toy, caplog, order, solver):
    component = {**({"extrapolation": {"order": order}} if order else {}), **solver}
    data = pair(toy, "fmi3", "lag", "stairs", "lag", algorithm="iterative", component=component)
    data |= {"step_control": {"method": "constant"}}
    data["components"]["c1"]["parameters"] = {"gain": 1.5}
    alike(described(data), caplog)


@pytest.mark.parametrize("first", ["one", "lag"])
@pytest.mark.parametrize("at", [0.0, 0.45])
def test_where_another_component_refuses_a_step_a_loop_goes_back_alike(toy, at, first):
    """Whatever begins anew at each macro step comes to the same again, however far a stride goes back."""

    def make() -> list[Any]:
        one, two = (open_exchange(name, read_model(toy("lag", "fmi3")), Solver()) for name in ("one", "two"))
        lag = FunctionInstance(
            lambda t, u, x: x,
            name="lag",
            step=lambda t, h, u, x: x + h * (u - x),
            state=[1.0],
            faults=Faults(discard_at=at),
        )
        return sorted([one, two, lag], key=lambda each: each.name != first)

    connections = ["one.y -> two.u", "two.y -> one.u", "two.y -> lag.u"]
    found = both_ways(make, connections, python=["one", "two"], algorithm="iterative", step_size=0.1)
    assert found["rejected"]["discard"] > 0 or found["error"] is not None


def test_a_loop_is_stridden_over_many_macro_steps(toy, monkeypatch):
    """No state is kept in Python meanwhile."""
    saved = []
    save = States.save
    monkeypatch.setattr(States, "save", lambda self, *more: saved.append(self) or save(self, *more))
    data = pair(toy, "fmi3", "lag", "lag", algorithm="iterative", experiment={"stop": 100.0})
    with open_simulation(described(data | {"step_control": {"method": "constant"}})) as simulation:
        simulation.run()
        assert simulation.coupling.statistics.macro_steps == 1000
    assert len(saved) <= 4


@pytest.mark.parametrize("method", ["anderson", "newton"])
@pytest.mark.parametrize("solver", SOLVERS[::3], ids=str)
def test_loops_under_error_control_are_solved_alike(toy, caplog, made, method, solver):
    data = pair(toy, "fmi3", "lag", "stairs", algorithm="iterative", loops={"method": method}, component=solver)
    data["components"]["c1"]["parameters"] = {"gain": -0.4}
    counts = alike(described(data), caplog)["counts"]
    assert counts["loops"]["c0 <-> c1"]["solved"] > 0
    assert sum(made) > 0
