"""A system runs in FMPy, as one FMU, with the bits of its own run."""

import numpy as np
import pytest
from fmpy.validation import validate_fmu

from cotwin.validation import fails, validated
from orchestrator.assembly import open_simulation
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, elements, growth, run, run_in_fmpy, system
from tests.fmus.harness import running
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")

PLANTS = {"lotka_volterra": 5.0, "control_loop": 4.0, "ecoli_fed_batch": 300.0, "bsm1": 21600.0}
"""Examples, and how far they run (s)."""


def same(found, expected, times=slice(None)):
    columns = elements(found)
    shared = [name for name in expected.names if name in columns]
    for name in shared:
        assert np.array_equal(columns[name], np.asarray(expected[name])[times].astype(columns[name].dtype)), name
    return shared


@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize("name", PLANTS)
def test_an_example_runs_in_fmpy_with_the_bits_of_cotwin(name, version, tmp_path):
    description = system(name, PARTS[version], PLANTS[name])
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    assert validate_fmu(str(path)) == []
    assert not fails(validated(path), strict=True)
    assert len(same(run_in_fmpy(path, description), run(description))) >= len(description.components)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_components_of_both_versions_are_mixed_with_units_transformations_and_delays(algorithm, tmp_path):
    back = {"connect": "predator.y -> prey.y", "factor": 0.9, "offset": 0.05, "delay": algorithm == "jacobi"}
    changes = {"connections": ["prey.x -> predator.x", back], "algorithm": algorithm, "record": ["*"]}
    description = from_mapping(growth(**changes), ROOT, "tests")
    path = export_fmu(description, tmp_path / "mixed.fmu").path
    assert {"prey.x", "predator.y"} <= set(same(run_in_fmpy(path, description), run(description)))


def test_a_communication_step_may_be_a_multiple_of_the_step_size(tmp_path):
    description = from_mapping(growth(), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu", version="2.0").path
    found = run_in_fmpy(path, description, strides=8)
    assert found["time"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert same(found, run(description), times=slice(None, None, 8))


def test_parameters_and_start_values_from_outside_are_those_of_the_description(tmp_path):
    description = from_mapping(growth(), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    given = {"prey": {"x": 1.5, "a": 0.7}, "predator": {"c": 1.25}}
    changed = growth()
    for name, parameters in given.items():
        changed["components"][name]["parameters"] = parameters
    outside = {f"{name}.{key}": value for name, values in given.items() for key, value in values.items()}
    expected = run(from_mapping(changed, ROOT, "tests"))
    assert same(run_in_fmpy(path, description, start_values=outside), expected)
    assert expected["prey.x"][-1] != run(description)["prey.x"][-1]


def test_what_the_description_gives_is_what_the_fmu_starts_with(tmp_path):
    changed = growth()
    changed["components"]["prey"]["parameters"] = {"x": 1.5, "a": 0.7}
    description = from_mapping(changed, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    assert same(run_in_fmpy(path, description), run(description))


def test_an_unconnected_input_is_one_of_the_whole(tmp_path):
    description = from_mapping(growth(connections=["prey.x -> predator.x"], record=["*"]), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    held = growth(connections=["prey.x -> predator.x"], record=["*"])
    held["components"]["prey"]["parameters"] = {"y": 1.3}
    found = run_in_fmpy(path, description, start_values={"prey.y": 1.3})
    assert same(found, run(from_mapping(held, ROOT, "tests")))


def matrices(**changes):
    """x' = A x + B u of the kit, whose matrices are tunable, beside prey and predators."""
    system = growth(record=["part.y", "part.A", "prey.x"], **changes)
    sizes = {"n": 2, "m": 2, "r": 2}  # those that it has already
    system["components"]["part"] = {"source": str(kit_fmu("StateSpace", "3.0", "co_simulation")), "parameters": sizes}
    return system


@needs_compiler
def test_a_tunable_parameter_that_is_set_between_steps_counts_from_the_next_step_on(tmp_path):
    description = from_mapping(matrices(), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    changed = [0.5, 1.0, -2.0, 0.25]
    with open_simulation(description) as simulation, running(path) as fmu:
        fmu.initialize(tolerance=description.experiment.tolerance)
        for index in range(8):
            if index == 3:
                simulation["part.A"] = changed
                fmu.set("part.A", changed)
            simulation.step()
            fmu.step(index * 0.125, 0.125)
            assert fmu.get("part.y").ravel().tolist() == simulation["part.y"].tolist()
        assert fmu.get("part.A").ravel().tolist() == changed


@needs_compiler
@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_parameters_set_by_connections_are_set_in_the_whole(algorithm, tmp_path):
    wired = {"connect": "prey.x -> part.A[2,1]", "as_parameter": True, "factor": -1.0}
    connections = [*growth()["connections"], wired, "predator.y -> part.u[2]"]
    description = from_mapping(matrices(connections=connections, algorithm=algorithm), ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu").path
    assert {"part.y[1]", "part.y[2]"} <= set(same(run_in_fmpy(path, description), run(description)))
