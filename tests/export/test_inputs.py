"""Inputs over time go into the whole, and come out with the bits of cotwin's own run."""

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, elements, run, run_in_fmpy
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


def same(description, path, version="3.0"):
    """Outputs in FMPy are those of cotwin, of two at one time the last: that after a jump."""
    export_fmu(description, path, version=version)
    found, expected = (
        elements(run_in_fmpy(path, description, start_time=description.experiment.start)),
        run(description),
    )
    times, last = np.unique(expected.times[::-1], return_index=True)
    assert len(times) == len(found["time"])
    names = [name for name in expected.names if name in found and not name.endswith(".u")]
    for name in names:
        column = np.asarray(expected[name])[::-1][last]
        assert np.array_equal(found[name], column.astype(found[name].dtype)), name
    return names


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("version", PARTS)
def test_constants_ramps_and_steps(version, algorithm, tmp_path):
    h = 0.05
    description = fed({"signals": SIGNALS}, SIGNALS, h=h, version=PARTS[version], algorithm=algorithm)
    names = same(description, tmp_path / "fed.fmu", version)
    assert {"feed.level", "feed.ramp", "feed.step", "to_ramp.x"} <= set(names)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_tables_with_lines_and_jumps(algorithm, tmp_path):
    rows = ["time,a,b", "0.03,1.5,2", "0.37,2.25,2", "0.6,1.0,0.5", "0.6,4.0,0.5", "1.9,-1.0,7", "2.5,0,0"]
    (tmp_path / "inputs.csv").write_text("\n".join(rows))
    description = fed({"source": str(tmp_path / "inputs.csv")}, "ab", algorithm=algorithm)
    assert {"feed.a", "feed.b", "to_a.x", "to_b.x"} <= set(same(description, tmp_path / "fed.fmu"))


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
    assert len(same(from_mapping(data, ROOT, "tests"), tmp_path / "held.fmu")) == 4


def test_jumps_between_communication_points_pulses_and_formulas_are_refused(tmp_path):
    signals = SIGNALS | {
        "pulse": {"pulse": {"low": 0, "high": 1, "period": 1.0, "width": 0.5}},
        "formula": {"expression": "sin(t)"},
    }
    with pytest.raises(CapabilityError) as caught:
        export_fmu(fed({"signals": signals}, signals, h=0.2), tmp_path / "fed.fmu")
    told = str(caught.value)
    assert "component 'feed': 'ramp' jumps or bends at 0.25 s, between two communication points" in told
    assert "component 'feed': 'step' jumps or bends at 0.7 s" in told
    assert "component 'feed': 'pulse' is a pulse or an expression" in told
    assert "component 'feed': 'formula' is a pulse or an expression" in told


def test_a_whole_with_jumps_starts_where_its_communication_points_meet_them(tmp_path):
    path = export_fmu(fed({"signals": SIGNALS}, SIGNALS, h=0.05), tmp_path / "fed.fmu").path
    with running(path) as fmu_:
        with pytest.raises(FMICallException):
            fmu_.enter_initialization(start=0.01)
        assert "inputs of the system jump at communication points that are counted from 0 s" in fmu_.messages[-1]
        fmu_.initialize(start=0.0)
        fmu_.step(0.0, 0.5)
