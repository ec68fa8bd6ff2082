"""A whole is a component like any other: in a system of cotwin, and inside of another whole."""

import numpy as np
import pytest
from fmpy.validation import validate_fmu

from orchestrator.assembly import open_simulation
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, exported_growth, growth, run, run_in_fmpy
from tests.plants import ROOT, fmu


def outer(inner, h=0.125):
    """Prey outside, predators inside of a whole of their own, as Jacobi couples them."""
    return {
        "name": "outer",
        "components": {"prey": {"source": str(fmu("prey", 2))}, "inner": {"source": str(inner)}},
        "connections": ["prey.x -> inner.predator.x", "inner.predator.y -> prey.y"],
        "experiment": {"stop": 4.0, "tolerance": 1e-6},
        "step_size": h,
        "algorithm": "jacobi",
    }


def predators(h=0.125):
    return {
        "name": "predators",
        "components": {"predator": {"source": str(fmu("predator", 3))}},
        "experiment": {"stop": 4.0, "tolerance": 1e-6},
        "step_size": h,
    }


@pytest.mark.parametrize("version", PARTS)
def test_a_whole_inside_of_a_system_and_of_another_whole_changes_no_bit(version, tmp_path):
    inner = export_fmu(from_mapping(predators(), ROOT, "tests"), tmp_path / "inner fmu%.fmu", version=version).path
    description = from_mapping(outer(inner), ROOT, "tests")
    flat = run(from_mapping(growth(algorithm="jacobi"), ROOT, "tests"))
    nested = run(description)
    assert np.array_equal(nested["prey.x"], flat["prey.x"])
    assert np.array_equal(nested["inner.predator.y"], flat["predator.y"])
    for other in PARTS:
        path = export_fmu(description, tmp_path / f"outer{other}.fmu", version=other).path
        found = run_in_fmpy(path, description)
        assert np.array_equal(found["prey.x"], flat["prey.x"])
        assert np.array_equal(found["inner.predator.y"], flat["predator.y"])


@pytest.mark.parametrize("version", PARTS)
def test_a_whole_takes_part_in_loops_that_are_iterated_by_kept_states(version, tmp_path):
    inner = export_fmu(from_mapping(predators(), ROOT, "tests"), tmp_path / "inner.fmu", version=version).path
    flat = run(from_mapping(growth(algorithm="iterative"), ROOT, "tests"))
    nested = run(from_mapping({**outer(inner), "algorithm": "iterative"}, ROOT, "tests"))
    assert np.array_equal(nested["prey.x"], flat["prey.x"])
    assert not np.array_equal(flat["prey.x"], run(from_mapping(growth(), ROOT, "tests"))["prey.x"])


def test_a_whole_runs_in_the_compiled_loop():
    description = {
        "name": "nested", "components": {"growth": {"source": str(exported_growth("3.0"))}},
        "experiment": {"stop": 4.0, "tolerance": 1e-6}, "step_size": 0.125,
    }  # fmt: skip
    with open_simulation(description) as simulation:
        assert simulation.strides
        found = simulation.run()
    expected = run(from_mapping(growth(), ROOT, "tests"))
    assert np.array_equal(found["growth.prey.x"], expected["prey.x"])


def test_outputs_follow_inputs_through_all_components_between_and_say_so(tmp_path):
    chain = {
        "name": "chain",
        "components": {name: {"source": str(fmu("gain", 3))} for name in ("a", "b")},
        "connections": ["a.y -> b.u"],
        "experiment": {"stop": 1.0},
        "step_size": 0.5,
    }
    path = export_fmu(from_mapping(chain, ROOT, "tests"), tmp_path / "chain.fmu").path
    with open_simulation({**chain, "components": {"c": {"source": str(path)}}, "connections": []}) as simulation:
        feedthrough = simulation.instances["c"].feedthrough
        simulation["c.a.u"] = 3.0
        simulation.initialize()
        assert feedthrough == {"a.y": ("a.u",), "b.y": ("a.u",)}
        assert simulation["c.a.y"] == -2.0 * 3.0 + 1.0
        assert simulation["c.b.y"] == -2.0 * -5.0 + 1.0


@pytest.mark.parametrize("version", PARTS)
def test_names_may_hold_whatever_descriptions_allow(version, tmp_path):
    odd = 'cooling/Kühler "1" %s <?'
    data = growth(connections=[f"{odd}.x -> predator.x", f"predator.y -> {odd}.y"], name="1. Öl & Wasser")
    data["components"][odd] = data["components"].pop("prey")
    description = from_mapping(data, ROOT, "tests")
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    assert validate_fmu(str(path)) == []
    found = run_in_fmpy(path, description)
    assert np.array_equal(found[f"{odd}.x"], run(description)[f"{odd}.x"])
