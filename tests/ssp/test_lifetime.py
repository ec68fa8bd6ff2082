"""Unpacked packages: whose they are, and when they go."""

import os
import subprocess
import sys

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.ssp.reader import read_ssp
from tests.ssp.texts import component, elements, package, ssd

PROGRAM = """
import os, sys
from pathlib import Path
from orchestrator.ssp.reader import read_ssp

source = read_ssp(Path(sys.argv[1])).components["a"].source
if os.fork() == 0:
    sys.exit()  # a process that was forked off removes nothing
os.wait()
assert source.is_file()
print(source)
"""


def test_a_temporary_folder_goes_with_the_process_that_made_it(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{tmp_path}/cotwin-ssp-")
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_somebody_wants_is_theirs(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    source = read_ssp(path, unpack_to=tmp_path / "there").components["a"].source
    assert source == next((tmp_path / "there").iterdir()) / "resources/a.fmu"


def test_a_file_that_changed_is_unpacked_anew(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    old = read_ssp(path).components["a"].source
    path.unlink()
    package(path, ssd(elements(component("b"))))
    assert read_ssp(path).components["b"].source != old


def test_a_package_that_is_refused_leaves_nothing_where_it_should_be_unpacked(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))), {"../x": "x"})
    with pytest.raises(DescriptionError, match="points outside"):
        read_ssp(path, unpack_to=tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []
