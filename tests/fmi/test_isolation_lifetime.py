"""A component in a process of its own leaves nothing behind, however it or the run ends."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from orchestrator.fmi.isolation import process
from tests.fmi import isolation_hostile as hostile
from tests.fmi.test_isolation import isolated
from tests.fmi.test_misbehaviour import start


def test_opening_and_closing_again_and_again_leaves_no_descriptor_thread_or_mapping(built):
    def held():
        gc.collect()
        maps = Path("/proc/self/maps").read_text().count("cotwin-mailbox")
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), maps

    isolated(built.fmi3).close()
    before = held()
    for _ in range(3):
        isolated(built.fmi3).close()
    assert held() == before


def test_one_that_nobody_closes_ends_with_its_object(built):
    instance = isolated(built.fmi3)
    pid = instance._process._child.pid
    del instance
    gc.collect()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


_RUN = """
import json, sys, time
from orchestrator.assembly import open_instance
from orchestrator.system.description import Component
instance = open_instance("toy", Component(source=sys.argv[1], isolation="process"))
print(instance._process._child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_it_ends_with_the_run_however_that_ends(built, temporary, how):
    command = [sys.executable, "-c", _RUN, str(built.fmi3)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temporary)}
    ) as run:
        child = int(run.stdout.readline())
        run.send_signal(how)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < deadline
    assert list(temporary.glob("cotwin-*")) == []


_HANGING_RUN = """
import sys
from orchestrator.assembly import open_instance
from orchestrator.system.description import Component
instance = open_instance("hostile", Component(source=sys.argv[1], isolation="process", time_limit=600))
instance.enter_initialization(0.0, None, None)
instance.exit_initialization()
for index in range(4):
    instance.do_step(float(index), 1.0)
"""


def marked(folder: Path) -> list[str]:
    """Processes with the mark of a component whose folder is below this one; dead ones have none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"COTWIN_ISOLATED={folder}".encode() in (entry / "environ").read_bytes():
                found.append((entry / "cmdline").read_bytes().split(b"\0")[0].decode())
    return found


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_left_of_an_endless_step_and_what_it_started_when_the_run_is_killed(tmp_path, temporary, how):
    path = hostile.build(hostile.HANGS_WITH_A_PROCESS, tmp_path)
    command = [sys.executable, "-c", _HANGING_RUN, str(path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(temporary)}) as run:
        deadline = time.monotonic() + 30
        while "sleep" not in marked(temporary):
            assert time.monotonic() < deadline
        run.send_signal(how)
    while marked(temporary):
        assert time.monotonic() < deadline
    assert list(temporary.glob("cotwin-*")) == []


def test_where_a_component_has_started_nothing_nothing_is_searched_at_its_end(built, monkeypatch):
    searched = []
    monkeypatch.setattr(process, "end_marked", searched.append)
    isolated(built.fmi3).close()
    assert searched == []


def test_it_outlives_the_thread_that_opened_it(built):
    instances = []
    thread = threading.Thread(target=lambda: instances.append(isolated(built.fmi3)))
    thread.start()
    thread.join()
    with closing(instances[0]) as instance:
        start(instance)
        instance.do_step(0.0, 0.05)
        instance.terminate()


def test_ctrl_c_while_it_is_ended_leaves_no_folder(built, temporary, monkeypatch):
    instance = isolated(built.fmi3)
    removes = process.shutil.rmtree

    def pressed(*arguments, **how):
        signal.raise_signal(signal.SIGINT)
        removes(*arguments, **how)

    monkeypatch.setattr(process.shutil, "rmtree", pressed)
    with pytest.raises(KeyboardInterrupt):
        instance.close()
    assert list(temporary.glob("cotwin-isolated-*")) == []
