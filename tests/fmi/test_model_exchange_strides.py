"""Model Exchange in the compiled loop: whole steps by address give the bits, events, errors and warnings of Python."""

import logging
from pathlib import Path

import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import SimulationError
from orchestrator.fmi import native_exchange
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.variables import read_model
from orchestrator.system.description import Solver, SystemDescription
from orchestrator.system.yaml.file import from_mapping
from tests.doubles import Faults, FunctionInstance
from tests.fmi.exchange_runs import put
from tests.master.compiled.by_address import both_ways

VERSIONS = ["fmi1", "fmi2", "fmi3"]
SYSTEMS = [
    ("stairs", {}),
    ("relay", {}),
    ("scan", {}),
    ("sine", {}),
    ("ball", {}),
    ("threshold", {}),
    ("stiff", {}),
    ("fed_batch", {"F0": 0.1, "k": 0.2, "factor": 3.0}),
    *(("grumbler", {"k": k}) for k in (0.0, 40.0)),
    *(("wall", {"k": k}) for k in (-1.0, 0.0, 1.0, 2.0, 7.0)),
    *(("endless", {"k": k}) for k in (1.0, 2.0, 3.0, 4.0)),
]
SOURCES = {"relay": "it.on", "ball": "it.last", "sine": "it.crossings"}
TAKERS = ("scan", "threshold", "grumbler")


def system(toy, name, version, parameters, **changes):
    """The toy beside stairs that rise with it, or that it follows."""
    components = {
        "stairs": {
            "source": str(toy("stairs", version)),
            "parameters": {"gain": 1.5} | ({} if name in SOURCES else {"u": 2.0}),
        },
        "it": {"source": str(toy(name, version)), "parameters": parameters},
    }
    connections = [f"{SOURCES[name]} -> stairs.u"] if name in SOURCES else []
    if name in TAKERS:
        connections.append("stairs.y -> it.u" if name == "threshold" else "stairs.level -> it.u")
    data = {
        "name": "pair", "components": components, "connections": connections, "experiment": {"stop": 2.0},
        "step_size": 0.01, "record": ["*"], **changes,
    }  # fmt: skip
    return from_mapping(data, Path("/"), "tests")


