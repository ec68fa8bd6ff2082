"""Scenarios against exact integrals: dx/dt = u, so that x is the integral of what the FMU really got."""

import numpy as np
import pytest

import cotwin
from fmus.build import build
from orchestrator.errors import DescriptionError, StepError
from orchestrator.system.scenario_file import read_scenario, scenario_of
from tests.integral import integral
from tests.kit.build import kit_fmu

ALGORITHMS = pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return build(integral(2.0), tmp_path_factory.mktemp("integral")).fmi3


def run(fmu, *actions, feed=1.0, stop=2.0, step=0.25, algorithm="gauss_seidel", **more):
    data = {
        "name": "played",
        "components": {"tank": {"source": str(fmu)}},
        "connections": [],
        "experiment": {"stop": stop},
        "step_size": step,
        "algorithm": algorithm,
        "record": ["*"],
        **more,
    }
    if feed is not None:
        data["components"]["feed"] = {"signals": {"F": feed}}
        data["connections"].append("feed.F -> tank.u")
    scenario = scenario_of({"actions": list(actions)}, "test.yaml")
    with cotwin.open_simulation(data, scenarios=[scenario]) as simulation:
        return simulation.run()


def told(results, kind):
    return [(event.t, event.message) for event in results.events if event.kind == kind]


@ALGORITHMS
@pytest.mark.parametrize("step", [0.1, 0.25, 0.7])
def test_an_input_overridden_in_a_window_between_grid_points_is_integrated_exactly(fmu, algorithm, step):
    action = {"at": 0.33, "until": 1.27, "override": "tank.u", "value": "5000 L/s"}
    results = run(fmu, action, step=step, algorithm=algorithm)
    assert results["tank.x"][-1] == pytest.approx(2.0 * 1.0 + 0.94 * 4.0, rel=1e-9)
    assert {0.33, 1.27} <= set(results.times.tolist())
    assert told(results, "scenario_override") == [
        (0.33, "override of 'tank.u' begins: 1 -> 5 m3/s (test.yaml: actions[0])")
    ]
    assert told(results, "scenario_end") == [(1.27, "override of 'tank.u' ends: 5 -> 1 m3/s (test.yaml: actions[0])")]


@ALGORITHMS
def test_what_is_recorded_of_an_input_is_what_the_component_got(fmu, algorithm):
    results = run(fmu, {"at": 0.5, "for": 1, "override": "tank.u", "value": 5}, algorithm=algorithm)
    h = np.diff(results.times)
    assert results["tank.x"][-1] == pytest.approx(float(h @ results["tank.u"][1:]), rel=1e-9)
    assert set(results["tank.u"].tolist()) == {1.0, 5.0}
    assert (results["feed.F"] == 1.0).all(), "the source knows nothing of it"


@ALGORITHMS
def test_an_input_that_nothing_feeds_is_overridden_and_gets_its_value_back(fmu, algorithm):
    action = {"at": 0.4, "for": 0.5, "override": "tank.u", "value": 10}
    results = run(fmu, action, feed=None, algorithm=algorithm)
    assert results["tank.x"][-1] == pytest.approx(2.0 * 1.5 + 10.0 * 0.5, rel=1e-9)
    assert results["tank.u"][-1] == 2.0


@pytest.mark.parametrize("feed", [1.0, None])
@ALGORITHMS
def test_an_action_at_the_start_acts_on_the_initialization(fmu, feed, algorithm):
    action = {"at": 0, "until": 0.5, "override": "tank.u", "value": 7}
    results = run(fmu, action, feed=feed, algorithm=algorithm)
    assert results["tank.y"][0] == 14.0, "direct feedthrough in Initialization Mode"
    rest = 1.0 if feed else 2.0
    assert results["tank.x"][-1] == pytest.approx(0.5 * 7.0 + 1.5 * rest, rel=1e-9)


@pytest.mark.parametrize("feed", [1.0, None])
@pytest.mark.parametrize(("algorithm", "ends"), [("gauss_seidel", 1), ("jacobi", 0)])
def test_a_ramp_is_a_straight_line_that_stays_at_its_end(fmu, feed, algorithm, ends):
    action = {"at": 0.5, "override": "tank.u", "ramp": {"to": 4, "over": 1}}
    results = run(fmu, action, feed=feed, algorithm=algorithm, step=0.125)
    first, t = 1.0 if feed else 2.0, np.unique(results.times)
    line = np.interp(t, [0.5, 1.5], [first, 4.0])
    held = line[1:] if ends else line[:-1]
    assert results["tank.x"][-1] == pytest.approx(float(np.diff(t) @ held), rel=1e-9)


