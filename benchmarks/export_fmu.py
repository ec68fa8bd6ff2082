"""What a macro step costs in a system that is exported as one FMU, beside the compiled loop of cotwin and straight C.

    python benchmarks/export_fmu.py [--quick]

Lines of JSON; see `speed`. All take turns in one run; the outputs at the end are compared with those of straight C.
"""

import json
import sys

from speed.comparison import Effort, compare
from speed.contender import ONWARD, Contender
from speed.workloads import controlled_mass, ring_of_lags

EXPORTED = Contender("exported FMU", "run_exported.py", onward=True)


def main(quick: bool) -> None:
    """Measure and print."""
    effort = Effort(turns=3 if quick else 9, scale=0.1 if quick else 1.0)
    systems = {
        "W1-10": ring_of_lags(10, steps=effort.steps(100_000)),
        "W1-100": ring_of_lags(100, steps=effort.steps(10_000)),
        "W2": controlled_mass(steps=effort.steps(500_000), record=False),
    }
    for workload, system in systems.items():
        for line in compare("export", workload, system, (ONWARD, EXPORTED), effort):
            print(json.dumps(line.to_json()), flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv)
