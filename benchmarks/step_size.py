"""What the master takes for a macro step, by how the length of steps is chosen, in compiled functions and in Python.

    python benchmarks/step_size.py [--docs]

One JSON line: microseconds for a macro step of two FMUs that feed each other and do next to nothing themselves, the
best of several runs of each, in turns. `keeping` is what it takes to keep the states of both and free them, as every
macro step does that Python makes. With --docs the table of the documentation is made anew.
"""

import json
import platform
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from orchestrator.assembly import open_simulation
from orchestrator.master.snapshot import Rollback
from speed.loops import pair
from speed.masters.run_cotwin import described

PAGE: Final = Path(__file__).parents[1] / "docs" / "step_size.md"
TURNS: Final = 5
COMPILED: Final = 100_000
INTERPRETED: Final = 500
"""Macro steps of a run by each way: all of them far from where the oscillation has died away."""
WARM_UP: Final = 100

_ERROR: Final = {"step_control": {"method": "error", "tolerance": 0.1}}
WAYS: Final[Mapping[str, Mapping[str, Any]]] = {
    "constant steps": {"algorithm": "gauss_seidel"},
    "a loop that is solved": {"algorithm": "iterative"},
    "error control": {"algorithm": "gauss_seidel", **_ERROR},
    "error control of a loop that is solved": {"algorithm": "iterative", **_ERROR},
}
WITHOUT: Final = "error control where components cannot go back"


def description(fields: Mapping[str, Any]) -> dict[str, Any]:
    """x' = v, v' = -x from (1, 0), in two components; the tolerance is one that no step misses."""
    return {**described(pair(0, 1_000_000), 1_000_000), **fields}


def taken(fields: Mapping[str, Any], steps: int, *, interpreted: bool) -> float:
    """How long (us) a macro step takes in a run of so many."""
    with open_simulation(description(fields), interpreted=interpreted) as simulation:
        size = simulation.grid.step_size
        simulation.initialize()
        simulation.run(until=WARM_UP * size)
        before, began = simulation.coupling.statistics.macro_steps, perf_counter()
        simulation.run(until=(WARM_UP + steps) * size)
        seconds, after = perf_counter() - began, simulation.coupling.statistics.macro_steps
        return 1e6 * seconds / (after - before)


def keeping() -> float:
    """How long (us) Python takes to keep the states of both, and free them."""
    with open_simulation(description(WAYS["constant steps"]), interpreted=True) as simulation:
        simulation.initialize()
        simulation.run(until=WARM_UP * simulation.grid.step_size)
        rollback = Rollback(simulation.coupling)
        began = perf_counter()
        for _ in range(INTERPRETED):
            rollback.free(rollback.keep())
        return 1e6 * (perf_counter() - began) / INTERPRETED


@contextmanager
def without_states() -> Iterator[dict[str, Any]]:
    """Error control of the same FMUs, copies of which say that they cannot keep their states."""
    with tempfile.TemporaryDirectory() as folder:
        components = description(WAYS["error control"])["components"]
        for name, component in components.items():
            source, copy = Path(component["source"]), Path(folder) / f"{name}.fmu"
            with zipfile.ZipFile(source) as given, zipfile.ZipFile(copy, "w") as made:
                for entry in given.namelist():
                    data = given.read(entry)
                    made.writestr(entry, re.sub(rb'canGetAndSetFMU(S|s)tate="true"', b"", data))
        sources = {name: {"source": str(Path(folder) / f"{name}.fmu")} for name in components}
        yield {**WAYS["error control"], "components": sources}


def measured() -> dict[str, Any]:
    """All figures (us)."""
    found: dict[str, dict[str, float]] = {name: {} for name in (*WAYS, WITHOUT)}
    least, kept = float("inf"), float("inf")
    with without_states() as estimated:
        for _ in range(TURNS):
            for name, fields in WAYS.items():
                for way, steps in (("compiled", COMPILED), ("interpreted", INTERPRETED)):
                    here = taken(fields, steps, interpreted=way == "interpreted")
                    found[name][way] = min(found[name].get(way, here), here)
            least, kept = min(least, taken(estimated, INTERPRETED, interpreted=False)), min(kept, keeping())
    found[WITHOUT]["interpreted"] = least
    where = {"machine": platform.machine(), "python": platform.python_version()}
    return {"us_per_macro_step": found, "keeping": kept, **where}


def table(found: Mapping[str, Any]) -> str:
    """What the documentation shows."""
    lines = ["| a macro step of two components | compiled functions | Python |", "|---|---|---|"]
    for name, each in found["us_per_macro_step"].items():
        compiled = f"{each['compiled']:.2f} us" if "compiled" in each else ""
        lines.append(f"| {name} | {compiled} | {each['interpreted']:.0f} us |")
    lines.append(f"| states of both kept and freed, which is part of it |  | {found['keeping']:.0f} us |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the page where that is asked for."""
    found = measured()
    print(json.dumps(found))
    if "--docs" in sys.argv[1:]:
        text = re.sub(
            r"(<!-- step_costs -->\n).*?(\n<!-- end -->)",
            lambda match: match[1] + table(found) + match[2],
            PAGE.read_text("utf-8"),
            flags=re.DOTALL,
        )
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