@pytest.mark.parametrize(("algorithm", "ends"), [("gauss_seidel", 1), ("jacobi", 0)])
def test_a_forced_output_reaches_the_next_component_and_the_record(tmp_path, algorithm, ends):
    integrator = str(kit_fmu("Integrator", "2.0", "co_simulation"))
    more = {
        "components": {"a": {"source": integrator}, "b": {"source": integrator}, "feed": {"signals": {"F": 1.0}}},
        "connections": ["feed.F -> a.u", "a.y -> b.u"],
    }
    action = {"at": 0.6, "until": 1.1, "force": "a.y", "value": 7}
    results = run(integrator, action, feed=None, algorithm=algorithm, **more)
    t, seen = results.times, results["a.y"]
    inside = (t > 0.6) & (t < 1.1)
    assert (seen[inside] == 7.0).all()
    assert seen[~inside & (t != 0.6) & (t != 1.1)] == pytest.approx(t[~inside & (t != 0.6) & (t != 1.1)])
    assert seen[t == 0.6].tolist() == pytest.approx([0.6, 7.0]), "a jump has two rows"
    assert seen[t == 1.1].tolist() == pytest.approx([7.0, 1.1])
    h = np.diff(t)
    assert results["b.y"][-1] == pytest.approx(float(h @ (seen[1:] if ends else seen[:-1])), rel=1e-9)
    assert results["a.y"][-1] == pytest.approx(2.0), "the integral itself went on"


@pytest.mark.parametrize("target", ["tank.u", "feed.F"])
@ALGORITHMS
def test_factor_and_offset_of_inputs_and_outputs(fmu, target, algorithm):
    action = {"at": 0.3, "for": 0.7, "scale": target, "factor": 3, "offset": "500 L/s"}
    results = run(fmu, action, algorithm=algorithm)
    assert results["tank.x"][-1] == pytest.approx(2.0 + 0.7 * 2.5, rel=1e-9)


def test_effects_on_one_variable_act_in_the_order_of_the_file(fmu):
    override, scale = {"at": 0, "override": "tank.u", "value": 5}, {"at": 1, "scale": "tank.u", "factor": 2}
    assert run(fmu, override, scale)["tank.x"][-1] == pytest.approx(5.0 + 10.0, rel=1e-9)
    assert run(fmu, scale, override)["tank.x"][-1] == pytest.approx(5.0 + 5.0, rel=1e-9)


@pytest.mark.parametrize("target", ["tank.u", "feed.F"])
def test_noise_is_gaussian_and_follows_from_its_seed(fmu, target):
    def noisy(seed):
        action = {"at": 0, "noise": target, "sigma": "200 L/s", "seed": seed}
        return run(fmu, action, step=0.0005)["tank.u"][1:]

    one, again, other = noisy(1), noisy(1), noisy(2)
    n = len(one)
    assert n == 4000
    assert (one == again).all()
    assert abs(one.mean() - 1.0) < 4.0 * 0.2 / np.sqrt(n)
    assert abs(one.std() - 0.2) < 4.0 * 0.2 / np.sqrt(2 * n)
    assert abs(np.corrcoef(one[1:], one[:-1])[0, 1]) < 4.0 / np.sqrt(n), "independent from step to step"
    assert abs(np.corrcoef(one, other)[0, 1]) < 4.0 / np.sqrt(n)


def test_an_input_that_nothing_feeds_is_set_once(fmu):
    results = run(fmu, {"at": 0.5, "set": "tank.u", "value": "3 m3/s"}, feed=None)
    assert results["tank.x"][-1] == pytest.approx(0.5 * 2.0 + 1.5 * 3.0, rel=1e-9)
    assert told(results, "scenario_set") == [(0.5, "'tank.u' is set: 2 -> 3 m3/s (test.yaml: actions[0])")]


def test_conditions_begin_and_end_actions_at_communication_points(fmu):
    action = {
        "when": "tank.x >= 0.7 and t > 0.1",
        "until": "tank.x > 2.9",
        "override": "tank.u",
        "value": 4,
    }
    results = run(fmu, action)
    # x = t up to 0.75 s; from there x grows by 1 in each step: 1.75 at 1 s, 2.75 at 1.25 s, 3.75 at 1.5 s
    assert [event.t for event in results.events] == [0.75, 1.5]
    assert results["tank.x"][-1] == pytest.approx(3.75 + 0.5, rel=1e-9)


