"""cotwin, the way its users run it: `cotwin.open_simulation`, then `run`.

    python run_cotwin.py SYSTEM.json [interpreted]

What is timed is `run` of an initialized system, to the results in memory.
"""

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.system import Made, System
from speed.worker import serve


def described(system: System, steps: int) -> dict[str, Any]:
    """The description of a system, as a YAML file would say it."""
    return {
        "name": "bench",
        "components": {name: {"source": system.files[model]} for name, model in system.components.items()},
        "connections": [f"{w.source}.{w.output} -> {w.destination}.{w.input}" for w in system.wires],
        "experiment": {"stop": steps * system.step_size},
        "step_size": system.step_size,
        "algorithm": system.algorithm,
        "record": None if system.record else [],
    }


def run(system: System, steps: int, *, interpreted: bool = False) -> Made:
    """Open, initialize, run against the clock."""
    with cotwin.open_simulation(described(system, steps), interpreted=interpreted) as simulation:
        simulation.initialize()
        began = perf_counter()
        simulation.run()
        seconds = perf_counter() - began
        finals = [float(simulation.read(f"{name}.{output}")) for name, output in system.results]
    return Made(seconds, finals)


if __name__ == "__main__":
    slow = "interpreted" in sys.argv[2:]
    serve(lambda system, steps: run(system, steps, interpreted=slow), sys.argv[1])
