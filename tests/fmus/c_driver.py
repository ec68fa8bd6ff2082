"""Compile a C program of the tests together with the code of a model and the runtime, and run it."""

import subprocess
from pathlib import Path

from fmus.build import prepare
from fmus.code import model_code
from fmus.compiler import RUNTIME, find_compiler, headers
from plant_models.model import Model

DRIVERS = Path(__file__).parent / "drivers"


def compile_driver(
    driver: str, model: Model, folder: Path, *, layers: bool = False, flags: tuple[str, ...] = ()
) -> Path:
    """An executable from `drivers/DRIVER.c`; with `layers`, both FMI versions are in it."""
    (folder / "model.c").write_text(model_code(model, prepare(model).table))
    sources = [s for s in sorted(RUNTIME.glob("*.c")) if layers or not s.name.startswith("fmi")]
    command = [*find_compiler().command, "-std=c11", "-O1", *flags, '-DMODEL_TOKEN="{test}"', f"-I{RUNTIME}"]
    command += [f"-I{headers()}", "model.c", *map(str, sources), str(DRIVERS / f"{driver}.c"), "-o", driver, "-lm"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return folder / driver


def run(executable: Path, *arguments: object) -> str:
    done = subprocess.run([str(executable), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
