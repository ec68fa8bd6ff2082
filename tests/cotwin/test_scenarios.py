"""`cotwin run --scenario`, and what of a scenario is wrong on the command line."""

import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app


def ran(system, folder, text):
    (folder / "what if.yaml").write_text(text)
    return CliRunner().invoke(app, ["run", str(system), "--scenario", str(folder / "what if.yaml"), "-o", str(folder)])


def test_a_scenario_on_the_command_line_is_played_and_its_events_are_shown(toys, tmp_path):
    done = ran(toys.system, tmp_path, "actions: [{at: 1.25, override: second.u, value: 3}]\n")
    assert done.exit_code == 0, done.output
    assert "scenario_override" in done.stdout
    results = cotwin.load_results(tmp_path / "results.parquet")
    (event,) = results.events
    assert (event.t, event.component) == (1.25, "second")
    assert "what if.yaml:1: actions[0]" in event.message
    # from 1.25 s on: T dx/dt = 3 - x with T = 2 s
    start = results["second.x"][results.times == 1.25][0]
    assert results["second.x"][-1] == pytest.approx(3.0 + (start - 3.0) * 2.718281828459045 ** (-2.75 / 2.0), rel=1e-4)


def test_a_wrong_scenario_is_refused_before_the_run(toys, tmp_path):
    done = ran(toys.system, tmp_path, "actions:\n  - {at: 1, override: secnd.u, value: 3}\n")
    assert done.exit_code == 2
    assert "what if.yaml:2: actions[0]: no component 'secnd'; did you mean 'second'?" in done.stderr.replace("\n", " ")
    assert not (tmp_path / "results.parquet").exists()
