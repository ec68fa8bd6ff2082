"""Sweeps against exact solutions: T dx/dt = u - x with u = 1 and x(0) = 0 gives x(4) = 1 - exp(-4 / T)."""

import csv
import json
import math
import os
import signal

import pytest
from typer.testing import CliRunner

from cotwin import manifest as files
from cotwin import sweeping
from cotwin.cli import app
from cotwin.sweep_summary import summarized
from cotwin.sweeping import sweep, varied
from orchestrator.errors import DescriptionError, ResultError
from orchestrator.system.sweep import plan_of
from orchestrator.system.yaml.file import from_mapping, single_fmu


@pytest.fixture
def lag(toys):
    return single_fmu(toys.lag, stop=4.0, step_size=0.5)


def plan(**data):
    return plan_of({"results": ["lag.x"], **data}, "plan.yaml")


CONSTANTS = {"lag.T": {"values": [0.5, 1.0, 2.0, 4.0]}}


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_run_has_its_values_and_its_own_record(lag, tmp_path, jobs):
    made = sweep(lag, plan(parameters=CONSTANTS), tmp_path, jobs=jobs)
    assert [run.status for run in made.runs] == ["done"] * 4
    summary = summarized(made, ["lag.x"])
    expected = [1.0 - math.exp(-4.0 / run.values["lag.T"]) for run in made.runs]
    assert [final for (final,) in summary.finals] == pytest.approx(expected, rel=1e-4)
    with (tmp_path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["lag.T"], row["status"]) for row in rows] == [
        ("1", "0.5", "done"),
        ("2", "1.0", "done"),
        ("3", "2.0", "done"),
        ("4", "4.0", "done"),
    ]
    assert all((tmp_path / row["file"]).exists() for row in rows)


def test_the_manifest_lies_there_before_the_first_run_and_is_true_after_each(lag, tmp_path):
    seen = []

    def told(run):
        runs = json.loads((tmp_path / "manifest.json").read_text())["runs"]
        seen.append([one["status"] for one in runs])

    sweep(lag, plan(parameters=CONSTANTS), tmp_path, told=told)
    assert seen[0] == ["done", "waiting", "waiting", "waiting"]
    assert seen[-1] == ["done"] * 4


def test_a_sweep_that_was_ended_goes_on_without_repeating_what_is_done(lag, tmp_path):
    def ends_it(run):
        if run.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(lag, plan(parameters=CONSTANTS), tmp_path, told=ends_it)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("run_*.parquet")}
    repeated = []
    made = sweep(lag, plan(parameters=CONSTANTS), tmp_path, told=lambda run: repeated.append(run.number))
    assert repeated == [3, 4]
    assert [run.status for run in made.runs] == ["done"] * 4
    assert all((tmp_path / name).stat().st_mtime_ns == time for name, time in kept.items())


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_is_recorded_and_the_others_go_on(lag, tmp_path, jobs):
    made = sweep(lag, plan(parameters={"experiment.stop": {"values": [2.0, -1.0, "4 s"]}}), tmp_path, jobs=jobs)
    assert [run.status for run in made.runs] == ["done", "failed", "done"]
    assert "DescriptionError" in made.runs[1].error
    finals = summarized(made, ["lag.x"]).finals
    assert [final for (final,) in finals] == pytest.approx([1.0 - math.exp(-1.0), 1.0 - math.exp(-2.0)], rel=1e-4)


def dies_of_one(job):
    if job.values["lag.T"] == 1.0:
        os.kill(os.getpid(), signal.SIGSEGV)
    return ""


def test_a_process_that_dies_is_one_run_that_failed(lag, tmp_path):
    jobs = [sweeping.Job(lag, {"lag.T": value}, tmp_path / "none", ()) for value in (0.5, 1.0, 2.0)]
    outcomes = dict(sweeping._beside_each_other(jobs, 2, dies_of_one))
    assert (outcomes[0], outcomes[2]) == ("", "")
    assert outcomes[1].startswith("its process ended with signal 11")


def test_tables_give_numbers_in_the_unit_of_their_column(lag, tmp_path):
    made = sweep(lag, plan(parameters={"lag.T": {"values": [500, 1000], "unit": "ms"}}), tmp_path)
    assert (tmp_path / "manifest.csv").read_text().splitlines()[1] == "1,500,,run_0001.parquet,done,"
    assert made.columns == ("lag.T [ms]",)


