"""The commands as somebody types them: exit codes, messages, files."""

import json
import math
import re
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from orchestrator.errors import StepError

DONE, FAILED, WRONG = 0, 1, 2
HEAD = "name: x\nstep_size: 1.0\nexperiment: {stop: 1.0}\n"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def chain(toys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, call("run", toys.system, "-o", folder)


def test_a_run_writes_record_plots_and_report_and_says_so(chain):
    folder, done = chain
    assert done.exit_code == DONE, done.output
    assert {path.name for path in folder.iterdir()} >= {"results.parquet", "first.png", "second.png", "report.html"}
    assert all(str(path) in done.stdout.replace("\n", "") for path in folder.glob("*.*ml"))
    assert "4 s simulated" in done.stdout
    assert re.search(r"^first +8 ", done.stdout, flags=re.MULTILINE), "eight steps of the first component are counted"


def test_the_record_of_a_run_holds_the_solution(chain):
    results = cotwin.load_results(chain[0] / "results.parquet")
    assert results.times[-1] == 4.0
    assert results["first.x"][-1] == pytest.approx(1.0 - math.exp(-4.0), rel=1e-5)


def test_the_report_of_a_run_fetches_nothing(chain):
    page = (chain[0] / "report.html").read_text()
    assert not re.search(r"https?://|@import", page)
    assert page.count("<svg") == 2


def test_a_single_fmu_runs_with_replaced_values(toys, tmp_path):
    done = call("run", toys.lag, "-o", tmp_path, "--stop", 3.0, "--step", 0.5, "--set", "lag.T=1.5", "--set", "lag.u=2")
    assert done.exit_code == DONE, done.output
    results = cotwin.load_results(tmp_path / "results.parquet")
    assert results["lag.x"][-1] == pytest.approx(2.0 * (1.0 - math.exp(-2.0)), rel=1e-5)


def test_a_failed_run_exits_with_1_names_component_and_time_and_keeps_what_was_recorded(toys, tmp_path):
    done = call("run", toys.failing, "-o", tmp_path, "--stop", 4.0, "--step", 0.25)
    assert done.exit_code == FAILED
    assert "StepError" in done.stderr
    assert "'failing.y' is nan" in done.stderr
    assert "results.parquet" in done.stderr
    assert "Traceback" not in done.output
    results = cotwin.load_results(tmp_path / "results.parquet")
    assert 0.75 <= results.times[-1] <= 1.0
    assert results["failing.y"][2] == pytest.approx(math.sqrt(0.5), rel=1e-5)
    assert "The run failed." in (tmp_path / "report.html").read_text()


def test_a_run_that_fails_at_once_leaves_no_old_results_behind(toys, tmp_path):
    (tmp_path / "results.parquet").write_text("of an earlier run")
    done = call("run", toys.failing, "-o", tmp_path, "--stop", 4.0, "--set", "failing.u=2.0")
    assert done.exit_code == FAILED
    assert "InitializationError" in done.stderr
    assert not (tmp_path / "results.parquet").exists()


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_ends_a_run_with_a_message_and_the_exit_code_of_shells(toys, tmp_path, monkeypatch, number, name):
    def press(bar, t, signals):
        if t >= 1.0:
            signal.raise_signal(number)

    monkeypatch.setattr("cotwin.terminal.ProgressBar.communication_point", press)
    monkeypatch.setattr("cotwin.terminal.ProgressBar.patient", False)
    done = call("run", toys.lag, "-o", tmp_path, "--stop", 4.0, "--step", 0.25)
    assert done.exit_code == 128 + number
    assert f"Interrupted by {name}: recorded until 1 s in {tmp_path}" in done.stderr.replace("\n", "")
    assert (tmp_path / "report.html").is_file()


def test_a_signal_before_anything_is_recorded_says_so(toys, monkeypatch):
    monkeypatch.setattr("cotwin.execution.open_simulation", lambda *_, **__: signal.raise_signal(signal.SIGTERM))
    done = call("run", toys.lag, "--stop", 4.0)
    assert done.exit_code == 128 + signal.SIGTERM
    assert "Interrupted by SIGTERM: nothing was recorded" in done.stderr


def test_ctrl_c_while_the_results_are_printed_says_what_was_recorded(toys, tmp_path, monkeypatch):
    monkeypatch.setattr("cotwin.terminal.events", lambda _: signal.raise_signal(signal.SIGINT))
    done = call("run", toys.lag, "-o", tmp_path, "--stop", 4.0, "--step", 0.25)
    assert done.exit_code == 128 + signal.SIGINT
    assert f"Interrupted by Ctrl-C: recorded until 4 s in {tmp_path}" in done.stderr.replace("\n", "")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("name: x\nstep_size: 1.0\nexperiment: {stop: 1.0}\n", "components: missing"),
        (
            "name: x\nstep_size: 1.0\nexperiment: {stop: 1.0}\ncomponents: {a: {sorce: b.fmu}}\n",
            "did you mean 'source'",
        ),
        ("name: [", "system.yaml"),
    ],
)
def test_a_bad_description_exits_with_2_and_one_message(tmp_path, text, named):
    path = tmp_path / "system.yaml"
    path.write_text(text)
    for command in ("run", "explain"):
        done = call(command, path)
        assert done.exit_code == WRONG
        assert named in done.stderr
        assert "Traceback" not in done.output


