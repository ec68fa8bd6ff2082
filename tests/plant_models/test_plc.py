from collections.abc import Callable, Iterator
from dataclasses import replace

import casadi as ca
import numpy as np
import pytest

from plant_models.model import Model, Role, argument_values
from plant_models.plc import BENCH_RECIPE, PRODUCTION_RECIPE, plc
from plant_models.plc.sequence import BATCH, FED_BATCH, HARVEST, IDLE, PHASES

SCAN = 0.1
FEEDING = replace(BENCH_RECIPE, phase=3.0, feed=BENCH_RECIPE.F0, DO_start=30.0)


class Controller:
    """A controller that is scanned by hand: `scan(DOT_probe=..., T=...)` keeps inputs that are not given."""

    def __init__(self, model: Model, **values: float) -> None:
        self.model = model
        self._update = model.function("update", Role.DISCRETE_STATE)
        self._z = np.array(argument_values(model, values, Role.DISCRETE_STATE))
        self._parameters = argument_values(model, values, Role.PARAMETER)
        self._inputs = {v.name: values.get(v.name, v.starts[0]) for v in model.of(Role.INPUT)}

    def scan(self, **inputs: float) -> dict[str, float]:
        self._inputs |= inputs
        u = argument_values(self.model, self._inputs, Role.INPUT)
        self._z = np.asarray(self._update([], self._z, u, self._parameters)).ravel()
        return self.now

    def scans(self, count: int, **inputs: float) -> dict[str, float]:
        for _ in range(count):
            self.scan(**inputs)
        return self.now

    @property
    def now(self) -> dict[str, float]:
        names = [variable.name for variable in self.model.of(Role.DISCRETE_STATE)]
        return dict(zip(names, map(float, self._z), strict=True))


def test_a_run_goes_through_its_phases() -> None:
    run = Controller(plc(), batch_time_min=1.0, start=0.0, V=2.0)
    assert run.scans(3)["phase"] == IDLE
    assert run.scan(start=1.0)["phase"] == BATCH
    assert run.scans(20, DOT_probe=40.0)["phase"] == BATCH
    assert run.scan(DOT_probe=54.0)["phase"] == BATCH
    assert run.scan(DOT_probe=55.0)["phase"] == FED_BATCH
    assert run.now["feed_on"] == 1
    harvest = run.scan(V=2.8)
    assert (harvest["phase"], harvest["feed"], harvest["feed_on"]) == (HARVEST, 0, 0)
    assert run.scan(V=2.0)["phase"] == HARVEST
    assert run.scan(start=0.0)["phase"] == IDLE
    assert PHASES[IDLE - 1 : HARVEST] == ("IDLE", "BATCH", "FED_BATCH", "HARVEST")


def test_no_spike_ends_the_batch_before_its_least_time() -> None:
    run = Controller(plc(), batch_time_min=3.0)
    run.scans(10, DOT_probe=40.0)
    assert run.scans(10, DOT_probe=95.0)["phase"] == BATCH
    assert run.scans(20)["phase"] == FED_BATCH


def test_the_batch_ends_by_time_where_no_spike_comes() -> None:
    run = Controller(plc(), batch_time_max=2.0)
    assert run.scans(21)["phase"] == BATCH
    assert run.scans(2)["phase"] == FED_BATCH


@pytest.mark.parametrize("recipe", [BENCH_RECIPE, FEEDING])
def test_a_stop_leads_to_the_harvest_from_any_running_phase(recipe: object) -> None:
    run = Controller(plc(recipe))  # type: ignore[arg-type]
    run.scans(2)
    assert run.scan(stop=1.0)["phase"] == HARVEST


def test_the_feed_grows_by_the_exact_exponential() -> None:
    run = Controller(plc(FEEDING), F_max=1.0)
    run.scans(6000, DOT_probe=30.0)
    assert run.now["feed"] == pytest.approx(FEEDING.F0 * np.exp(FEEDING.mu_set / 6), rel=1e-11)


def test_the_feed_stops_growing_at_its_cap() -> None:
    run = Controller(plc(FEEDING), F_max=FEEDING.F0 * 1.0001)
    run.scans(100, DOT_probe=30.0)
    assert run.now["feed"] == FEEDING.F0 * 1.0001


def test_low_DO_stops_the_feed_until_it_has_recovered_and_the_profile_waits() -> None:
    run = Controller(plc(FEEDING))
    before = run.scan(DOT_probe=30.0)["feed_profile"]
    stopped = run.scans(50, DOT_probe=4.9)
    assert (stopped["feed"], stopped["feed_on"], stopped["interlock"]) == (0, 0, 1)
    assert stopped["feed_profile"] == before
    assert run.scan(DOT_probe=14.0)["interlock"] == 1
    assert run.scan(DOT_probe=15.1)["feed"] == pytest.approx(before, rel=1e-4)


def test_heat_stops_the_feed() -> None:
    run = Controller(plc(FEEDING))
    assert run.scan(DOT_probe=30.0, T=39.1)["feed_on"] == 0
    assert run.scan(T=38.5)["feed_on"] == 0
    assert run.scan(T=37.5)["feed_on"] == 1


def test_the_DO_alarm_waits_for_its_delay_and_clears_at_once() -> None:
    run = Controller(plc(FEEDING), DO_alarm_delay=2.0)
    assert run.scans(19, DOT_probe=14.0)["DO_alarm"] == 0
    assert run.scan()["DO_alarm"] == 1
    assert run.scan(DOT_probe=15.0)["DO_alarm"] == 0