def test_another_sweep_is_not_written_over(lag, tmp_path):
    sweep(lag, plan(parameters={"lag.T": {"values": [1.0]}}), tmp_path)
    with pytest.raises(ResultError, match="holds a sweep of another system or plan"):
        sweep(lag, plan(parameters={"lag.T": {"values": [2.0]}}), tmp_path)
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(ResultError, match="is no manifest of a sweep"):
        sweep(lag, plan(parameters={"lag.T": {"values": [1.0]}}), tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lag.TT", "parameters.lag.TT: 'lag' has no variable 'TT'; did you mean 'T'"),
        ("leg.T", "parameters.leg.T: no component 'leg'; did you mean 'lag'"),
        ("experiment.stopp", "no component 'experiment'"),
    ],
)
def test_names_that_there_are_not_are_refused_before_anything_is_written(lag, tmp_path, name, said):
    with pytest.raises(DescriptionError) as refused:
        sweep(lag, plan(parameters={name: {"values": [1.0]}}), tmp_path / "new")
    assert said in str(refused.value)
    assert not (tmp_path / "new").exists()


def test_results_that_no_run_would_record_are_refused_before_anything_is_written(lag, tmp_path):
    with pytest.raises(DescriptionError, match=r"results\[1\]: 'lag\.xx' is not recorded; did you mean 'lag\.x'"):
        sweep(lag, plan(parameters=CONSTANTS, results=["lag.x", "lag.xx"]), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_wrong_names_of_a_plan_are_told_with_its_file_and_line(toys, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("parameters:\n  lag.T: {values: [1]}\n  lag.TT: {values: [1]}\nresults:\n  - lag.xx\n")
    done = CliRunner().invoke(app, ["sweep", str(toys.lag), str(path), "--stop", "1", "-o", str(tmp_path / "new")])
    assert done.exit_code == 2
    assert f"{path}:3: parameters.lag.TT: " in done.output
    assert f"{path}:5: results[0]: " in done.output


def test_values_win_over_sets_of_parameters_and_times_may_have_units(toys, tmp_path):
    data = {
        "name": "bound",
        "components": {"lag": {"source": str(toys.lag), "bindings": [{"values": {"T": 9.0}}]}},
        "experiment": {"stop": 4.0},
        "step_size": 0.5,
    }
    description = from_mapping(data, tmp_path, "test")
    made = sweep(description, plan(parameters={"lag.T": {"values": ["1000 ms"]}}), tmp_path / "out")
    assert summarized(made, ["lag.x"]).finals[0][0] == pytest.approx(1.0 - math.exp(-4.0), rel=1e-4)
    changed = varied(description, {"experiment.stop": "1 min", "step_size": 0.25})
    assert (changed.experiment.stop, changed.step_size) == (60.0, 0.25)


def test_the_command_shows_and_writes_what_a_sweep_gave(toys, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("method: latin_hypercube\ncount: 3\nseed: 2\nparameters:\n  first.T: {from: 1, to: 2}\n")
    out = tmp_path / "out"
    done = CliRunner().invoke(app, ["sweep", str(toys.system), str(path), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "3 of 3 runs done, 0 failed" in done.stdout
    assert "Final values" in done.stdout
    names = {each.name for each in out.iterdir()}
    assert {"manifest.csv", "manifest.json", "summary.csv", "summary.png", "run_0003.parquet"} <= names
    with (out / "summary.csv").open() as file:
        header = next(csv.reader(file))
    assert header[:2] == ["number", "first.T"]
    assert json.loads((out / "manifest.json").read_text())["schema"] == files.SCHEMA


def test_the_command_fails_where_a_run_has_failed(toys, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("parameters:\n  experiment.stop: {values: [1, -1]}\n")
    done = CliRunner().invoke(app, ["sweep", str(toys.system), str(path), "-o", str(tmp_path / "out"), "--jobs", "2"])
    assert done.exit_code == 1
    assert "1 of 2 runs done, 1 failed" in done.stdout
    assert "Failed runs" in done.stdout


def test_wrong_plans_are_refused_by_the_command(toys, tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("parameters:\n  first.Q: {values: [1]}\n")
    done = CliRunner().invoke(app, ["sweep", str(toys.system), str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 2
    assert "'first' has no variable 'Q'" in done.stderr.replace("\n", " ")
