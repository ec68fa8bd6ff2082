"""The runtime of containers under AddressSanitizer and UndefinedBehaviorSanitizer."""

import subprocess
import zipfile

import pytest

from fmus.compiler import RUNTIME as OF_MODELS
from fmus.compiler import find_compiler, headers
from fmus.container.build import RUNTIME
from fmus.container.code import system_code
from orchestrator.export import container
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import growth
from tests.export.test_events import early
from tests.export.test_loops import controllers
from tests.fmus.test_sanitized import SANITIZERS, sanitizers  # noqa: F401 -- a fixture
from tests.plants import ROOT

DRIVER = "whole_life.c"


SMOOTH = {"order": 2, "smoothing": True}
SYSTEMS = {"plain": growth(), "paced": growth(extrapolation=SMOOTH), "exchanged": growth(extrapolation=SMOOTH)}
SYSTEMS["exchanged"]["components"]["prey"]["kind"] = "model_exchange"
SYSTEMS["exchanged"]["components"]["predator"] |= {"kind": "model_exchange", "solver": {"method": "rk4", "step": 0.1}}
SYSTEMS["eventful"] = growth()
SYSTEMS["looped"] = growth(algorithm="iterative")
SYSTEMS["mixed"] = growth(algorithm="iterative", loops={"method": "anderson", "reuse": 2})
SYSTEMS["at rest"] = {**controllers((2, 3)), "step_size": 0.125}
SYSTEMS["paced"]["components"]["prey"]["step_size"] = 0.25
SYSTEMS["paced"]["components"]["predator"]["step_size"] = 0.025


def compiled(system, folder, monkeypatch, *flags):
    """The driver with the tables of a system and the runtime, and the folder of its resources."""
    if system == "eventful":
        SYSTEMS[system]["components"]["stair"] = early("Stair", folder)
    seen = []
    built = container.build_container
    monkeypatch.setattr(container, "build_container", lambda system, *more: seen.append(system) or built(system, *more))
    path = container.export_fmu(from_mapping(SYSTEMS[system], ROOT, "tests"), folder / "whole.fmu").path
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder / "whole")
    (folder / "system.c").write_text(system_code(seen[0]))
    (folder / "mathematics.c").write_text("" if seen[0].mathematics is None else seen[0].mathematics.code)
    sources = [
        "system.c",
        "mathematics.c",
        *map(str, sorted(RUNTIME.glob("*.c"))),
        str(ROOT / "tests" / "export" / DRIVER),
    ]
    command = [*find_compiler().command, "-std=c11", "-O1", *flags, '-DSYSTEM_TOKEN="{test}"', f"-I{RUNTIME}"]
    command += [f"-I{OF_MODELS}"]
    command += [f"-I{headers()}", *sources, "-o", "driver", "-lm", "-ldl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [str(folder / "driver"), str(folder / "whole" / "resources")]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.usefixtures("sanitizers")
def test_whole_lives_leak_nothing_and_stay_inside_their_memory(system, tmp_path, monkeypatch):
    command = compiled(system, tmp_path, monkeypatch, *SANITIZERS)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "messages" in done.stdout


def test_the_runtime_compiles_without_warnings(tmp_path, monkeypatch):
    compiled("plain", tmp_path, monkeypatch, "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror")
