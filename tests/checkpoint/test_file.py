"""The file of a checkpoint: whatever is wrong with it is said, and nothing in it is trusted."""

import os
import struct
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checkpoint import file as file_module
from orchestrator.checkpoint.checkpoint import Checkpoint
from orchestrator.checkpoint.file import FILE, read_file, write_file
from orchestrator.errors import CheckpointError
from orchestrator.plain_data import pack
from tests.checkpoint.runs import oscillator, resumed, stopped


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / FILE
    stopped(oscillator, 3)[1].save(path)
    return path.read_bytes()


def forged(content: object) -> bytes:
    """A file whose length and hash are right."""
    body = pack(content)
    head = struct.pack("<18sIQ", b"cotwin checkpoint\n", 1, len(body))
    return head + body + sha256(head + body).digest()


@pytest.mark.parametrize("part", [0, 5, 20, 29, 30, 0.5, -1, -40])
def test_a_file_that_was_cut_off_is_refused(good, part, tmp_path):
    length = int(part * len(good)) if isinstance(part, float) else part
    (tmp_path / FILE).write_bytes(good[:length])
    with pytest.raises(CheckpointError, match=r"is damaged|is no checkpoint"):
        Checkpoint.load(tmp_path)


@given(st.data())
def test_an_altered_file_is_refused(good, tmp_path_factory, data):
    altered = bytearray(good)
    place = data.draw(st.integers(0, len(good) - 1))
    altered[place] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("altered") / FILE
    path.write_bytes(altered)
    with pytest.raises(CheckpointError, match=r"is damaged|is no checkpoint|has format"):
        Checkpoint.load(path)


def test_a_file_with_something_behind_it_is_refused(good, tmp_path):
    (tmp_path / FILE).write_bytes(good + b"more")
    with pytest.raises(CheckpointError, match=f"has {len(good) + 4} bytes in the place of {len(good)}"):
        Checkpoint.load(tmp_path)


def test_another_format_names_both(good, tmp_path):
    (tmp_path / FILE).write_bytes(good[:18] + struct.pack("<I", 7) + good[22:])
    with pytest.raises(CheckpointError, match="has format 7, this cotwin reads format 1"):
        Checkpoint.load(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"time": "now"},
        {"states": {"position": 3}},
        {"events": [[1.0, "a", "b"]]},
        {"events": [[1, 2, 3, 4]]},
        {"record": 5},
        {"run": []},
        {"more": 1},
    ],
)
def test_a_forged_file_that_is_no_checkpoint_is_refused(good, change, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(good)
    path.write_bytes(forged({**read_file(path), **change}))
    with pytest.raises(CheckpointError, match="is no checkpoint of a run"):
        Checkpoint.load(path)


@pytest.mark.parametrize("content", [None, [], {}, "text", {"events": None}])
def test_a_file_that_holds_something_else_is_refused(content, tmp_path):
    (tmp_path / FILE).write_bytes(forged(content))
    with pytest.raises(CheckpointError, match="is no checkpoint of a run"):
        Checkpoint.load(tmp_path)


FORGED_RUNS = {
    "no timeline": lambda run: run.pop("timeline"),
    "no signals": lambda run: run.pop("signals"),
    "short signals": lambda run: run["signals"].update(float64=np.zeros(2)),
    "other type": lambda run: run["signals"].update(float64=run["signals"]["float64"].astype("f4")),
    "other texts": lambda run: run["signals"].update(string=np.array([1], object)),
    "no parts": lambda run: run.update(memories=None),
    "other parts": lambda run: run["controls"].update(unknown={}),
    "no access": lambda run: run.update(access={"applied": 3, "waiting": []}),
    "unknown parameter": lambda run: run["access"].update(applied=[["nobody", "x", np.zeros(1)]]),
    "no start values": lambda run: run.pop("start_values"),
    "odd counts": lambda run: run["controls"]["statistics"].update(components=4),
}


@pytest.mark.parametrize("how", FORGED_RUNS)
def test_a_forged_run_is_refused_in_words(good, how, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(good)
    content = read_file(path)
    FORGED_RUNS[how](content["run"])
    path.write_bytes(forged(content))
    with pytest.raises(CheckpointError, match=r"the checkpoint (is of another run|does not hold what this run needs)"):
        resumed(oscillator, Checkpoint.load(path))


def test_a_state_of_something_else_names_the_component(good, tmp_path):
    path = tmp_path / FILE
    path.write_bytes(good)
    content = read_file(path)
    content["states"]["velocity"] = b"none"
    path.write_bytes(forged(content))
    with pytest.raises(CheckpointError):
        resumed(oscillator, Checkpoint.load(path))


def test_a_kill_while_writing_leaves_the_file_of_before(tmp_path, monkeypatch):
    write_file(tmp_path / FILE, {"first": 1})
    for name in ("fsync", "replace"):

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(file_module.os, name, killed)
            patch.setattr("pathlib.Path.replace", killed) if name == "replace" else None
            with pytest.raises(KeyboardInterrupt):
                write_file(tmp_path / FILE, {"second": 2})
        assert read_file(tmp_path / FILE) == {"first": 1}
    write_file(tmp_path / FILE, {"third": 3})
    assert read_file(tmp_path / FILE) == {"third": 3}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_disk_that_takes_nothing_is_named(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(file_module.os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"cannot be written \(No space left on device\)"):
        write_file(tmp_path / FILE, {})
    assert list(tmp_path.iterdir()) == []
