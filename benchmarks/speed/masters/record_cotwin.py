"""cotwin with all outputs recorded to a Parquet file.

python record_cotwin.py SYSTEM.json FOLDER
"""

import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[2]))

import cotwin
from speed.masters.run_cotwin import described, run
from speed.system import System
from speed.worker import answering, peak_memory


def main() -> None:
    """Answer a number of macro steps by what recording them took."""
    system = System.from_json(Path(sys.argv[1]).read_text())
    with answering() as answer:
        for line in sys.stdin:
            answer(_recorded(system, int(line), Path(sys.argv[2])))


def _recorded(system: System, steps: int, folder: Path) -> dict[str, object]:
    """Seconds of the run to the finished file, its size, the peak of memory (kB); without recording afterwards."""
    path = folder / "record.parquet"
    run(system, 20)
    with cotwin.open_simulation(described(replace(system, record=True), steps), output=path) as simulation:
        simulation.initialize()
        began = perf_counter()
        simulation.run()
        seconds = perf_counter() - began
    found = {"seconds": seconds, "bytes": path.stat().st_size, "memory": peak_memory()}
    fewer = min(steps, 100_000)
    return {**found, "unrecorded": run(system, fewer).seconds, "unrecorded_steps": fewer}


if __name__ == "__main__":
    main()
