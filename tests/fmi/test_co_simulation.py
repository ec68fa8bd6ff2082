import logging
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.instance import Bundle, Instance, StateWrite, Status, StepResult

STATES = ("x", "s")


def connectors(instance, name):
    """A connector, or the scalars of FMI 2.0 that share its name."""
    return [c for c in instance.connectors if c.name == name or c.name.startswith(f"{name}[")]


def bundle(instance, *names):
    return Bundle.of([connector for name in names for connector in connectors(instance, name)])


def put(instance, name, values):
    chosen = bundle(instance, name)
    instance.set(chosen, np.resize(np.array(values, dtype=chosen.storage.dtype), chosen.size))


def take(instance, *names):
    chosen = bundle(instance, *names)
    values = np.zeros(chosen.size, chosen.storage.dtype)
    instance.get(chosen, values)
    return values


def initialize(instance, t=0.0):
    instance.enter_initialization(t, None, 1e-8)
    instance.exit_initialization()
    return instance


def advance(instance, start, steps, h=0.05):
    for index in range(steps):
        instance.do_step(start + index * h, h)
    return take(instance, "x", "mean", "s")


@pytest.fixture
def opened(fmu):
    with closing(open_fmu("kinds", fmu)) as instance:
        yield instance


@pytest.fixture
def ready(opened):
    return initialize(opened)


def test_an_fmu_satisfies_the_seam(opened):
    instance: Instance = opened
    assert instance.name == "kinds"
    assert instance.identity["model"] == "kinds"
    assert instance.capabilities.state_write is StateWrite.RESTART


def test_the_numbers_are_those_of_the_exact_solution(opened):
    put(opened, "k", 0.7)
    initialize(opened)
    put(opened, "u", [0.7, 1.4, 0.0])
    end = advance(opened, 0.0, 40)
    decay = np.exp(-0.7 * 2.0)
    exact = np.array([1.0 + 0 * decay, 2.0, 3.0 * decay])
    np.testing.assert_allclose(end[:3], exact, rtol=1e-5)
    np.testing.assert_allclose(end[3], exact.mean(), rtol=1e-5)
    np.testing.assert_allclose(end[4], np.exp(-2.0), rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "values"),
    [("u", [1.5, -2.0, 1e300]), ("n", [-(2**31)]), ("on", [False]), ("mode", [2]), ("k", [0.25]), ("gain", [3.0])],
)
def test_every_storage_class_comes_back_as_it_was_set(opened, name, values):
    put(opened, name, values)
    opened.enter_initialization(0.0, None, None)
    back = take(opened, name)
    assert back.tolist() == values
    assert back.dtype == bundle(opened, name).storage.dtype


def test_integers_booleans_and_enumerations_take_part(ready):
    put(ready, "n", 3)
    put(ready, "on", False)
    put(ready, "mode", 2)
    advance(ready, 0.0, 4)
    assert take(ready, "total").tolist() == [6]
    assert take(ready, "off").tolist() == [True]
    assert take(ready, "was").tolist() == [2]


def test_a_bundle_may_mix_fmi_types_of_one_storage_class(ready):
    mixed = bundle(ready, "n", "mode")
    ready.set(mixed, np.array([11, 2]))
    back = np.zeros(4, np.int64)
    ready.get(bundle(ready, "mode", "n", "was", "total"), back)
    assert back.tolist() == [2, 11, 1, 0]


def test_values_may_be_a_part_of_a_larger_array(opened):
    opened.enter_initialization(0.0, None, None)
    signals = np.arange(20.0)
    opened.set(bundle(opened, "u"), signals[2:8:2])
    opened.get(bundle(opened, "y"), signals[10:13])
    assert signals[9:14].tolist() == [9.0, 4.0, 8.0, 12.0, 13.0]


def test_an_integer_that_does_not_fit_is_refused_by_name(ready):
    with pytest.raises(CapabilityError, match=r"n = 2147483648 does not fit its FMI type Int"):
        put(ready, "n", 2**31)


def test_a_restored_state_repeats_to_the_bit(ready):
    put(ready, "u", [1.0, 2.0, 3.0])
    advance(ready, 0.0, 3)
    state = ready.save_state()
    first = advance(ready, 0.15, 5)
    for _ in range(2):
        ready.restore_state(state)
        assert advance(ready, 0.15, 5).tobytes() == first.tobytes()
    ready.free_state(state)


def test_a_serialized_state_continues_in_another_instance(ready, fmu):
    put(ready, "u", [1.0, 2.0, 3.0])
    put(ready, "n", 5)
    advance(ready, 0.0, 3)
    state = ready.save_state()
    data = ready.serialize_state(state)
    first = advance(ready, 0.15, 5)
    with closing(open_fmu("other", fmu)) as other:
        taken = other.deserialize_state(data)
        other.restore_state(taken)
        assert advance(other, 0.15, 5).tobytes() == first.tobytes()
        assert take(other, "total").tolist() == take(ready, "total").tolist()


def test_states_of_others_and_freed_ones_are_refused(ready, fmu):
    state = ready.save_state()
    with closing(open_fmu("other", fmu)) as other, pytest.raises(CapabilityError, match="belongs to another instance"):
        other.restore_state(state)
    ready.free_state(state)
    for use in (ready.restore_state, ready.free_state, ready.serialize_state):
        with pytest.raises(CapabilityError, match="'kinds': the state was freed"):
            use(state)


