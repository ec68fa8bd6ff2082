"""A component in a process of its own gives what it gives in this one."""

import logging
import os
import signal
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.assembly import open_instance
from orchestrator.errors import (
    CapabilityError,
    DescriptionError,
    FailedStepError,
    FmuImportError,
    StepError,
)
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation import wire
from orchestrator.instance import Bundle, StateWrite
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component
from tests.fmi import isolation_hostile as hostile
from tests.fmi import toys
from tests.fmi.test_misbehaviour import put, start, take
from tests.kit.build import kit_fmu

INPUTS = {"u": [0.5, -1.0, 2.0], "u[1]": [0.5], "u[2]": [-1.0], "u[3]": [2.0], "n": [3], "on": [True], "mode": [2]}


def opened(path: Path, **options):
    return open_instance("toy", Component(source=path, **options))


def isolated(path: Path, **options):
    return opened(path, isolation="process", **options)


def bundles(instance, causality):
    chosen = [connector for connector in instance.connectors if connector.causality is causality]
    by_storage = {storage: [c for c in chosen if c.storage is storage] for storage in Storage}
    return [Bundle.of(connectors) for connectors in by_storage.values() if connectors]


def steps(instance, first: int, last: int) -> list[np.ndarray]:
    """Step from first/20 to last/20 s with inputs that change; every output after every step."""
    inputs = bundles(instance, Causality.INPUT)
    outputs = [(bundle, bundle.storage.zeros(bundle.size)) for bundle in bundles(instance, Causality.OUTPUT)]
    seen = []
    for index in range(first, last):
        for bundle in inputs:
            values = np.concatenate([INPUTS[connector.name] for connector in bundle.connectors])
            scaled = values * np.cos(index) if bundle.storage is Storage.FLOAT64 else values
            instance.set(bundle, scaled.astype(bundle.storage.dtype))
        instance.do_step(index / 20, 1 / 20)
        for bundle, values in outputs:
            instance.get(bundle, values)
            seen.append(values.copy())
    return seen


def initialized(instance):
    put(instance, k=0.75)
    start(instance)
    return instance


def same(one, other) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_values_are_those_of_the_fmu_in_this_process_to_the_bit(fmu):
    with closing(initialized(isolated(fmu))) as far, closing(initialized(opened(fmu))) as near:
        assert same(steps(far, 0, 40), steps(near, 0, 40))
        far.terminate()


def test_a_coupled_run_is_the_same_to_the_bit(built):
    def results(**options):
        component = {"source": str(built.fmi2), "parameters": {"k": 0.75}}
        description = {
            "name": "ring",
            "components": {"a": {**component, **options}, "b": {**component, "source": str(built.fmi3), **options}},
            "connections": ["a.mean -> b.u[1]", "b.total -> a.n"],
            "experiment": {"stop": 2.0},
            "step_size": 0.05,
        }
        with open_simulation(description) as simulation:
            return simulation.run()

    far, near = results(isolation="process"), results()
    assert far.names == near.names
    assert all(np.array_equal(far[name], near[name]) for name in near.names)


KIT = (
    ("Feedthrough", "3.0", "co_simulation"),
    ("StateSpace", "3.0", "co_simulation"),
    ("Stair", "1.0", "co_simulation"),
    ("BouncingBall", "2.0", "model_exchange"),
    ("VanDerPol", "3.0", "model_exchange"),
)


@pytest.mark.parametrize(("model", "version", "kind"), KIT, ids=[" ".join(each) for each in KIT])
def test_every_type_array_version_and_kind_gives_the_same(model, version, kind):
    def results(**options):
        component = {"source": str(kit_fmu(model, version, kind)), "kind": kind, **options}
        description = {"name": "kit", "components": {"kit": component}, "experiment": {"stop": 1.0}, "step_size": 0.1}
        with open_simulation({**description, "record": ["kit.*"]}) as simulation:
            return simulation.run()

    far, near = results(isolation="process"), results()
    assert far.names == near.names
    assert all(np.array_equal(far[name], near[name]) for name in near.names)


