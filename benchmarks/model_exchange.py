"""What a macro step of Model Exchange costs, as one JSON line for each system.

    python benchmarks/model_exchange.py [--docs]

CPU time of this thread, us a macro step, median of some runs taken in turns: whole steps in compiled functions, the
same by Python (`interpreted`), and, where the FMU has it, Co-Simulation of the same file with its solver in C. The
plant's FMUs are built here; those of other tools are used where they are installed (`requirements-vendor.txt`). With
--docs the table of docs/model_exchange.md is made anew.
"""

import importlib.util
import json
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numba

from fmus.build import build
from orchestrator.assembly import open_simulation
from orchestrator.system.yaml.file import from_mapping
from plant_models.plants import CATALOGUE
from speed.report import put

ROUNDS = 3
STEPS = 2000
STEP_SIZE = 1e-3
ROOT = Path(__file__).parents[1]
FMUS = ROOT / "build" / "fmus"

LOOP: dict[str, Any] = {"algorithm": "iterative"}
CONTROL: dict[str, Any] = {"step_control": {"method": "error", "tolerance": 1e-5}}
MIXED = {"reactor": "model_exchange", "metabolism": "co_simulation"}

_CONCENTRATIONS = [f"reactor.{name} -> metabolism.{name}" for name in ("X", "S", "A", "DOT", "V")]
_RATES = [f"metabolism.{name} -> reactor.{name}" for name in ("mu", "qS", "qA", "qO", "CER")]


def system(
    sources: dict[str, Path], connections: list[str], kinds: str | dict[str, str], **solver: Any
) -> dict[str, Any]:
    """A system of these files, all of one kind, or each of its own."""
    by_name = dict.fromkeys(sources, kinds) if isinstance(kinds, str) else kinds
    parts: dict[str, Any] = {name: {"source": str(path), "kind": by_name[name]} for name, path in sources.items()}
    for name, part in parts.items():
        part |= {"solver": solver} if solver and by_name[name] == "model_exchange" else {}
    if "reactor" in parts:
        parts["reactor"]["parameters"] = {"kLa_fixed": 220.0, "gas_depletion": 0.0, "feed": 0.0}
        parts["metabolism"]["parameters"] = {"temperature_effect": 0.0}
    return {
        "name": "measured",
        "components": parts,
        "connections": connections,
        "experiment": {"stop": STEPS * STEP_SIZE, "tolerance": 1e-6},
        "step_size": STEP_SIZE,
        "algorithm": "gauss_seidel",
    }


def cost(data: dict[str, Any], *, interpreted: bool) -> tuple[float, list[float]]:
    """CPU time of a macro step (us), and the values at the end."""
    with open_simulation(from_mapping(data, ROOT, "benchmark"), interpreted=interpreted) as simulation:
        simulation.initialize()
        simulation.run(until=10 * STEP_SIZE)
        statistics = simulation.coupling.statistics
        begun, before = time.thread_time(), statistics.macro_steps
        simulation.run()
        taken = time.thread_time() - begun
        return taken / (statistics.macro_steps - before) * 1e6, simulation.signals.float64.tolist()


def vendors() -> dict[str, Path]:
    """FMUs for Model Exchange that another tool has made, where they are installed."""
    found = importlib.util.find_spec("gemseo_fmu")
    if found is None or not found.submodule_search_locations or sys.platform != "linux":
        return {}
    folder = Path(found.submodule_search_locations[0]) / "problems" / "fmu_files" / "linux"
    return {name: folder / f"{name}.fmu" for name in ("MassSpringSystem", "Mass_Damper")}


def lines() -> Iterator[dict[str, Any]]:
    """The figures of one system after the other."""
    files = {stem: build(CATALOGUE[stem](), FMUS, stem=stem).fmi3 for stem in ("fluid_dynamics", "metabolism")}
    pair = {"reactor": files["fluid_dynamics"], "metabolism": files["metabolism"]}
    explicit: dict[str, Any] = {"method": "rk4", "step": STEP_SIZE}
    quotients: dict[str, Any] = {"jacobian": "difference_quotients"}
    yield measured(
        "batch reactor, two FMUs, inputs that change at every step, CVODE, exact Jacobian",
        pair,
        _CONCENTRATIONS + _RATES,
        both=True,
    )
    yield measured("the same, difference quotients", pair, _CONCENTRATIONS + _RATES, **quotients)
    yield measured("the same, `rk4`, one step", pair, _CONCENTRATIONS + _RATES, **explicit)
    for name, more in {"in a loop that is solved": LOOP, "under error control, tolerance 1e-5": CONTROL}.items():
        coupled = _CONCENTRATIONS + _RATES
        yield measured(f"the pair {name}, CVODE", pair, coupled, both=True, more=more)
        yield measured("the same, `rk4`", pair, coupled, more=more, **explicit)
    yield measured("the pair, metabolism for Co-Simulation", pair, _CONCENTRATIONS + _RATES, kinds=MIXED)
    yield measured("metabolism alone, held inputs, CVODE", {"it": files["metabolism"]}, [], both=True)
    yield measured("the same, `rk4`", {"it": files["metabolism"]}, [], **explicit)
    for name, path in vendors().items():
        yield measured(f"{name}, held inputs, CVODE", {"it": path}, [])


def measured(
    what: str,
    sources: dict[str, Path],
    connections: list[str],
    *,
    both: bool = False,
    kinds: str | dict[str, str] = "model_exchange",
    more: dict[str, Any] | None = None,
    **solver: Any,
) -> Any:
    """The line of a system described with `more`; `both`: its files offer Co-Simulation too."""
    data = system(sources, connections, kinds, **solver) | (more or {})
    runs = {"compiled": (data, False), "interpreted": (data, True)}
    if both:
        runs["co_simulation"] = (system(sources, connections, "co_simulation") | (more or {}), False)
    found = {name: [cost(given, interpreted=by) for _ in range(ROUNDS)] for name, (given, by) in runs.items()}
    one, other = (found[name][0][1] for name in ("compiled", "interpreted"))
    figures = {name: round(median(taken for taken, _ in runs), 2) for name, runs in found.items()}
    return {
        "system": what,
        "unit": "us a macro step, CPU",
        **figures,
        "same_bits": one == other,
        "ratio": round(figures["interpreted"] / figures["compiled"], 1),
        "steps": STEPS,
        "python": platform.python_version(),
        "numba": numba.__version__,
        "machine": platform.machine(),
    }


def row(line: dict[str, Any]) -> str:
    """The row of a system in the table of the documentation."""
    costs = (line.get(way) for way in ("compiled", "interpreted", "co_simulation"))
    return f"| {line['system']} | {' | '.join('' if cost is None else f'{cost:.3g}' for cost in costs)} |"


def main() -> None:
    """Measure, print, and document where asked for."""
    rows = ["| us a macro step | compiled | interpreted | Co-Simulation of the same files |", "|---|---|---|---|"]
    for line in lines():
        print(json.dumps(line), flush=True)
        rows.append(row(line))
    if "--docs" in sys.argv[1:]:
        put(ROOT / "docs" / "model_exchange.md", "costs", "\n".join(rows))


if __name__ == "__main__":
    main()
