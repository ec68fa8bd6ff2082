"""Generated inputs against exact integrals: dx/dt = u, so that x is the integral of what the FMU was given."""

import math

import numpy as np
import pytest

import cotwin
from cotwin.validation import validated
from fmus.build import build
from orchestrator.errors import DescriptionError
from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.writer import as_yaml
from tests.integral import integral
from tests.kit.build import kit_fmu


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return build(integral(), tmp_path_factory.mktemp("integral")).fmi3


def system(fmu, signal, *, stop=2.0, step=0.25, **more):
    return {
        "name": "generated",
        "components": {"feed": {"signals": {"F": signal}}, "tank": {"source": str(fmu)}},
        "connections": ["feed.F -> tank.u"],
        "experiment": {"stop": stop},
        "step_size": step,
        **more,
    }


def run(*args, **more):
    with cotwin.open_simulation(system(*args, **more)) as simulation:
        return simulation.run()


@pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])
def test_a_constant_in_a_unit_of_its_own_is_integrated_exactly(fmu, algorithm):
    results = run(fmu, {"constant": "60 L/min"}, algorithm=algorithm)
    assert results["tank.x"][-1] == pytest.approx(2.0 * 1e-3, rel=1e-12)
    assert results["tank.y"][0] == pytest.approx(2e-3, rel=1e-12), "known at the initialization already"


@pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])
@pytest.mark.parametrize("step", [0.1, 0.3])
def test_steps_and_pulses_are_met_exactly_between_grid_points(fmu, algorithm, step):
    jump = run(fmu, {"step": {"from": 1, "to": -3, "at": 0.77}}, step=step, algorithm=algorithm)
    assert jump["tank.x"][-1] == pytest.approx(0.77 - 3.0 * (2.0 - 0.77), rel=1e-9)
    pulse = {"pulse": {"low": 1, "high": 5, "period": 0.7, "width": 0.2, "start": 0.1}}
    pulses = run(fmu, pulse, step=step, algorithm=algorithm)
    # high in 0.1 .. 0.3, 0.8 .. 1.0, 1.5 .. 1.7
    assert pulses["tank.x"][-1] == pytest.approx(2.0 * 1.0 + 0.6 * 4.0, rel=1e-9)


@pytest.mark.parametrize(("algorithm", "sign"), [("gauss_seidel", 1.0), ("jacobi", -1.0)])
def test_a_ramp_is_exact_at_communication_points_and_its_ends_are_such(fmu, algorithm, sign):
    ramp = {"ramp": {"from": 2, "to": 5, "start": 0.33, "stop": "0.0281 min"}}  # 1.686 s
    results = run(fmu, ramp, algorithm=algorithm)
    t = results.times
    assert {0.33, 1.686} <= set(t.tolist())
    assert results["feed.F"] == pytest.approx(np.interp(t, [0.33, 1.686], [2, 5]), rel=1e-12)
    h = np.diff(np.unique(t))
    u = np.interp(np.unique(t), [0.33, 1.686], [2, 5])
    held = float(h @ (u[1:] if sign > 0 else u[:-1]))
    assert results["tank.x"][-1] == pytest.approx(held, rel=1e-9)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])
def test_an_fmu_that_gets_slopes_integrates_a_ramp_exactly_from_the_first_step_on(version, algorithm):
    integrator = kit_fmu("Integrator", version, "co_simulation", interpolate_inputs=True)
    data = system(integrator, {"ramp": {"from": 0, "to": 3, "start": 0, "stop": 1.5}}, algorithm=algorithm)
    data["components"]["tank"]["extrapolation"] = {"order": 1}
    with cotwin.open_simulation(data) as simulation:
        results = simulation.run()
    assert results["tank.y"][-1] == pytest.approx(0.5 * 1.5 * 3.0 + 0.5 * 3.0, rel=1e-9)


def test_an_expression_is_its_value_at_every_communication_point_in_its_unit(fmu):
    results = run(fmu, {"expression": "3 + 2*sin(pi*t)", "unit": "L/s"}, step=0.125)
    assert results["feed.F"] == pytest.approx(3.0 + 2.0 * np.sin(math.pi * results.times), rel=1e-14)
    assert results["tank.y"] == pytest.approx(2e-3 * results["feed.F"], rel=1e-12)