def outcome(description, caplog, *, interpreted):
    """Everything that a run gives: results or error, values at its end, statistics, warnings."""
    caplog.clear()
    with open_simulation(description, interpreted=interpreted) as simulation:
        simulation.initialize()
        assert simulation.strides is not interpreted
        said = []
        try:
            results = simulation.run()
            said = [results.times.tobytes(), *(results[name].tobytes() for name in results.names)]
        except SimulationError as error:
            said = [type(error), str(error), error.time, error.component]
        counted = simulation.coupling.statistics
        steps = {name: each.steps for name, each in counted.components.items()}
        values = [array.tobytes() for array in simulation.coupling.signals.copy().values()]
    warnings = [(each.name, each.getMessage()) for each in caplog.records if each.levelno >= logging.WARNING]
    return said, values, counted.macro_steps, steps, warnings


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(("name", "parameters"), SYSTEMS)
@pytest.mark.parametrize("version", VERSIONS)
def test_whole_steps_by_address_give_the_bits_errors_and_warnings_of_python(
    toy, caplog, version, name, parameters, algorithm
):
    description = system(toy, name, version, parameters, algorithm=algorithm)
    by_address = outcome(description, caplog, interpreted=False)
    assert by_address == outcome(description, caplog, interpreted=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_written_between_strides_jumps_as_in_python(toy, version):
    ends = []
    for interpreted in (False, True):
        with open_simulation(system(toy, "grumbler", version, {"k": 0.0}), interpreted=interpreted) as simulation:
            for index in range(40):
                if index % 7 == 3:
                    simulation.write("stairs.u", 0.1 * (index // 14))
                simulation.step()
            ends.append([simulation.read(name) for name in ("it.updates", "stairs.level", "stairs.y", "it.y")])
    assert ends[0] == ends[1]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel", "iterative"])
@pytest.mark.parametrize("version", VERSIONS)
def test_an_input_that_does_not_change_beside_one_to_which_nothing_flows_makes_no_event(
    toy, caplog, version, algorithm
):
    components = {"sine": {"source": str(toy("sine", version))}, "it": {"source": str(toy("threshold", version))}}
    data = {
        "name": "held", "components": components, "connections": ["sine.crossings -> it.u"], "record": ["*"],
        "experiment": {"stop": 1.2}, "step_size": 0.03, "algorithm": algorithm,
    }  # fmt: skip
    description = from_mapping(data, Path("/"), "tests")
    assert outcome(description, caplog, interpreted=False) == outcome(description, caplog, interpreted=True)
    with open_simulation(description) as simulation:
        simulation.run(until=0.3)
        seen = simulation["it.events"]
        simulation.run()
        assert simulation["it.events"] == seen


@pytest.mark.parametrize("version", ["fmi2", "fmi3"])
def test_checkpoints_between_strides_go_on_as_in_python(toy, version):
    ends = []
    for interpreted in (False, True):
        with open_simulation(system(toy, "threshold", version, {}), interpreted=interpreted) as simulation:
            for _ in range(30):
                simulation.step()
            kept = simulation.checkpoint()
            for _ in range(30):
                simulation.step()
            simulation.restore(kept)
            for _ in range(50):
                simulation.step()
            ends.append([simulation.read(name) for name in ("it.events", "it.last", "stairs.level", "stairs.y")])
    assert ends[0] == ends[1]


def test_long_steps_come_back_to_python_now_and_then(toy, monkeypatch, caplog):
    data = system(toy, "stiff", "fmi3", {}, step_size=1.0).model_dump()
    data["components"]["it"]["solver"] = {"method": "rk4", "step": 5e-4}
    description = SystemDescription.model_validate(data)
    resumed, resume = [], native_exchange.resume
    monkeypatch.setattr(native_exchange, "resume", lambda memory: resumed.append(memory) or resume(memory))
    by_address = outcome(description, caplog, interpreted=False)
    assert resumed
    assert by_address == outcome(description, caplog, interpreted=True)


@pytest.mark.parametrize("method", ["euler", "heun", "rk4"])
@pytest.mark.parametrize(("name", "parameters"), [("relay", {}), ("ball", {}), ("sine", {}), ("wall", {"k": 0.0})])
@pytest.mark.parametrize("version", VERSIONS)
def test_explicit_methods_step_by_address_as_in_python(toy, caplog, version, name, parameters, method):
    data = system(toy, name, version, parameters).model_dump()
    for component in data["components"].values():
        component["solver"] = {"method": method, "step": 0.004}
    description = SystemDescription.model_validate(data)
    by_address = outcome(description, caplog, interpreted=False)
    assert by_address == outcome(description, caplog, interpreted=True)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("first", ["it", "lag"])
@pytest.mark.parametrize("at", [0.0, 0.45])
def test_where_another_component_refuses_a_step_the_solver_starts_anew_as_in_python(toy, at, first, algorithm):
    def make():
        exchange = open_exchange("it", read_model(toy("grumbler", "fmi3")), Solver())
        put(exchange, "u", 2.0)
        lag = FunctionInstance(
            lambda t, u, x: x,
            name="lag",
            step=lambda t, h, u, x: x + h * (u - x),
            state=[1.0],
            faults=Faults(discard_at=at),
        )
        return sorted([exchange, lag], key=lambda each: each.name != first)

    both_ways(make, ["it.y -> lag.u"], python=["it"], algorithm=algorithm, step_size=0.1)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("smoothing", [False, True])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize(("name", "version"), [*(("grumbler", version) for version in VERSIONS), ("threshold", "fmi3")])
def test_inputs_on_courses_go_by_address_as_in_python(toy, caplog, name, version, order, smoothing, algorithm):
    it = {
        "source": str(toy(name, version)),
        "extrapolation": {"order": order, "smoothing": smoothing},
        "parameters": {"k": 0.0} if name == "grumbler" else {},
    }
    stairs = {"source": str(toy("stairs", version)), "parameters": {"gain": 1.5, "u": 2.0}}
    last = {"source": str(toy("relay", version))}
    data = {
        "name": "chain", "components": {"last": last, "it": it, "stairs": stairs}, "step_size": 0.03, "record": ["*"],
        "connections": ["stairs.y -> it.u"], "experiment": {"stop": 2.0}, "algorithm": algorithm,
    }  # fmt: skip
    description = from_mapping(data, Path("/"), "tests")
    with open_simulation(description) as simulation:
        assert simulation.instances["it"].native is not None
    by_address = outcome(description, caplog, interpreted=False)
    assert by_address == outcome(description, caplog, interpreted=True)
