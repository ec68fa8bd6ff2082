"""ecos through its Python interface; everything between two communication points is C++.

    python run_ecos.py SYSTEM.json

Recording goes to its CSV file, the only record that it makes.
"""

import ctypes
import sys
import tempfile
from importlib.metadata import files
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from speed.system import Made, System
from speed.worker import serve


def _load_tbb() -> None:
    """Its library needs libtbb, which the package `tbb` brings, where the system has none."""
    libraries = [file for file in files("tbb") or () if file.name == "libtbb.so.12"]
    for file in libraries:
        ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)


_load_tbb()

from ecospy import EcosSimulation, EcosSimulationStructure  # noqa: E402 -- it loads its library


def run(system: System, steps: int) -> Made:
    """Its Jacobi algorithm, with a constant step size."""
    with EcosSimulationStructure() as structure, tempfile.TemporaryDirectory() as folder:
        for name, model in system.components.items():
            structure.add_model(name, system.files[model])
        for wire in system.wires:
            structure.make_real_connection(f"{wire.source}::{wire.output}", f"{wire.destination}::{wire.input}")
        with EcosSimulation(structure=structure, step_size=system.step_size) as simulation:
            if system.record:
                simulation.add_csv_writer(str(Path(folder) / "results.csv"))
            simulation.init()
            began = perf_counter()
            simulation.step(steps)
            seconds = perf_counter() - began
            finals = [simulation.get_real(f"{name}::{output}") for name, output in system.results]
            simulation.terminate()
    return Made(seconds, finals)


if __name__ == "__main__":
    serve(run, sys.argv[1])
