"""Components in processes of their own, stepped by address: the bits, errors and messages of interpreted steps."""

import logging
import os
import shutil
import signal
import threading
from contextlib import contextmanager
from ctypes import CFUNCTYPE, c_double, c_int, c_int64

import numpy as np
import pytest

from cotwin import open_simulation
from orchestrator.errors import StepError
from orchestrator.fmi.isolation import waiting
from orchestrator.interruption import Interruption, opened
from orchestrator.master.compiled.hot.states import keep
from orchestrator.master.compiled.layout.states import SLOT, state_row
from orchestrator.system.solving import StepControl
from tests.fmi import isolation_hostile as hostile
from tests.fmi import toys
from tests.kit.build import kit_fmu
from tests.textbook import control_loop, lotka_volterra

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the FMUs need a C compiler")


def ring(built, algorithm="gauss_seidel", **options):
    """Two components that feed each other values of several types."""
    component = {"source": str(built.fmi2), "parameters": {"k": 0.75}}
    return {
        "name": "ring",
        "components": {"a": {**component, **options}, "b": {**component, "source": str(built.fmi3), **options}},
        "connections": ["a.mean -> b.u[1]", "b.total -> a.n", "b.mean -> a.u[2]"],
        "experiment": {"stop": 2.0},
        "step_size": 0.05,
        "algorithm": algorithm,
        "record": ["*"],
    }


def results(description, *, by_address, **more):
    with open_simulation(description, **more) as simulation:
        assert set(simulation.by_address) == set(by_address)
        return simulation.run()


def same(one, other) -> bool:
    return one.names == other.names and all(np.array_equal(one[name], other[name]) for name in one.names)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_it_gives_the_bits_of_interpreted_steps_and_of_the_fmus_in_this_process(built, algorithm):
    description = ring(built, algorithm, isolation="process")
    far = results(description, by_address=("a", "b"))
    assert same(far, results(description, by_address=(), interpreted=True))
    assert same(far, results(ring(built, algorithm), by_address=("a", "b")))


@pytest.mark.parametrize("step_size", [0.025, 0.1])
def test_rates_of_its_own_are_kept_by_address(built, step_size):
    description = ring(built, isolation="process")
    description["components"]["b"]["step_size"] = step_size
    far = results(description, by_address=("a", "b"))
    assert same(far, results(description, by_address=(), interpreted=True))


@pytest.mark.parametrize(
    ("model", "version", "kind"),
    [
        ("StateSpace", "3.0", "co_simulation"),
        ("Stair", "1.0", "co_simulation"),
        ("VanDerPol", "3.0", "model_exchange"),
    ],
)
def test_every_version_and_kind_gives_the_bits_of_interpreted_steps(model, version, kind):
    component = {"source": str(kit_fmu(model, version, kind)), "kind": kind, "isolation": "process"}
    description = {"name": "kit", "components": {"kit": component}, "experiment": {"stop": 1.0}, "step_size": 0.1}
    description["record"] = ["kit.*"]
    far = results(description, by_address=("kit",))
    assert same(far, results(description, by_address=(), interpreted=True))


