"""OMSimulator through its Python interface; everything between two communication points is C++.

    python run_omsimulator.py SYSTEM.json

(Its package on PyPI fetches its binaries from the internet.)
"""

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from OMSimulator import OMSimulator

from speed.system import Made, System
from speed.worker import serve


def run(system: System, steps: int) -> Made:
    """Its weakly coupled system with a fixed step size."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        master = OMSimulator()
        _open(master, system, steps, folder)
        began = perf_counter()
        _good(master.stepUntil("bench", steps * system.step_size))
        seconds = perf_counter() - began
        finals = [float(master.getReal(f"bench.root.{name}.{output}")[0]) for name, output in system.results]
        master.terminate("bench")
        master.delete("bench")
        os.chdir("/")
    return Made(seconds, finals)


def _open(master: Any, system: System, steps: int, folder: str) -> None:
    master.setTempDirectory(folder)
    _good(master.newModel("bench"))
    _good(master.addSystem("bench.root", master.system_wc))
    for name, model in system.components.items():
        _good(master.addSubModel(f"bench.root.{name}", system.files[model]))
    for wire in system.wires:
        source, destination = f"{wire.source}.{wire.output}", f"{wire.destination}.{wire.input}"
        _good(master.addConnection(f"bench.root.{source}", f"bench.root.{destination}"))
    master.setResultFile("bench", "results.csv" if system.record else "")
    master.setStartTime("bench", 0.0)
    master.setStopTime("bench", steps * system.step_size)
    master.setFixedStepSize("bench.root", system.step_size)
    _good(master.instantiate("bench"))
    _good(master.initialize("bench"))


def _good(status: int) -> None:
    if status not in (0, 1):
        raise RuntimeError(f"OMSimulator answers with status {status}")


if __name__ == "__main__":
    serve(run, sys.argv[1])
