"""BSM1: 100 d to the published steady state, and 28 d of dry weather, judged by the last 7, in open and closed loop.

The dry weather is the benchmark's 14 d twice, from the steady state. An independent program, bsm2-python, goes through
the first 14 d of the open loop with the same macro step.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cotwin
from plant_models.plants.bsm1 import IDEAL_CONTROL
from plant_models.plants.bsm1_figures import Figures, figures
from plant_models.wastewater.constants import DAY, NAMES
from plant_models.wastewater.evaluation import effluent_quality
from tests.bsm1.closed_loop import START_OF_RECYCLE, control, in_closed_loop, starting_states
from tests.bsm1.coupling import errors
from tests.bsm1.independent import Independent, Trajectory
from tests.bsm1.plant import PUBLISHED, TANKS, in_dry_weather, recorded, run, script, states, system

pytestmark = pytest.mark.campaign

STEPS = (60.0, 30.0, 15.0)
OPEN = {"EQI": 6700.0, "PE": 388.2, "AE": 3341.0, "sludge": 2436.0}
CLOSED = {"EQI": 6123.0, "PE": 241.0, "AE": 3698.0, "sludge": 2440.0}
NAMED = ("EQI", "PE", "AE")
AVERAGES = {"SS": 0.9725, "SNO": 8.801, "SNH": 4.794, "TSS": 12.99}
"""Published for the last 7 d of dry weather: J. Alex et al. 2008; averages of the effluent in open loop."""

Keep = Callable[[str, dict[str, Any]], None]


def judged(results: cotwin.Results, last: float = 28.0) -> Figures:
    return figures(results.times, results.__getitem__, last - 7.0, last)


def shown(found: Figures) -> dict[str, Any]:
    rounded = {key: round(value, 2) for key, value in found._asdict().items() if key != "effluent"}
    return {**rounded, "effluent": {name: round(found.effluent[name], 4) for name in AVERAGES}}


@pytest.fixture(scope="module")
def settled() -> cotwin.Results:
    return run(system("bsm1"), 900.0, 100.0)


def test_the_steady_state_is_the_published_one(settled: cotwin.Results, keep_figures: Keep) -> None:
    rows, worst = {}, 0.0
    for table, values in PUBLISHED.items():
        found = {name: float(settled[recorded(table, name)][-1]) for name in values}
        rows[table] = {name: {"published": values[name], "found": round(found[name], 6)} for name in values}
        worst = max(worst, *(abs(found[name] / values[name] - 1) for name in values))
    keep_figures("bsm1_steady_state", {"macro step [s]": 900.0, "days": 100, "largest deviation": worst, "table": rows})
    assert worst < 1e-3


def test_the_coupling_error_falls_with_the_macro_step(keep_figures: Keep) -> None:
    steps = (225.0, 112.5, 56.25, 28.125, 14.0625, 7.03125)
    rows = {}
    for name, closed in (("open loop", False), ("closed loop", True)):
        found = [float(np.abs(errors(h, closed=closed)).max()) for h in steps]
        rows[name] = dict(zip(map(str, steps), found, strict=True))
        assert found[-2] / found[-1] == pytest.approx(2.0, rel=0.05)
    keep_figures("bsm1_coupling_error", {"largest relative error after 3 h, by macro step [s]": rows})


def test_open_loop_in_dry_weather(settled: cotwin.Results, tmp_path: Path, keep_figures: Keep) -> None:
    start = states(settled.__getitem__)
    data = in_dry_weather(system("bsm1"), start, tmp_path, passes=2)
    records = {h: run(data, h, 28.0) for h in STEPS}
    found = {h: judged(results) for h, results in records.items()}
    after_one_pass = judged(records[60.0], 14.0)
    deviation, quality = against_the_other_program(records[60.0], start)
    keep_figures(
        "bsm1_open_loop",
        {
            "published": OPEN | AVERAGES,
            "by macro step [s]": {str(h): shown(each) for h, each in found.items()},
            "last 7 of the first 14 d, 60 s": shown(after_one_pass),
            "bsm2-python, the same 7 d and step": {"EQI": quality, "largest deviation of any concentration": deviation},
        },
    )
    assert deviation < 1e-3
    assert quality == pytest.approx(after_one_pass.EQI, rel=1e-3)
    check(found[15.0], OPEN)
    assert found[15.0].effluent["TSS"] == pytest.approx(AVERAGES["TSS"], rel=0.01)
    gaps = np.diff([found[h].EQI for h in STEPS])
    assert gaps[:-1] / gaps[1:] == pytest.approx(2.0, rel=0.15)


def whole_influent() -> np.ndarray:
    """Its grid of times ends with the rows of the influent: one more row brings it to 14 d."""
    influent = np.loadtxt(script().benchmark_file(), delimiter=",", encoding="utf-8-sig")
    return np.vstack([influent, [14.0 + 0.01, *influent[0, 1:]]])


def gaps_to(theirs: Trajectory, results: cotwin.Results) -> tuple[np.ndarray, np.ndarray]:
    """Largest gaps (tanks, 13) between the concentrations of both, and the largest concentrations of the other."""
    at = np.searchsorted(results.times, np.arange(1, len(theirs.flow) + 1) * 60.0 - 1e-3)
    found = {tank: np.stack([results[f"{tank}.{name}"][at] for name in NAMES], axis=1) for tank in TANKS}
    gaps = np.array([np.abs(found[tank] - theirs.tanks[tank]).max(axis=0) for tank in TANKS])
    return gaps, np.array([theirs.tanks[tank].max(axis=0) for tank in TANKS])


def against_the_other_program(results: cotwin.Results, start: dict[str, dict[str, Any]]) -> tuple[float, float]:
    """Largest deviation of any concentration of a tank from its largest value, in 14 d, and the EQI of the last 7."""
    steps = round(14 * DAY / 60)
    theirs = Independent(whole_influent(), start, 60.0).run(steps)
    gaps, largest = gaps_to(theirs, results)
    worst = float((gaps / largest).max())
    week = slice(steps // 2 - 1, None)
    effluent = dict(zip(NAMES, theirs.effluent[week].T, strict=True))
    times = np.arange(steps // 2, steps + 1) * 60.0
    return worst, effluent_quality(times, effluent, theirs.flow[week])


def test_closed_loop_against_the_other_program(tmp_path: Path, keep_figures: Keep) -> None:
    """The first 14 d, with sensors and controllers by their equations; the last 7 of them count."""
    steps = round(14 * DAY / 60)
    ours = run(in_closed_loop(tmp_path), 60.0, 14.0)
    theirs = Independent(whole_influent(), starting_states(), 60.0, START_OF_RECYCLE).run(steps, control())
    at = np.searchsorted(ours.times, np.arange(1, steps + 1) * 60.0 - 1e-3)
    acting = np.stack([ours["oxygen_controller.u"][at], ours["nitrate_controller.u"][at]], axis=1)
    apart = np.abs(acting - theirs.acting).max(axis=0) / theirs.acting.max(axis=0)
    gaps, largest = gaps_to(theirs, ours)
    deviation = float((gaps / largest.max(axis=0)).max())  # there is next to no oxygen in the tanks without aeration
    found, its = judged(ours, 14.0), theirs.judged[steps // 2 :].mean(axis=0)
    keep_figures(
        "bsm1_closed_loop_independent",
        {
            "macro step [s]": 60.0,
            "coupled": {name: round(value, 2) for name, value in found._asdict().items() if name in NAMED},
            "bsm2-python with control by equations": {
                name: round(float(value), 2) for name, value in zip(NAMED, its, strict=True)
            },
            "largest deviation of any concentration, in parts of the largest in the plant": deviation,
            "largest deviation of kLa and internal recycle": [float(each) for each in apart],
        },
    )
    assert deviation < 1e-3
    assert apart.max() < 1e-3
    for mine, exact in zip((found.EQI, found.PE, found.AE), its, strict=True):
        assert mine == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("sensors", ["ideal", "lagging"])
def test_closed_loop_in_dry_weather(sensors: str, tmp_path: Path, keep_figures: Keep) -> None:
    data = system("bsm1_closed_loop")
    data["components"]["influent"]["source"] = str(script().write_influent(tmp_path / "dry_weather.csv", 2))
    if sensors == "ideal":
        data = without_sensors(data)
    records = {h: run(data, h, 28.0) for h in STEPS}
    found = {h: judged(results) for h, results in records.items()}
    fine = records[STEPS[-1]]
    week = fine.times >= 21 * DAY
    spread = {
        name: float(np.sqrt(np.mean((fine[name][week] - held) ** 2)))
        for name, held in (("tank5.SO", 2.0), ("tank2.SNO", 1.0))
    }
    keep_figures(
        f"bsm1_closed_loop_{sensors}_sensors",
        {
            "published": CLOSED,
            "by macro step [s]": {str(h): shown(each) for h, each in found.items()},
            "root mean square of the control errors [g/m3]": spread,
        },
    )
    check(found[STEPS[-1]], CLOSED)


def without_sensors(data: dict[str, Any]) -> dict[str, Any]:
    kept = {name: each for name, each in data["components"].items() if not name.endswith("_sensor")}
    lines = [line for line in data["connections"] if "_sensor" not in line]
    direct = [f"{link.source} -> {link.destination}" for link in IDEAL_CONTROL]
    return {**data, "components": kept, "connections": list(dict.fromkeys([*lines, *direct]))}


def check(found: Figures, published: dict[str, float]) -> None:
    for name, value in published.items():
        assert getattr(found, name) == pytest.approx(value, rel=0.01), name
    assert found.flow == pytest.approx(18061, rel=1e-3)
