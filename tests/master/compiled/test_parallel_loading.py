"""What several threads run on is loaded before it is needed, and small."""

import subprocess
import sys
import textwrap
from itertools import count
from pathlib import Path

import pytest

from orchestrator import compiled_sources
from orchestrator.master.compiled.parallel import hot, loading
from orchestrator.master.compiled.parallel import threads as parallel
from orchestrator.master.compiled.parallel.choice import Threads
from orchestrator.realtime.pacer import Pacer
from tests.master.compiled.test_parallel import NAMES, Turns, lag, opened, stepping

pytestmark = pytest.mark.skipif(not parallel.available(), reason="threads cannot wait for each other here")

SECONDS = count()
"""A clock."""


def test_the_loop_of_one_thread_is_no_part_of_that_of_several():
    parts = {path.name for path in compiled_sources._sources(Path(hot.__file__)) if path.parent.name == "hot"}
    assert parts.isdisjoint({"loop.py", "tight.py", "iterate.py", "own.py"})


def test_one_thread_steps_while_that_of_several_is_loaded(monkeypatch):
    monkeypatch.setattr(parallel, "is_loaded", lambda: False)
    monkeypatch.setattr(parallel, "Choice", Turns)
    with opened([lag(name) for name in NAMES], Threads(2)) as simulation:
        simulation.run()
        assert simulation.ended
        assert not stepping()


@pytest.mark.parametrize(
    "clock", [{}, {"clock": lambda: float(next(SECONDS)), "sleep": lambda _: None}], ids=["compiled", "python"]
)
def test_it_is_loaded_before_the_clock_of_a_paced_run_begins(monkeypatch, clock):
    told: list[str] = []
    load, begin = loading.load, Pacer.begin
    monkeypatch.setattr(parallel, "load", lambda: [told.append("loaded"), load()][1])
    monkeypatch.setattr(Pacer, "begin", lambda *to, **more: [told.append("begun"), begin(*to, **more)][1])
    with opened([lag(name) for name in NAMES], Threads(2)) as simulation:
        simulation.run(pacer=Pacer(1000.0, privileged=False, **clock))
    assert told[:2] == ["loaded", "begun"]


def test_a_process_that_is_forked_off_while_it_is_loaded_has_it():
    script = """
        import os
        from orchestrator.master.compiled.hot import loop
        from orchestrator.master.compiled.parallel.loading import is_loaded, load

        assert not is_loaded()
        child = os.fork()
        if child == 0:
            os._exit(7 if is_loaded() and load().advance else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert is_loaded()
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
