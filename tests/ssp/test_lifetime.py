"""Unpacked packages: whose they are, and when they go."""

import os
import shutil
import subprocess
import sys

import pytest

from orchestrator import archives
from orchestrator.assembly import open_simulation
from orchestrator.errors import CotwinError, DescriptionError
from orchestrator.fmi.archive import unpacked
from orchestrator.recording.metadata import canonical
from orchestrator.ssp.reader import read_ssp
from orchestrator.system.yaml.writer import write_system
from tests.fmi import toys
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


def test_copies_of_a_package_have_folders_of_their_own_and_share_their_fmus(tmp_path):
    fmu = toys.archive(tmp_path / "a.fmu", {"modelDescription.xml": toys.description("fmi2")})
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))), {"resources/a.fmu": fmu.read_bytes()})
    copy = shutil.copyfile(path, tmp_path / "copy.ssp")
    sources = [read_ssp(each).components["a"].source for each in (path, copy, path)]
    assert sources[0] == sources[2] != sources[1]
    with unpacked(sources[0]) as one, unpacked(sources[1]) as another, unpacked(fmu) as third:
        assert one == another == third


def test_a_package_written_over_while_it_is_read_is_kept_under_what_it_was(tmp_path, monkeypatch):
    old, new = (package(tmp_path / f"{name}.ssp", ssd(elements(component(name)))).read_bytes() for name in "ab")
    path, opened = tmp_path / "plant.ssp", archives.opened
    path.write_bytes(old)

    def swapped(asked, kind, file=None):
        path.write_bytes(new)
        return opened(asked, kind, file)

    monkeypatch.setattr(archives, "opened", swapped)
    assert list(read_ssp(path).components) == ["a"]
    monkeypatch.undo()
    assert list(read_ssp(path).components) == ["b"]


def test_a_package_that_is_refused_leaves_nothing_where_it_should_be_unpacked(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))), {"../x": "x"})
    with pytest.raises(DescriptionError, match="points outside"):
        read_ssp(path, unpack_to=tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_errors_and_records_name_the_package_and_not_the_folder_that_goes(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    with pytest.raises(CotwinError) as raised:
        open_simulation(path)
    assert f"{path}/resources/a.fmu" in str(raised.value)
    assert "cotwin-ssp-" not in str(raised.value)
    assert f"{path}/resources/a.fmu" in canonical(read_ssp(path))


def test_a_package_is_one_system_wherever_it_is_unpacked(tmp_path):
    code = (
        "import sys; from pathlib import Path; from orchestrator.ssp.reader import read_ssp; "
        "from orchestrator.recording.metadata import canonical; print(canonical(read_ssp(Path(sys.argv[1]))))"
    )
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == canonical(read_ssp(path))


def test_yaml_that_names_files_of_a_folder_that_goes_is_refused(tmp_path):
    path = package(tmp_path / "plant.ssp", ssd(elements(component("a"))))
    with pytest.raises(DescriptionError, match=r"plant\.ssp/resources/a\.fmu: lies in a package .* unpack_to"):
        write_system(read_ssp(path), tmp_path / "plant.yaml")
    kept = read_ssp(path, unpack_to=tmp_path / "there")
    assert "there/cotwin-ssp-" in write_system(kept, tmp_path / "plant.yaml").read_text()
