"""`cotwin run --speed`."""

import re

import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app


def _run(*arguments: str):
    return CliRunner().invoke(app, ["run", *arguments])


def test_a_run_in_step_with_the_clock_tells_how_well_it_kept_up(toys, tmp_path):
    done = _run(str(toys.system), "--speed", "20", "--overruns", "skip", "-o", str(tmp_path / "paced"))
    assert done.exit_code == 0, done.output
    assert "Real time" in done.stdout
    assert re.search(r"scheduling", done.stdout)
    assert "Real time" in (tmp_path / "paced" / "report.html").read_text()
    free = _run(str(toys.system), "-o", str(tmp_path / "free"))
    assert "Real time" not in free.stdout
    one, other = (cotwin.load_results(tmp_path / name / "results.parquet") for name in ("paced", "free"))
    for name in one.names:
        assert one[name].tolist() == other[name].tolist(), name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--speed", "0"], "speed 0 is not positive"),
        (["--speed", "1", "--overruns", "wait"], "Give continue, skip, stop"),
        (["--overruns", "skip"], "--overruns goes with --speed"),
        (["--interpreted", "--threads", "2"], "--threads goes with the compiled loop"),
    ],
)
def test_pacing_that_makes_no_sense_is_refused(toys, tmp_path, arguments, message):
    done = _run(str(toys.system), *arguments, "-o", str(tmp_path))
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_a_late_step_ends_a_run_that_is_to_stop_then(toys, tmp_path):
    done = _run(str(toys.system), "--speed", "1e12", "--overruns", "stop", "-o", str(tmp_path))
    assert done.exit_code == 1
    assert "after its deadline" in done.stderr