def test_an_error_of_the_coupling_names_the_file_too(toys, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(toys.system.read_text().replace("second.u", "second.v"))
    done = call("run", path, "-o", tmp_path)
    assert done.exit_code == WRONG
    assert "wrong.yaml:7: first.x -> second.v" in done.stderr.replace("\n", "")


def test_a_missing_file_exits_with_2():
    for command in ("run", "inspect", "explain"):
        assert call(command, "no/such/file.fmu").exit_code == WRONG
    assert call("plot", "no/such/file.parquet", "a.b").exit_code == WRONG


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "lag.T=x"], "--set lag.T: 'x' is not a number"),
        (["--set", "lag.TT=1"], "--set lag.TT: unknown variable; did you mean 'T'?"),
        (["--set", f"lag.T={'x' * 5000}"], "--set lag.T: 'xxx"),
        (["--step", "-1"], "--step -1: give a positive number of seconds"),
        (["--step", "nan"], "--step nan: give a positive number of seconds"),
        (["--stop", "inf"], "--stop inf: give a finite number of seconds"),
        (["--stop", "-2"], "cannot stop at -2 s; give a later --stop"),
        (["--input", "x" * 5000], "...: 'xxx"),
    ],
)
def test_what_is_wrong_with_an_option_names_the_option_and_is_short(toys, tmp_path, arguments, said):
    done = call("run", toys.lag, "-o", tmp_path, "--stop", 1.0, *arguments)
    assert done.exit_code == WRONG
    assert said in done.stderr
    assert "Value error" not in done.stderr
    assert len(done.stderr) < 1000


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_folder_that_cannot_be_one_is_refused_and_nothing_is_touched(toys, tmp_path, folder):
    (tmp_path / "file").write_text("mine")
    done = call("run", toys.lag, "-o", tmp_path / folder, "--stop", 1.0)
    assert done.exit_code == WRONG
    assert f"{tmp_path / folder}: cannot hold the results of a run (" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_an_argument_that_does_not_exist_exits_with_2():
    done = call("run", "plant.yaml", "--sotp", 3)
    assert done.exit_code == WRONG
    assert "--sotp" in done.stderr


def test_debug_lets_the_error_through(toys, tmp_path):
    done = call("run", toys.failing, "-o", tmp_path, "--stop", 4.0, "--debug")
    assert isinstance(done.exception, StepError)


