"""The plant's own FMUs: valid, the same in both versions, and the same as FMPy's solution of the equations."""

import fmpy
import numpy as np
import pytest
from fmpy.validation import validate_fmu

from fmus.build import BuiltFmus, build
from plant_models.fluid_dynamics import fluid_dynamics
from plant_models.plants import CATALOGUE
from tests.fmus.harness import running

UNITS = ("metabolism", "fluid_dynamics", "heat_transfer", "plc")
CELLS = {"mu": 0.2, "qS": 0.4, "qA": 0.02, "qO": 0.15, "feed": 0.01}
INPUTS = {"fluid_dynamics": CELLS, "zones": CELLS, "heat_transfer": {"valve": 30.0, "metabolic_heat": 20.0}}


@pytest.fixture(scope="module")
def plant(tmp_path_factory) -> dict[str, BuiltFmus]:
    out = tmp_path_factory.mktemp("plant") / "fmus"
    makers = {name: CATALOGUE[name] for name in UNITS} | {"zones": lambda: fluid_dynamics(4, 3)}
    return {name: build(make(), out, stem=name) for name, make in makers.items()}


def outputs_of(instance):
    return sorted({v.name.split("[")[0] for v in instance.description.modelVariables if v.causality == "output"})


def trajectory(path, name, steps=60, h=1.0):
    with running(path) as instance:
        instance.initialize(**INPUTS.get(name, {}))
        names, rows = outputs_of(instance), []
        for k in range(steps):
            instance.step(k * h, h)
            rows.append(np.concatenate([instance.get(n).astype(float) for n in names]))
        return np.array(rows)


@pytest.mark.parametrize("name", [*UNITS, "zones"])
def test_fmpy_finds_no_problem_in_a_plant_fmu(plant, name):
    assert [validate_fmu(str(path)) for path in plant[name][:2]] == [[], []]


@pytest.mark.parametrize("name", [*UNITS, "zones"])
def test_both_versions_of_a_plant_fmu_give_the_same_bits(plant, name):
    first, second = (trajectory(path, name) for path in plant[name][:2])
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["fluid_dynamics", "heat_transfer", "zones"])
def test_co_simulation_of_a_plant_fmu_agrees_with_fmpys_solution_of_model_exchange(plant, name):
    path = plant[name].fmi2
    with running(path) as instance:
        starts = {v.name: value for k, value in INPUTS[name].items() for v in instance.elements(k)}
    results = [
        fmpy.simulate_fmu(
            str(path), fmi_type=kind, stop_time=120.0, output_interval=2.0, relative_tolerance=1e-8, start_values=starts
        )
        for kind in ("CoSimulation", "ModelExchange")
    ]
    for column in results[0].dtype.names:
        ours, theirs = (result[column] for result in results)
        assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6), column


@pytest.mark.parametrize("name", [*UNITS, "zones"])
def test_a_plant_fmu_repeats_its_steps_from_a_kept_state(plant, name):
    with running(plant[name].fmi3) as instance:
        instance.initialize(**INPUTS.get(name, {}))
        names = outputs_of(instance)
        instance.step(0.0, 5.0)
        state, runs = instance.keep(), []
        for _ in range(2):
            instance.restore(state)
            for k in range(5):
                instance.step(5.0 + k, 1.0)
            runs.append(np.concatenate([instance.get(n).astype(float) for n in names]))
        instance.free(state)
    assert np.array_equal(*runs)
