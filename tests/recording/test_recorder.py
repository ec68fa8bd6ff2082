"""Recorder: what is in the file after a run, whole or failed."""

import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from orchestrator.errors import ResultError, SimulationError, StepError
from orchestrator.observer import Event
from orchestrator.recording import recorder as recorder_module
from orchestrator.recording import store as store_module
from orchestrator.recording.events import read_events, write_events
from orchestrator.recording.metadata import canonical, run_metadata
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.results import Results
from orchestrator.recording.selection import observed, select
from orchestrator.simulation import Simulation
from orchestrator.system.quantities.units import Unit
from tests.coupled import describe, setup
from tests.doubles import Faults, FunctionInstance, an_output

GRAM_PER_LITRE = Unit("g/L", (1, -3, 0, 0, 0, 0, 0, 0))


def _reactor(**more: Any) -> FunctionInstance:
    """Outputs of every storage class: S = (t, 2 t), phase = 1 before 0.5 s, then 2, full = whether t > 0.5."""
    return FunctionInstance(
        lambda t, u: [t, 2.0 * t, 1 + (t > 0.45), t > 0.45],
        name="reactor",
        inputs=(),
        outputs=[
            an_output("S", size=2, unit=GRAM_PER_LITRE, description="substrate"),
            an_output("phase", storage="int64", items=((1, "batch"), (2, "fed"))),
            an_output("full", storage="boolean"),
        ],
        **more,
    )


def _recorded(
    instances: Sequence[FunctionInstance], path: Path | None, **more: Any
) -> tuple[Recorder, Simulation[Results]]:
    description = describe([instance.name for instance in instances], **more)
    interfaces = {instance.name: instance.connectors for instance in instances}
    columns = select(description.record, interfaces)
    metadata = run_metadata(description, {instance.name: instance.identity for instance in instances})
    recorder = Recorder(columns, metadata, path)
    return recorder, Simulation(setup(instances, description, observed(columns)), [recorder], recorder.results)


@pytest.mark.parametrize("to_file", [False, True])
def test_a_record_holds_every_communication_point_with_its_type(to_file: bool, tmp_path: Path) -> None:
    _, simulation = _recorded([_reactor()], tmp_path / "run.parquet" if to_file else None)
    with simulation as run:
        results = run.run()
    assert results.names == ("reactor.S[1]", "reactor.S[2]", "reactor.phase", "reactor.full")
    np.testing.assert_array_equal(results.times, [0.1 * k for k in range(10)] + [1.0])
    np.testing.assert_allclose(results.array("reactor.S"), np.outer(results.times, [1.0, 2.0]), rtol=1e-14)
    assert results["reactor.phase"].dtype == np.int64
    assert results["reactor.full"].dtype == np.bool_
    np.testing.assert_array_equal(results["reactor.phase"], [1] * 5 + [2] * 6)
    np.testing.assert_array_equal(results["reactor.full"], [False] * 5 + [True] * 6)
    assert results.units == {"reactor.S[1]": "g/L", "reactor.S[2]": "g/L"}
    assert results.descriptions["reactor.S[1]"] == "substrate"
    assert results.items == {"reactor.phase": {1: "batch", 2: "fed"}}
    assert results.events == ()


def test_memory_and_file_hold_the_same_bits_over_many_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_CHUNK_ROWS", (8, 8))
    monkeypatch.setattr(store_module, "GROUP_ROWS", 16)
    tables = []
    for path in (None, tmp_path / "run.parquet"):
        _, simulation = _recorded([_reactor()], path, step_size=0.01)
        with simulation as run:
            tables.append(run.run())
    assert len(tables[0]) == 101
    for name in tables[0].names:
        assert tables[0][name].tobytes() == tables[1][name].tobytes()
    assert pq.ParquetFile(tmp_path / "run.parquet").num_row_groups == 7


def test_metadata_says_what_ran_where_and_how(tmp_path: Path) -> None:
    source = tmp_path / "reactor.fmu"
    source.write_bytes(b"not really an FMU")
    reactor = _reactor()
    description = describe(["reactor"], components={"reactor": {"source": str(source)}}, step_size=0.25)
    recorder = Recorder(
        select(None, {"reactor": reactor.connectors}),
        run_metadata(description, {"reactor": reactor.identity}),
        tmp_path / "run.parquet",
    )
    with Simulation(setup([reactor], description), [recorder], recorder.results) as run:
        metadata = run.run().metadata
    assert metadata["system"] == "doubles"
    assert metadata["system_sha256"] == sha256(canonical(description).encode()).hexdigest()
    assert metadata["components"]["reactor"]["token"] == "{reactor}"
    assert metadata["components"]["reactor"]["file_sha256"] == sha256(b"not really an FMU").hexdigest()
    assert (metadata["algorithm"], metadata["step_size"]) == ("gauss_seidel", 0.25)
    assert (metadata["start"], metadata["stop"]) == (0.0, 1.0)
    assert {"platform", "python", "cotwin", "cpu_count"} <= set(metadata["host"])
    stored = pq.read_schema(tmp_path / "run.parquet").metadata[b"cotwin"]
    assert json.loads(stored) == metadata


