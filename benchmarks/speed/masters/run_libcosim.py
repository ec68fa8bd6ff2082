"""libcosim through libcosimpy; everything between two communication points is C++.

    python run_libcosim.py SYSTEM.json

Recording goes to its observer of time series in memory.
"""

import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

from libcosimpy.CosimEnums import CosimVariableType
from libcosimpy.CosimExecution import CosimExecution
from libcosimpy.CosimLogging import CosimLogLevel, log_output_level
from libcosimpy.CosimObserver import CosimObserver
from libcosimpy.CosimSlave import CosimLocalSlave

from speed.system import Made, System
from speed.worker import serve


def run(system: System, steps: int) -> Made:
    """Its fixed-step algorithm."""
    log_output_level(CosimLogLevel.FATAL)
    execution = CosimExecution.from_step_size(round(system.step_size * 1e9))
    slaves = {name: CosimLocalSlave(system.files[model], name) for name, model in system.components.items()}
    index = {name: execution.add_local_slave(slave) for name, slave in slaves.items()}
    for wire in system.wires:
        execution.connect_real_variables(
            index[wire.source],
            system.reference(wire.source, wire.output),
            index[wire.destination],
            system.reference(wire.destination, wire.input),
        )
    last = CosimObserver.create_last_value()
    execution.add_observer(last)
    series = _series(execution, system, index, steps) if system.record else None
    began = perf_counter()
    if not execution.step(steps):
        raise RuntimeError("libcosim could not step")
    seconds = perf_counter() - began
    del series
    return Made(seconds, _finals(system, index, last))


def _series(execution: CosimExecution, system: System, index: dict[str, int], steps: int) -> CosimObserver:
    series = CosimObserver.create_time_series(steps + 1)
    execution.add_observer(series)
    for name, output in system.results:
        series.start_time_series(index[name], system.reference(name, output), CosimVariableType.REAL)
    return series


def _finals(system: System, index: dict[str, int], last: CosimObserver) -> list[float]:
    finals: list[float] = []
    for name, model in system.components.items():
        references = [system.references[model][output] for output in system.outputs[model]]
        finals += last.last_real_values(index[name], references)
    return finals


if __name__ == "__main__":
    serve(run, sys.argv[1])
