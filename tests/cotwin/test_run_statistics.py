"""What a run leaves about its costs and its master, and what it is advised from that."""

import json
import math

import numpy as np
import pytest

from cotwin.execution import execute
from cotwin.folder import STATISTICS
from cotwin.preparation import Overrides, prepare
from cotwin.run_advice import rejected_share, run_advice
from cotwin.run_course import STRETCHES, RunCourse
from cotwin.run_statistics import holds_run, read_statistics, readings_of
from cotwin.run_tables import run_tables
from orchestrator.errors import ResultError
from orchestrator.master.statistics import Statistics
from orchestrator.master.step_size import FixedStep
from orchestrator.system.description import SystemDescription
from tests import textbook


def rows(tables, title):
    return [tuple(row) for table in tables if table.title == title for row in table.rows]


def test_a_run_leaves_its_statistics_beside_the_record(toys, tmp_path):
    outcome = execute(prepare(toys.system, Overrides()), tmp_path)
    assert tmp_path / STATISTICS in outcome.files
    data = read_statistics(tmp_path)
    assert data["status"] == "completed"
    assert (data["macro_steps"], data["smallest_step"], data["largest_step"]) == (8, 0.5, 0.5)
    assert data["reached"] == data["stop"] == 4.0
    assert [one["component"] for one in data["components"]] == ["first", "second"]
    assert [one["steps"] for one in data["components"]] == [8, 8]
    assert sum(one["share"] for one in data["components"]) <= 1.0
    assert sum(one["macro_steps"] for one in data["course"]) == 8


def test_a_failed_run_leaves_its_statistics_too_and_says_why(toys, tmp_path):
    outcome = execute(prepare(toys.failing_system, Overrides()), tmp_path)
    data = read_statistics(tmp_path)
    assert data["status"] == "failed"
    assert data["message"] == str(outcome.failure)
    assert data["reached"] < data["stop"]
    assert run_advice(data)[0].about == "run"


