"""cotwin, the way its users run it: `cotwin.open_simulation`, then `run`.

    python run_cotwin.py SYSTEM.json [interpreted | onward]

What is timed is `run` of an initialized system, to the results in memory. Onward it is opened once, and each run goes
on where the last one ended.
"""

import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.system import Made, System
from speed.worker import Run, serve


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


class Onward:
    """A simulation that stays open; its stop time is never reached."""

    def __init__(self) -> None:
        self._simulation: Any = None
        self._steps = 0

    def run(self, system: System, steps: int) -> Made:
        """Go on for so many macro steps."""
        if self._simulation is None:
            self._simulation = cotwin.open_simulation(described(system, 10**9))
            self._simulation.initialize()
        self._steps += steps
        began = perf_counter()
        self._simulation.run(until=self._steps * system.step_size)
        seconds = perf_counter() - began
        finals = [float(self._simulation.read(f"{name}.{output}")) for name, output in system.results]
        return Made(seconds, finals)


def _runner(words: list[str]) -> Run:
    if "onward" in words:
        return Onward().run
    return lambda system, steps: run(system, steps, interpreted="interpreted" in words)


if __name__ == "__main__":
    serve(_runner(sys.argv[2:]), sys.argv[1])
