"""Meter and histogram."""

import math
from dataclasses import fields
from itertools import count
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.instance import Bundle
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.samples import Samples
from orchestrator.realtime.histogram import Histogram
from orchestrator.realtime.metering import Meter
from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance
from tests.textbook import lotka_volterra


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


def test_a_metered_run_is_made_by_the_compiled_loop_and_counts_every_step() -> None:
    system = lotka_volterra(0.001, stop=5.0, algorithm="jacobi")
    with open_simulation(system) as plain:
        bits = plain.run()
    with open_simulation(system, meter=True) as metered:
        assert metered.strides
        results = metered.run()
        readings = [meter.reading for meter in metered.instances.values() if isinstance(meter, Meter)]
        steps = {name: each.steps for name, each in metered.coupling.statistics.components.items()}
    for name in bits.names:
        np.testing.assert_array_equal(results[name], bits[name])
    assert {reading.component: reading.steps for reading in readings} == steps == {"prey": 5000, "predator": 5000}
    for reading in readings:
        assert reading.timed is not None
        assert 0 < reading.timed <= 5000
        assert min(reading.sets, reading.gets) >= 5000
        assert 0.0 < reading.step_p50 <= reading.step_p99 <= reading.step_worst
        assert reading.step_seconds > 0.0


def _loop_of(components: int) -> Any:
    """The words of a program that samples are taken of."""
    words = np.zeros(at.PROGRAM // at.WORD, np.int64)
    rows = np.zeros((components, at.COMPONENT_ROW // at.WORD), np.int64)
    lowered: Any = Program
    return lowered(words, rows, (None,) * components, *[None] * (len(fields(Program)) - 3))


def test_samples_stand_for_all_steps() -> None:
    """Two components with known durations, of which every tenth is timed."""
    samples = Samples(_loop_of(2))
    random = np.random.default_rng(5)
    durations = np.rint(1e9 * random.lognormal(-9.0, 1.0, (4000, 2, 3))).astype(np.int64)
    samples._count(durations[::10] + samples._clock, 10)
    samples.steps[:] = 4000
    samples._seconds = math.inf
    for component in range(2):
        known = samples.of(component)
        chosen = 1e-9 * durations[::10, component]
        assert (known.steps, known.timed) == (4000, 400)
        assert known.set_seconds == pytest.approx(10.0 * chosen[:, 0].sum())
        assert known.step_seconds == pytest.approx(10.0 * chosen[:, 1].sum())
        assert known.largest == pytest.approx(chosen[:, 1].max())
        assert known.counts.sum() == 4000
        histogram = Histogram()
        histogram.add_all(known.counts, known.step_seconds, known.largest)
        for q in (10.0, 50.0, 99.0):
            exact = np.percentile(chosen[:, 1], q, method="inverted_cdf")
            assert exact <= histogram.percentile(q) * (1.0 + 1e-12) <= 1.048 * exact * (1.0 + 1e-12)


def test_estimates_together_take_no_longer_than_the_loop() -> None:
    samples = Samples(_loop_of(3))
    samples._count(np.full((8, 3, 3), 1000) + samples._clock, 100)
    samples.steps[:] = 800
    samples.take(0, 1e-3)
    total = sum(sum(samples.of(each)[2:5]) for each in range(3))
    assert total == pytest.approx(1e-3)


def test_the_time_of_the_loop_counts_where_python_makes_a_part_of_a_macro_step() -> None:
    samples = Samples(loop := _loop_of(3))
    samples._count(np.full((8, 3, 3), 1000) + samples._clock, 100)
    samples.steps[:] = 800
    loop[at.SAMPLE] = 1
    samples.take(0, 6e-4)
    loop[at.SAMPLE] = 0
    samples.take(0, 4e-4)
    total = sum(sum(samples.of(each)[2:5]) for each in range(3))
    assert total == pytest.approx(1e-3)


def test_bins_of_samples_are_those_of_histograms() -> None:
    durations = [1e-9, 7e-9, 13e-9, 333e-9, 1.1e-3, 2.1, 9.9e3, 1e5]
    samples, histogram = Samples(_loop_of(1)), Histogram()
    for duration in durations:
        histogram.add(duration)
        samples._count(np.full((1, 1, 3), round(1e9 * duration)) + samples._clock, 1)
    samples.steps[:] = len(durations)
    np.testing.assert_array_equal(samples.of(0).counts, histogram.counts)