def test_an_action_may_make_the_condition_of_another_true_at_the_same_time(fmu):
    first = {"at": 0.6, "override": "tank.u", "value": 9}
    second = {"when": "feed.F > 8", "until": 1.6, "override": "tank.u", "value": 3}
    third = {"at": 0.6, "for": 1, "force": "feed.F", "value": 8.5}
    results = run(fmu, first, second, third)
    assert [(event.t, event.kind) for event in results.events][:3] == [
        (0.6, "scenario_override"),
        (0.6, "scenario_force"),
        (0.6, "scenario_override"),
    ]
    assert results["tank.x"][-1] == pytest.approx(0.6 + 3.0 * 1.0 + 9.0 * 0.4, rel=1e-9)


def test_what_never_happens_is_told(fmu):
    results = run(
        fmu,
        {"at": 99, "override": "tank.u", "value": 1},
        {"when": "tank.x < 0", "override": "tank.u", "value": 1},
    )
    messages = [message for _, message in told(results, "scenario_unused")]
    assert "the run ended before 99 s" in messages[0]
    assert "'tank.x < 0' was not true in time" in messages[1]


def test_a_run_without_a_scenario_is_the_same_as_with_one_that_does_nothing(fmu):
    plain = run(fmu, {"at": 99, "override": "tank.u", "value": 1}, feed={"expression": "1 + sin(t)"})
    data = {
        "name": "played",
        "components": {"tank": {"source": str(fmu)}, "feed": {"signals": {"F": {"expression": "1 + sin(t)"}}}},
        "connections": ["feed.F -> tank.u"],
        "experiment": {"stop": 2.0},
        "step_size": 0.25,
    }
    with cotwin.open_simulation(data) as simulation:
        assert (simulation.run()["tank.x"] == plain["tank.x"]).all()


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"at": 0, "override": "tnk.u", "value": 1}, "no component 'tnk'; did you mean 'tank'"),
        ({"at": 0, "override": "tank.v", "value": 1}, "'tank' has no variable 'v'"),
        ({"at": 0, "override": "tank.x", "value": 1}, "'tank.x' is no input but of causality output; force outputs"),
        ({"at": 0, "force": "tank.u", "value": 1}, "'tank.u' is no output but of causality input; override inputs"),
        ({"at": 0, "set": "tank.u", "value": 1}, "'tank.u' is connected; override it"),
        ({"at": 0, "override": "tank.u", "value": "1 kg"}, "does not convert"),
        ({"at": 0, "override": "tank.u", "value": True}, "is not a number"),
        ({"when": "tank.z > 1", "override": "tank.u", "value": 1}, "'tank' has no variable 'z'"),
        ({"when": "tank.x", "override": "tank.u", "value": 1}, "'tank.x' is a number, not true or false"),
        ({"at": 0, "noise": "tank.u", "sigma": -1}, "a standard deviation is not negative"),
        ({"at": 0, "until": "tank.x and t > 1", "override": "tank.u", "value": 1}, "'and' takes true or false"),
    ],
)
def test_actions_that_do_not_fit_the_system_are_refused_with_their_place(fmu, action, said):
    with pytest.raises(DescriptionError) as refused:
        run(fmu, {"at": 0, "scale": "tank.u", "factor": 1}, action)
    assert said in str(refused.value)
    assert str(refused.value).startswith("test.yaml: actions[1]: ")