def test_bytes_of_another_fmu_are_refused(built):
    with closing(open_fmu("two", built.fmi2)) as two, closing(open_fmu("three", built.fmi3)) as three:
        data = initialize(two).serialize_state(two.save_state())
        with pytest.raises(CapabilityError, match=r"'three': the serialized state is of another FMU than kinds\.fmu"):
            three.deserialize_state(data)
        with pytest.raises(CapabilityError, match="these 3 bytes are no serialized state"):
            three.deserialize_state(b"abc")


def test_a_restart_from_values_continues_as_if_nothing_had_happened(opened, fmu):
    put(opened, "k", 0.8)
    initialize(opened)
    put(opened, "gain", 5.0)
    put(opened, "u", [1.0, 2.0, 3.0])
    advance(opened, 0.0, 4)
    values = {name: take(opened, name) for name in STATES}
    with closing(open_fmu("untouched", fmu)) as other:
        put(other, "k", 0.8)
        initialize(other)
        put(other, "gain", 5.0)
        put(other, "u", [1.0, 2.0, 3.0])
        advance(other, 0.0, 4)
        opened.restart(0.2, values)
        for name in ("x", "s", "y", "u", "k", "gain", "total"):
            assert take(opened, name).tolist() == take(other, name).tolist(), name
        np.testing.assert_allclose(advance(opened, 0.2, 10), advance(other, 0.2, 10), rtol=1e-6)


def test_a_restart_writes_the_states_given_and_keeps_the_others(ready):
    put(ready, "n", 7)
    advance(ready, 0.0, 4)
    s, total = take(ready, "s"), take(ready, "total")
    ready.restart(0.2, {"x": np.array([7.0, 8.0, 9.0])})
    assert take(ready, "x").tolist() == [7.0, 8.0, 9.0]
    assert take(ready, "s").tolist() == s.tolist()
    assert take(ready, "total").tolist() == total.tolist()
    assert take(ready, "n").tolist() == [7]
    assert ready.do_step(0.2, 0.1).status is Status.OK


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"xx": [1.0]}, "'kinds' has no variable 'xx' to restart from; "),
        ({"mean": [1.0]}, "'kinds.mean' cannot be given at a restart: it is calculated"),
        ({"x": [1.0]}, "'kinds.x' has 3 elements, 1 values were given"),
    ],
)
def test_wrong_values_for_a_restart_are_refused(ready, values, expected):
    with pytest.raises(CapabilityError) as caught:
        ready.restart(0.0, {name: np.array(value) for name, value in values.items()})
    assert expected in str(caught.value)
    assert ready.do_step(0.0, 0.1).status is Status.OK


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("k", "'k' cannot be set: it is a fixed parameter; set it before the initialization"),
        ("mean", "'mean' cannot be set: its causality is output"),
        ("s", "'s' cannot be set: its causality is local"),
    ],
)
def test_what_cannot_be_set_between_steps_is_refused_by_name(ready, name, expected):
    with pytest.raises(CapabilityError) as caught:
        put(ready, name, 1.0)
    assert str(caught.value).startswith(f"'kinds': {expected}")


def test_calculated_variables_are_refused_before_the_initialization_too(opened):
    with pytest.raises(CapabilityError, match="'mean' cannot be set: it is calculated by the component"):
        put(opened, "mean", 1.0)


def test_calls_out_of_order_are_refused(opened):
    for call in (lambda: opened.do_step(0.0, 0.1), opened.exit_initialization, lambda: take(opened, "x")):
        with pytest.raises(
            CapabilityError, match=r"'kinds' cannot .*: it is in phase instantiated; see the call order"
        ):
            call()
    initialize(opened)
    with pytest.raises(CapabilityError, match="it is in phase step"):
        opened.enter_initialization(0.0, None, None)
    opened.terminate()
    opened.terminate()
    with pytest.raises(CapabilityError, match="it is in phase terminated"):
        opened.do_step(0.0, 0.1)
    opened.close()
    opened.close()
    with pytest.raises(CapabilityError, match="it is in phase closed"):
        take(opened, "x")
    with pytest.raises(CapabilityError, match="nothing can be set after close"):
        put(opened, "u", 1.0)


def test_both_versions_give_the_same_trajectory(built):
    with closing(open_fmu("a", built.fmi2)) as two, closing(open_fmu("b", built.fmi3)) as three:
        ends = []
        for instance in (two, three):
            initialize(instance)
            put(instance, "u", [1.0, 0.5, 0.25])
            ends.append(advance(instance, 0.0, 50))
        np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)


def test_instances_of_one_file_do_not_disturb_each_other(fmu):
    with closing(open_fmu("a", fmu)) as a:
        initialize(a)
        with closing(open_fmu("b", fmu)) as b:
            put(b, "k", 5.0)
            initialize(b)
            advance(b, 0.0, 10)
            assert take(a, "x").tolist() == [1.0, 2.0, 3.0]
        assert a.do_step(0.0, 0.1) == StepResult(Status.OK, 0.1)


def test_many_threads_open_and_step_at_once(fmu):
    before, failures = Path.cwd(), []

    def use(index):
        try:
            with closing(open_fmu(f"t{index}", fmu)) as instance:
                put(instance, "k", float(index))
                end = advance(initialize(instance), 0.0, 20)
                np.testing.assert_allclose(end[:3], np.array([1.0, 2.0, 3.0]) * np.exp(-index), rtol=1e-4)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=use, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert Path.cwd() == before


def test_messages_go_to_the_logger_of_the_component(opened, caplog):
    caplog.set_level(logging.DEBUG, logger="cotwin.fmu.kinds")
    assert opened._fmu.library.messages.logger.name == "cotwin.fmu.kinds"
    opened._fmu.library.messages.add(1, "hello")
    assert caplog.records[-1].levelno == logging.WARNING
