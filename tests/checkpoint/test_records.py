"""A record goes on from a checkpoint as if the run had never been stopped, and so do its events."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.checkpoint.schedule import Checkpoints
from orchestrator.errors import CheckpointError, ResultError
from orchestrator.observer import Event
from orchestrator.recording.results import Results
from orchestrator.recording.store import partial_path
from tests.textbook import lotka_volterra

H, STOP = 0.01, 2.0


def system(**changes: Any):
    return lotka_volterra(H, stop=STOP, **changes)


def assert_same(one: Results, other: Results, after: int = 0) -> None:
    assert one.names == other.names
    assert len(one) == len(other) - after
    np.testing.assert_array_equal(one.times, other.times[after:])
    for name in one.names:
        assert one[name].tobytes() == other[name][after:].tobytes(), name


@pytest.fixture(scope="module")
def whole() -> Results:
    with open_simulation(system()) as run:
        return run.run()


def test_the_file_of_a_run_that_was_stopped_goes_on_and_has_the_same_values(whole, tmp_path):
    with open_simulation(system(), output=tmp_path / "run.parquet") as run:
        run.run(until=0.5, checkpoints=Checkpoints(tmp_path))
        run.emit(Event(run.time, "", "note", "after the checkpoint"))
        run.run(until=0.8)
    assert len(Results.load(tmp_path / "run.parquet")) == 81
    with open_simulation(system(), output=tmp_path / "run.parquet", resume=tmp_path) as run:
        assert run.time == pytest.approx(0.5)
        run.emit(Event(run.time, "", "note", "resumed"))
        found = run.run()
    assert_same(found, whole)
    assert [event.message for event in found.events] == ["resumed"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.cotwin",
        "run.events.parquet",
        "run.parquet",
    ]


def test_what_a_killed_process_left_goes_on(whole, tmp_path):
    record, left = tmp_path / "run.parquet", tmp_path / "left"
    with open_simulation(system(), output=record) as run:
        run.run(until=0.5, checkpoints=Checkpoints(tmp_path))
        run.run(until=0.9)
        run.results()
        shutil.copytree(tmp_path, left)
    assert not (left / "run.parquet").exists()
    with partial_path(left / "run.parquet").open("ab") as file:
        file.write(b"torn")
    with open_simulation(system(), output=left / "run.parquet", resume=left) as run:
        found = run.run()
    assert_same(found, whole)
    assert pq.ParquetFile(left / "run.parquet").metadata.num_rows == len(whole)


def test_a_record_elsewhere_begins_at_the_checkpoint(whole, tmp_path):
    with open_simulation(system()) as run:
        run.run(until=0.5)
        checkpoint = run.checkpoint()
    for output in (None, tmp_path / "rest.parquet"):
        with open_simulation(system(), output=output, resume=checkpoint) as run:
            assert_same(run.run(), whole, after=50)


def test_another_record_is_not_cut(tmp_path):
    with open_simulation(system(), output=tmp_path / "run.parquet") as run:
        run.run(until=0.5, checkpoints=Checkpoints(tmp_path))
    with open_simulation(system(), output=tmp_path / "run.parquet") as run:
        run.write("prey.x", 21.0)
        run.run()
    content = (tmp_path / "run.parquet").read_bytes()
    with pytest.raises(ResultError, match="is not the record that the checkpoint goes on from: it has no row 51"):
        open_simulation(system(), output=tmp_path / "run.parquet", resume=tmp_path)
    assert (tmp_path / "run.parquet").read_bytes() == content
    assert not partial_path(tmp_path / "run.parquet").exists()


def test_two_runs_do_not_go_on_in_one_record(tmp_path):
    record = tmp_path / "run.parquet"
    with open_simulation(system(), output=record) as run:
        run.run(until=0.5, checkpoints=Checkpoints(tmp_path))
    with (
        open_simulation(system(), output=record, resume=tmp_path),
        pytest.raises(ResultError, match="another run is writing this record"),
    ):
        open_simulation(system(), output=record, resume=tmp_path)


@pytest.mark.parametrize("to_file", [False, True])
def test_two_futures_are_tried_from_one_present(whole, to_file, tmp_path):
    output = tmp_path / "past.parquet" if to_file else None
    with open_simulation(system(), output=output) as past:
        past.run(until=0.5)
        with past.branch(output=tmp_path / "future.parquet" if to_file else None) as future:
            future.step()
            assert future.time == pytest.approx(0.51)
            assert past.time == pytest.approx(0.5)
            past.step()
            again = future.run()
        mine = past.run()
    assert_same(mine, whole)
    assert_same(again, whole, after=50)


def test_a_branch_takes_the_place_of_an_earlier_record(tmp_path):
    for _ in range(2):
        with open_simulation(system()) as past:
            past.run(until=0.5)
            with past.branch(output=tmp_path / "future.parquet") as future:
                assert len(future.run()) == 151


@pytest.mark.parametrize("to_file", [False, True])
def test_a_run_that_goes_back_leaves_no_trace_in_its_record(whole, to_file, tmp_path):
    with open_simulation(system(), output=tmp_path / "run.parquet" if to_file else None) as run:
        run.emit(Event(0.0, "", "note", "kept"))
        run.run(until=0.3)
        checkpoint = run.checkpoint()
        run.emit(Event(0.3, "", "note", "forgotten"))
        run.run(until=1.1)
        run.results()
        run.restore(checkpoint)
        assert len(run.results()) == 31
        found = run.run()
    assert_same(found, whole)
    assert [event.message for event in found.events] == ["kept"]


def test_a_branch_that_goes_back_before_its_begin_records_from_there(whole):
    with open_simulation(system()) as past:
        past.run(until=0.3)
        earlier = past.checkpoint()
        past.run(until=0.5)
        with past.branch() as future:
            future.run(until=0.7)
            later = future.checkpoint()
            future.run(until=0.8)
            future.restore(later)
            assert len(future.results()) == 21
            future.restore(earlier)
            assert_same(future.run(), whole, after=30)


def test_a_checkpoint_of_another_system_is_refused_with_what_differs(tmp_path):
    with open_simulation(system()) as run:
        run.step()
        checkpoint = run.checkpoint()
    with pytest.raises(CheckpointError) as refused:
        open_simulation(system(algorithm="jacobi", step_size=0.02), resume=checkpoint)
    assert "algorithm: gauss_seidel in the checkpoint, jacobi here" in str(refused.value)
    assert "step_size: 0.01 in the checkpoint, 0.02 here" in str(refused.value)


def test_another_file_of_a_component_is_refused_by_name_wherever_it_lies(tmp_path):
    description = system()
    with open_simulation(description) as run:
        run.step()
        checkpoint = run.checkpoint()
    prey, predator = (description.components[name].source for name in ("prey", "predator"))

    def moved(source: Path):
        place = Path(shutil.copy(source, tmp_path / "prey.fmu"))
        component = description.components["prey"].model_copy(update={"source": place})
        return description.model_copy(update={"components": {**description.components, "prey": component}})

    with open_simulation(moved(prey), resume=checkpoint) as run:
        run.step()
    other = lotka_volterra(H, stop=STOP, version=2).components["prey"].source
    assert predator != prey
    with pytest.raises(CheckpointError, match=r"component 'prey' is another file: file_sha256 \w"):
        open_simulation(moved(other), resume=checkpoint)


def test_a_folder_without_a_checkpoint_says_how_one_is_made(tmp_path):
    with pytest.raises(CheckpointError, match=r"no checkpoint can be read there .*--checkpoint-every"):
        open_simulation(system(), resume=tmp_path / "checkpoint.cotwin")


def test_a_finished_run_goes_on_to_a_later_stop(whole, tmp_path):
    record = tmp_path / "run.parquet"
    with open_simulation(lotka_volterra(H, stop=1.0), output=record) as run:
        run.run(checkpoints=Checkpoints(tmp_path))
    with open_simulation(lotka_volterra(H, stop=1.0), resume=tmp_path) as run:
        assert run.ended
    with open_simulation(system(), output=record, resume=tmp_path) as run:
        found = run.run(checkpoints=Checkpoints(tmp_path))
    assert_same(found, whole)
    assert Checkpoint.load(tmp_path).time == STOP
