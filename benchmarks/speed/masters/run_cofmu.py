"""CoFmuPy, step by step.

    python run_cofmu.py SYSTEM.json

Initial outputs do not reach the inputs there, so its configuration gets them. It always keeps all results.
"""

import logging
import sys
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from cofmupy import Coordinator
from fmpy import read_model_description

from speed.system import Made, System
from speed.worker import serve


def run(system: System, steps: int) -> Made:
    """Its Jacobi algorithm; all results are kept by its master."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    coordinator = Coordinator()
    coordinator.start(_configured(system))
    began = perf_counter()
    for _ in range(steps):
        coordinator.do_step(system.step_size)
    seconds = perf_counter() - began
    outputs = coordinator.master.get_outputs()
    return Made(seconds, [float(outputs[name][output][-1]) for name, output in system.results])


def _configured(system: System) -> dict[str, Any]:
    starts = {model: _starts(path) for model, path in system.files.items()}
    first: dict[str, dict[str, float]] = {name: {} for name in system.components}
    for wire in system.wires:
        first[wire.destination][wire.input] = starts[system.components[wire.source]][wire.output]
    return {
        "root": "",
        "cosim_method": "jacobi",
        "fmus": [
            {"id": name, "path": system.files[model], "initialization": first[name]}
            for name, model in system.components.items()
        ],
        "connections": [
            {
                "source": {"id": wire.source, "variable": wire.output, "type": "fmu"},
                "target": {"id": wire.destination, "variable": wire.input, "type": "fmu"},
            }
            for wire in system.wires
        ],
    }


def _starts(path: str) -> dict[str, float]:
    description = read_model_description(path)
    return {variable.name: float(variable.start) for variable in description.modelVariables if variable.start}


if __name__ == "__main__":
    serve(run, sys.argv[1])
