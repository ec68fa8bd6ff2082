"""Machine code that is kept belongs to all sources that went into it."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from numba.core import caching, event

from orchestrator import compiled_sources
from orchestrator.master.compiled.hot import loop as hot_loop
from orchestrator.master.compiled.layout import run as layout

HERE = Path(layout.__file__).parents[1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Sources: `kernel` takes in `parts`, which takes in `numbers`; `other` is imported by nothing that is compiled."""
    monkeypatch.setattr(compiled_sources, "_ROOT", tmp_path)
    monkeypatch.setattr(compiled_sources, "_BEGAN", time.time() + 3600.0)
    place = tmp_path / "orchestrator" / "inner"
    place.mkdir(parents=True)
    (place / "kernel.py").write_text(
        "from numba import njit\nfrom orchestrator.inner.parts import (\n    one,\n    two,\n)\n"
    )
    (place / "parts.py").write_text(
        "from orchestrator.by_address import load\nfrom orchestrator.inner import numbers as at\n"
    )
    (place / "numbers.py").write_text("from orchestrator.inner.other import name\nSIZE = 8\n")
    (place / "other.py").write_text("name = 1\n")
    compiled_sources.digest.cache_clear()
    yield place
    compiled_sources.digest.cache_clear()


@pytest.mark.parametrize("changed", ["kernel", "parts", "numbers"])
def test_a_change_of_any_source_throws_the_code_away(folder, changed):
    before = compiled_sources.digest(folder / "kernel.py")
    compiled_sources.digest.cache_clear()
    path = folder / f"{changed}.py"
    path.write_text(path.read_text() + "# changed\n")
    assert compiled_sources.digest(folder / "kernel.py") != before


def test_what_is_not_compiled_does_not_count_with_what_it_imports(folder):
    before = compiled_sources.digest(folder / "kernel.py")
    compiled_sources.digest.cache_clear()
    (folder / "other.py").write_text("name = 2\n")
    assert compiled_sources.digest(folder / "kernel.py") == before


def test_code_of_a_source_that_changed_while_the_process_ran_is_for_nobody_else(folder, monkeypatch):
    before = compiled_sources.digest(folder / "kernel.py")
    monkeypatch.setattr(compiled_sources, "_BEGAN", (folder / "numbers.py").stat().st_mtime - 1.0)
    compiled_sources.digest.cache_clear()
    young = compiled_sources.digest(folder / "kernel.py")
    compiled_sources.digest.cache_clear()
    assert len({before, young, compiled_sources.digest(folder / "kernel.py")}) == 3


def test_the_process_began_before_its_tests():
    assert time.time() - 3600.0 * 24.0 < compiled_sources._BEGAN < time.time()


def test_numba_asks_for_the_digest_of_all_sources_of_a_hot_loop():
    locator = hot_loop.advance._cache._impl.locator
    assert locator.get_source_stamp() == compiled_sources.digest(Path(hot_loop.__file__))
    assert {HERE / "layout" / "run.py", HERE / "hot" / "calls.py", HERE / "forms.py"} <= compiled_sources._sources(
        Path(hot_loop.__file__)
    )


@pytest.fixture
def unwritable(monkeypatch):
    """No folder can be written but those for temporary files."""

    def refuse(locator: Any) -> None:
        if not Path(locator.get_cache_path()).name.startswith("cotwin_"):
            raise PermissionError("read-only")

    monkeypatch.setattr(caching._CacheLocator, "ensure_cache_path", refuse)
    compiled_sources._folder.cache_clear()
    yield
    shutil.rmtree(compiled_sources._folder())
    compiled_sources._folder.cache_clear()


def test_where_no_folder_can_be_written_that_is_said_and_what_is_compiled_serves_this_process(unwritable, caplog):
    kept = caching.FunctionCache(hot_loop.advance.py_func)
    assert Path(kept.cache_path).is_dir()
    assert not Path(kept.cache_path).is_relative_to(compiled_sources._ROOT)
    assert kept.load_overload(hot_loop.advance.signatures[0], hot_loop.advance.targetctx) is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "NUMBA_CACHE_DIR" in caplog.text
    assert caching.FunctionCache(hot_loop.finite.py_func).cache_path == kept.cache_path
    assert len(caplog.records) == 1


SAYS = """
import logging
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
import orchestrator.master.compiled.parallel.atomics
"""


def test_it_is_said_that_something_is_compiled_the_first_time_and_where_it_is_kept(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", SAYS], capture_output=True, text=True, timeout=120, check=True, env=environment
        ).stderr.splitlines()
        for _ in range(2)
    )
    assert len(first) == 1
    assert first[0].startswith(f"INFO compiling for this machine, which takes some seconds; kept in {tmp_path}")
    assert second == []


def test_a_folder_that_was_named_and_cannot_be_written_is_told_once(caplog, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled_sources.config, "CACHE_DIR", str(tmp_path / "named"))
    told = compiled_sources.Compiling()
    for _ in range(2):
        told.on_start(event.Event("numba:compile", event.EventStatus.START, data={"dispatcher": hot_loop.advance}))
    (told_once,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert str(tmp_path / "named") in told_once
