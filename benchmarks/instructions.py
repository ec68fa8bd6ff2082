"""How many instructions a macro step takes, and whose they are, counted by callgrind beside straight C.

    python benchmarks/instructions.py

Times move with whatever else runs on a machine, instructions do not. The loop is compiled for x86-64-v3, which
valgrind knows. It needs valgrind and its headers (Debian:
`apt-get install valgrind`), and takes some minutes. A line of JSON for each workload: instructions of a macro step in
the compiled loop, in the FMUs, in Python between slices of the run (which last as long as ever, and hold fewer steps
under valgrind), in straight C without the FMUs, and what a run takes at its beginning and end.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

from speed.contender import _floor, _plan
from speed.loops import pair
from speed.masters.run_cotwin import described
from speed.system import System
from speed.workloads import chain, controlled_mass, ring_of_lags

STEPS: Final = 20_000
"""Macro steps of the shorter run; the other one makes twice as many."""
_ENVIRONMENT: Final = {**os.environ, "NUMBA_CPU_NAME": "x86-64-v3", "NUMBA_CPU_FEATURES": ""}
_MARKS: Final = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void stop(const char *name) { CALLGRIND_DUMP_STATS_AT(name); CALLGRIND_STOP_INSTRUMENTATION; }
"""


def workloads() -> Mapping[str, System]:
    """Systems of the benchmark by name."""
    feeding = chain(10, steps=STEPS)
    return {
        "W1-10": ring_of_lags(10, steps=STEPS),
        "W2": controlled_mass(steps=STEPS, record=False),
        "W2 recording": controlled_mass(steps=STEPS, record=True),
        "chain of 10": feeding,
        "Gauss-Seidel, chain of 10": System(**{**vars(feeding), "algorithm": "gauss_seidel"}),
        "loop of two": pair(0, STEPS),
        "step doubling of two": System(**{**vars(pair(0, STEPS)), "algorithm": "doubling"}),
    }


_SWEEPS: Final = {"iterative": 2}
"""How often the loop is swept in each macro step."""
_DOUBLED: Final = {"algorithm": "gauss_seidel", "step_control": {"method": "error", "tolerance": 1e-2}}
"""What the floor calls doubling; no step misses the tolerance."""


def counted(name: str, system: System, folder: Path) -> dict[str, object]:
    """Instructions of a macro step, and of what a run takes beside them."""
    marks = folder / "marks.so"
    if not marks.exists():
        (folder / "marks.c").write_text(_MARKS)
        subprocess.run(["gcc", "-shared", "-fPIC", str(folder / "marks.c"), "-o", str(marks)], check=True)
    warm_up = [sys.executable, __file__, name, str(marks), "1000"]
    subprocess.run(warm_up, check=True, env=_ENVIRONMENT)  # valgrind would compile for minutes
    short, long = (_of_cotwin(name, marks, folder, steps) for steps in (STEPS, 2 * STEPS))
    floor = [_of_floor(system, folder, steps) for steps in (STEPS, 2 * STEPS)]
    each = {part: (long[part] - short[part]) / STEPS for part in ("loop", "FMUs", "others")}
    return {
        "workload": name,
        "instructions_per_macro_step": {part: round(number, 1) for part, number in each.items()},
        "straight_c_without_fmus": round((floor[1] - floor[0]) / STEPS, 1),
        "beginning_and_end": 2 * sum(short.values()) - sum(long.values()),
    }


def _of_cotwin(name: str, marks: Path, folder: Path, steps: int) -> Counter[str]:
    found = _callgrind([sys.executable, __file__, name, str(marks), str(steps)], folder, "--instr-atstart=no")
    counts: Counter[str] = Counter()
    for place, number in found:
        unnamed, fmu = place.startswith("???:0x"), "cotwin-fmu" in place
        counts["loop" if unnamed else "FMUs" if fmu else "others"] += number
    return counts


def _of_floor(system: System, folder: Path, steps: int) -> int:
    plan = folder / "plan"
    plan.write_text(_plan(system))
    sweeps = steps * _SWEEPS.get(system.algorithm, 1)
    found = _callgrind([str(_floor(2)), str(plan)], folder, words=f"{steps} {int(system.record)} {sweeps}\n")
    return sum(number for place, number in found if "floor_fmi" in place or "mem" in place)


def _callgrind(command: list[str], folder: Path, *options: str, words: str = "") -> list[tuple[str, int]]:
    """Instructions by place: function and library."""
    for old in folder.glob("counts*"):
        old.unlink()
    whole = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'counts'}", *options, *command]
    subprocess.run(whole, input=words, text=True, capture_output=True, check=True, env=_ENVIRONMENT)
    file = next(path for path in (folder / "counts.1", folder / "counts") if path.exists())
    annotate = ["callgrind_annotate", "--threshold=100", "--auto=no", str(file)]
    lines = subprocess.run(annotate, text=True, capture_output=True, check=True).stdout.splitlines()
    rows = [line.strip().partition(" ") for line in lines if "%)" in line and "PROGRAM TOTALS" not in line]
    return [(place.partition(")")[2].strip(), int(number.replace(",", ""))) for number, _, place in rows]


def _worker(name: str, marks: str, steps: int) -> None:
    """A run between two marks; one before it has everything compiled and loaded."""
    import cotwin

    system, library = workloads()[name], ctypes.CDLL(marks)
    fields = described(system, 10 * STEPS)
    if system.algorithm == "doubling":
        fields |= _DOUBLED
    with cotwin.open_simulation(fields, threads=1) as simulation:
        simulation.run(until=10 * system.step_size)
        library.start()
        simulation.run(until=(10 + steps) * system.step_size)
        library.stop(name.encode())


def main() -> None:
    """Count for each workload; with arguments be the process that is counted."""
    if len(sys.argv) > 1:
        _worker(sys.argv[1], sys.argv[2], int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, system in workloads().items():
            print(json.dumps(counted(name, system, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
