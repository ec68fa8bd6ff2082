"""Ctrl-C in the middle of a compiled run."""

import signal
import threading
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.recording.results import Results
from tests.textbook import lotka_volterra


def test_ctrl_c_ends_a_compiled_run_soon_and_loses_nothing_recorded(tmp_path: Path) -> None:
    """The record has every point up to the one that the run came to; the bound is loose, for machines that are busy."""
    pressed: list[float] = []

    def press() -> None:
        pressed.append(perf_counter())
        signal.raise_signal(signal.SIGINT)  # Python acts on it in the main thread

    h = 1e-3
    timer = threading.Timer(0.3, press)
    with open_simulation(lotka_volterra(h, stop=1e7), output=tmp_path) as simulation:
        simulation.initialize()
        assert simulation.strides
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            simulation.run()
        took, reached = perf_counter() - pressed[0], simulation.time
    assert took < 2.0
    results = Results.load(tmp_path / "textbook.parquet")
    np.testing.assert_array_equal(results.times, h * np.arange(len(results)))
    assert results.times[-1] == reached > 0.0
    assert results.events[-1].kind == "interrupted"
