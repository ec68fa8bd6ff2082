"""Components at paces of their own and on extrapolated inputs: a whole has the bits of cotwin's own run."""

import pytest

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, comes_again, growth, run, same_as_run
from tests.fmus.harness import FMICallException, running
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT, fmu

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")
ALGORITHMS = ("jacobi", "gauss_seidel")
COURSES = ({"order": 1}, {"order": 2, "smoothing": True}, {"order": 0, "smoothing": True}, {"order": 2})
PAIRS = (
    ("11", True),
    ("12", True),
    ("22", True),
    ("22", False),
    ("23", True),
    ("31", True),
    ("33", True),
    ("33", False),
)
"""Versions of FMI, and whether inputs take derivatives; all tell those of outputs."""
RATES = ({"prey": 0.0625}, {"predator": 0.03}, {"prey": 0.25}, {"prey": 0.5, "predator": 0.0125}, {"predator": 0.5})


def paced(rates, h=0.125, **changes):
    described = growth(h, **{"record": ["*"], **changes})
    for name, size in rates.items():
        described["components"][name]["step_size"] = size
    return from_mapping(described, ROOT, "tests")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("rates", RATES, ids=str)
def test_components_step_more_often_or_less_often_than_the_system(rates, algorithm, tmp_path):
    h = 0.12 if "predator" in rates and rates["predator"] == 0.03 else 0.125
    stop = 3.84 if h == 0.12 else 4.0
    description = paced(rates, h, algorithm=algorithm, experiment={"stop": stop, "tolerance": 1e-6})
    expected = same_as_run(description, tmp_path / "paced.fmu", "2.0" if len(rates) == 1 else "3.0").expected
    assert expected["prey.x"][-1] != run(paced({}, h, algorithm=algorithm))["prey.x"][-1]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("extrapolation", COURSES, ids=str)
@pytest.mark.parametrize("rates", [{}, {"prey": 0.025}, {"predator": 0.5}], ids=str)
def test_inputs_go_on_over_a_step(rates, extrapolation, algorithm, tmp_path):
    description = paced(rates, algorithm=algorithm, extrapolation=extrapolation)
    expected = same_as_run(description, tmp_path / "extrapolated.fmu").expected
    assert expected["prey.x"][-1] != run(paced(rates, algorithm=algorithm))["prey.x"][-1]


@needs_compiler
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("extrapolation", COURSES[:2], ids=str)
@pytest.mark.parametrize(("versions", "takes"), PAIRS)
def test_derivatives_go_from_fmu_to_fmu(versions, takes, extrapolation, algorithm, tmp_path):
    able = {"1": {"interpolate_inputs": takes}, "3": {"intermediate_steps": 4 * takes}}
    able["2"] = able["1"]
    sources = [
        str(kit_fmu("Integrator", f"{version}.0", "co_simulation", output_derivatives=True, **able[version]))
        for version in versions
    ]
    description = {
        "name": "pair",
        "components": {
            "a": {"source": sources[0], "parameters": {"x": 1.0}},
            "b": {"source": sources[1], "parameters": {"x": -0.5}, "step_size": 0.2},
        },
        "connections": [
            "a.y -> b.u",
            {"connect": "b.y -> a.u", "factor": -1.5, "offset": 0.25, "delay": versions == "11"},
        ],
        "experiment": {"stop": 4.0},
        "step_size": 0.1,
        "algorithm": algorithm,
        "extrapolation": extrapolation,
        "record": ["*"],
    }
    same_as_run(from_mapping(description, ROOT, "tests"), tmp_path / "pair.fmu", "2.0" if takes else "3.0")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jumps_of_inputs_end_what_was_known_of_the_past(algorithm, tmp_path):
    signals = {
        "level": {"constant": 0.3},
        "ramp": {"ramp": {"from": 1.0, "to": 3.0, "start": 0.25, "stop": 1.5}},
        "step": {"step": {"from": -1.0, "to": 2.0, "at": 0.7}},
    }
    (tmp_path / "rows.csv").write_text("time,a\n0,1.5\n0.33,2.25\n0.6,1.0\n0.6,4.0\n1.9,-1.0\n")
    parts = {f"to_{name}": {"source": str(fmu("integrator", 2))} for name in (*signals, "a", "other")}
    description = {
        "name": "fed",
        "components": {**parts, "feed": {"signals": signals}, "rows": {"source": str(tmp_path / "rows.csv")}},
        "connections": [
            *(f"feed.{name} -> to_{name}.u" for name in signals),
            "rows.a -> to_a.u",
            "to_a.x -> to_other.u",
        ],
        "experiment": {"stop": 2.0},
        "step_size": 0.05,
        "algorithm": algorithm,
        "extrapolation": {"order": 2, "smoothing": True},
        "record": ["*"],
    }
    same_as_run(from_mapping(description, ROOT, "tests"), tmp_path / "fed.fmu")


@pytest.mark.parametrize("version", PARTS)
def test_states_are_kept_within_periods_with_what_inputs_remember(version, tmp_path):
    description = paced({"prey": 0.5, "predator": 0.025}, extrapolation={"order": 2, "smoothing": True})
    path = export_fmu(description, tmp_path / "paced.fmu", version=version).path
    _, after = comes_again(path, 6, 16)
    expected = run(description)
    assert after == list(zip(expected["prey.x"][7:17], expected["predator.y"][7:17], strict=True))


@pytest.mark.parametrize("version", PARTS)
def test_a_stop_within_a_period_is_refused_here_and_by_the_whole(version, tmp_path):
    with pytest.raises(DescriptionError, match="no multiple of"):
        export_fmu(paced({"prey": 0.5}, experiment={"stop": 3.875}), tmp_path / "refused.fmu")
    path = export_fmu(paced({"prey": 0.5}), tmp_path / "paced.fmu", version=version).path
    with running(path) as fmu:
        with pytest.raises(FMICallException):
            fmu.enter_initialization(stop=3.875)
        assert "the step size of component 'prey' is longer" in fmu.messages[-1]


@needs_compiler
def test_inputs_of_32_bits_are_not_extrapolated(tmp_path):
    source = str(kit_fmu("Feedthrough", "3.0", "co_simulation"))
    described = growth(extrapolation={"order": 1})
    described["components"]["wide"] = {"source": source}
    described["connections"].append("prey.x -> wide.Float32_u")
    with pytest.raises(CapabilityError, match="extrapolates no inputs of 32 bits"):
        export_fmu(from_mapping(described, ROOT, "tests"), tmp_path / "whole.fmu")
