"""Runs of the command line that are killed, interrupted and resumed."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

from cotwin.cli import app
from cotwin.execution import execute
from cotwin.preparation import Overrides, prepare
from cotwin.records import load_results
from cotwin.resuming import asked
from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.errors import CheckpointError, DescriptionError
from tests.checkpoint.test_records import assert_same
from tests.cotwin.test_execution import SIGNALS, Signalling
from tests.plants import ROOT

ALL_FILES = {"checkpoint.cotwin", "results.events.parquet", "results.parquet", "report.html", "statistics.json"}


def command(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["run", *map(str, words)])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def whole(toys, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    execute(prepare(toys.system, Overrides()), folder)
    return load_results(folder / "results.parquet")


def killed(system: Path, folder: Path, *calls: int) -> tuple[int, int]:
    """Calls of the last process, and how many were killed before it."""
    words = [sys.executable, "-m", "tests.cotwin.killed", str(system), str(folder), *map(str, calls)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    made, died = map(int, done.stdout.split())
    return made, died


def test_a_run_that_is_killed_at_any_moment_ends_with_the_record_of_one_that_is_not(toys, whole, tmp_path):
    random = Random(5)
    calls, _ = killed(toys.system, tmp_path / "counted")
    assert_same(load_results(tmp_path / "counted" / "results.parquet"), whole)
    deaths = 0
    for attempt in range(6):
        folder = tmp_path / f"attempt_{attempt}"
        moments = [random.randrange(calls) for _ in range(3)]
        deaths += killed(toys.system, folder, *moments)[1]
        found = load_results(folder / "results.parquet")
        assert_same(found, whole)
        assert found.events == whole.events
        assert not [path.name for path in folder.iterdir() if path.name.endswith(".partial")]
    assert deaths >= 6  # how many calls a run makes depends on time: some moments lie behind its end


@SIGNALS
def test_an_interrupted_run_leaves_a_checkpoint_of_its_last_communication_point(toys, whole, tmp_path, number):
    description, resuming = prepare(toys.system, Overrides()), asked("10 min", tmp_path, resume=False)
    outcome = execute(description, tmp_path, (Signalling(number, 1.5),), (), resuming)
    assert outcome.interrupted_by is number
    assert Checkpoint.load(tmp_path).time == 1.5
    status, said = command(toys.system, "-o", tmp_path, "--resume")
    assert status == 0, said
    found = load_results(tmp_path / "results.parquet")
    assert_same(found, whole)
    assert found.events == whole.events
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".png"} == ALL_FILES


def test_a_finished_run_says_so_and_goes_on_to_a_later_stop(toys, whole, tmp_path):
    assert command(toys.system, "-o", tmp_path, "--stop", "1", "--checkpoint-every", "0.5 s")[0] == 0
    status, said = command(toys.system, "-o", tmp_path, "--stop", "1", "--resume")
    assert (status, "the run is finished at t = 1 s" in said, "Give a later --stop" in said) == (0, True, True)
    assert command(toys.system, "-o", tmp_path, "--resume")[0] == 0
    assert_same(load_results(tmp_path / "results.parquet"), whole)
    assert Checkpoint.load(tmp_path).every == 0.5


def test_a_fresh_run_removes_the_checkpoint_of_the_one_before(toys, tmp_path):
    command(toys.system, "-o", tmp_path, "--checkpoint-every", "0.5")
    assert (tmp_path / "checkpoint.cotwin").exists()
    command(toys.system, "-o", tmp_path)
    assert not (tmp_path / "checkpoint.cotwin").exists()


def test_nothing_to_resume_is_an_error_that_says_what_to_do(toys, tmp_path):
    status, said = command(toys.system, "-o", tmp_path, "--resume")
    assert status == 2
    assert "holds no checkpoint.cotwin to resume from" in said
    assert "--checkpoint-every" in said
    with pytest.raises(CheckpointError):
        asked(None, tmp_path, resume=True)


@pytest.mark.parametrize("text", ["soon", "10 kg", "-1", "0 s", "nan"])
def test_what_is_no_time_is_refused(text, tmp_path):
    with pytest.raises(DescriptionError, match="--checkpoint-every"):
        asked(text, tmp_path, resume=False)


def test_another_system_does_not_take_the_checkpoint_and_its_results_stay(toys, tmp_path):
    command(toys.system, "-o", tmp_path, "--checkpoint-every", "0.5", "--stop", "1")
    before = (tmp_path / "results.parquet").read_bytes()
    status, said = command(toys.system, "-o", tmp_path, "--resume", "--step", "0.125")
    assert status == 2
    assert "step_size" in said
    assert (tmp_path / "results.parquet").read_bytes() == before
