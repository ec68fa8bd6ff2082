"""Components of nested systems have paths as names: none of them becomes a path in a folder."""

import math

import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from orchestrator.assembly import open_simulation

SYSTEM = """
name: nested
components:
  plant/first: {{source: {lag}, parameters: {{T: 1.0}}}}
  plant/deep/second: {{source: {lag}}}
connections:
  - plant/first.x -> plant/deep/second.u
experiment: {{stop: 4.0}}
step_size: 0.5
record: ["plant/*.x"]
"""


@pytest.fixture
def system(toys, tmp_path):
    path = tmp_path / "nested.yaml"
    path.write_text(SYSTEM.format(lag=toys.lag))
    return path


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_run_of_nested_components_writes_all_its_files_into_one_folder(system, tmp_path):
    folder = tmp_path / "run"
    done = call("run", system, "-o", folder, "--set", "plant/first.T=2.0")
    assert done.exit_code == 0, done.output
    assert {path.name for path in folder.iterdir()} >= {"plant.first.png", "plant.deep.second.png", "report.html"}
    assert all(path.is_file() for path in folder.iterdir())
    results = cotwin.load_results(folder / "results.parquet")
    assert results.names == ("plant/first.x", "plant/deep/second.x")
    assert results["plant/first.x"][-1] == pytest.approx(1.0 - math.exp(-2.0), rel=1e-5)
    picture = tmp_path / "one.png"
    assert call("plot", folder / "results.parquet", "plant/first.x", "-o", picture).exit_code == 0
    assert picture.is_file()


def test_a_table_feeds_a_nested_component(system, tmp_path):
    (tmp_path / "u.csv").write_text("time,u\n0,2\n4,2\n")
    done = call("run", system, "-o", tmp_path / "run", "--input", f"plant/first={tmp_path / 'u.csv'}")
    assert done.exit_code == 0, done.output
    results = cotwin.load_results(tmp_path / "run" / "results.parquet")
    assert results["plant/first.x"][-1] == pytest.approx(2.0 * (1.0 - math.exp(-4.0)), rel=1e-5)


def test_variables_of_nested_components_are_read_and_written_by_path(system):
    with open_simulation(system) as simulation:
        simulation["plant/first.T"] = 3.0
        simulation.step()
        assert simulation["plant/first.x"] == pytest.approx(1.0 - math.exp(-0.5 / 3.0), rel=1e-5)
        simulation["plant/first.u"] = 0.0
        simulation.step()
        assert simulation["plant/first.x"] < 1.0 - math.exp(-0.5 / 3.0)


@pytest.mark.parametrize("command", ["validate", "explain"])
def test_a_nested_system_is_looked_at_like_any_other(system, command):
    done = call(command, system)
    assert done.exit_code == 0, done.output
