"""cotwin solving a loop: how long it takes, and how often it evaluates the loop.

python loop_cotwin.py SYSTEM.json
"""

import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.masters.run_cotwin import described
from speed.system import System
from speed.worker import answering


def main() -> None:
    """Answer numbers of macro steps."""
    system = System.from_json(Path(sys.argv[1]).read_text())
    with answering() as answer:
        for line in sys.stdin:
            answer(_solved(system, int(line)))


def _solved(system: System, steps: int) -> dict[str, object]:
    with cotwin.open_simulation(described(system, steps)) as simulation:
        simulation.initialize()
        began = perf_counter()
        simulation.run()
        seconds = perf_counter() - began
        finals = [float(simulation.read(f"{name}.{output}")) for name, output in system.results]
        components = simulation.coupling.statistics.components.values()
        return {"seconds": seconds, "finals": finals, "sweeps": max(each.steps for each in components)}


if __name__ == "__main__":
    main()
