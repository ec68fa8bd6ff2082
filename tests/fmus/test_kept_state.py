"""States kept and restored, serialized, and restarted from values."""

import numpy as np
import pytest

from tests.fmus.harness import FMICallException, running

CASES = [("chain", "c", 0.3), ("mixed", "x", 0.1), ("sampled", "u", 0.25), ("robertson", "y2", 2.0)]


def advance(instance, name, start, h, n=5):
    rows = []
    for k in range(n):
        instance.step(start + k * h, h)
        rows.append(instance.get(name))
    return np.array(rows)


@pytest.mark.parametrize(("name", "watched", "h"), CASES)
def test_restore_and_repeat_gives_the_same_bits(fmu, name, watched, h):
    with running(fmu(name)) as instance:
        instance.initialize()
        advance(instance, watched, 0.0, h)
        state = instance.keep()
        first = advance(instance, watched, 5 * h, h)
        for _ in range(2):
            instance.restore(state)
            assert np.array_equal(advance(instance, watched, 5 * h, h), first)
        instance.free(state)


@pytest.mark.parametrize(("name", "watched", "h"), CASES)
def test_a_serialized_state_goes_on_in_another_instance(fmu, name, watched, h):
    with running(fmu(name)) as one, running(fmu(name)) as other:
        one.initialize()
        advance(one, watched, 0.0, h)
        state = one.keep()
        data = one.serialize(state)
        assert data == one.serialize(state)
        there = other.deserialize(data)
        other.restore(there)
        assert np.array_equal(advance(one, watched, 5 * h, h), advance(other, watched, 5 * h, h))
        one.free(state)
        other.free(there)


def test_the_stop_time_is_that_of_the_instance_and_not_of_its_state(fmu):
    with running(fmu("chain")) as one, running(fmu("chain")) as other:
        one.initialize(stop=1.0)
        other.initialize(stop=2.0)
        one.step(0.0, 1.0)
        state = one.keep()
        there = other.deserialize(one.serialize(state))
        other.restore(there)
        other.step(1.0, 1.0)
        with pytest.raises(FMICallException):
            one.step(1.0, 1.0)
        one.free(state)
        other.free(there)


def test_bytes_of_another_model_are_refused(fmu):
    with running(fmu("chain")) as one, running(fmu("oscillator")) as other:
        state = one.initialize().keep()
        with pytest.raises(FMICallException):
            other.deserialize(one.serialize(state))
        assert "no state of model 'oscillator'" in other.messages[-1]
        one.free(state)


def test_bytes_with_another_token_are_refused(fmu):
    with running(fmu("chain")) as instance:
        state = instance.initialize().keep()
        data = bytearray(instance.serialize(state))
        data[12] ^= 1
        with pytest.raises(FMICallException):
            instance.deserialize(bytes(data))
        assert "the state is of model" in instance.messages[-1]
        instance.free(state)


@pytest.mark.parametrize(
    ("name", "states", "watched"),
    [("mixed", ["x", "u"], "x"), ("sampled", ["count", "integral", "u", "alarm", "phase"], "u"), ("chain", ["c"], "c")],
)
def test_a_restart_from_values_at_a_later_time_goes_on_as_before(fmu, name, states, watched):
    """Scans stay on the same absolute grid; only the step size of the solver starts anew."""
    with running(fmu(name)) as one, running(fmu(name)) as other:
        one.initialize(tolerance=1e-10)
        for k in range(7):
            one.step(k * 0.15, 0.15)
        t = 7 * 0.15
        values = {state: one.get(state) for state in states}
        other.initialize(start=t, tolerance=1e-10, **values)
        for k in range(7, 20):
            one.step(k * 0.15, 0.15)
            other.step(k * 0.15, 0.15)
            assert other.get(watched) == pytest.approx(one.get(watched), abs=1e-8)


def test_a_reset_instance_repeats_its_first_run(fmu):
    with running(fmu("robertson")) as instance:
        first = advance(instance.initialize(), "y1", 0.0, 1.0)
        instance.fmu.reset()
        assert np.array_equal(advance(instance.initialize(), "y1", 0.0, 1.0), first)


def test_instances_in_one_process_do_not_disturb_each_other(fmu):
    with running(fmu("decay")) as one, running(fmu("decay")) as other:
        one.initialize(k=1.0, u=0.0)
        other.initialize(k=2.0, u=5.0)
        for k in range(5):
            one.step(0.1 * k, 0.1)
            other.step(0.1 * k, 0.1)
        assert one.get("x")[0] == pytest.approx(3.0 * np.exp(-0.5), abs=1e-5)
        assert other.get("x")[0] == pytest.approx(5.0 - 2.0 * np.exp(-1.0), abs=1e-5)
