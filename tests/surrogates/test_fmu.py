"""The FMU of a surrogate under AddressSanitizer and UndefinedBehaviorSanitizer, and its compiler's warnings."""

import subprocess
from pathlib import Path

import pytest

from fmus.compiler import find_compiler, headers
from orchestrator.fmi.variables import read_model
from surrogates import fmu, library
from surrogates.zone_training import save_zones
from tests.fmus.test_sanitized import SANITIZERS, sanitizers  # noqa: F401 -- a fixture
from tests.surrogates.small_tank import plan, subject, trained, trajectories

DRIVER = Path(__file__).with_name("surrogate_life.c")


def driver(folder: Path, monkeypatch: pytest.MonkeyPatch, *flags: str) -> list[str]:
    """The driver with all C files of the FMU, and the token that it asks for."""
    files: dict[str, str] = {}
    kept = library.kept_library
    monkeypatch.setattr(fmu, "kept_library", lambda seen, *more: (files.update(seen), kept(seen, *more))[1])
    package = folder / "small_tank.surrogate"
    save_zones(package, subject(), trained(10), trajectories(), plan(10))
    path = fmu.export_surrogate(package, folder / "tank.fmu")
    for name, text in files.items():
        (folder / name).write_text(text)
    sources = [str(DRIVER), *(name for name in files if name.endswith(".c"))]
    command = [*find_compiler().command, "-std=c11", "-O1", *flags, f"-I{headers()}", *sources, "-o", "driver", "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(folder / "driver"), read_model(path).token]


@pytest.mark.usefixtures("sanitizers")
def test_a_whole_life_leaks_nothing_and_stays_inside_its_memory(tmp_path, monkeypatch):
    command = driver(tmp_path, monkeypatch, *SANITIZERS)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "messages" in done.stdout


def test_it_compiles_without_warnings(tmp_path, monkeypatch):
    flags = (
        "-Wall",
        "-Wextra",
        "-Wno-unused-parameter",
        "-Wno-missing-braces",
        "-Werror",
    )  # one list serves all shapes
    driver(tmp_path, monkeypatch, *flags)