def test_the_command_itself_shows_no_traceback(toys, tmp_path):
    command = [sys.executable, "-m", "cotwin.cli", "run", str(toys.failing_system), "-o", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == FAILED
    assert "Traceback" not in done.stderr + done.stdout
    assert "'second'" in done.stderr or "second.y" in done.stderr


def test_inspect_and_explain_print_what_the_views_say(toys):
    inspected, explained = call("inspect", toys.lag), call("explain", toys.system, "--no-probe")
    assert inspected.exit_code == explained.exit_code == DONE
    assert "time constant" in inspected.stdout
    assert "Connections" in explained.stdout
    assert "first      u" in explained.stdout, "the input that nothing feeds"


def test_an_algebraic_loop_is_explained_and_refused(toys):
    explained, refused = call("explain", toys.loop), call("run", toys.loop)
    assert explained.exit_code == DONE
    assert (
        "a.u -> a.y -> b.u -> b.y -> a.u" in explained.stdout or "b.u -> b.y -> a.u -> a.y -> b.u" in explained.stdout
    )
    assert refused.exit_code == WRONG
    assert "AlgebraicLoopError" in refused.stderr


def test_plot_draws_the_variables_asked_for(chain, tmp_path):
    done = call("plot", chain[0] / "results.parquet", "first.x", "second.x", "-o", tmp_path / "picture.png")
    assert done.exit_code == DONE, done.output
    assert (tmp_path / "picture.png").stat().st_size > 5000


def test_plot_of_an_unknown_variable_exits_with_2_and_suggests_another(chain):
    done = call("plot", chain[0] / "results.parquet", "first.y")
    assert done.exit_code == WRONG
    assert "first.x" in done.stderr


@pytest.mark.parametrize("picture", ["x.xyz", "x", "x.svg", ".", "x.png/"])
def test_plot_refuses_what_is_no_png_file(chain, tmp_path, monkeypatch, picture):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.png").mkdir()
    done = call("plot", chain[0] / "results.parquet", "first.x", "-o", picture)
    assert done.exit_code == WRONG
    assert "pictures are PNG files. Give the path of one, such as results.png" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_plot_names_every_unknown_variable_with_the_nearest_one(chain):
    done = call("plot", chain[0] / "results.parquet", "first.z", "first.x", "secnd.x")
    assert done.exit_code == WRONG
    assert "'first.z' was not recorded; did you mean 'first.x'" in done.stderr
    assert "'secnd.x' was not recorded; did you mean 'second.x'" in done.stderr


def test_plot_of_a_record_without_rows_says_so(tmp_path):
    path = tmp_path / "empty.parquet"
    pq.write_table(pa.table({"time": pa.array([], pa.float64()), "a.y": pa.array([], pa.float64())}), path)
    done = call("plot", path, "a.y")
    assert done.exit_code == WRONG
    assert f"{path}: has no row" in done.stderr


def test_plot_of_what_is_no_record_says_so(toys):
    missing, other = call("plot", "no/such/file.parquet", "a.b"), call("plot", toys.lag, "a.b")
    assert (missing.exit_code, other.exit_code) == (WRONG, WRONG)
    assert "there is no such file" in missing.stderr
    assert "not a readable Parquet file" in other.stderr


def test_without_a_folder_the_run_goes_to_runs_and_its_name(toys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert call("run", toys.lag, "--stop", 1.0).exit_code == DONE
    assert Path("runs/lag/report.html").is_file()


def test_the_version_is_printed():
    assert call("--version").stdout.split() == ["cotwin", cotwin.__version__]


def test_graph_draws_a_system_that_opens_as_svg(toys, tmp_path):
    done = call("graph", toys.system, "-o", tmp_path / "chain.svg")
    assert done.exit_code == DONE, done.output
    titles = [str(title.text) for title in ET.parse(tmp_path / "chain.svg").iter("{http://www.w3.org/2000/svg}title")]
    assert "first -> second: 1 connection" in titles


@pytest.mark.parametrize("target", ["chain.png", "missing/chain.svg"])
def test_graph_refuses_a_file_that_it_cannot_write(toys, tmp_path, target):
    refused = call("graph", toys.system, "-o", tmp_path / target)
    assert refused.exit_code == WRONG
    assert "give a file" in refused.stderr


def test_diff_names_what_differs_and_says_so_with_its_exit_code(toys, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(toys.system.read_text().replace("stop: 4.0", "stop: 5.0"))
    same, different = call("diff", toys.system, toys.system), call("diff", toys.system, other)
    assert (same.exit_code, different.exit_code) == (DONE, 1)
    assert "describe the same" in same.stdout
    assert re.search(r"experiment\.stop +4\.0 +5\.0 +may change", different.stdout)


def test_schema_prints_json_or_writes_it(tmp_path):
    printed, written = call("schema"), call("schema", "-o", tmp_path / "schema.json")
    assert printed.exit_code == written.exit_code == DONE
    assert json.loads(printed.stdout) == json.loads((tmp_path / "schema.json").read_text())
    assert "step_size" in json.loads(printed.stdout)["properties"]