def test_the_statistics_are_shown_in_the_report_and_the_same_after_reading(toys, tmp_path):
    outcome = execute(prepare(toys.system, Overrides()), tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "Costs" in page
    assert "macro steps" in page
    again = run_tables(read_statistics(tmp_path))
    assert [table.rows for table in again] == [table.rows for table in outcome.tables[: len(again)]]


def test_statistics_of_the_run_before_are_removed(toys, tmp_path):
    execute(prepare(toys.system, Overrides()), tmp_path)
    (tmp_path / STATISTICS).write_text(json.dumps({"made_by": "somebody else"}))
    with pytest.raises(ResultError, match="no statistics of a run"):
        read_statistics(tmp_path)


def test_a_folder_of_a_run_is_told_from_a_system(toys, tmp_path):
    assert not holds_run(tmp_path)
    assert not holds_run(toys.system)
    execute(prepare(toys.system, Overrides()), tmp_path)
    assert holds_run(tmp_path)
    assert holds_run(tmp_path / STATISTICS)


@pytest.mark.parametrize("content", ["", "[1]", '{"schema": "cotwin-statistics-0"}'])
def test_what_is_no_statistics_is_refused_by_name(tmp_path, content):
    (tmp_path / STATISTICS).write_text(content)
    with pytest.raises(ResultError, match=r"statistics\.json: no statistics of a run"):
        read_statistics(tmp_path)


def component(name="tank", seconds=8.0, **more):
    keys = ("step_seconds", "step_p50", "step_p99", "step_worst", "set_seconds", "get_seconds", "state_seconds")
    counts = dict.fromkeys(("steps", "sets", "gets", "saves", "restores", "discards"), 0)
    return {
        "component": name,
        **dict.fromkeys(keys, 0.0),
        **counts,
        "seconds": seconds,
        "share": seconds / 10.0,
        **more,
    }


def data(**more):
    return {
        "status": "completed",
        "message": "",
        "seconds": 10.0,
        "start": 0.0,
        "stop": 100.0,
        "reached": 100.0,
        "macro_steps": 63,
        "rejected": {},
        "smallest_step": 0.1,
        "largest_step": 1.0,
        "course": [],
        "loops": [],
        "components": [component()],
        "loop_solver": {"method": "fixed_point"},
        "step_size": 1.0,
        **more,
    }


def test_the_component_that_takes_most_of_the_time_is_named_with_its_share():
    (one,) = run_advice(data())
    assert (one.about, one.found) == ("tank", "80% of the time in tank")
    assert "surrogate" in one.remedy


def test_time_outside_of_components_is_named():
    (one,) = run_advice(data(components=[component(seconds=2.0)]))
    assert one.found == "80% of the time outside of components"


def test_short_runs_are_not_told_where_their_time_went():
    assert run_advice(data(seconds=0.5, components=[component(seconds=0.4)])) == ()


def test_steps_taken_back_at_the_start_ask_for_a_smaller_first_step():
    course = [{"time": 0.125, "rejected": 30}, {"time": 50.0, "rejected": 7}]
    told = data(rejected={"error": 37}, course=course, components=[component(seconds=4.5)])
    (one,) = [one for one in run_advice(told) if one.about == "steps"]
    assert rejected_share(told) == 0.37
    assert one.found == "37% of the steps taken back, mostly by error; 81% of them near t = 0.125 s"
    assert "first" in one.remedy


@pytest.mark.parametrize(("reason", "word"), [("discard", "solver"), ("jump", "events"), ("error", "tolerance")])
def test_steps_taken_back_later_get_the_remedy_of_their_reason(reason, word):
    told = data(rejected={reason: 37}, course=[{"time": 50.0, "rejected": 37}])
    assert word in next(one for one in run_advice(told) if one.about == "steps").remedy


def test_a_loop_with_many_iterations_gets_another_method():
    loop = {"components": "a <-> b", "solved": 10, "iterations": 200, "most_iterations": 40}
    one = next(one for one in run_advice(data(loops=[loop])) if one.about == "a <-> b")
    assert one.found == "20 iterations a step, 40 at most, with fixed_point"
    assert "newton" in one.remedy


def test_dear_states_are_named():
    told = data(components=[component(state_seconds=4.0, saves=9, restores=9)])
    assert "50% of its time for kept states (9 kept)" in [one.found for one in run_advice(told)]


def test_an_estimator_is_advised_only_where_a_loop_is_solved():
    parts = [component(state_seconds=4.0, saves=9, restores=9)]
    loop = {"components": "a <-> b", "solved": 10, "iterations": 20, "most_iterations": 2}
    with_loop, without = (run_advice(data(components=parts, loops=loops))[-1].remedy for loops in ([loop], []))
    assert "estimator" in with_loop
    assert "estimator" not in without


def test_states_that_nobody_went_back_to_are_no_advice():
    told = data(components=[component(state_seconds=4.0, saves=9)])
    assert not any("kept states" in one.found for one in run_advice(told))


def test_steps_that_differ_by_rounding_are_of_one_length():
    told = data(smallest_step=0.2 * (1 - 1e-13), largest_step=0.2)
    assert ("macro steps", "63, 0.2 s each") in rows(run_tables(told), "Steps")


def test_who_stepped_the_components_is_told():
    parts = [component(component="tank"), component(component="rack")]
    said = [
        rows(run_tables(data(components=parts, compiled=names)), "Steps") for names in ([], ["tank"], ["tank", "rack"])
    ]
    told = [dict(one)["stepped by"] for one in said]
    assert told == ["Python", "the compiled loop, and by Python: rack", "the compiled loop"]


def test_the_estimate_of_the_global_error_is_told(tmp_path):
    control = {"method": "error", "tolerance": 1e-2, "global_error": True}
    execute(textbook.lotka_volterra(0.5, stop=4.0, step_control=control), tmp_path)
    told = read_statistics(tmp_path)
    said = told["global_error"]
    assert set(said["errors"]) == {"prey.x", "predator.y"}
    (row,) = [row for row in rows(run_tables(told), "Steps") if row[0] == "global error, estimated"]
    assert f"{said['last']:.2g} at the end, {said['largest']:.2g} at most ({said['worst_variable']} at" in row[1]


def test_costs_under_error_control_are_those_of_all_steps_and_kept_states(tmp_path):
    """Each macro step is made twice: three steps, two kept states, one return; more where one is rejected."""
    execute(textbook.lotka_volterra(0.5, stop=8.0, step_control={"method": "error", "tolerance": 1e-3}), tmp_path)
    told = read_statistics(tmp_path)
    assert told["compiled"] == ["prey", "predator"]
    for one in told["components"]:
        assert one["steps"] == one["saves"] + one["restores"] > 3 * told["macro_steps"]
        assert 0 < one["timed"] <= one["steps"]
        assert 0.0 < one["step_seconds"] < one["seconds"]
        assert one["state_seconds"] > 0.0


def test_an_estimate_that_was_lost_says_why():
    lost = {"last": None, "largest": 0.25, "worst_variable": "a.y", "worst_time": 2.0, "lost": "'a' failed"}
    told = rows(run_tables(data(global_error=lost)), "Steps")
    said = "not known at the end, 0.25 at most (a.y at 2 s), in parts of the values. 'a' failed"
    assert ("global error, estimated", said) in told


def test_what_was_not_measured_is_empty():
    told = data(components=[component(step_p50=None)])
    assert math.isnan(readings_of(told)[0].step_p50)
    assert rows(run_tables(told), "Costs")[0][4] == ""


def test_steps_and_states_of_a_run_are_said_in_tables():
    told = data(rejected={"error": 7}, components=[component(saves=3, restores=2)])
    tables = run_tables(told)
    assert ("taken back", "7 (0.1 of all): 7 error") in rows(tables, "Steps")
    assert ("macro steps", "63, 0.1 to 1 s") in rows(tables, "Steps")
    assert rows(tables, "Kept states") == [("tank", "3", "2", "0", "0")]


def test_what_bonds_lost_is_in_the_statistics_of_a_run(tmp_path):
    """x' = v, v' = -x: what the integrators exchange, held over each step, is lost by v(t+h) x(t) - v(t) x(t+h)."""
    system = textbook.harmonic(0.1, stop=1.0, algorithm="jacobi").model_dump(mode="json")
    connections = ["position.x -> velocity.u", "velocity.x -> position.u"]
    system["bonds"] = {"spring": {"kind": "power", "connections": connections}}
    outcome = execute(SystemDescription.model_validate(system), tmp_path)
    (bond,) = read_statistics(tmp_path)["bonds"]
    recorded = outcome.results
    assert bond["bond"] == "spring"
    assert bond["total"] == recorded["bonds.spring.sum"][-1]
    assert bond["worst_residual"] == max(recorded["bonds.spring.residual"], key=abs)
    x, v = recorded["position.x"], recorded["velocity.x"]
    lost = x[1:] * v[:-1] - x[:-1] * v[1:]
    assert recorded["bonds.spring.residual"][1:] == pytest.approx(lost, abs=1e-12)
    assert rows(run_tables(read_statistics(tmp_path)), "Bonds")[0][1] == f"{bond['total']:.4g}"


def test_the_course_of_a_long_run_has_a_bounded_number_of_stretches():
    statistics, course = Statistics(), RunCourse(0.0, 10.0)
    course.watch(statistics, FixedStep(0.0, 10.0, 0.002))
    course.initialized(0.0, None)
    for k in range(1, 5001):
        if k == 2500:
            statistics.rejected["error"] += 1
        statistics.accept(0.002)
        course.communication_point(0.002 * k, None)
    told = course.data
    assert len(told) == STRETCHES
    assert sum(one["macro_steps"] for one in told) == 5000
    (worst,) = [one for one in told if one["rejected"]]
    assert worst["time"] == pytest.approx(5.0, abs=0.05)
    assert worst["largest_step"] == pytest.approx(0.002)


@pytest.mark.parametrize("seed", range(20))
def test_a_course_that_is_told_some_of_the_points_is_that_of_one_told_all(seed):
    random = np.random.default_rng(seed)
    start, size = random.uniform(-5.0, 5.0), 10.0 ** random.uniform(-4.0, 0.5)
    grid = FixedStep(start, start + size * random.uniform(3.0, 3000.0), size)
    told = sorted({*random.integers(1, grid.count, 7).tolist(), grid.count})
    courses = []
    for points in (range(1, grid.count + 1), told):
        statistics, course = Statistics(), RunCourse(grid.start, grid.stop)
        course.watch(statistics, grid)
        course.initialized(grid.start, None)
        for point in points:
            statistics.macro_steps = point
            course.communication_point(grid.time(point), None)
        courses.append(course.data)
    counts = [[(one["time"], one["macro_steps"]) for one in each] for each in courses]
    assert counts[0] == counts[1]
    for one, other in zip(*courses, strict=True):
        for size in ("smallest_step", "largest_step"):
            assert one[size] == pytest.approx(other[size], rel=1e-9)


def test_a_run_by_the_compiled_loop_has_the_course_of_an_interpreted_one(tmp_path, monkeypatch):
    system = textbook.lotka_volterra(0.01, stop=7.3)
    courses = [execute(system, tmp_path / "compiled"), read_statistics(tmp_path / "compiled")["course"]]
    monkeypatch.setattr("orchestrator.coupled.compiled_loop", lambda *_: None)
    courses += [execute(system, tmp_path / "interpreted"), read_statistics(tmp_path / "interpreted")["course"]]
    counts = [[(one["time"], one["macro_steps"], one["rejected"]) for one in each] for each in courses[1::2]]
    assert counts[0] == counts[1]
    assert sum(steps for _, steps, _ in counts[0]) == 730


def test_a_run_that_goes_back_counts_on():
    statistics, course = Statistics(), RunCourse(0.0, 1.0)
    course.watch(statistics, FixedStep(0.0, 1.0, 0.25))
    course.initialized(0.0, None)
    statistics.accept(0.5)
    course.communication_point(0.5, None)
    course.rolled_back(0.0, None)
    statistics.accept(0.25)
    course.communication_point(0.25, None)
    assert [one["smallest_step"] for one in course.data] == [0.25, 0.5]
