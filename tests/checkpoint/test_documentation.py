"""The page on checkpoints and its example do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cotwin
from tests.plants import ROOT, fmu

STEMS = ("metabolism", "fluid_dynamics", "heat_transfer", "plc")


@pytest.fixture(autouse=True)
def built():
    for stem in STEMS:
        fmu(stem, 3)


def run(*words: object) -> str:
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_futures_of_the_page_print_what_it_says():
    page = (ROOT / "docs" / "checkpoints.md").read_text()
    (code,) = [
        block for block in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL) if "print" in block
    ]
    (promised,) = re.findall(r"^prints `([^`]+)`", page, re.MULTILINE)
    assert run("-c", code).strip() == promised


def test_the_twin_of_the_example_goes_on_from_call_to_call(tmp_path: Path):
    example = ROOT / "examples" / "branching.py"
    for words in (["--minutes", 5], ["--minutes", 5, "--futures", "plc.mu_set=0.1,0.2"], ["--minutes", 2]):
        said = run(example, "-o", tmp_path, *words)
    assert "t = 0.2 h" in said
    twin = cotwin.load_results(tmp_path / "twin.parquet")
    with cotwin.open_simulation(ROOT / "examples" / "ecoli_fed_batch.yaml") as simulation:
        whole = simulation.run(until=720.0)
    np.testing.assert_array_equal(twin.times, whole.times)
    for name in set(whole.names) - {"plc.mu_set"}:
        assert twin[name].tobytes() == whole[name].tobytes(), "before the feed mu_set changes nothing"
