"""The whole bench plant with its controller in the loop against the same equations as one ODE between scans."""

from functools import cache
from typing import Any

import numpy as np
import pytest

import cotwin
from orchestrator.system.yaml.file import from_mapping
from plant_models.plants import CATALOGUE, ECOLI_CONNECTIONS, compose
from plant_models.plants.reference import Reference
from tests.plants import ROOT, example

STOP = 600.0
FED_BATCH = 3
START: dict[str, dict[str, Any]] = {
    "reactor": {"X": 4.0, "S": 0.05, "A": 0.02, "DOT": 45.0, "DOT_probe": 45.0, "V": 2.1},
    "heat": {"T": 36.5},
    "plc": {"phase": FED_BATCH, "feed": 0.01, "feed_profile": 0.01, "feed_on": True, "DO_output": 0.2, "start": True},
}
"""Within the fed-batch phase, DO above its set-point and the broth half a kelvin too cold: both loops have work."""
COMPARED = ("reactor.X", "reactor.S", "reactor.DOT", "heat.T", "plc.stirrer_speed", "plc.valve", "plc.feed")


@cache
def monolith() -> dict[str, np.ndarray]:
    models = {"reactor": "fluid_dynamics", "metabolism": "metabolism", "heat": "heat_transfer", "plc": "plc"}
    plant = compose("bench", {name: CATALOGUE[stem]() for name, stem in models.items()}, ECOLI_CONNECTIONS)
    values = {f"{c}.{name}": float(value) for c, row in START.items() for name, value in row.items()}
    return Reference(plant, values).at([60.0 * k for k in range(1, 11)])


@cache
def errors(h: float, version: int = 3) -> dict[str, float]:
    """Largest deviation from the monolith at the full minutes, over the range of the variable."""
    data = example("ecoli_fed_batch", version, step_size=h, experiment={"stop": STOP, "tolerance": 1e-9})
    for component in data["components"].values():
        component.pop("parameters", None)
    for name, values in START.items():
        data["components"][name]["parameters"] = values
    with cotwin.open_simulation(from_mapping(data, ROOT, "tests")) as simulation:
        results = simulation.run()
    rows = np.searchsorted(results.times, [60.0 * k - 1e-6 for k in range(1, 11)])
    exact = monolith()
    return {name: float(np.abs(results[name][rows] - exact[name]).max() / np.ptp(exact[name])) for name in COMPARED}


@pytest.mark.parametrize("version", [2, 3])
def test_at_the_scan_period_the_closed_loop_follows_the_monolith(version: int) -> None:
    assert max(errors(0.1, version).values()) < 5e-3


def test_below_the_scan_period_the_error_of_the_closed_loop_falls_with_order_one() -> None:
    coarse, fine = errors(0.1), errors(0.05)
    for name in set(COMPARED) - {"plc.feed"}:
        assert coarse[name] / fine[name] == pytest.approx(2.0, rel=0.1), name
    assert fine["plc.feed"] < 1e-9  # the profile hears no probe