def test_clocks_tick_and_trigger_each_other_across_processes():
    def results(**options):
        kinds = {"clocks": "Clocks", "triggered": "Triggered"}
        description = {
            "name": "clocks",
            "components": {
                name: {"source": str(kit_fmu(model, "3.0", "co_simulation")), **options}
                for name, model in kinds.items()
            },
            "connections": ["clocks.third -> triggered.fire", "clocks.sample -> triggered.u"],
            "experiment": {"stop": 1.0},
            "step_size": 0.25,
            "record": ["clocks.*", "triggered.*"],
        }
        with open_simulation(description) as simulation:
            return simulation.run()

    far, near = results(isolation="process"), results()
    assert far["triggered.fired"][-1] > 0
    assert all(np.array_equal(far[name], near[name]) for name in near.names)


def test_an_early_return_and_its_events_come_from_the_process():
    def heights(**options):
        ball = kit_fmu("BouncingBall", "3.0", "co_simulation", event_mode=True, early_return=True)
        components = {"ball": {"source": str(ball), **options}}
        description = {"name": "ball", "components": components, "experiment": {"stop": 1.5}, "step_size": 0.1}
        with open_simulation({**description, "record": ["ball.*"]}) as simulation:
            results = simulation.run()
            return list(results.times), list(results["ball.h"]), list(results["ball.bounces"])

    far, near = heights(isolation="process"), heights()
    assert far == near
    assert far[2][-1] > 0


def test_ctrl_c_in_an_endless_step_ends_its_process(tmp_path):
    hanging = next(each for each in hostile.TABLE if each.what == "computes for ever")
    with closing(isolated(hostile.build(hanging, tmp_path))) as instance:
        start(instance)
        for index in range(3):
            instance.do_step(float(index), 1.0)
        previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            instance.do_step(3.0, 1.0)
        signal.signal(signal.SIGALRM, previous)
        assert not Path(f"/proc/{instance._process._child.pid}").exists()


def test_it_declares_what_it_declares_in_this_process(fmu):
    with closing(isolated(fmu)) as far, closing(opened(fmu)) as near:
        assert far.connectors == near.connectors
        assert far.capabilities == near.capabilities
        assert far.capabilities.state_write is StateWrite.RESTART
        assert far.feedthrough == near.feedthrough
        assert far.identity == {**near.identity, "isolation": "process"}


def test_a_state_is_kept_restored_and_taken_by_another_process(fmu):
    with closing(initialized(isolated(fmu))) as instance, closing(initialized(isolated(fmu))) as other:
        steps(instance, 0, 5)
        state = instance.save_state()
        data = instance.serialize_state(state)
        ahead = steps(instance, 5, 12)
        instance.restore_state(state)
        assert same(steps(instance, 5, 12), ahead)
        other.restore_state(other.deserialize_state(data))
        assert same(steps(other, 5, 12), ahead)
        with pytest.raises(CapabilityError, match="belongs to another instance"):
            other.restore_state(state)
        instance.free_state(state)
        with pytest.raises(CapabilityError, match="'toy': the state was freed, or belongs to another instance"):
            instance.restore_state(state)


def test_a_state_of_this_process_is_taken_by_the_other(fmu):
    with closing(initialized(isolated(fmu))) as far, closing(initialized(opened(fmu))) as near:
        steps(near, 0, 5)
        far.restore_state(far.deserialize_state(near.serialize_state(near.save_state())))
        assert same(steps(far, 5, 9), steps(near, 5, 9))


def test_it_restarts_from_states_by_value(fmu):
    values = {"s": np.array([0.25])}
    with closing(initialized(isolated(fmu))) as far, closing(initialized(opened(fmu))) as near:
        for instance in (far, near):
            steps(instance, 0, 5)
            instance.restart(3.0, values)
            put(instance, n=1)
            instance.do_step(3.0, 0.05)
        assert take(far, "mean") == take(near, "mean")


