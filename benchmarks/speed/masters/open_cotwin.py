"""Open a system with cotwin, and make macro steps when told: what a user waits for, imports included.

python open_cotwin.py SYSTEM.json
"""

import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.masters.run_cotwin import described
from speed.system import System
from speed.worker import answering, peak_memory


def main() -> None:
    """Open and initialize; then so many steps as each line says."""
    system = System.from_json(Path(sys.argv[1]).read_text())
    began = perf_counter()
    with cotwin.open_simulation(described(system, 10**9)) as simulation, answering() as answer:
        simulation.initialize()
        opening = perf_counter() - began
        steps = 0
        for line in sys.stdin:
            steps += int(line)
            began = perf_counter()
            simulation.run(until=steps * system.step_size)
            answer({"opening": opening, "seconds": perf_counter() - began, "memory": peak_memory()})


if __name__ == "__main__":
    main()
