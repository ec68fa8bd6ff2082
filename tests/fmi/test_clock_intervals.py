"""Intervals and shifts of clocks that go by time: who says them, when, and at which times the clocks tick then."""

import shutil
from fractions import Fraction

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import (
    CapabilityError,
    DescriptionError,
    InitializationError,
    ModelDescriptionError,
    StepError,
    VariableError,
)
from orchestrator.fmi.clocks import Clock, Ticks, exact, read_clocks
from orchestrator.fmi.events_opening import open_with_events
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle, event_mode
from orchestrator.system.connector import Causality
from orchestrator.system.description import Component
from tests.fmi.clock_fmus import rates_fmu, rates_variables

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

CLOCKS = ("fixed", "tunable", "given", "following")


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return rates_fmu(tmp_path_factory.mktemp("rates"))


def opened(path, *, stop=1.0, step=0.1, isolation=None, **parameters):
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    part = {"source": str(path), "parameters": given, "isolation": isolation}
    return open_simulation(
        {
            "name": "rates",
            "components": {"plc": part},
            "experiment": {"stop": stop},
            "step_size": step,
            "record": ["plc.*"],
        }
    )


def ticks(results, clock):
    return [float(t) for t, active in zip(results["time"], results[f"plc.{clock}"], strict=True) if active]


def multiples(interval, shift="0", stop=1):
    times = [Fraction(shift) + n * Fraction(interval) for n in range(1000)]
    return pytest.approx([float(t) for t in times if t <= stop], abs=1e-15)


def test_without_a_value_the_declared_interval_holds_and_the_fmu_is_told_nothing(fmu):
    with opened(fmu) as simulation:
        results = simulation.run()
        assert [simulation[f"plc.{told}"] for told in ("told", "told_shift", "told_counter")] == [-1, -1, -1]
    assert ticks(results, "fixed") == multiples("1/4")
    assert ticks(results, "tunable") == multiples("1/5")


@pytest.mark.parametrize("isolation", [None, "process"])
def test_interval_and_shift_of_a_fixed_clock_are_parameters_that_the_fmu_is_told_in_initialization_mode(fmu, isolation):
    with opened(fmu, fixed__interval=0.3, fixed__shift=0.05, isolation=isolation) as simulation:
        results = simulation.run()
        assert [simulation["plc.told"], simulation["plc.told_shift"]] == [0.3, 0.05]
        assert [simulation["plc.fixed.interval"], simulation["plc.fixed.shift"]] == [0.3, 0.05]
    assert ticks(results, "fixed") == multiples("3/10", shift="1/20")
    assert results["plc.n_fixed"][-1] == 4


@pytest.mark.parametrize(("interval", "told"), [(0.15, (15, 100)), (0.125, (1, 8))])
def test_a_clock_with_fractions_is_told_one_of_its_resolution_where_that_fits(fmu, interval, told):
    with opened(fmu, tunable__interval=interval) as simulation:
        results = simulation.run()
        assert (simulation["plc.told_counter"], simulation["plc.told_resolution"]) == told
    assert ticks(results, "tunable") == multiples(exact(interval))


def test_a_fixed_clock_without_interval_gets_both_from_the_parameters_of_the_fmu(fmu):
    with opened(fmu, p=0.3, s=0.1) as simulation:
        results = simulation.run()
    assert ticks(results, "given") == multiples("3/10", shift="1/10")


def test_a_new_interval_of_a_tunable_clock_counts_from_the_time_at_which_it_is_given(fmu):
    with opened(fmu, stop=1.5) as simulation:
        simulation.run(until=0.5)
        simulation["plc.tunable.interval"] = 0.3
        results = simulation.run()
        assert simulation["plc.tunable.interval"] == 0.3
        assert simulation["plc.told_counter"] == 30
    assert ticks(results, "tunable") == pytest.approx([0.0, 0.2, 0.4, 0.8, 1.1, 1.4], abs=1e-15)


def test_an_interval_that_follows_a_tunable_parameter_counts_from_the_event_of_the_parameter(fmu):
    with opened(fmu, stop=1.5) as simulation:
        simulation.run(until=0.6)
        simulation["plc.q"] = 0.4
        results = simulation.run()
    assert ticks(results, "following") == pytest.approx([0.0, 0.25, 0.5, 1.0, 1.4], abs=1e-15)


def test_a_fixed_interval_is_not_set_during_the_run(fmu):
    with opened(fmu) as simulation:
        simulation.step()
        with pytest.raises(VariableError, match=r"'plc.fixed.interval' is parameter and fixed"):
            simulation["plc.fixed.interval"] = 0.1


