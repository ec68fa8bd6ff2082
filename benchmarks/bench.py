"""How fast cotwin is, against straight C and against its peers in the same run: `make bench`.

    python benchmarks/bench.py [SECTION ...] [--quick]

Without sections all are measured. A line of JSON for each figure goes to the standard output, and to
`benchmarks/results/speed.jsonl` in the place of the section's earlier ones; from these the table `speed.md`, the
picture, and the tables of README and documentation are made anew. With --quick runs are short, and nothing is written.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from speed import control, loops, masters_compared, micro, opening, pacing, parallel, recording, scaling
from speed.comparison import Effort
from speed.contender import COTWIN, Running
from speed.lines import Line, keep
from speed.report import report
from speed.workloads import burning_ring, controlled_mass

SECTIONS: Final[Mapping[str, Callable[[Effort], Iterator[Line]]]] = {
    "masters": masters_compared.measure,
    "parallel": parallel.measure,
    "scaling": scaling.measure,
    "loops": loops.measure,
    "recording": recording.measure,
    "opening": opening.measure,
    "pacing": pacing.measure,
    "control": control.measure,
    "micro": micro.measure,
}
QUICK: Final = Effort(turns=2, turn=0.5, scale=0.1)


def warm_up() -> None:
    """Let the compiled loop be compiled, serial and parallel, with and without a record; a cache keeps it."""
    print("compiling ...", file=sys.stderr, flush=True)
    for system in (burning_ring(steps=50), controlled_mass(steps=50, record=True)):
        with Running(COTWIN, system) as running:
            running.run(50, 600.0)


def run(section: str, effort: Effort) -> list[Line]:
    """Measure one section; progress goes to standard error."""
    began = time.monotonic()
    print(f"{section} ...", file=sys.stderr, flush=True)
    lines = []
    for line in SECTIONS[section](effort):
        lines.append(line)
        print(json.dumps(line.to_json()), flush=True)
        figure = "-" if line.value is None else f"{line.value:.4g} {line.unit}"
        ratio = "" if line.ratio is None else f", {line.ratio:.3g} x {line.comparator}"
        print(f"  {line.workload}: {line.who}: {figure}{ratio} {line.note}".rstrip(), file=sys.stderr, flush=True)
    print(f"{section}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return lines


def measured(section: str, *, quick: bool) -> bool:
    """Whether a section could be measured; its earlier figures stay where it could not."""
    try:
        lines = run(section, QUICK if quick else Effort())
    except Exception:  # the others are measured all the same
        traceback.print_exc()
        return False
    if not quick:
        keep(section, lines)
    return True


def main() -> None:
    """Measure, keep, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="short runs, nothing is written")
    asked = parser.parse_args()
    unknown = sorted(set(asked.sections) - set(SECTIONS))
    if unknown:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    if os.getloadavg()[0] > 0.5:
        print(f"others are at work here (load {os.getloadavg()[0]:.1f}): figures will be off", file=sys.stderr)
    warm_up()
    broken = [section for section in asked.sections or SECTIONS if not measured(section, quick=asked.quick)]
    if not asked.quick:
        report()
    if broken:
        sys.exit(f"not measured: {', '.join(broken)}")


if __name__ == "__main__":
    main()
