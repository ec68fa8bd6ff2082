"""The discontinuous control loop: what error control evaluates to find switching times that nobody tells it."""

from collections.abc import Iterator
from time import perf_counter
from typing import Any, Final

import numpy as np

from speed.comparison import Effort
from speed.contender import COTWIN
from speed.fmus import BUILD
from speed.lines import Line

SECTION: Final = "control"
PUBLISHED: Final = 2_639
"""FMU evaluations of MasterSim for the like, as published."""
ERROR: Final = 1e-5
_TOLERANCE: Final = 2e-6


def measure(effort: Effort) -> Iterator[Line]:
    """Evaluations, and the error of x4 against its exact course."""
    del effort  # it takes milliseconds
    from orchestrator.assembly import open_simulation
    from plant_models.textbook.exact import controlled

    with open_simulation(described()) as simulation:
        simulation.initialize()
        began = perf_counter()
        results = simulation.run()
        seconds = perf_counter() - began
        evaluations = sum(each.steps for each in simulation.coupling.statistics.components.values())
    error = float(np.abs(results["plant.x"] - controlled(results.times)).max())
    what = "discontinuous control loop"
    yield Line(SECTION, f"{what}: error of x4", COTWIN.name, error, "", reach=ERROR)
    yield Line(
        SECTION,
        f"{what}: FMU evaluations",
        COTWIN.name,
        float(evaluations),
        "doSteps",
        comparator="MasterSim, published",
        reference=float(PUBLISHED),
        reach=1.0,
    )
    yield Line(SECTION, f"{what}: time of the run", COTWIN.name, seconds * 1e3, "ms")


def described() -> dict[str, Any]:
    """Command, relay and integrator; x4 is `plant.x`."""
    from fmus.build import build
    from plant_models.textbook import TEXTBOOK

    kinds = {"command": "command", "relay": "relay", "plant": "integrator"}
    files = {name: build(TEXTBOOK[kind](), BUILD / "textbook", stem=kind).fmi3 for name, kind in kinds.items()}
    return {
        "name": "control",
        "components": {name: {"source": str(file)} for name, file in files.items()},
        "connections": ["command.y -> relay.wanted", "plant.x -> relay.found", "relay.v -> plant.u"],
        "experiment": {"stop": 10.0, "tolerance": 1e-10},
        "step_size": 1.0,
        "step_control": {"method": "error", "tolerance": _TOLERANCE},
    }
