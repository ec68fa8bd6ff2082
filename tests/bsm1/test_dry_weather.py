"""Six hours of dry weather in open loop, and the figures of merit, against an independent program."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bsm2_python.bsm2.init import plantperformanceinit_bsm1
from bsm2_python.bsm2.plantperformance import PlantPerformance

import cotwin
from plant_models.wastewater import evaluation
from plant_models.wastewater.constants import DAY, NAMES
from tests.bsm1.independent import Independent, Trajectory, stream
from tests.bsm1.plant import TANKS, in_dry_weather, run, script, states, system

H, DAYS = 60.0, 0.25
STEPS = round(DAYS * DAY / H)


@pytest.fixture(scope="module")
def start() -> dict[str, dict[str, Any]]:
    return states(run(system("bsm1"), 900.0, 50.0).__getitem__)


@pytest.fixture(scope="module")
def ours(start: dict[str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> cotwin.Results:
    folder: Path = tmp_path_factory.mktemp("bsm1")
    return run(in_dry_weather(system("bsm1"), start, folder), H, DAYS)


@pytest.fixture(scope="module")
def theirs(start: dict[str, dict[str, Any]]) -> Trajectory:
    influent = np.loadtxt(script().benchmark_file(), delimiter=",", encoding="utf-8-sig", max_rows=100)
    return Independent(influent, start, H).run(STEPS)


def rows(results: cotwin.Results) -> np.ndarray:
    """Where the record has the ends of the macro steps; at a jump of the influent the row before it."""
    return np.searchsorted(results.times, np.arange(1, STEPS + 1) * H - 1e-3)


def test_both_programs_couple_in_the_same_way_and_come_to_the_same_trajectory(
    ours: cotwin.Results, theirs: Trajectory
) -> None:
    """With one macro step and one order of the parts even the coupling errors are equal."""
    at = rows(ours)
    for tank in TANKS:
        found = np.stack([ours[f"{tank}.{name}"][at] for name in NAMES], axis=1)
        exact = theirs.tanks[tank]
        assert (np.abs(found - exact).max(axis=0) / exact.max(axis=0)).max() < 1e-4
    found = np.stack([ours[f"settler.effluent_C[{k}]"][at] for k in range(1, 13)], axis=1)
    assert found == pytest.approx(theirs.effluent[:, :12], rel=1e-5, abs=1e-8)
    assert ours["settler.effluent_Q"][at] == pytest.approx(theirs.flow, rel=1e-12)


def test_the_weather_moves_the_plant(ours: cotwin.Results) -> None:
    assert np.ptp(ours["tank5.SO"]) > 1.0
    assert np.ptp(ours["settler.effluent_Q"]) > 5000.0


def test_the_control_holds_oxygen_and_nitrate_through_a_day(tmp_path: Path) -> None:
    data = system("bsm1_closed_loop")
    data["components"]["influent"]["source"] = str(script().write_influent(tmp_path / "dry_weather.csv"))
    results = run(data, H, 1.0)
    times = results.times
    assert evaluation.average(times, results["tank5.SO"]) == pytest.approx(2.0, abs=0.01)
    assert np.abs(results["tank5.SO"] - 2.0).max() < 0.3
    assert evaluation.average(times, results["tank2.SNO"]) == pytest.approx(1.0, abs=0.05)
    assert np.ptp(results["oxygen_controller.u"]) > 50.0
    assert results["nitrate_controller.u"].max() < 5 * 18446.0


def test_the_table_holds_every_row_of_the_benchmark_until_the_next_one() -> None:
    times, values = script().dry_weather(2)
    assert (times[0], times[-1]) == (0.0, 28 * DAY)
    assert (np.diff(times)[::2] == 900.0).all()
    assert (values[::2] == values[1::2]).all()
    assert (values[: len(values) // 2] == values[len(values) // 2 :]).all()


def effluent() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(5)
    times = np.array([0.0, 900.0, 1800.0])
    return times, {name: rng.uniform(1, 30, 3) for name in NAMES}, rng.uniform(1e4, 3e4, 3)


def performance() -> PlantPerformance:
    return PlantPerformance(plantperformanceinit_bsm1.PP_PAR)


def test_the_effluent_quality_index_is_that_of_the_other_program() -> None:
    times, c, flow = effluent()
    loads = [performance().eqi(stream({n: c[n][k] for n in NAMES}, flow[k]))[0] for k in range(3)]
    average = (loads[0] / 2 + loads[1] + loads[2] / 2) / 2
    assert evaluation.effluent_quality(times, c, flow) == pytest.approx(average, rel=1e-12)


def test_energies_are_those_of_the_other_program() -> None:
    times, volumes = np.array([0.0, 900.0]), (1000.0, 1000.0, 1333.0, 1333.0, 1333.0)
    kLa = np.array([0.0, 10.0, 240.0, 240.0, 84.0])
    flows = np.array([55338.0, 18446.0, 385.0])
    named = dict(zip(("internal", "return", "waste"), flows, strict=True))
    both = np.array([kLa, kLa])
    power = performance().aerationenergy_step(kLa, np.array(volumes), np.full(5, 8.0)) * 24
    assert evaluation.aeration_energy(times, both, volumes) == pytest.approx(power)
    power = performance().pumpingenergy_step(flows, plantperformanceinit_bsm1.PP_PAR[10:13]) * 24
    held = {name: np.full(2, flow) for name, flow in named.items()}
    assert evaluation.pumping_energy(times, held) == pytest.approx(power)
    power = performance().mixingenergy_step(kLa, np.array(volumes)) * 24
    assert evaluation.mixing_energy(times, both, volumes) == pytest.approx(power)


def test_sludge_is_what_is_wasted_and_what_the_plant_holds_more_of() -> None:
    times = np.array([0.0, DAY, 2 * DAY])
    layers = np.outer([1.0, 1.0, 2.0], np.full(10, 50.0))
    mass = evaluation.solids_held([(1000.0, np.array([3000.0, 3000.0, 3100.0]))], layers)
    assert mass == pytest.approx([3300.0, 3300.0, 3700.0])
    made = evaluation.sludge_production(times, np.full(3, 6400.0), np.full(3, 385.0), mass)
    assert made == pytest.approx(6.4 * 385 + 200.0)
