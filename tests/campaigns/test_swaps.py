"""Swaps there and back in many scenarios of the 12 m3 tank, each against FMUs alone."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import qmc

import cotwin
from cotwin.train import TrainingJob, train_fluid_dynamics
from orchestrator.swap import SwapInstance
from orchestrator.swap_report import SwapReport
from orchestrator.system.yaml.file import from_mapping
from tests.plants import ROOT, example, fmu

pytestmark = pytest.mark.campaign

SCENARIOS = 16
STOP, THERE, BACK, DISTURBED = 1200.0, 180.0, 900.0, 480.0
SURROGATE = ROOT / "build" / "surrogates" / "fluid_dynamics_20x10.surrogate"
RANGES = {"X": (17.0, 25.0), "DO_set": (36.0, 46.0), "DO_step": (-4.0, 8.0), "F0": (70.0, 95.0)}
COMPARED = ("reactor.X_mean", "reactor.S_mean", "reactor.A_mean", "reactor.DOT_mean", "reactor.DOT_probe")


def scenarios() -> list[dict[str, float]]:
    points = qmc.Sobol(len(RANGES), seed=7).random(SCENARIOS)
    low, high = np.array(list(RANGES.values())).T
    return [dict(zip(RANGES, map(float, row), strict=True)) for row in qmc.scale(points, low, high)]


def run(scenario: dict[str, float], *, swapped: bool) -> tuple[cotwin.Results, SwapReport | None]:
    data = example("ecoli_zones", 3, record=list(COMPARED), experiment={"stop": STOP, "tolerance": 1e-6})
    components = data["components"]
    components["reactor"]["parameters"] |= {"X": scenario["X"]}
    components["plc"]["parameters"] |= {
        "DO_set": scenario["DO_set"],
        "F0": scenario["F0"],
        "feed": scenario["F0"],
        "feed_profile": scenario["F0"],
    }
    if swapped:
        components["reactor"]["swap"] = {"surrogate": str(SURROGATE), "to_surrogate_at": THERE, "back_at": BACK}
    with cotwin.open_simulation(from_mapping(data, ROOT, "campaign")) as simulation:
        simulation.run(until=DISTURBED)
        simulation.write("plc.DO_set", scenario["DO_set"] + scenario["DO_step"])
        results = simulation.run()
        reactor = simulation.instances["reactor"]
        return results, reactor.report if isinstance(reactor, SwapInstance) else None


@pytest.fixture(scope="module", autouse=True)
def surrogate() -> None:
    for stem in ("fluid_dynamics_20x10", "metabolism_200"):
        fmu(stem, 3)
    if not SURROGATE.exists():
        train_fluid_dynamics(TrainingJob(ROOT / "build" / "fmus" / "fmi3", SURROGATE, ROOT / "build" / "trajectories"))


def test_the_coupled_error_and_the_bump_stay_small(keep_figures: Callable[[str, dict[str, Any]], None]) -> None:
    rows = []
    for scenario in scenarios():
        reference, _ = run(scenario, swapped=False)
        results, report = run(scenario, swapped=True)
        assert report is not None
        compared = results.compare(reference)
        rows.append(
            {
                "scenario": scenario,
                "hand_overs": [f"{one.newcomer} at {one.t:g} s: {one.cause}" for one in report.hand_overs],
                "declined": report.declined,
                "speed_up": report.speed_up,
                "bump": max((b.scaled for one in report.hand_overs for b in one.outputs), default=None),
                "nrmse": {name: compared.of(name).nrmse for name in COMPARED},
            }
        )
    handed = [row for row in rows if row["hand_overs"]]
    worst = {name: max(row["nrmse"][name] for row in handed) for name in COMPARED}
    keep_figures(
        "swaps",
        {
            "scenarios": len(rows),
            "handed over": len(handed),
            "worst NRMSE of range": worst,
            "worst bump": max(row["bump"] for row in handed),
            "median speed-up of the step": float(np.median([row["speed_up"] for row in handed])),
            "rows": rows,
        },
    )
    assert len(handed) >= SCENARIOS // 2
    assert max(worst.values()) < 0.01
    assert max(row["bump"] for row in handed) < 0.01
