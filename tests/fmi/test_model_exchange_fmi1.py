"""Model Exchange of FMI 1.0, which has no modes, no reset and no states that can be kept: what takes their place."""

from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from orchestrator.errors import CapabilityError, InitializationError, ModelDescriptionError
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.opening import open_component
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle, StateWrite
from orchestrator.system.description import Component, Solver
from tests.fmi.exchange_runs import put, take
from tests.fmi.exchange_toys import exchange_fmu
from tests.kit.answers import ball
from tests.kit.build import changed, compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="the FMUs need a C compiler")


def opened(name, folder, **more):
    return open_exchange(name, read_model(exchange_fmu(name, "fmi1", folder, **more)), Solver())


def test_outputs_at_the_start_follow_inputs_that_become_known_later(tmp_path):
    with closing(opened("stairs", tmp_path)) as stairs:
        stairs.enter_initialization(0.0, None, None)
        assert take(stairs, "y")[0] == 0.0
        for u in (2.0, 3.0):
            put(stairs, "u", u)
            assert take(stairs, "y")[0] == u
        stairs.exit_initialization()
        stairs.do_step(0.0, 0.5)
        assert take(stairs, "x")[0] == pytest.approx(1.5, rel=1e-6)
        stairs.terminate()


def test_a_model_that_cannot_be_made_again_says_so_where_that_is_needed(tmp_path):
    with closing(opened("stairs", tmp_path, once=True)) as stairs:
        stairs.enter_initialization(0.0, None, None)
        assert take(stairs, "y")[0] == 0.0
        put(stairs, "u", 2.0)
        with pytest.raises(InitializationError, match="'stairs': fmiInstantiateModel returned Error"):
            take(stairs, "y")


def test_the_coupled_initialization_is_exact_along_a_chain_against_the_order_of_the_description():
    source = {"source": str(kit_fmu("Feedthrough", "1.0", "model_exchange"))}
    integrator = {"source": str(kit_fmu("Integrator", "1.0", "model_exchange"))}
    system = {
        "name": "chain",
        "components": {"d": integrator, "c": source, "b": source, "a": {**source, "parameters": {"Float64_u": 2.5}}},
        "connections": ["a.Float64_y -> b.Float64_u", "b.Float64_y -> c.Float64_u", "c.Float64_y -> d.u"],
        "experiment": {"stop": 1.0},
        "step_size": 0.25,
    }
    with cotwin.open_simulation(system) as simulation:
        results = simulation.run()
    for name in ("a", "b", "c"):
        assert results[f"{name}.Float64_y"].tolist() == [2.5] * 5
    np.testing.assert_allclose(results["d.y"], 2.5 * results.times, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["relay", "scan", "ball"])
def test_a_component_in_a_process_of_its_own_gives_the_same_bits(tmp_path, name):
    path, records = exchange_fmu(name, "fmi1", tmp_path), []
    for isolation in (None, "process"):
        system = {
            "name": "alone",
            "components": {"it": {"source": str(path), "isolation": isolation}},
            "experiment": {"stop": 1.0},
            "step_size": 0.1,
            "record": ["*"],
        }
        with cotwin.open_simulation(system) as simulation:
            records.append(simulation.run())
    for column in records[0].names:
        assert records[0][column].tolist() == records[1][column].tolist()


def test_the_command_line_inspects_validates_and_runs_it(tmp_path):
    fmu = str(kit_fmu("BouncingBall", "1.0", "model_exchange"))
    for command in (["inspect", fmu], ["validate", fmu], ["run", fmu, "-o", str(tmp_path)]):
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, done.output
    results = cotwin.load_results(tmp_path / "results.parquet")
    (bounces,) = (name for name in results.names if name.endswith(".bounces"))
    assert results.at(3.0)[bounces] == ball(3.0).bounces


def test_states_can_neither_be_kept_nor_written_by_name(tmp_path):
    with closing(opened("relay", tmp_path)) as relay:
        relay.enter_initialization(0.0, None, None)
        relay.exit_initialization()
        assert relay.capabilities.state_write is StateWrite.NONE
        with pytest.raises(CapabilityError, match=r"FMI 1\.0 does not say which of its variables are"):
            relay.restart(0.0, {"x": np.array([1.0])})
        with pytest.raises(CapabilityError, match="'relay' cannot keep its state"):
            relay.save_state()


@pytest.mark.parametrize("count", ["-1", "99999999999", "many"])
def test_a_number_of_states_that_is_none_is_refused(tmp_path, count):
    fmu = kit_fmu("Dahlquist", "1.0", "model_exchange")
    wrong = {'numberOfContinuousStates="1"': f'numberOfContinuousStates="{count}"'}
    with pytest.raises(ModelDescriptionError, match=f"{count}"):
        read_model(changed(fmu, tmp_path / "wrong.fmu", wrong))


@pytest.mark.parametrize("isolation", [None, "process"])
@pytest.mark.parametrize("t", [1.0, 5.0])
def test_states_that_its_binary_names_are_written_by_name(isolation, t):
    # Dahlquist: dx/dt = -x, from x = 3 at time t on, wherever it was before
    source = kit_fmu("Dahlquist", "1.0", "model_exchange")
    component = Component(source=source, isolation=isolation, solver=Solver(tolerance=1e-9))
    with closing(open_component("d", component)) as fmu:
        assert fmu.capabilities.state_write is StateWrite.CONTINUOUS_STATES
        (state,) = (connector for connector in fmu.connectors if connector.is_state)
        fmu.enter_initialization(0.0, None, None)
        fmu.exit_initialization()
        fmu.do_step(0.0, 1.0)
        fmu.restart(t, {state.name: np.array([3.0])})
        found = np.empty(1)
        fmu.get(Bundle.of([state]), found)
        assert found[0] == 3.0
        fmu.do_step(t, 2.0)
        fmu.get(Bundle.of([state]), found)
        assert found[0] == pytest.approx(3.0 * np.exp(-2.0), rel=1e-7)
