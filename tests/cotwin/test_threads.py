"""`cotwin run --threads`."""

import numpy as np
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app


def test_the_number_of_threads_changes_no_value(toys, tmp_path):
    for threads in (1, 2):
        folder = tmp_path / str(threads)
        done = CliRunner().invoke(app, ["run", str(toys.system), "--threads", str(threads), "-o", str(folder)])
        assert done.exit_code == 0, done.output
    one, two = (cotwin.load_results(tmp_path / name / "results.parquet") for name in "12")
    assert one.names == two.names
    for name in one.names:
        assert np.array_equal(one[name], two[name]), name


def test_no_thread_is_too_few(toys, tmp_path):
    done = CliRunner().invoke(app, ["run", str(toys.system), "--threads", "0", "-o", str(tmp_path)])
    assert done.exit_code == 2
    assert "--threads" in done.stderr
