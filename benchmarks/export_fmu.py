"""What a macro step costs in a system that is exported as one FMU, beside the compiled loop of cotwin and straight C.

    python benchmarks/export_fmu.py [--quick] [--docs]

Lines of JSON (see `speed`), and at the end the table of the documentation, which --docs puts into docs/export_fmu.md.
All take turns in one run; the outputs at the end are compared with those of straight C. The best turn counts.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from speed.comparison import Effort, compare
from speed.contender import ONWARD, Contender
from speed.lines import Line
from speed.system import System
from speed.workloads import controlled_mass, ring_of_lags

EXPORTED: Final = Contender("exported FMU", "run_exported.py", onward=True)
PAGE: Final = Path(__file__).parents[1] / "docs" / "export_fmu.md"
BEGIN: Final = "<!-- export_fmu -->"
END: Final = "<!-- end -->"
HEAD: Final = (
    "| us per macro step | straight C | compiled loop | exported FMU | FMU over compiled loop |",
    "|---|---|---|---|---|",
)


def systems(effort: Effort) -> dict[str, tuple[str, System]]:
    """Workloads by name, and what they are."""
    return {
        "W1-10": ("ring of 10 lags", ring_of_lags(10, steps=effort.steps(100_000))),
        "W1-100": ("ring of 100 lags", ring_of_lags(100, steps=effort.steps(10_000))),
        "W2": ("controlled mass", controlled_mass(steps=effort.steps(500_000), record=False)),
    }


def row(name: str, lines: Iterable[Line]) -> str:
    """The row of a system in the table of the documentation."""
    cost = {line.who: line.value for line in lines}
    floor, loop, exported = cost["C floor"], cost[ONWARD.name], cost[EXPORTED.name]
    if not floor or not loop or not exported:
        return f"| {name} | failed, see the lines above | | | |"
    return f"| {name} | {floor:.3g} | {loop:.3g} | {exported:.3g} | {exported / loop:.2f} |"


def measured(effort: Effort) -> Iterator[str]:
    """Rows of the table; lines of JSON are printed meanwhile."""
    for workload, (name, system) in systems(effort).items():
        lines = []
        for line in compare("export", workload, system, (ONWARD, EXPORTED), effort):
            print(json.dumps(line.to_json()), flush=True)
            lines.append(line)
        yield row(name, lines)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    quick = "--quick" in arguments
    effort = Effort(turns=3 if quick else 9, scale=0.1 if quick else 1.0)
    table = "\n".join([*HEAD, *measured(effort)])
    print(table)
    if "--docs" in arguments:
        marked = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
        PAGE.write_text(marked.sub(lambda _: f"{BEGIN}\n{table}\n{END}", PAGE.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