def test_the_DO_loop_stirs_first_and_blows_afterwards() -> None:
    run = Controller(plc(FEEDING), DO_integral_time=1.0)
    history = [run.scan(DOT_probe=0.0) for _ in range(1500)]
    speeds, airs = (np.array([row[name] for row in history]) for name in ("stirrer_speed", "air_flow"))
    assert (np.diff(speeds) >= 0).all()
    assert (np.diff(airs) >= 0).all()
    assert airs[speeds < FEEDING.speed_max].max() == pytest.approx(FEEDING.air_min)
    assert (speeds[-1], airs[-1]) == pytest.approx((FEEDING.speed_max, FEEDING.air_max))


def test_outputs_leave_saturation_at_once() -> None:
    run = Controller(plc(FEEDING), DO_filter_time=0.0, DO_integral_time=10.0)
    saturated = run.scans(3000, DOT_probe=10.0)
    assert saturated["DO_output"] == pytest.approx(0.8)
    assert run.scan(DOT_probe=31.0)["DO_output"] < 0.8 - 1e-4
    assert run.scan(DOT_probe=31.0)["stirrer_speed"] <= FEEDING.speed_max
    bottom = run.scans(3000, DOT_probe=90.0)
    assert bottom["DO_output"] == 0
    assert run.scan(DOT_probe=29.0)["DO_output"] > 1e-4


def test_the_loop_moves_no_faster_than_its_rate_limit() -> None:
    run = Controller(plc(FEEDING), DO_rate=0.01, T_rate=0.05)
    previous = run.now
    random = np.random.default_rng(2)
    for _ in range(300):
        now = run.scan(DOT_probe=float(random.uniform(6, 100)), T=float(random.uniform(30, 38)))
        assert abs(now["DO_output"] - previous["DO_output"]) <= 0.01 * SCAN * (1 + 1e-12)
        assert abs(now["valve"] - previous["valve"]) <= 0.05 * SCAN * (1 + 1e-12)
        previous = now


def test_one_loop_is_the_discrete_PID_of_the_textbook() -> None:
    """Velocity form: after n scans u = u0 - K [y_n - y_0 + h/Ti sum(y - set) + Td/h (y_n - y_(n-1))]."""
    K, Ti, Td, start = 0.001, 50.0, 20.0, 0.3
    run = Controller(plc(FEEDING), DO_gain=K, DO_integral_time=Ti, DO_derivative_time=Td, DO_filter_time=0.0,
                     DO_output=start, DO_rate=100.0)  # fmt: skip
    y = 30.0 + 5 * np.sin(0.05 * np.arange(1, 401))
    for value in y:
        run.scan(DOT_probe=float(value))
    expected = start - K * ((y[-1] - 30) + SCAN / Ti * (y - 30).sum() + Td / SCAN * (y[-1] - y[-2]))
    assert run.now["DO_output"] == pytest.approx(expected, rel=1e-10)


def test_temperature_below_the_set_point_opens_the_valve_to_heat() -> None:
    assert Controller(plc()).scans(100, T=36.0)["valve"] > 0.5
    assert Controller(plc()).scans(100, T=38.0)["valve"] < 0.5


def test_the_stirrer_slows_down_where_no_phase_needs_it() -> None:
    run = Controller(plc(FEEDING), DO_output=0.3)
    run.scan(DOT_probe=10.0, stop=1.0)
    assert run.scans(400)["stirrer_speed"] == pytest.approx(FEEDING.speed_min)


def test_a_bumpless_start_in_the_fed_batch_phase() -> None:
    run = Controller(plc(PRODUCTION_RECIPE))
    before = run.now
    after = run.scan(DOT_probe=PRODUCTION_RECIPE.DO_set, T=PRODUCTION_RECIPE.T_set, V=10000.0)
    for name in ("stirrer_speed", "air_flow", "feed", "valve", "phase"):
        assert after[name] == pytest.approx(before[name], rel=1e-5)


def test_outputs_are_discrete_states_and_depend_on_no_input_directly() -> None:
    model = plc()
    assert model.sample_time == SCAN
    assert not model.of(Role.OUTPUT)
    assert not model.of(Role.STATE)
    shown = {v.name for v in model.of(Role.DISCRETE_STATE) if v.visible}
    assert {"stirrer_speed", "air_flow", "feed", "valve", "phase", "feed_on", "DO_alarm"} <= shown


def disturbances() -> Iterator[float]:
    return iter(30 + 10 * np.sin(np.arange(200.0) / 7))


@pytest.mark.parametrize("pattern", [1, 2, 5, 40])
def test_scans_do_not_know_how_they_are_called(pattern: int) -> None:
    """Scan by scan, or many at once by CasADi's mapaccum: the same memory to the bit."""
    model = plc(FEEDING)
    one = model.function("scan", Role.DISCRETE_STATE)
    by_hand, batched = (np.array(model.starts(Role.DISCRETE_STATE)) for _ in range(2))
    p = model.starts(Role.PARAMETER)
    inputs = [[value, 37.0, 2.0, 1.0, 0.0] for value in disturbances()]
    for u in inputs:
        by_hand = np.asarray(one([], by_hand, u, p)).ravel()
    z, u_symbol, p_symbol = (model.vector(r) for r in (Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER))
    step = ca.Function("step", [z, u_symbol, p_symbol], [one([], z, u_symbol, p_symbol)])
    many: Callable[..., ca.DM] = step.mapaccum(pattern)
    for first in range(0, len(inputs), pattern):
        block = np.array(inputs[first : first + pattern]).T
        batched = np.asarray(many(batched, block, p))[:, -1]
    assert (by_hand == batched).all()
