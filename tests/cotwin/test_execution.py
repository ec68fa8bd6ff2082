import errno
import signal
from pathlib import Path

import pytest

import cotwin
from cotwin.execution import PANELS_IN_A_PICTURE, draw, execute, write_pictures
from cotwin.preparation import Overrides, prepare
from cotwin.records import load_results
from cotwin.run_statistics import statistics_data
from orchestrator.errors import DescriptionError, ResultError
from orchestrator.interruption import CALLED, Terminated
from orchestrator.recording.store import FileStore
from orchestrator.system.yaml.file import from_mapping
from tests.cotwin.records import MemoryRecord, fed_batch


class Signalling:
    """Observer that sends this process a signal at a time (s)."""

    def __init__(self, number, at):
        self.number, self.at = number, at

    def initialized(self, t, signals):
        pass

    def communication_point(self, t, signals):
        if t == self.at:
            signal.raise_signal(self.number)

    def event(self, event):
        pass

    def terminated(self, error):
        pass


SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@SIGNALS
def test_a_signal_ends_a_run_and_keeps_record_plots_and_report(toys, tmp_path, number):
    outcome = execute(prepare(toys.system, Overrides()), tmp_path, (Signalling(number, 1.5),))
    assert outcome.interrupted_by is number
    results = load_results(tmp_path / "results.parquet")
    assert results.times[-1] == 1.5
    assert results.events[-1].kind == "interrupted"
    assert set(outcome.files) == set(tmp_path.iterdir()) - {tmp_path / "results.events.parquet"}
    assert f"interrupted.</strong> {CALLED[number]} ended it at t = 1.5 s" in (tmp_path / "report.html").read_text()


@SIGNALS
def test_a_second_signal_while_the_record_is_completed_leaves_what_was_written_of_it(
    toys, tmp_path, monkeypatch, number
):
    monkeypatch.setattr(FileStore, "_convert", lambda store: signal.raise_signal(number))
    outcome = execute(prepare(toys.system, Overrides()), tmp_path, (Signalling(number, 1.5),))
    assert outcome.interrupted_by is number
    assert outcome.files == (tmp_path / "results.parquet.partial", tmp_path / "statistics.json")
    assert load_results(outcome.files[0]).times[-1] == 1.5


@SIGNALS
def test_a_signal_while_plots_are_drawn_leaves_the_record(toys, tmp_path, monkeypatch, number):
    monkeypatch.setattr("cotwin.execution.save_png", lambda *_: signal.raise_signal(number))
    outcome = execute(prepare(toys.system, Overrides()), tmp_path)
    assert outcome.interrupted_by is number
    assert outcome.files == (tmp_path / "results.parquet", tmp_path / "statistics.json")
    assert outcome.results.times[-1] == 4.0


@pytest.mark.parametrize("part", ["write_statistics", "save_png", "write_report"])
def test_a_disk_that_is_full_after_the_run_leaves_the_record_and_says_what_to_do(toys, tmp_path, monkeypatch, part):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"cotwin.execution.{part}", full)
    outcome = execute(prepare(toys.system, Overrides()), tmp_path)
    assert str(outcome.failure) == (
        f"{tmp_path}: cannot be written (No space left on device). Free space on the disk, or give another -o"
    )
    assert outcome.files[0] == tmp_path / "results.parquet"
    assert outcome.results.times[-1] == 4.0


@SIGNALS
def test_a_signal_while_the_results_are_counted_up_loses_nothing_of_what_is_told(toys, tmp_path, monkeypatch, number):
    def pressed(*arguments):
        signal.raise_signal(number)
        return statistics_data(*arguments)

    monkeypatch.setattr("cotwin.execution.statistics_data", pressed)
    outcome = execute(prepare(toys.system, Overrides()), tmp_path)
    assert outcome.interrupted_by is number
    assert outcome.files == (tmp_path / "results.parquet",)
    assert outcome.results.times[-1] == 4.0


@SIGNALS
def test_a_signal_before_the_run_begins_leaves_the_results_of_the_run_before(toys, tmp_path, monkeypatch, number):
    (tmp_path / "results.parquet").write_bytes(b"what the run before left")
    monkeypatch.setattr("cotwin.execution.open_simulation", lambda *_, **__: signal.raise_signal(number))
    with pytest.raises((KeyboardInterrupt, Terminated)):
        execute(prepare(toys.system, Overrides()), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.parquet"]


def test_a_folder_holds_what_belongs_to_its_run_and_the_files_of_others(toys, tmp_path):
    execute(prepare(toys.system, Overrides()), tmp_path)
    record, partial = tmp_path / "results.parquet", tmp_path / "results.parquet.partial"
    partial.write_bytes(record.read_bytes())
    draw(record, ["first.x"], tmp_path / "mine.png")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "broken.png").write_text("")
    outcome = execute(prepare(toys.failing, Overrides(stop=4.0, step_size=0.25)), tmp_path)
    assert outcome.failure is not None
    ours = {"results.parquet", "results.events.parquet", "failing.png", "report.html", "statistics.json"}
    assert {path.name for path in tmp_path.iterdir()} == ours | {"mine.png", "notes.txt", "broken.png"}


def test_a_run_that_records_nothing_leaves_nothing_of_the_run_before(toys, tmp_path):
    execute(prepare(toys.system, Overrides()), tmp_path)
    outcome = execute(prepare(toys.failing, Overrides(4.0, parameters=["failing.u=2.0"])), tmp_path)
    assert "failing.y" in str(outcome.failure)
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_write_into_one_folder(toys, tmp_path):
    description = prepare(toys.system, Overrides())
    first = cotwin.open_simulation(description, output=tmp_path / "results.parquet")
    with first:
        first.step()
        with pytest.raises(ResultError, match="another run is writing"):
            execute(description, tmp_path)
    assert load_results(tmp_path / "results.parquet").times[-1] == 0.5


def test_a_component_with_many_panels_gets_several_pictures(tmp_path):
    base = fed_batch(rows=11)
    values = {f"a.v{k}": base.times + k for k in range(PANELS_IN_A_PICTURE + 1)}
    written = write_pictures(MemoryRecord(base.times, values), tmp_path, "many")
    assert [path.name for path in written] == ["a.png", "a_2.png"]


def test_nothing_is_drawn_where_nothing_changes(tmp_path):
    base = fed_batch(rows=11)
    assert write_pictures(MemoryRecord(base.times, {"a.k": base.times * 0.0}), tmp_path, "still") == ()


def test_a_description_that_cannot_be_opened_leaves_the_results_of_the_run_before(tmp_path: Path) -> None:
    (tmp_path / "results.parquet").write_bytes(b"what the run before left")
    missing = {"components": {"a": {"source": str(tmp_path / "missing.fmu")}}, "experiment": {"stop": 1.0}}
    with pytest.raises(DescriptionError, match=r"missing\.fmu"):
        execute(from_mapping({"name": "s", "step_size": 0.5, **missing}, tmp_path, "test"), tmp_path)
    assert (tmp_path / "results.parquet").read_bytes() == b"what the run before left"
