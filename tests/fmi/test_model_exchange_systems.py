"""Model Exchange FMUs in systems: from the command line, coupled, and against Co-Simulation of the same files."""

import numpy as np
import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from tests.fmi.exchange_toys import exchange_fmu
from tests.plants import example


def test_a_stiff_fed_batch_without_inputs_and_outputs_runs_and_records_its_locals(tmp_path, version):
    path = exchange_fmu("fed_batch", version, tmp_path)
    values = [f"--set=fed_batch.{setting}" for setting in ("factor=3", "F0=0.1", "k=0.2")]
    ran = CliRunner().invoke(app, ["run", str(path), "--stop=10", "-o", str(tmp_path / "out"), *values])
    assert ran.exit_code == 0, ran.output
    results = cotwin.load_results(tmp_path / "out" / "results.parquet")
    expected = 2 + 0.5 * (np.exp(0.2 * results.times) - 1)
    np.testing.assert_allclose(results["fed_batch.V"], expected, rtol=1e-6)
    assert {"fed_batch.V", "fed_batch.X", "fed_batch.C", "fed_batch.mu"} <= set(results.names)
    settled = results.times > 0.1
    uptake = results["fed_batch.mu"] * results["fed_batch.X"]
    np.testing.assert_allclose(results["fed_batch.C"][settled], 1 - uptake[settled] / 1e4, atol=1e-6)


def test_a_fixed_parameter_that_comes_too_late_is_refused(tmp_path, version):
    system = alone(exchange_fmu("fed_batch", version, tmp_path), parameters={"factor": 3.0})
    with cotwin.open_simulation(system) as simulation:
        simulation.step()
        with pytest.raises(cotwin.VariableError, match=r"batch\.k"):
            simulation.write("batch.k", 2.0)


def alone(path, **component):
    return {
        "name": "alone",
        "components": {"batch": {"source": str(path), **component}},
        "experiment": {"stop": 1.0},
        "step_size": 0.1,
    }


def test_a_solver_is_refused_where_the_fmu_brings_its_own(fmu):
    system = alone(fmu, solver={"method": "cvode", "tolerance": 1e-8})
    with pytest.raises(cotwin.DescriptionError, match="'batch': runs as co_simulation, with the solver inside the FMU"):
        cotwin.open_simulation(system)


@pytest.mark.parametrize("solver", [{}, {"method": "rk4", "step": 0.01}])
def test_a_component_chooses_its_kind_and_solver(fmu, solver):
    system = alone(fmu, kind="model_exchange", solver=solver)
    with cotwin.open_simulation(system) as simulation:
        assert simulation.instances["batch"].identity["interface"] == "ModelExchange"
        results = simulation.run()
    assert results["batch.total"][-1] == 20  # 2 at each of ten scans


def test_a_component_in_a_process_of_its_own_gives_the_same_bits(tmp_path, version):
    path, records = exchange_fmu("relay", version, tmp_path), []
    for isolation in (None, "process"):
        with cotwin.open_simulation({**alone(path, isolation=isolation), "record": ["*"]}) as simulation:
            records.append(simulation.run())
    for name in records[0].names:
        assert records[0][name].tolist() == records[1][name].tolist()


@pytest.mark.parametrize("number", [2, 3])
def test_a_coupled_plant_gives_the_same_by_both_kinds(number):
    records = []
    for kind in ("co_simulation", "model_exchange"):
        system = example("ecoli_fed_batch", number)
        system["experiment"] = {"start": 0.0, "stop": 120 * system["step_size"], "tolerance": 1e-11}
        for component in system["components"].values():
            component["kind"] = kind
        with cotwin.open_simulation(system) as simulation:
            records.append(simulation.run())
    assert records[0].names == records[1].names
    for name in (name for name in records[0].names if "der(" not in name):
        one, other = (np.asarray(record[name], float) for record in records)
        scale = max(1e-9, np.abs(one).max())
        np.testing.assert_allclose(other / scale, one / scale, atol=1e-5, err_msg=name)
