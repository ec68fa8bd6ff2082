"""PyFMI's Master. (conda-forge has it; the one on PyPI is of 2018.)

    python run_pyfmi.py SYSTEM.json

What is timed is `simulate` of initialized FMUs. Without recording it is told to keep nothing.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from pyfmi import load_fmu
from pyfmi.master import Master

from speed.system import Made, System
from speed.worker import serve


def run(system: System, steps: int) -> Made:
    """Its parallel (Jacobi) algorithm, inputs held."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # its log files go to the working directory
        models = {name: load_fmu(system.files[model], log_level=0) for name, model in system.components.items()}
        wires = [(models[w.source], w.output, models[w.destination], w.input) for w in system.wires]
        master = Master(list(models.values()), wires)
        options = master.simulate_options()
        options["step_size"] = system.step_size
        options["extrapolation_order"] = 0
        options["result_handling"] = "memory" if system.record else None
        began = perf_counter()
        master.simulate(start_time=0.0, final_time=steps * system.step_size, options=options)
        seconds = perf_counter() - began
        finals = [float(models[name].get(output)) for name, output in system.results]
        os.chdir("/")
    return Made(seconds, finals)


if __name__ == "__main__":
    serve(run, sys.argv[1])