def test_a_failed_run_leaves_its_results_readable_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.parquet"
    faulty = FunctionInstance(lambda t, u: u, name="faulty", faults=Faults(discard_at=0.5))
    _, simulation = _recorded([_reactor(), faulty], path)
    with simulation as run, pytest.raises(StepError):
        run.run()
    results = Results.load(path)
    assert results.times[-1] == 0.5
    assert results["reactor.S[2]"][-1] == pytest.approx(1.0)
    (event,) = results.events
    assert (event.t, event.component, event.kind) == (0.5, "faulty", "error")
    assert "refused its step" in event.message
    assert sorted(each.name for each in path.parent.iterdir()) == ["run.events.parquet", "run.parquet"]
    assert faulty.closed


def test_a_run_that_fails_to_initialize_leaves_no_file(tmp_path: Path) -> None:
    faulty = FunctionInstance(lambda t, u: u, name="faulty", faults=Faults(fail_in={"get"}))
    _, simulation = _recorded([faulty], tmp_path / "run.parquet")
    with pytest.raises(Exception, match="out of order"), simulation as run:
        run.run()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to_file", [False, True])
def test_results_of_a_part_of_a_run_can_be_looked_at_before_it_goes_on(to_file: bool, tmp_path: Path) -> None:
    _, simulation = _recorded([_reactor()], tmp_path / "run.parquet" if to_file else None)
    with simulation as run:
        part = run.run(until=0.3)
        whole = run.run()
    assert len(part) == 4
    assert len(whole) == 11
    np.testing.assert_array_equal(whole.times[:4], part.times)
    np.testing.assert_array_equal(whole["reactor.S[2]"][:4], part["reactor.S[2]"])


def test_results_before_the_start_are_an_error() -> None:
    recorder, simulation = _recorded([_reactor()], None)
    with simulation, pytest.raises(ResultError, match="nothing is recorded yet"):
        recorder.results()


def test_locals_that_are_named_are_recorded() -> None:
    tank = FunctionInstance(lambda t, u, x: x[:1], name="tank", step=lambda t, h, u, x: x + h, state=[0.0, 5.0])
    _, simulation = _recorded([tank], None, record=["tank.x"])
    with simulation as run:
        results = run.run()
    assert results.names == ("tank.x[1]", "tank.x[2]")
    np.testing.assert_allclose(results.array("tank.x") - results.times[:, None], [[0.0, 5.0]] * 11, atol=1e-14)


def test_events_lie_beside_the_record(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    _, simulation = _recorded([_reactor()], path)
    with simulation as run:
        run.step()
        run.emit(Event(run.time, "reactor", "swap", "to the surrogate"))
        run.run()
    assert Results.load(path).events == (Event(0.1, "reactor", "swap", "to the surrogate"),)


def test_events_in_any_writing_come_back_as_they_were(tmp_path: Path) -> None:
    events = (
        Event(0.5, "", "a", "Lüftung 37 °C"),
        Event(np.inf, "反应器", "", "x" * 100_000),
        Event(-0.0, "b", "c", ""),
    )
    for some in (events, events[:1], ()):
        write_events(tmp_path / "run.events.parquet", some)
        assert read_events(tmp_path / "run.events.parquet") == some


def test_a_recorded_run_does_not_wait_for_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from orchestrator.observer import Event\n"
        "from orchestrator.recording.events import write_events\n"
        "write_events(Path(sys.argv[1]), [Event(0.5, 'reactor', 'swap', 'back')])\n"
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run.events.parquet")], check=True)


def test_what_a_killed_process_has_recorded_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_CHUNK_ROWS", (4, 4))
    path, partial = tmp_path / "run.parquet", tmp_path / "run.parquet.partial"
    recorder, simulation = _recorded([_reactor()], path)
    with simulation as run:
        for _ in range(8):
            run.step()
        recorder.results()  # everything has left this process
        run.step()
        killed = partial.read_bytes()  # as it lies on the disk here, without any end
    assert not partial.exists()
    path.unlink()
    for size, rows in ((len(killed), 9), (len(killed) - 1, 5)):
        partial.write_bytes(killed[:size])
        results = Results.load(partial)
        np.testing.assert_allclose(results["reactor.S[2]"], 0.2 * np.arange(rows), rtol=1e-14)
        assert results.units["reactor.S[1]"] == "g/L"
    with pytest.raises(ResultError, match=r"run\.parquet\.partial: give that path"):
        Results.load(path)
    partial.write_bytes(b"")
    with pytest.raises(ResultError, match="not a readable partial record"):
        Results.load(partial)


def test_two_runs_cannot_write_one_record(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    _, first = _recorded([_reactor()], path)
    _, second = _recorded([_reactor()], path)
    with first:
        first.step()
        with pytest.raises(ResultError, match=r"another run is writing this record\. Give each run an output"), second:
            second.step()
        assert len(first.run()) == 11
    assert len(Results.load(path)) == 11


def test_a_full_disk_ends_the_run_and_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "_CHUNK_ROWS", (16, 16))
    path = tmp_path / "run.parquet"
    _, simulation = _recorded([_reactor()], path, step_size=1e-4)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with (
            pytest.raises(SimulationError, match=r"run\.parquet\.partial: cannot be written .* Free space"),
            simulation as run,
        ):
            run.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    kept = Results.load(path if path.exists() else tmp_path / "run.parquet.partial")
    assert len(kept) % 16 == 1
    np.testing.assert_allclose(kept["reactor.S[1]"], 1e-4 * np.arange(len(kept)), rtol=1e-12)
    assert len(kept) > 16
