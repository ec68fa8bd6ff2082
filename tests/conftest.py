import json
import os
import platform
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


@pytest.fixture
def keep_figures() -> Callable[[str, dict[str, Any]], None]:
    """Writes the figures of a campaign to benchmarks/results/NAME.json, with the machine they were measured on."""

    def keep(name: str, figures: dict[str, Any]) -> None:
        machine = {"machine": platform.machine(), "cpus": os.cpu_count(), "python": platform.python_version()}
        content = {"campaign": name, **figures, "measured_on": machine | {"numpy": np.__version__}}
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"campaign_{name}.json").write_text(json.dumps(content, indent=1) + "\n")

    return keep


def pytest_configure() -> None:
    """Take Ctrl-C, which many tests send, also where the shell that began this in the background ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
