"""cotwin with error control: how long macro steps take that are made twice, and how many are taken back.

python doubling_cotwin.py SYSTEM.json TOLERANCE [THREADS]
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
    system, tolerance = System.from_json(Path(sys.argv[1]).read_text()), float(sys.argv[2])
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else None
    with answering() as answer:
        for line in sys.stdin:
            answer(_made(system, int(line), tolerance, threads))


def _made(system: System, steps: int, tolerance: float, threads: int | None) -> dict[str, object]:
    control = {"algorithm": "gauss_seidel", "step_control": {"method": "error", "tolerance": tolerance}}
    with cotwin.open_simulation({**described(system, steps), **control}, threads=threads) as simulation:
        simulation.initialize()
        began = perf_counter()
        simulation.run()
        seconds = perf_counter() - began
        finals = [float(simulation.read(f"{name}.{output}")) for name, output in system.results]
        statistics = simulation.coupling.statistics
        rejected = sum(statistics.rejected.values())
        return {"seconds": seconds, "finals": finals, "steps": statistics.macro_steps, "rejected": rejected}


if __name__ == "__main__":
    main()
