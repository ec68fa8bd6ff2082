"""Inputs over time go into the whole, and come out with the bits of cotwin's own run."""

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, elements, run, run_in_fmpy, same_as_run
from tests.fmus.harness import FMICallException, running
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT, fmu

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
SIGNALS = {
    "level": {"constant": 0.3},
    "ramp": {"ramp": {"from": 1.0, "to": 3.0, "start": 0.25, "stop": 1.5}},
    "step": {"step": {"from": -1.0, "to": 2.0, "at": 0.7}},
}


def fed(source, wanted, *, h=0.1, version=3, algorithm="gauss_seidel"):
    """A component of inputs that feeds an integrator each."""
    parts = {f"to_{name}": {"source": str(fmu("integrator", version))} for name in wanted}
    return from_mapping(
        {
            "name": "fed",
            "components": {**parts, "feed": source},
            "connections": [f"feed.{name} -> to_{name}.u" for name in wanted],
            "experiment": {"stop": 2.0},
            "step_size": h,
            "algorithm": algorithm,
            "record": ["*"],
        },
        ROOT,
        "tests",
    )


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", PARTS)
def test_constants_ramps_and_steps(version, algorithm, tmp_path):
    h = 0.05
    description = fed({"signals": SIGNALS}, SIGNALS, h=h, version=PARTS[version], algorithm=algorithm)
    names = same_as_run(description, tmp_path / "fed.fmu", version).names
    assert {"feed.level", "feed.ramp", "feed.step", "to_ramp.x"} <= set(names)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_tables_with_lines_and_jumps(algorithm, tmp_path):
    rows = ["time,a,b", "0.03,1.5,2", "0.37,2.25,2", "0.6,1.0,0.5", "0.6,4.0,0.5", "1.9,-1.0,7", "2.5,0,0"]
    (tmp_path / "inputs.csv").write_text("\n".join(rows))
    description = fed({"source": str(tmp_path / "inputs.csv")}, "ab", algorithm=algorithm)
    assert {"feed.a", "feed.b", "to_a.x", "to_b.x"} <= set(same_as_run(description, tmp_path / "fed.fmu").names)


@needs_compiler
@pytest.mark.parametrize("version", PARTS)
def test_integers_and_booleans_of_a_table_are_held(version, tmp_path):
    (tmp_path / "inputs.csv").write_text("time,n,on\n0,3,true\n0.5,-4,true\n1.0,5,false\n")
    data = {
        "name": "held",
        "components": {
            "feed": {"source": str(tmp_path / "inputs.csv")},
            "part": {"source": str(kit_fmu("Feedthrough", version, "co_simulation"))},
        },
        "connections": ["feed.n -> part.Int32_u", "feed.on -> part.Boolean_u"],
        "experiment": {"stop": 2.0},
        "step_size": 0.25,
        "record": ["feed.*", "part.Int32_y", "part.Boolean_y"],
    }
    assert len(same_as_run(from_mapping(data, ROOT, "tests"), tmp_path / "held.fmu").names) == 4


PULSES = {
    "pulse": {"pulse": {"low": 0.25, "high": 1.5, "period": 0.45, "width": 0.2}},
    "late": {"pulse": {"low": -1.0, "high": 1.0, "start": 0.33, "period": 1.0, "width": 0.5}},
}


def on_grid(description, path, version="3.0"):
    """Outputs in FMPy are those of cotwin at the points of the grid: of two at one time the last."""
    export_fmu(description, path, version=version)
    start = description.experiment.start
    found, expected = elements(run_in_fmpy(path, description, start_time=start)), run(description)
    times = expected.times[::-1]
    last = [len(times) - 1 - int(np.argmin(np.abs(times - t))) for t in found["time"]]
    assert len(expected.times) > len(found["time"])  # there are others, between these
    for name in expected.names:
        if name in found and not name.endswith(".u"):
            assert np.array_equal(found[name], np.asarray(expected[name])[last].astype(found[name].dtype)), name


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", PARTS)
def test_jumps_between_communication_points_end_steps_there(version, algorithm, tmp_path):
    signals = SIGNALS | PULSES
    description = fed({"signals": signals}, signals, h=0.2, version=PARTS[version], algorithm=algorithm)
    on_grid(description, tmp_path / "fed.fmu", version)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("kind", ["co_simulation", "model_exchange"])
def test_components_at_other_paces_on_extrapolated_inputs_follow_jumps_too(kind, algorithm, tmp_path):
    signals = SIGNALS | PULSES
    data = fed({"signals": signals}, signals, h=0.2, algorithm=algorithm).model_dump(mode="json", exclude_defaults=True)
    data["components"]["to_ramp"] |= {"step_size": 0.05, "kind": kind}
    data["components"]["to_pulse"] |= {"step_size": 0.4, "kind": kind}
    data["connections"] = [
        *(f"feed.{name} -> to_{name}.u" for name in signals if name not in ("late", "step")),
        "to_ramp.x -> to_late.u",
        "to_pulse.x -> to_step.u",
    ]
    data["extrapolation"] = {"order": 2, "smoothing": True}
    on_grid(from_mapping(data, ROOT, "tests"), tmp_path / "fed.fmu")


@needs_compiler
def test_jumps_between_points_are_refused_where_a_component_takes_steps_of_one_size_only(tmp_path):
    data = fed({"signals": SIGNALS}, SIGNALS, h=0.2).model_dump(mode="json", exclude_defaults=True)
    data["connections"] = ["feed.ramp -> to_ramp.u", "feed.step -> to_step.u", "feed.level -> to_level.u"]
    data["components"]["to_level"]["source"] = str(kit_fmu("Integrator", "2.0", "co_simulation", fixed_step=True))
    with pytest.raises(CapabilityError) as caught:
        export_fmu(from_mapping(data, ROOT, "tests"), tmp_path / "fed.fmu")
    told = str(caught.value)
    assert "component 'feed': 'ramp' jumps or bends at 0.25 s, between two communication points" in told
    assert "but 'to_level' takes steps of one size only" in told
    assert "component 'feed': 'step' jumps or bends at 0.7 s" in told
    path = export_fmu(from_mapping({**data, "step_size": 0.05}, ROOT, "tests"), tmp_path / "fed.fmu").path
    with running(path) as fmu_:
        with pytest.raises(FMICallException):
            fmu_.enter_initialization(start=0.01)
        assert "inputs of the system jump at communication points that are counted from 0 s" in fmu_.messages[-1]
        fmu_.initialize(start=0.0)
        fmu_.step(0.0, 0.5)


def test_formulas_are_refused(tmp_path):
    with pytest.raises(CapabilityError, match="'formula' is an expression, which a container does not compute"):
        export_fmu(fed({"signals": {"formula": {"expression": "sin(t)"}}}, ["formula"]), tmp_path / "fed.fmu")


@pytest.mark.parametrize("version", PARTS)
def test_a_state_is_kept_between_two_jumps(version, tmp_path):
    signals = SIGNALS | PULSES
    path = export_fmu(fed({"signals": signals}, signals, h=0.2), tmp_path / "fed.fmu", version=version).path
    with running(path) as fmu_:
        fmu_.initialize()
        fmu_.step(0.0, 0.6)
        state, found = fmu_.keep(), []
        for _ in range(2):
            fmu_.restore(state)
            fmu_.step(0.6, 1.0)
            found.append([fmu_.get(f"to_{name}.x").tolist() for name in signals])
        fmu_.free(state)
    assert found[0] == found[1]
