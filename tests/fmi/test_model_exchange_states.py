"""States of Model Exchange FMUs: kept, as bytes, and written by name; FMI 1.0 has nothing of this."""

from contextlib import closing

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.variables import read_model
from orchestrator.instance import StateWrite
from orchestrator.system.description import Solver
from tests.fmi.exchange_runs import put, run, take


@pytest.mark.parametrize("name", ["ball", "relay", "scan", "stairs"])
def test_a_repetition_from_a_kept_state_gives_the_same_bits(opened, solver, name):
    instance = opened(name, solver)
    names = [c.name for c in instance.connectors if c.causality != "independent"]
    if name in ("scan", "stairs"):
        put(instance, "u", 0.3)
    run(instance, 0.7, 3)
    state = instance.save_state()
    copy = instance.deserialize_state(instance.serialize_state(state))
    ends = []
    for again in (None, state, copy, state):
        if again is not None:
            instance.restore_state(again)
        if name in ("scan", "stairs"):
            put(instance, "u", 0.3)
        run(instance, 2.0, 4, start=0.7)
        ends.append(take(instance, *names).tolist())
    if name == "scan":  # inputs that come with bytes are given again, which is an event
        del ends[2][names.index("changes")]
    assert ends[0] == ends[1] == ends[3]
    if name != "scan":
        np.testing.assert_allclose(ends[2], ends[0], rtol=1e-6)
    instance.free_state(state)
    with pytest.raises(CapabilityError, match="the state was freed"):
        instance.restore_state(state)


def test_the_bytes_of_a_state_go_on_in_a_new_instance(opened, toy, version):
    relay = opened("relay")
    run(relay, 1.0, 3)
    data = relay.serialize_state(relay.save_state())
    run(relay, 2.0, 3, start=1.0)
    with closing(open_exchange("relay", read_model(toy("relay", version)), Solver())) as other:
        other.restore_state(other.deserialize_state(data))
        run(other, 2.0, 3, start=1.0)
        assert take(other, "x", "on", "last").tolist() == take(relay, "x", "on", "last").tolist()


def test_continuous_states_are_written_by_name_now_and_at_another_time(opened, solver):
    relay = opened("relay", solver)
    assert relay.capabilities.state_write is StateWrite.CONTINUOUS_STATES
    run(relay, 0.5, 1)
    relay.restart(0.5, {"x": np.array([1.0])})
    assert take(relay, "x")[0] == 1.0
    run(relay, 0.6, 1, start=0.5)
    assert take(relay, "x")[0] == pytest.approx(2 - np.exp(-0.1), abs=1e-7)
    relay.restart(0.2, {"x": np.array([0.25])})
    run(relay, 0.3, 1, start=0.2)
    assert take(relay, "x")[0] == pytest.approx(2 - 1.75 * np.exp(-0.1), abs=1e-7)


def test_a_state_written_beyond_a_threshold_causes_its_event_at_once(opened):
    relay = opened("relay")
    run(relay, 0.5, 1)
    relay.restart(0.5, {"x": np.array([1.5])})
    assert take(relay, "on", "last").tolist() == [0.0, 0.5]


def test_unknown_names_and_wrong_sizes_are_refused_at_a_restart(opened):
    relay = opened("relay")
    with pytest.raises(CapabilityError, match="has no variable 'z' to restart from"):
        relay.restart(0.0, {"z": np.array([1.0])})
    with pytest.raises(CapabilityError, match="has 1 elements, 2 values"):
        relay.restart(0.0, {"x": np.array([1.0, 2.0])})
    with pytest.raises(CapabilityError, match="no continuous states"):
        opened("scan").restart(0.0, {})


@pytest.mark.parametrize("number", [2, 3])
def test_a_restart_at_another_time_is_that_of_co_simulation(built, number):
    path, ends = getattr(built, f"fmi{number}"), []
    for instance in (open_exchange("it", read_model(path), Solver(tolerance=1e-10)), open_fmu("it", path)):
        with closing(instance):
            put(instance, "k", 0.7)
            instance.enter_initialization(0.0, None, 1e-10)
            instance.exit_initialization()
            put(instance, "n", 5)
            run(instance, 0.5, 5)
            instance.restart(2.0, {"x": np.array([3.0, 4.0, 5.0]), "total": np.array([7])})
            run(instance, 2.5, 5, start=2.0)
            ends.append({c.name: take(instance, c.name) for c in instance.connectors if c.causality == "output"})
    for name, values in ends[0].items():
        np.testing.assert_allclose(values, ends[1][name], rtol=1e-8, err_msg=name)
