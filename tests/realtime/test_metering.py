"""Meter and histogram."""

import math
from itertools import count

import numpy as np
import pytest

from orchestrator.instance import Bundle
from orchestrator.realtime.histogram import Histogram
from orchestrator.realtime.metering import Meter
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance


def test_percentiles_lie_within_one_bin_of_the_exact_ones() -> None:
    durations = np.random.default_rng(1).lognormal(-9.0, 2.0, 20_000)
    histogram = Histogram()
    for duration in durations:
        histogram.add(float(duration))
    for q in (1.0, 50.0, 99.0, 99.9):
        exact = np.percentile(durations, q, method="inverted_cdf")
        assert exact <= histogram.percentile(q) * (1.0 + 1e-12)
        assert histogram.percentile(q) <= 1.048 * exact
    assert histogram.total == pytest.approx(durations.sum())
    assert histogram.percentile(100.0) == histogram.largest == durations.max()


def test_durations_out_of_range_are_counted() -> None:
    histogram = Histogram()
    for duration in (0.0, -1e-9, 1e9):
        histogram.add(duration)
    assert histogram.count == 3
    assert histogram.percentile(50.0) <= 1e-8
    assert histogram.percentile(100.0) == 1e9
    assert math.isnan(Histogram().percentile(50.0))


def test_a_meter_counts_calls_and_adds_up_their_time() -> None:
    ticks = count()
    meter = Meter(FunctionInstance(lambda t, u: u), clock=lambda: 0.001 * next(ticks))
    bundle = Bundle.of([meter.connectors[0]])
    meter.enter_initialization(0.0, None, None)
    meter.exit_initialization()
    for k in range(10):
        meter.set(bundle, np.array([1.0]))
        meter.do_step(0.1 * k, 0.1)
        meter.get(bundle, np.empty(1))
    reading = meter.reading
    assert (reading.steps, reading.sets, reading.gets) == (10, 10, 10)
    assert reading.step_seconds == pytest.approx(0.010)
    assert reading.set_seconds == pytest.approx(0.010)
    assert reading.get_seconds == pytest.approx(0.010)
    assert reading.seconds == pytest.approx(0.030)
    assert reading.step_p50 == pytest.approx(0.001, rel=0.048)
    assert reading.step_worst == pytest.approx(0.001)


def test_a_meter_times_kept_states_too() -> None:
    ticks = count()
    meter = Meter(FunctionInstance(lambda t, u: u), clock=lambda: 0.001 * next(ticks))
    meter.enter_initialization(0.0, None, None)
    meter.exit_initialization()
    for _ in range(3):
        state = meter.save_state()
        meter.restore_state(state)
        meter.restore_state(state)
        meter.free_state(state)
    reading = meter.reading
    assert (reading.saves, reading.restores) == (3, 6)
    assert reading.state_seconds == reading.seconds == pytest.approx(0.012)


def test_a_metered_run_gives_the_same_values() -> None:
    def lag() -> FunctionInstance:
        return FunctionInstance(
            lambda t, u, x: x, name="lag", step=lambda t, h, u, x: x + h * (1.0 - x), state=[0.0], inputs=()
        )

    plain, metered = Memory(), Memory()
    meter = Meter(lag())
    with simulation([lag()], observers=[plain]) as run:
        run.run()
    with simulation([meter], observers=[metered]) as run:
        run.run()
    np.testing.assert_array_equal(plain.of("lag", "y"), metered.of("lag", "y"))
    assert meter.reading.steps == 10
    assert meter.instance.calls[-1] == "close"
