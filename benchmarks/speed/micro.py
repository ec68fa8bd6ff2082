"""The parts of a macro step one by one, measured by pytest-benchmark."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from speed.comparison import Effort
from speed.contender import COTWIN
from speed.lines import Line

SECTION: Final = "micro"
_TESTS: Final = Path(__file__).parents[1] / "micro"


def measure(effort: Effort) -> Iterator[Line]:
    """The smallest time of each part (us); whatever pytest says goes to standard error."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        longest = max(0.05, 0.5 * effort.scale)
        command = [sys.executable, "-m", "pytest", "-q", str(_TESTS), "-p", "no:cacheprovider", "-p", "no:xdist"]
        command += [f"--benchmark-json={found}", f"--benchmark-max-time={longest}"]
        ended = subprocess.run(command, stdout=sys.stderr, check=False).returncode
        if ended:
            yield Line(SECTION, "micro-benchmarks", COTWIN.name, None, "us", note=f"pytest ended with {ended}")
            return
        for each in json.loads(found.read_text())["benchmarks"]:
            what = each["name"].removeprefix("test_").replace("_", " ")
            yield Line(SECTION, what, COTWIN.name, each["stats"]["min"] * 1e6, "us")