def test_signals_of_every_type_follow_what_they_feed(tmp_path):
    signals = {
        "b": {"expression": "t > 0.5"},
        "i": {"step": {"from": 1, "to": -2, "at": 0.5}},
        "e": {"constant": "second"},
        "s": "a text",
        "f": {"pulse": {"low": 0, "high": 1, "period": 1, "width": 0.5}},
    }
    ends = {"b": "Boolean", "i": "Int64", "e": "Enumeration", "s": "String", "f": "Float64"}
    fmu = kit_fmu("Feedthrough", "3.0", "co_simulation")
    data = {
        "name": "types",
        "components": {"feed": {"signals": signals}, "through": {"source": str(fmu)}},
        "connections": [f"feed.{key} -> through.{kind}_u" for key, kind in ends.items()],
        "experiment": {"stop": 1.0},
        "step_size": 0.25,
        "record": ["*"],
    }
    with cotwin.open_simulation(data) as simulation:
        results = simulation.run()
    assert results["through.Enumeration_y"][-1] == 2
    assert (results["through.Boolean_y"][0], results["through.Boolean_y"][-1]) == (False, True)
    assert (results["through.Int64_y"][0], results["through.Int64_y"][-1]) == (1, -2)
    assert (results["through.Float64_y"][0], results["through.Float64_y"][-2]) == (1.0, 0.0)
    assert results["through.String_y"][-1] == "a text"


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ({"constant": "1 kg"}, "components.feed.signals.F"),
        ({"constant": True}, "True is not a number"),
        ({"ramp": {"from": 0, "to": 1, "start": 2, "stop": 1}}, "the ramp stops at 1 s, not after its start at 2 s"),
        ({"pulse": {"low": 0, "high": 1, "period": 1, "width": 1}}, "does not fit into a period"),
        ({"expression": "3 *"}, "a number or name is missing"),
        ({"expression": "x + 1"}, "unknown name 'x'"),
        ({"expression": "t > 1"}, "is true or false, but it feeds a float"),
        ({"expression": "t", "constant": 1}, "use exactly one of constant, ramp, step, pulse, expression"),
        ({"unit": "L"}, "use exactly one of"),
        ({"constant": 1, "unit": "foods"}, "unit 'foods'"),
        ({"step": {"from": 0, "to": 1, "at": "3 kg"}}, "use a number of seconds, or a time such as '10 min'"),
    ],
)
def test_wrong_signals_are_refused_by_name(fmu, signal, said):
    with pytest.raises(DescriptionError) as refused:
        run(fmu, signal)
    assert said in str(refused.value)


def test_a_component_has_either_a_file_or_signals(fmu):
    both = system(fmu, 1.0)
    both["components"]["feed"]["source"] = str(fmu)
    neither = system(fmu, 1.0)
    neither["components"]["feed"] = {}
    for data in (both, neither):
        with pytest.raises(DescriptionError, match="give it a 'source', the path of a file, or 'signals'"):
            cotwin.open_simulation(data)
    data = system(fmu, 1.0)
    data["components"]["feed"]["parameters"] = {"a": 1}
    with pytest.raises(DescriptionError, match="a component of signals has no parameters"):
        cotwin.open_simulation(data)


def test_signals_stand_in_a_file_and_are_validated(fmu, tmp_path):
    (tmp_path / "fed.yaml").write_text(
        f"name: fed\ncomponents:\n  tank: {{source: {fmu}}}\n"
        "  feed: {signals: {F: {ramp: {from: 0, to: 2, start: 0, stop: 1 min}}}}\n"
        "connections: [feed.F -> tank.u]\nexperiment: {stop: 2.0}\nstep_size: 0.5\n"
    )
    assert validated(tmp_path / "fed.yaml") == []


def test_signals_survive_a_file_and_fit_the_schema_for_editors(fmu, tmp_path):
    path = tmp_path / "fed.yaml"
    path.write_text(
        f"name: fed\ncomponents:\n  tank: {{source: {fmu}}}\n"
        "  feed:\n    signals:\n"
        "      F: 0.5\n      G: {ramp: {from: 0, to: 2 L/h, stop: 1 min}}\n      H: {step: {from: 0, to: 1, at: 3}}\n"
        "connections: [feed.F -> tank.u]\nexperiment: {stop: 2.0}\nstep_size: 0.5\n"
    )
    description = cotwin.read_system(path)
    text = as_yaml(description, tmp_path)
    assert "from:" in text
    path.write_text(text)
    assert cotwin.read_system(path) == description
    forms = SystemDescription.model_json_schema()["$defs"]["Signal"]["anyOf"]
    assert {"type": ["number", "boolean", "string"]} in forms
    assert set(forms[0]["properties"]) == {"constant", "ramp", "step", "pulse", "expression", "unit"}