@pytest.mark.parametrize("interval", [0.0, -0.1])
def test_an_interval_that_is_not_positive_is_refused_by_name(fmu, interval):
    message = r"fixed\.interval.*(cannot be 0\.0 s: give one that is positive|-0\.1 is outside \[0\.0, inf\])"
    wrong = (DescriptionError, InitializationError)
    with pytest.raises(wrong, match=message), opened(fmu, fixed__interval=interval) as simulation:
        simulation.run()


def test_an_interval_of_zero_from_the_fmu_is_an_error_that_names_its_clock(fmu):
    with (
        pytest.raises((InitializationError, StepError), match=r"'plc.given' the interval 0 s; it must be positive"),
        opened(fmu, p=0.0) as simulation,
    ):
        simulation.run()


def test_a_clock_that_goes_by_time_and_is_no_input_contradicts_the_standard(tmp_path):
    first = 'causality="input" intervalVariability="fixed" intervalD'
    variables = rates_variables().replace(first, first.replace("input", "output"))
    with pytest.raises(ModelDescriptionError, match=r"clock 'fixed' is fixed and output; clocks that tick by time are"):
        open_with_events("rates", rates_fmu(tmp_path, variables=variables))


def test_a_variable_named_like_a_setting_is_the_variable(tmp_path):
    variables = rates_variables().replace('name="p"', 'name="fixed.interval"')
    path = rates_fmu(tmp_path, variables=variables)
    assert "fixed.interval" not in read_clocks(path).settings
    with opened(path, fixed__interval=0.5) as simulation:
        results = simulation.run()
    assert ticks(results, "fixed") == multiples("1/4")
    assert ticks(results, "given") == multiples("1/2")


def test_a_new_interval_at_the_time_of_a_tick_lets_it_tick():
    one = Ticks(Clock("c", 1, Causality.INPUT, "tunable", Fraction(1, 5)))
    one.begin(0.0, Fraction(1, 5), Fraction(0))
    one.ticked()
    one.change(Fraction(1, 2), 0.2)
    assert one.next == Fraction(1, 5)
    one.ticked()
    assert one.next == Fraction(7, 10)


def test_a_new_interval_before_the_first_tick_leaves_its_time():
    one = Ticks(Clock("c", 1, Causality.INPUT, "tunable", Fraction(1, 5)))
    one.begin(0.0, Fraction(1, 5), Fraction(1))
    one.change(Fraction(1, 2), 0.4)
    assert one.next == 1
    one.ticked()
    assert one.next == Fraction(3, 2)


def settle(events):
    for _ in range(100):
        if not events.update().more_needed:
            events.leave()
            return


def drive(fmu, t, stop):
    """A master of one component without inputs; the times of its events."""
    events, times = event_mode(fmu), []
    while t < stop:
        end = min(stop, stop if events.next_time is None else events.next_time)
        fmu.do_step(t, end - t)
        t = end
        if events.next_time is not None and events.next_time <= t:
            times.append(t)
            events.enter(t)
            settle(events)
    return times


def begun(path):
    fmu = open_with_events("plc", path)
    fmu.enter_initialization(0.0, None, None)
    fmu.exit_initialization()
    settle(fmu.event_mode)
    return fmu


def counts(fmu):
    values = np.empty(4, np.int64)
    wanted = [connector for connector in fmu.connectors if connector.name.startswith("n_")]
    fmu.get(Bundle.of(wanted), values)
    return values.tolist()


@pytest.mark.parametrize("isolation", [None, "process"])
def test_a_state_goes_as_bytes_into_a_new_instance_with_the_ticks_to_come(fmu, isolation):
    first, second = begun(fmu), open_component("other", Component(source=fmu, isolation=isolation))
    try:
        assert first.capabilities.serialize_state
        drive(first, 0.0, 0.33)
        data = first.serialize_state(first.save_state())
        expected = drive(first, 0.33, 1.0)
        second.restore_state(second.deserialize_state(data))
        assert drive(second, 0.33, 1.0) == expected
        assert counts(second) == counts(first) == [5, 6, 5, 5]
    finally:
        first.close()
        second.close()


@pytest.mark.parametrize(
    "damage", [lambda data: data[1:], lambda data: data.replace(b'"fixed"', b'"fexid"'), lambda data: data[:20]]
)
def test_bytes_that_are_no_state_of_this_fmu_are_refused(fmu, damage):
    one = begun(fmu)
    try:
        data = one.serialize_state(one.save_state())
        with pytest.raises(CapabilityError, match="'plc': "):
            one.deserialize_state(damage(data))
    finally:
        one.close()


def test_an_fmu_that_does_not_serialize_says_so(tmp_path):
    one = begun(rates_fmu(tmp_path, flags=""))
    try:
        assert not one.capabilities.serialize_state
        with pytest.raises(CapabilityError, match="does not declare the serialization"):
            one.serialize_state(one.save_state())
    finally:
        one.close()
