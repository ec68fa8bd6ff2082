"""Every misbehaviour of the table is answered as the table says, and nothing of it stays behind."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

import pytest

from cotwin import load_results, open_simulation
from orchestrator.errors import SimulationError
from tests.fmi.isolation_hostile import TABLE, build, table

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the hostile FMUs need a C compiler")

DOCUMENT = Path(__file__).parents[2] / "docs" / "isolation.md"


def zombies_and_children() -> set[str]:
    """Processes of this one, dead ones that nobody waited for included."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def processes(folder: Path) -> list[str]:
    """Processes that were started for a component with its folder below this one, or by it; dead ones have neither."""
    known = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            known[process.name] = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    return [number for number, text in known.items() if str(folder).encode() in text]


def all_end(folder: Path) -> bool:
    """Whether those that were killed are gone: the system takes a moment for a process that is not a child of ours."""
    deadline = time.monotonic() + 10.0
    while processes(folder) and time.monotonic() < deadline:
        continue
    return not processes(folder)


def system(built, hostile, misbehaviour):
    # Short where it is the limit that ends the call; elsewhere a slow machine must not.
    seconds = 0.6 if "time_limit" in misbehaviour.says else 20.0
    limits = {"isolation": "process", "time_limit": seconds, "memory_limit": misbehaviour.memory}
    return {
        "name": "besieged",
        "components": {"hostile": {"source": str(hostile), **limits}, "sibling": {"source": str(built.fmi3)}},
        "experiment": {"start": 0.0, "stop": 6.0},
        "step_size": 1.0,
        "record": ["hostile.y", "sibling.mean"],
    }


def run(description, output) -> None:
    with open_simulation(description, output=output) as simulation:
        simulation.run()


@pytest.mark.parametrize("misbehaviour", TABLE, ids=[each.what for each in TABLE])
def test_the_run_ends_by_the_demanded_error_and_keeps_what_was_recorded(misbehaviour, built, tmp_path, temporary):
    before, umask, folder = zombies_and_children(), os.umask(0o022), Path.cwd()
    hostile = build(misbehaviour, tmp_path)
    output = tmp_path / "record.parquet"
    if misbehaviour.error is None:
        run(system(built, hostile, misbehaviour), output)
    else:
        with pytest.raises(misbehaviour.error, match=misbehaviour.says) as caught:
            run(system(built, hostile, misbehaviour), output)
        assert "hostile" in str(caught.value)
        if isinstance(caught.value, SimulationError):
            assert caught.value.component == "hostile"
            assert misbehaviour.at in (None, caught.value.time)
    assert recorded(output) == expected(misbehaviour)
    assert zombies_and_children() == before
    assert all_end(temporary)
    assert (os.umask(umask), Path.cwd()) == (0o022, folder)


def recorded(output: Path) -> int:
    """Rows on disk, which hold what a healthy component gives."""
    if not output.exists():
        return 0
    results = load_results(output)
    assert list(results["hostile.y"][1:]) == list(results.times[1:])
    return len(results)


def expected(misbehaviour) -> int:
    rows = {"LOAD": 0, "INSTANTIATE": 0, "INITIALIZATION": 0, "STEP": 4, "SET": 4, "GET": 4}
    return 7 if misbehaviour.error is None else rows.get(misbehaviour.where, 7)


def test_the_table_of_the_documentation_is_this_one():
    assert table() in DOCUMENT.read_text()