def test_everything_wrong_with_a_file_is_told_at_once_with_lines(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(
        "actions:\n"
        "  - {at: 10 min, fro: 5 min, override: a.u, value: 0 L/h}\n"
        "  - {when: 3 +, force: a.y, value: 1}\n"
        "  - {at: 0, scale: a.u}\n"
        "  - {at: 5, until: 2, override: a.u, value: 40}\n"
        "  - {at: 0, override: u, value: 1}\n"
        "  - {at: 0, noise: a.u, sigma: 1, value: 1}\n"
        "  - {override: a.u, value: 1}\n"
        "  - {at: 1, override: a.u, force: a.u, value: 1}\n"
    )
    with pytest.raises(DescriptionError) as refused:
        read_scenario(path)
    lines = str(refused.value).splitlines()
    for number, said in enumerate(
        [
            "unknown key 'fro'; did you mean 'for'",
            "a number or name is missing",
            "'scale' needs a factor, an offset, or both",
            "until 2 s does not lie after at 5 s",
            "'u' names no variable",
            "'noise' has no 'value'",
            "give either 'at', a time, or 'when', a condition",
            "name what is done, one of",
        ]
    ):
        assert any(line.startswith(f"{path}:{number + 2}: ") and said in line for line in lines), said


def test_a_component_with_steps_of_one_size_gets_actions_at_the_next_grid_point(tmp_path):
    integrator = kit_fmu("Integrator", "2.0", "co_simulation", fixed_step=True)
    components = {"tank": {"source": str(integrator)}, "feed": {"signals": {"F": 1.0}}}
    action = {"at": 0.6, "for": 0.5, "override": "tank.u", "value": 5}
    more = {"components": components, "connections": ["feed.F -> tank.u"], "feed": None}
    results = run(integrator, action, **more)
    # asked for in 0.6 .. 1.1, made in 0.75 .. 1.25
    assert results["tank.y"][-1] == pytest.approx(2.0 + 0.5 * 4.0, rel=1e-9)
    assert sorted(set(results.times.tolist())) == np.linspace(0.0, 2.0, 9).tolist()
    assert [(event.t, "asked for at" in event.message) for event in results.events] == [(0.75, True), (1.25, True)]


@pytest.mark.parametrize("event_mode", [True, False])
def test_discrete_values_of_every_type_are_overridden_and_forced_at_their_time(event_mode):
    fmu = kit_fmu("Feedthrough", "3.0", "co_simulation", event_mode=event_mode)
    actions = [
        {"at": 0.6, "until": 1.1, "override": f"tank.{kind}_u", "value": value}
        for kind, value in {"Boolean": True, "Int32": -7, "String": "forced", "Enumeration": "third"}.items()
    ]
    actions.append({"at": 0.6, "until": 1.1, "force": "tank.UInt64_y", "value": 2**64 - 1})
    components = {"tank": {"source": str(fmu)}, "feed": {"signals": {"b": False, "i": 3}}}
    connections = ["feed.b -> tank.Boolean_u", "feed.i -> tank.Int32_u"]
    results = run(fmu, *actions, feed=None, components=components, connections=connections)
    t = results.times
    inside, outside = (t > 0.6) & (t < 1.1), (t < 0.6) | (t > 1.26)
    for kind, value in {
        "Boolean": True,
        "Int32": -7,
        "String": "forced",
        "Enumeration": 3,
        "UInt64": 2**64 - 1,
    }.items():
        series = np.array(results[f"tank.{kind}_y"], dtype=object)
        assert set(series[inside]) == {value}, kind
        assert value not in set(series[outside]), kind


def test_a_component_that_takes_slopes_holds_what_is_overridden(tmp_path):
    integrator = kit_fmu("Integrator", "2.0", "co_simulation", interpolate_inputs=True)
    components = {
        "tank": {"source": str(integrator), "extrapolation": {"order": 1}},
        "feed": {"signals": {"F": {"ramp": {"from": 0, "to": 2, "stop": 2}}}},
    }
    action = {"at": 0.6, "for": 0.5, "override": "tank.u", "value": 5}
    results = run(integrator, action, components=components, connections=["feed.F -> tank.u"], feed=None)
    t = np.unique(results.times)
    held = np.where((t[1:] > 0.6) & (t[1:] <= 1.1), 5.0, t[1:])
    assert results["tank.y"][-1] == pytest.approx(float(np.diff(t) @ held), rel=1e-9)


def test_elements_of_arrays_are_named_alone_or_together():
    fmu = kit_fmu("StateSpace", "3.0", "co_simulation")
    whole = {"at": 0, "override": "tank.u", "value": 2}
    one = {"at": 0.5, "override": "tank.u[2]", "value": 5}
    results = run(fmu, whole, one, feed=None, stop=1.0)
    assert (results["tank.u[1]"][-1], results["tank.u[2]"][-1]) == (2.0, 5.0)
    assert results["tank.u[2]"][0] == 2.0


def test_the_record_holds_the_scenario_and_runs_can_be_metered(fmu, tmp_path):
    (tmp_path / "leak.yaml").write_text("actions: [{at: 1, force: tank.x, value: 3}]\n")
    data = {
        "name": "kept",
        "components": {"tank": {"source": str(fmu)}},
        "experiment": {"stop": 2.0},
        "step_size": 0.5,
    }
    with cotwin.open_simulation(data, scenarios=[tmp_path / "leak.yaml"], meter=True) as simulation:
        results = simulation.run()
    assert results.metadata["scenarios"][0]["name"] == "leak"
    assert results["tank.x"][-1] == 3.0


def test_a_condition_without_a_value_ends_the_run_with_its_place_and_time(fmu):
    with pytest.raises(StepError, match=r"test\.yaml: actions\[0\]: '1/\(t - 0\.5\) > 3' has no value .* t = 0\.5 s"):
        run(fmu, {"when": "1/(t - 0.5) > 3", "override": "tank.u", "value": 1})


def test_a_condition_over_what_is_not_recorded_is_refused(fmu):
    with pytest.raises(DescriptionError, match=r"'tank\.der\(x\)' is not recorded; name it under 'record'"):
        run(fmu, {"when": "`tank.der(x)` > 3", "override": "tank.u", "value": 1}, record=["tank.x"])
