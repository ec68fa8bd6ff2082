"""Six hours of dry weather in closed loop against an independent program with an independent control."""

import numpy as np
import pytest
from bsm2_python.bsm2.aerationcontrol import Sensor
from bsm2_python.bsm2.init import aerationcontrolinit_bsm1 as constants

import cotwin
from plant_models.plants.bsm1_figures import figures
from plant_models.wastewater.constants import DAY, NAMES
from tests.bsm1.closed_loop import START_OF_RECYCLE, control, in_closed_loop, starting_states
from tests.bsm1.independent import Independent, Trajectory
from tests.bsm1.independent_control import Lags
from tests.bsm1.plant import TANKS, run, script

H, DAYS = 60.0, 0.25
STEPS = round(DAYS * DAY / H)


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> cotwin.Results:
    return run(in_closed_loop(tmp_path_factory.mktemp("bsm1")), H, DAYS)


@pytest.fixture(scope="module")
def theirs() -> Trajectory:
    influent = np.loadtxt(script().benchmark_file(), delimiter=",", encoding="utf-8-sig", max_rows=100)
    return Independent(influent, starting_states(), H, START_OF_RECYCLE).run(STEPS, control())


def at(results: cotwin.Results) -> np.ndarray:
    return np.searchsorted(results.times, np.arange(1, STEPS + 1) * H - 1e-3)


def test_every_concentration_goes_the_same_way(ours: cotwin.Results, theirs: Trajectory) -> None:
    """With one macro step and one order of the parts even the coupling errors are equal, those of control included."""
    largest = np.max([each.max(axis=0) for each in theirs.tanks.values()], axis=0)
    for tank in TANKS:
        found = np.stack([ours[f"{tank}.{name}"][at(ours)] for name in NAMES], axis=1)
        assert (np.abs(found - theirs.tanks[tank]).max(axis=0) / largest).max() < 1e-5, tank


@pytest.mark.parametrize(("place", "name"), [(0, "oxygen_controller.u"), (1, "nitrate_controller.u")])
def test_both_controls_do_the_same(place: int, name: str, ours: cotwin.Results, theirs: Trajectory) -> None:
    exact = theirs.acting[:, place]
    assert np.abs(ours[name][at(ours)] - exact).max() < 1e-5 * exact.max()
    assert np.ptp(exact) > 0.5 * exact.max()


def test_the_figures_are_those_that_the_other_program_makes_itself(ours: cotwin.Results, theirs: Trajectory) -> None:
    """Ours are means of straight lines between the points, those of the other program means over the steps."""
    found = figures(ours.times, ours.__getitem__, 0.0, DAYS)
    for mine, exact in zip((found.EQI, found.PE, found.AE), theirs.judged.mean(axis=0), strict=True):
        assert mine == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize(("lags", "time", "high"), [(2, constants.T_SO5, 10.0), (8, constants.T_SNO2, 10.0)])
def test_the_lags_of_the_reference_are_the_sensors_of_the_other_program(lags: int, time: float, high: float) -> None:
    theirs = Sensor(1, (np.poly1d([time, 1.0]) ** lags).coeffs, 0.0, high, 0.0)
    ours = Lags(lags, time, high, 0.0)
    for value in (3.0, 0.5, 4.0, 25.0, 25.0):
        assert ours.output(value, 2e-3) == pytest.approx(theirs.output(value, 2e-3, 0.0), rel=1e-6, abs=1e-9)
