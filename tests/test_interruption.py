"""Signals while something is tidied up."""

import shutil
import signal
import threading

import pytest

from orchestrator import archives
from orchestrator.fmi import archive
from orchestrator.interruption import held_off
from tests.plants import fmu


@pytest.fixture
def pressed(monkeypatch):
    """Somebody presses Ctrl-C whenever a folder is about to be removed."""
    removes = shutil.rmtree

    def pressing(*arguments, **how):
        signal.raise_signal(signal.SIGINT)
        removes(*arguments, **how)

    monkeypatch.setattr(shutil, "rmtree", pressing)


@pytest.mark.usefixtures("pressed")
def test_a_folder_is_removed_whole_before_ctrl_c_takes_effect(tmp_path):
    folder = tmp_path / "unpacked"
    folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        archives.remove(folder)
    assert not folder.exists()


@pytest.mark.usefixtures("pressed")
def test_nothing_of_an_unpacked_fmu_stays_where_ctrl_c_is_pressed_again_while_it_is_removed():
    folder = archive.acquire(fmu("prey", 2))
    with pytest.raises(KeyboardInterrupt):
        archive.release(folder)
    assert not folder.exists()


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, ValueError)])
def test_what_is_held_off_comes_afterwards_to_the_handlers_that_there_were(number, raised):
    def handler(*_):
        raise raised

    done = []

    def held():
        with held_off():
            signal.raise_signal(number)
            signal.raise_signal(number)
            done.append(1)

    before = signal.signal(number, handler)
    try:
        with pytest.raises(raised):
            held()
        assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)
    assert done == [1]


def test_other_threads_change_no_handlers():
    seen = []

    def look():
        with held_off():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]
