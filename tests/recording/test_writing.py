"""Writer and chunk: rows go to the store while others are recorded."""

import os
import resource
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.errors import SimulationError
from orchestrator.recording.chunk import Chunk
from orchestrator.recording.recorder import Recorder
from orchestrator.recording.results import Results
from orchestrator.recording.selection import select
from orchestrator.recording.store import MemoryStore
from orchestrator.recording.writing import Writer
from orchestrator.signals import Signals
from orchestrator.system.connector import Storage
from tests.doubles import FunctionInstance, an_output

A = FunctionInstance(lambda t, u: [0.0], name="a", inputs=(), outputs=[an_output("x")])
SCHEMA = pa.schema([pa.field("time", pa.float64()), pa.field("a.x", pa.float64())])


def _read(store: MemoryStore) -> list[float]:
    values: list[float] = store.reader()(["a.x"])["a.x"].to_pylist()
    return values


def _chunk(*values: float) -> Chunk:
    """A chunk of x at the times 0, 1, ... s."""
    signals = Signals({"a": A.connectors})
    chunk = Chunk(select(None, {"a": A.connectors}), signals, len(values))
    for row, value in enumerate(values):
        signals.float64[:] = value
        chunk.take(row, float(row))
    return chunk


class _Gate(MemoryStore):
    """A store that takes a table when the gate is opened, in the thread that it remembers."""

    def __init__(self) -> None:
        super().__init__(SCHEMA)
        self.open, self.came = threading.Event(), threading.Event()
        self.thread: threading.Thread | None = None

    def take(self, chunk: Chunk, rows: int) -> None:
        self.thread = threading.current_thread()
        self.came.set()
        assert self.open.wait(60.0)
        super().take(chunk, rows)


class _Full(MemoryStore):
    def take(self, chunk: Chunk, rows: int) -> None:
        raise SimulationError("no space")


def _hand(writer: Writer, *, times: int) -> None:
    for k in range(times):
        writer.hand(_chunk(float(k)), 1)


def test_a_table_is_written_while_the_run_goes_on() -> None:
    store = _Gate()
    writer = Writer(store)
    writer.hand(_chunk(1.0, 2.0), 2)
    assert store.came.wait(60.0)  # it is being written, and this thread goes on
    assert store.thread is not threading.current_thread()
    store.open.set()
    writer.hand(_chunk(3.0, 4.0), 1)
    writer.settle()
    assert _read(store) == [1.0, 2.0, 3.0]
    assert writer.last is not None
    assert writer.last.values[Storage.FLOAT64].tolist() == [[3.0]]
    writer.end()
    assert store.thread is not None
    assert not store.thread.is_alive()


def test_what_is_handed_over_last_is_written_before_the_end() -> None:
    store = MemoryStore(SCHEMA)
    writer = Writer(store)
    _hand(writer, times=50)
    writer.end()
    assert _read(store) == list(range(50))


def test_an_error_of_the_disk_is_raised_once_where_the_next_rows_are_handed_over() -> None:
    writer = Writer(_Full(SCHEMA))
    with pytest.raises(SimulationError, match="no space"):
        _hand(writer, times=2)
    writer.end()


def test_an_error_of_the_last_rows_is_raised_in_the_end_and_the_thread_is_gone() -> None:
    before = threading.active_count()
    writer = Writer(_Full(SCHEMA))
    writer.hand(_chunk(1.0), 1)
    with pytest.raises(SimulationError, match="no space"):
        writer.end()
    assert threading.active_count() == before


def test_values_of_all_classes_of_storage_come_back_from_rows_written_in_place(tmp_path: Path) -> None:
    outputs = [
        an_output("x", size=3),
        an_output("n", storage="int64"),
        an_output("m", storage="uint64"),
        an_output("on", storage="boolean", size=9),
    ]
    tank = FunctionInstance(lambda t, u: [0.0] * 14, name="tank", inputs=(), outputs=outputs)
    signals = Signals({"tank": tank.connectors})
    random = np.random.default_rng(3)
    recorder = Recorder(select(None, {"tank": tank.connectors}), {}, tmp_path / "run.parquet")
    recorder.initialized(0.0, signals)
    expected: list[list[np.ndarray]] = []
    for k in range(200):
        signals.float64[:], signals.int64[:] = random.normal(size=3), random.integers(-(2**62), 2**62, 1)
        signals.uint64[:], signals.boolean[:] = random.integers(2**63, 2**64 - 1, 1, np.uint64), random.random(9) < 0.5
        table = recorder.rows
        assert table is not None
        table.times[table.first] = k + 1.0
        for source, places, chunk in table.parts:
            chunk[table.first] = source[places]
        recorder.filled(table.first + 1, k + 1.0)
        expected.append([signals.float64.copy(), signals.int64.copy(), signals.uint64.copy(), signals.boolean.copy()])
    recorder.terminated(None)
    results = Results.load(tmp_path / "run.parquet")
    np.testing.assert_array_equal(results.times, np.arange(201.0))
    for name, place in (("x", 0), ("on", 3)):
        np.testing.assert_array_equal(results.array(f"tank.{name}")[1:], [each[place] for each in expected])
    for name, place in (("n", 1), ("m", 2)):
        np.testing.assert_array_equal(results[f"tank.{name}"][1:], [each[place][0] for each in expected])


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_that_is_forked_off_leaves_the_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    recorder = Recorder(select(None, {"a": A.connectors}), {}, path)
    recorder.initialized(0.0, Signals({"a": A.connectors}))
    assert len(recorder.results().times) == 1
    child = os.fork()
    if child == 0:
        answer = 1
        try:
            recorder.terminated(None)
            recorder.results()
        except SimulationError as error:
            answer = 0 if "forked off" in str(error) else 2
        finally:
            os._exit(answer)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not path.exists()
    recorder.terminated(None)
    assert len(Results.load(path).times) == 1


def _stream(path: Path, rows: int) -> None:
    """Record so many rows of 99 columns and the time, as a compiled loop does."""
    tank = FunctionInstance(lambda t, u: np.full(99, t), name="tank", inputs=(), outputs=[an_output("x", size=99)])
    recorder = Recorder(select(None, {"tank": tank.connectors}), {}, path)
    recorder.initialized(0.0, Signals({"tank": tank.connectors}))
    noise = np.random.default_rng(1).normal(size=(2**14, 99))
    made = 1
    while made < rows:
        table = recorder.rows
        assert table is not None
        end = min(table.times.size, table.first + rows - made)
        made += end - table.first
        table.times[table.first : end] = made
        for part in table.parts:
            part.chunk[table.first : end] = noise[: end - table.first, : part.places.size]
        recorder.filled(end, float(made))
    recorder.terminated(None)
    assert pq.read_metadata(path).num_rows == rows


def _peak() -> int:
    """Bytes of memory that this process had at most."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("values", [20_000_000, pytest.param(100_000_000, marks=pytest.mark.campaign)])
def test_memory_stays_as_it_is_however_many_values_are_recorded(tmp_path: Path, values: int) -> None:
    _stream(tmp_path / "short.parquet", 40_000)
    before = _peak()
    _stream(tmp_path / "long.parquet", values // 100)
    assert _peak() - before < 2**26