def test_what_cannot_be_set_is_refused_as_in_this_process(fmu):
    with closing(initialized(isolated(fmu))) as far, closing(initialized(opened(fmu))) as near:
        messages = []
        for instance in (far, near):
            with pytest.raises(CapabilityError) as caught:
                put(instance, k=1.0)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
        unknown = Connector("uu", Causality.INPUT, Storage.FLOAT64, 99)
        with pytest.raises(CapabilityError, match="'toy' has no variable 'uu'; "):
            far.set(Bundle.of([unknown]), np.zeros(1))


def test_between_steps_a_macro_step_is_one_exchange(fmu, monkeypatch):
    with closing(initialized(isolated(fmu))) as instance:
        steps(instance, 0, 2)
        asked = []
        ask = instance._process.ask
        monkeypatch.setattr(instance._process, "ask", lambda code, call: asked.append(code) or ask(code, call))
        steps(instance, 2, 5)
        monkeypatch.undo()
    assert asked == [box.ASK_STEP] * 3


def test_messages_of_the_fmu_come_from_its_process(tmp_path, version, caplog):
    binary = toys.library(version, tmp_path).read_bytes()
    entries = {
        "modelDescription.xml": toys.description(version),
        f"binaries/{toys.platform(version)}/bad.so": binary,
    }
    path = toys.archive(tmp_path / "bad.fmu", entries)
    with closing(isolated(path)) as instance:
        start(instance)
        put(instance, status=1)
        instance.do_step(0.0, 1.0)
        put(instance, status=3)
        with pytest.raises(
            StepError, match=r"'toy': .*DoStep .* returned Error at t = 1.0 s\n  it said: trouble"
        ) as caught:
            instance.do_step(1.0, 1.0)
    assert (caught.value.component, caught.value.time) == ("toy", 1.0)
    assert isinstance(caught.value, FailedStepError)
    said = [record for record in caplog.records if record.name == "cotwin.fmu.toy"]
    assert {record.levelno for record in said} >= {logging.WARNING, logging.ERROR}


def test_limits_without_a_process_are_refused(fmu):
    for option in ({"time_limit": 1.0}, {"memory_limit": 100.0}):
        with pytest.raises(DescriptionError, match=r"needs a process of its own\. Add isolation: process"):
            opened(fmu, **option)


def test_a_component_that_needs_more_memory_than_it_may_have_says_which_limit_to_raise(fmu):
    told = r"^'toy': needs more memory than its memory_limit of 0\.001 MiB allows, in loading .*\. Raise memory_limit"
    with pytest.raises(FmuImportError, match=told):
        opened(fmu, isolation="process", memory_limit=0.001)


@pytest.mark.parametrize("error", [MemoryError("no buffer"), ImportError("x.so: cannot map zero-fill pages")])
def test_want_of_memory_is_known_whatever_it_became(error):
    with pytest.raises(DescriptionError) as caught:
        raise DescriptionError("contradicts itself") from error
    assert wire.describe_error(caught.value)["no_memory"] is True
    assert "no_memory" not in wire.describe_error(DescriptionError("contradicts itself"))


def test_after_a_failure_every_call_is_refused_and_close_is_quiet(fmu):
    instance = initialized(isolated(fmu))
    os.kill(instance._process._child.pid, signal.SIGKILL)
    with pytest.raises(StepError, match="SIGKILL"):
        instance.do_step(0.0, 0.05)
    for call in (lambda: instance.do_step(0.0, 0.05), instance.save_state, lambda: take(instance, "mean")):
        with pytest.raises(CapabilityError, match=r"'toy' cannot .*: it is broken by a fatal error"):
            call()
    instance.free_state(object())
    instance.terminate()
    instance.close()
    instance.close()


def test_messages_longer_than_the_mailbox_come_in_parts(built):
    with closing(initialized(isolated(built.fmi3))) as instance:
        long = b"cotwin-1" + bytes(3 * box.TEXT_SIZE)
        with pytest.raises(CapabilityError, match="of another FMU"):
            instance.deserialize_state(long)
        values = {"x": np.zeros(200_000)}
        with pytest.raises(CapabilityError, match=r"has 3 elements, 200000 values were given"):
            instance.restart(0.0, values)