def test_a_macro_step_is_one_exchange(built):
    with open_simulation(ring(built, isolation="process")) as simulation:
        simulation.run(until=1.0)
        processes = [simulation.instances[name]._process for name in ("a", "b")]
        asked = [int(process.handle[waiting.ASKED // 8]) for process in processes]
        simulation.run(until=1.5)
        now = [int(process.handle[waiting.ASKED // 8]) for process in processes]
    kept = 1  # the state where the ten steps begin
    assert [after - before - kept for before, after in zip(asked, now, strict=True)] == [10, 10]


ENDS = ("crashes in a step", "computes for ever", "speaks and crashes", "returns Fatal", "discards every step",
        "answers NaN", "crashes when it is set", "crashes when it is read", "writes beyond its arrays")  # fmt: skip


@pytest.mark.parametrize("what", ENDS)
def test_it_ends_by_the_error_of_interpreted_steps(built, tmp_path, what):
    misbehaviour = next(each for each in hostile.TABLE if each.what == what)
    limits = {"isolation": "process", "time_limit": 0.6 if "time_limit" in misbehaviour.says else 20.0}
    description = {
        "name": "besieged",
        "components": {
            "sibling": {"source": str(built.fmi3)},
            "hostile": {"source": str(hostile.build(misbehaviour, tmp_path)), **limits},
        },
        "experiment": {"stop": 6.0},
        "step_size": 1.0,
    }

    def ends(**more):
        with open_simulation(description, **more) as simulation:
            with pytest.raises(misbehaviour.error, match=misbehaviour.says) as caught:
                simulation.run()
            statistics = simulation.coupling.statistics
            counted = {name: each.steps for name, each in statistics.components.items()}
            return str(caught.value), caught.value.time, simulation.time, counted

    assert ends() == ends(interpreted=True)


def test_messages_of_the_fmu_come_when_it_logs_them(tmp_path, version, caplog):
    binary = toys.library(version, tmp_path).read_bytes()
    entries = {
        "modelDescription.xml": toys.description(version),
        f"binaries/{toys.platform(version)}/bad.so": binary,
    }
    path = toys.archive(tmp_path / "bad.fmu", entries)
    description = {
        "name": "bad",
        "components": {"toy": {"source": str(path), "isolation": "process"}},
        "experiment": {"stop": 3.0},
        "step_size": 1.0,
    }

    def said(status, **more):
        caplog.clear()
        with open_simulation(description, **more) as simulation:
            simulation.initialize()
            simulation["toy.status"] = status
            simulation.run()
        return [(each.levelno, each.getMessage()) for each in caplog.records if each.name == "cotwin.fmu.toy"]

    quiet, loud = said(0), said(1)
    assert quiet == said(0, interpreted=True)
    assert loud == said(1, interpreted=True)
    assert sum(level == logging.WARNING for level, _ in loud) >= 3


def noticed() -> bool:
    """Whether Ctrl-C was pressed once."""
    interruption = opened()
    return interruption is not None and interruption.requested


@contextmanager
def pressing(*moments):
    """Press Ctrl-C at each of these moments, one after the other, or do what a moment is paired with."""
    over = threading.Event()

    def press() -> None:
        for ready, act in moments:
            while not ready():
                if over.wait(0.01):
                    return
            act()

    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        signal.signal(signal.SIGINT, previous)


def ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def asked(process, more):
    """Whether a process has been asked so many times more than by now."""
    before = int(process.handle[waiting.ASKED // 8])
    return lambda: int(process.handle[waiting.ASKED // 8]) >= before + more


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_a_run_in_an_endless_step(tmp_path, presses, interpreted):
    hanging = next(each for each in hostile.TABLE if each.what == "computes for ever")
    endless = {"source": str(hostile.build(hanging, tmp_path)), "isolation": "process", "time_limit": 3600}
    description = {"name": "endless", "components": {"it": endless}, "experiment": {"stop": 6.0}, "step_size": 1.0}
    with open_simulation(description, interpreted=interpreted) as simulation:
        process = simulation.instances["it"]._process
        moments = ((asked(process, 4), ctrl_c), (noticed, ctrl_c))[:presses]
        with pressing(*moments), pytest.raises(KeyboardInterrupt):
            simulation.run()
        assert not process.alive


def test_a_step_that_ends_soon_after_ctrl_c_ends_the_run_at_its_communication_point(built):
    description = ring(built, isolation="process", time_limit=3600)
    description["experiment"]["stop"] = 1e6
    with open_simulation(description) as simulation:
        simulation.run(until=0.5)
        process = simulation.instances["a"]._process
        os.kill(process._child.pid, signal.SIGSTOP)
        go_on = (noticed, lambda: os.kill(process._child.pid, signal.SIGCONT))
        with pressing((asked(process, 1), ctrl_c), go_on), pytest.raises(KeyboardInterrupt):
            simulation.run()
        assert process.alive
        assert 0.5 < simulation.time < 1e6
        end, means = simulation.time, [simulation.read(f"{name}.mean") for name in "ab"]
    with open_simulation(description) as simulation:
        simulation.run(until=end)
        assert [simulation.read(f"{name}.mean") for name in "ab"] == means


@pytest.mark.parametrize("stopped_before", ["a step", "a state"])
def test_ctrl_c_ends_a_run_that_waits_for_a_state(built, stopped_before):
    """In compiled functions, to which no signal comes."""
    step_type = CFUNCTYPE(c_int, c_int64, c_double, c_double, c_int, *[c_int64] * 4)
    with open_simulation(ring(built, isolation="process", time_limit=3600)) as simulation:
        simulation.run(until=0.5)
        process, found = simulation.instances["a"]._process, simulation.instances["a"].native
        rows = np.array([state_row(found.handle, found.states)])
        found.begin()
        os.kill(process._child.pid, signal.SIGSTOP)
        with pressing((asked(process, 1), ctrl_c)), Interruption():
            if stopped_before == "a step":
                assert step_type(found.do_step)(found.handle, 0.5, 0.05, *[0] * 5) != 0
            status = keep(int(rows.ctypes.data), int(rows.ctypes.data) + rows.nbytes)
            with pytest.raises(KeyboardInterrupt):
                found.states.failed(status, setting=False)
        assert not process.alive


def test_what_a_handler_of_signals_raises_while_compiled_functions_wait_is_raised_behind_them(built):
    class AlarmError(Exception):
        pass

    def handler(*_):
        raise AlarmError

    with open_simulation(ring(built, isolation="process", time_limit=3600)) as simulation:
        simulation.run(until=0.5)
        process, found = simulation.instances["a"]._process, simulation.instances["a"].native
        rows = np.array([state_row(found.handle, found.states)])
        found.begin()
        os.kill(process._child.pid, signal.SIGSTOP)
        with pressing((asked(process, 1), ctrl_c)):
            signal.signal(signal.SIGINT, handler)
            status = keep(int(rows.ctypes.data), int(rows.ctypes.data) + rows.nbytes)
            with pytest.raises(AlarmError):
                found.states.failed(status, setting=False)


def apart(description):
    """The system with each component in a process of its own."""
    components = {
        name: each.model_copy(update={"isolation": "process"}) for name, each in description.components.items()
    }
    return description.model_copy(update={"components": components})


def counted(description, **more):
    with open_simulation(description, **more) as simulation:
        by_address, found = simulation.by_address, simulation.run()
        statistics = simulation.coupling.statistics
        counts = {name: (each.steps, each.saves, each.restores) for name, each in statistics.components.items()}
        return found, (statistics.macro_steps, dict(statistics.rejected), counts), set(by_address)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_steps_under_error_control_are_taken_back_by_address(algorithm):
    control = StepControl(method="error", tolerance=1e-3)
    system = lotka_volterra(0.1, stop=4.0).model_copy(update={"algorithm": algorithm, "step_control": control})
    near, steps, there = counted(system)
    far, its_steps, by_address = counted(apart(system))
    readable, expected, _ = counted(apart(system), interpreted=True)
    assert by_address == there == {"prey", "predator"}
    assert far.times.tolist() == near.times.tolist() == readable.times.tolist()
    assert same(far, near)
    assert same(far, readable)
    assert its_steps == expected == steps


def test_what_jumps_under_error_control_is_gone_on_with_in_python():
    """The trial in which it is found was made by address, with states that the processes keep."""
    system = control_loop(1.3).model_copy(update={"step_control": StepControl(method="error", tolerance=2e-6)})
    near, steps, _ = counted(system)
    far, its_steps, by_address = counted(apart(system))
    assert by_address == {"command", "plant", "relay"}
    assert same(far, near)
    assert its_steps == steps
    assert steps[1]["jump"] > 0


@pytest.mark.parametrize("control", [StepControl(), StepControl(method="error", tolerance=1e-3)])
def test_a_process_that_is_gone_is_the_error_of_interpreted_steps(control):
    system = lotka_volterra(0.1, stop=4.0).model_copy(update={"step_control": control})

    def ends(**more):
        with open_simulation(apart(system), **more) as simulation:
            simulation.run(until=1.0)
            child = simulation.instances["prey"]._process._child
            os.kill(child.pid, signal.SIGKILL)
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
            with pytest.raises(StepError, match=r"'prey': its process was ended by SIGKILL") as caught:
                simulation.run()
            return str(caught.value), caught.value.time, simulation.time

    assert ends() == ends(interpreted=True)


def test_a_state_kept_by_address_is_one_that_python_knows(built):
    with open_simulation(ring(built, isolation="process")) as simulation:
        simulation.run(until=0.5)
        instance = simulation.instances["a"]
        states = instance.native.states
        rows = np.array([state_row(instance.native.handle, states)])
        whole = int(rows.ctypes.data), int(rows.ctypes.data) + rows.nbytes
        instance.native.begin()
        for _ in range(2):  # the memory of the state is used again
            assert keep(*whole) == 0
        before = instance.serialize_state(instance.save_state())
        instance.do_step(0.5, 0.05)
        state = states.adopt(int(rows[0, SLOT // 8]), 0.5)
        assert instance.serialize_state(instance.save_state()) != before
        instance.restore_state(state)
        assert instance.serialize_state(instance.save_state()) == before
        instance.free_state(state)


def stopped_in_a_step(built):
    """Keep a state behind a step that the process does not answer; raises what comes of it."""
    step_type = CFUNCTYPE(c_int, c_int64, c_double, c_double, c_int, *[c_int64] * 4)
    with open_simulation(ring(built, isolation="process", time_limit=0.6)) as simulation:
        simulation.run(until=0.5)
        found = simulation.instances["a"].native
        rows = np.array([state_row(found.handle, found.states)])
        found.begin()
        os.kill(simulation.instances["a"]._process._child.pid, signal.SIGSTOP)
        assert step_type(found.do_step)(found.handle, 0.5, 0.05, *[0] * 5) != 0
        status = keep(int(rows.ctypes.data), int(rows.ctypes.data) + rows.nbytes)
        found.states.failed(status, setting=False)


def test_an_unanswered_step_is_waited_for_once_and_named_where_a_state_comes_behind_it(built):
    with pytest.raises(StepError, match=r"'a': .* within 0.6 s .* in DoStep with step size 0.05 s at t = 0.5 s"):
        stopped_in_a_step(built)
