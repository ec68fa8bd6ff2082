"""The 14 h example, batch and fed-batch, in closed loop against the same equations as one ODE between scans."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import cotwin
from orchestrator.system.yaml.file import from_mapping
from plant_models.plants import CATALOGUE, ECOLI_CONNECTIONS, compose
from plant_models.plants.reference import Reference
from tests.plants import ROOT, example

pytestmark = pytest.mark.campaign

HOURS = tuple(range(1, 15))
STEPS = (4.0, 2.0, 1.0)
COMPARED = ("reactor.X", "reactor.V", "reactor.A", "reactor.DOT_probe", "heat.T", "plc.stirrer_speed", "plc.feed")


def monolith() -> dict[str, np.ndarray]:
    stems = {"reactor": "fluid_dynamics", "metabolism": "metabolism", "heat": "heat_transfer", "plc": "plc"}
    plant = compose("bench", {name: CATALOGUE[stem]() for name, stem in stems.items()}, ECOLI_CONNECTIONS)
    given = example("ecoli_fed_batch", 3)["components"]
    values = {f"{c}.{k}": float(v) for c, each in given.items() for k, v in each.get("parameters", {}).items()}
    return Reference(plant, values).at([3600.0 * hour for hour in HOURS])


def coupled(h: float) -> cotwin.Results:
    data = example("ecoli_fed_batch", 3, step_size=h, experiment={"stop": 3600.0 * HOURS[-1], "tolerance": 1e-8})
    with cotwin.open_simulation(from_mapping({**data, "record": list(COMPARED)}, ROOT, "campaign")) as simulation:
        return simulation.run()


def test_the_whole_example_follows_the_monolith(keep_figures: Callable[[str, dict[str, Any]], None]) -> None:
    exact = monolith()
    errors = {}
    for h in STEPS:
        results = coupled(h)
        rows = np.searchsorted(results.times, [3600.0 * hour - 1e-6 for hour in HOURS])
        errors[h] = {
            name: float(np.abs(results[name][rows] - exact[name]).max() / np.ptp(exact[name])) for name in COMPARED
        }
    keep_figures(
        "whole_fed_batch",
        {
            "largest deviation at full hours over the range, by macro step [s]": {str(h): e for h, e in errors.items()},
            "biomass after 14 h [g/L]": float(exact["reactor.X"][-1]),
        },
    )
    assert errors[1.0]["reactor.X"] < 1e-3
    assert errors[1.0]["reactor.X"] < errors[4.0]["reactor.X"]
    assert errors[1.0]["plc.feed"] < 1e-2
