"""The paced loop on a machine whose clock only moves when told to, beside the pacer in Python."""

import os
import signal
import time
from typing import Any

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import SimulationError
from orchestrator.instance import Status, StepResult
from orchestrator.master.compiled.hot import loop as hot_loop
from orchestrator.master.compiled.parallel import threads as parallel
from orchestrator.master.compiled.parallel.choice import Threads
from orchestrator.observer import Event
from orchestrator.realtime import paced_loop, scheduling
from orchestrator.realtime.pacer import OverrunPolicy, Pacer
from orchestrator.recording import recorder
from tests.coupled import Memory
from tests.doubles import Faults, FunctionInstance
from tests.master.compiled.by_address import Patient
from tests.master.compiled.test_parallel import seen_in
from tests.master.test_error_control_events import Stairs
from tests.realtime.machine import Machine, Ramp, pacer, simulation
from tests.textbook import lotka_volterra

LATE = {0.0: 0.25, 2.0: 2.5, 5.0: 1.25, 6.0: 1.5}
"""Two stretches of late steps: the one from 2 s is due at 3 and ends at 4.5, the one from 5 s ends at 6.25."""


class Paced:
    """A run of a ramp that was paced without Python, or by it where it is `interpreted`."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *arguments: Any,
        interpreted: bool = False,
        machine: Machine | None = None,
        memory: Memory | None = None,
        costs: dict[float, float] | None = None,
        cost: float = 0.25,
        faults: Faults | None = None,
        **more: float,
    ) -> None:
        self.machine = machine or Machine()
        self.machine.install(monkeypatch)
        self.pacer = pacer(*arguments)
        self.memory = memory or Patient()
        self.double = Ramp(self.machine, costs, cost)
        self.double.faults = faults or Faults()
        self.error: SimulationError | None = None
        self.began, self.reached = self.machine.now, 0.0
        with simulation(self.double, memory=self.memory, interpreted=interpreted, **more) as run:
            assert run.strides is not interpreted
            try:
                run.run(pacer=self.pacer)
            except SimulationError as error:
                self.error = error
            self.reached = run.time
        self.report = self.pacer.report

    @property
    def outcome(self) -> tuple[Any, ...]:
        """Everything that can be seen of it but by whom it was paced, and at how many points it told."""
        histograms = self.pacer.lateness.bins, self.pacer.overruns.bins
        error = None if self.error is None else (str(self.error), self.error.time)
        numbers = self.report._replace(scheduling="")
        return numbers, histograms, self.memory.events, error, self.machine.now, self.reached


@pytest.mark.parametrize("costs", [{}, LATE, dict.fromkeys(map(float, range(8)), 1.5)])
@pytest.mark.parametrize("speed", [1.0, 2.0, 0.5])
@pytest.mark.parametrize("policy", OverrunPolicy)
def test_runs_paced_without_python_and_by_it_agree(monkeypatch, policy, speed, costs):
    compiled, interpreted = (Paced(monkeypatch, speed, policy, interpreted=each, costs=costs) for each in (False, True))
    assert compiled.report.scheduling == "paced without Python, not privileged"
    assert interpreted.report.scheduling == "paced by Python"
    assert compiled.outcome == interpreted.outcome
    assert compiled.report.steps > 0


@pytest.mark.skipif(not parallel.available(), reason="threads cannot wait for each other here")
@pytest.mark.parametrize("faults", [Faults(), Faults(fail_at=6.0), Faults(nan_at=6.0)], ids=str)
def test_several_threads_step_between_the_deadlines_of_one(monkeypatch, faults):
    found = []
    for threads in (Threads(1), Threads(3, measured=False)):
        machine = Machine()
        machine.install(monkeypatch)
        doubles = [Ramp(machine, LATE if name == "b" else None, 0.25, name=name) for name in "abc"]
        doubles[1].faults = faults
        seen = seen_in(doubles[0]), seen_in(doubles[1]), seen_in(doubles[2])
        paced, memory, error = pacer(), Patient(), None
        with simulation(*doubles, memory=memory, interpreted=False, threads=threads) as run:
            try:
                run.run(pacer=paced)
            except SimulationError as told:
                error = str(told)
            values = {name: run.read(f"{name}.y") for name in "abc"}
        assert paced.report.scheduling == "paced without Python, not privileged"
        assert (len(set().union(*seen)) > 2) is not threads.measured  # one that runs it, one that is paced
        found.append((paced.report, memory.times, memory.events, values, error))
    assert found[0] == found[1]


def test_deadlines_lie_on_the_absolute_grid_however_late_sleeps_end(monkeypatch):
    run = Paced(monkeypatch, machine=Machine(oversleep=70_000), cost=0.0, step_size=1 / 128, stop=50.0)
    grid = [run.began + 7_812_500 * (k + 1) for k in range(6400)]
    assert run.machine.wakes == grid
    assert run.machine.now == grid[-1] + 70_000
    assert run.report.late_most == pytest.approx(70e-6)
    assert run.report.overruns == 0


def test_late_wake_ups_are_counted_alike(monkeypatch):
    compiled, interpreted = (
        Paced(monkeypatch, interpreted=each, machine=Machine(70_000), cost=0.001, step_size=1 / 128, stop=3.0)
        for each in (False, True)
    )
    assert compiled.outcome == interpreted.outcome
    assert compiled.report.late_p50 == compiled.report.late_most > 0.0


def test_long_waits_are_slept_in_pieces(monkeypatch):
    run = Paced(monkeypatch, cost=0.0, stop=1.0)
    assert np.diff([run.began, *run.machine.wakes]).tolist() == [10_000_000] * 100


def test_the_last_part_of_a_wait_is_spent_looking_at_the_clock(monkeypatch):
    machine = Machine()
    machine.look = 1_000
    machine.install(monkeypatch)
    paced = pacer(margin=50e-6)
    with simulation(
        Ramp(machine, cost=0.0), memory=Patient(), interpreted=False, step_size=1 / 128, stop=1 / 128
    ) as run:
        began = machine.now
        run.run(pacer=paced)
    assert max(machine.wakes) - began == pytest.approx(7_812_500 - 50_000, abs=3_000)
    assert 0.0 <= paced.report.late_most <= 3e-6


def test_late_steps_are_counted_and_skipped_deadlines_keep_the_phase(monkeypatch):
    run = Paced(monkeypatch, 1.0, "skip", costs={2.0: 2.5})
    # the step from 2 s ends at 4.5 instead of 3: the deadlines 3 and 4 are dropped, all later ones come 2 s later
    assert (run.report.overruns, run.report.skipped, run.report.behind) == (1, 2, 2.0)
    assert run.machine.now - run.began == 10_000_000_000
    assert run.memory.events == [
        Event(
            3.0,
            "",
            "overrun",
            "t = 3 s was reached 1500 ms after its deadline, at 1 times real time; 2 deadlines dropped, 2 s behind the "
            "clock",
        ),
        Event(4.0, "", "caught_up", "1 late macro steps in a row, the worst by 1500 ms"),
    ]
    assert "2 deadlines dropped" in str(run.report)


def test_steps_that_always_take_too_long_are_all_overruns(monkeypatch):
    run = Paced(monkeypatch, cost=1.5)
    assert run.report.overruns == run.report.steps == 8
    assert run.report.worst == 4.0
    assert run.report.factor == pytest.approx(1 / 1.5)
    assert run.report.load == 1.0
    assert sum(each.number for each in run.pacer.overruns.bins) == 8
    assert run.pacer.overruns.total == pytest.approx(0.5 * sum(range(1, 9)))


def test_the_real_time_factor_is_that_of_the_last_seconds(monkeypatch):
    slow = Paced(monkeypatch, 4.0, costs={float(t): 1.0 for t in range(16)}, cost=0.0, stop=80.0)
    assert slow.report.factor == pytest.approx(4.0)
    assert slow.report.overruns > 16


def test_marks_of_lateness_never_run_out(monkeypatch):
    costs = {2.0 * k: 1.125 for k in range(400)}
    run = Paced(monkeypatch, costs=costs, cost=0.0, stop=800.0, memory=Patient())
    assert len(run.memory.events) == 800
    assert [event.t for event in run.memory.events] == [float(k + 1) for k in range(800)]


def test_a_component_that_fails_ends_a_paced_run_with_what_was_late_before_it(monkeypatch):
    runs = [
        Paced(monkeypatch, interpreted=each, costs={2.0: 2.5}, faults=Faults(fail_at=6.0)) for each in (False, True)
    ]
    assert runs[0].outcome == runs[1].outcome
    assert [event.kind for event in runs[0].memory.events] == ["overrun", "caught_up", "error"]


def test_a_step_that_is_refused_and_made_in_parts_is_paced_as_well(monkeypatch):
    class Reluctant(Ramp):
        def do_step(self, t: float, h: float) -> StepResult:
            if t == 3.0 and h == 1.0:
                return StepResult(Status.DISCARD, 3.5)
            return super().do_step(t, h)

    machine, memory = Machine(), Patient()
    machine.install(monkeypatch)
    paced = pacer()
    with simulation(Reluctant(machine, cost=0.0), memory=memory, interpreted=False) as run:
        run.run(pacer=paced)
    assert 3.5 in memory.times
    assert paced.report.overruns == 0
    assert machine.now == 1008 * 1_000_000_000


def test_who_wants_every_communication_point_has_python_pace(monkeypatch):
    run = Paced(monkeypatch, memory=Memory())
    assert run.memory.times == [float(k) for k in range(9)]
    assert run.report.scheduling == "paced by Python"


def test_a_run_that_goes_on_later_is_paced_from_then_on(monkeypatch):
    machine = Machine()
    machine.install(monkeypatch)
    paced = pacer()
    with simulation(Ramp(machine), memory=Patient(), interpreted=False) as run:
        run.run(until=4.0, pacer=paced)
        machine.spend(3600.0)
        run.run(pacer=paced)
    assert paced.report.overruns == 0
    assert paced.report.steps == 8
    assert machine.now == 1_000_000_000 * (1000 + 8 + 3600)


def test_what_the_operating_system_refuses_is_said_in_report_and_record(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(scheduling, "lock_memory", lambda: "Cannot allocate memory")
    machine, memory = Machine(), Patient()
    machine.install(monkeypatch)
    paced = pacer(privileged=True)
    with simulation(Ramp(machine), memory=memory, interpreted=False) as run:
        run.run(pacer=paced)
    assert [(event.t, event.kind) for event in memory.events] == [(0.0, "scheduling")]
    assert "SCHED_FIFO was refused (Operation not permitted)" in memory.events[0].message
    assert "mlockall was refused (Cannot allocate memory)" in memory.events[0].message
    assert "without SCHED_FIFO (Operation not permitted), memory not locked" in paced.report.scheduling


def test_what_is_granted_is_taken_by_the_thread_alone_and_given_back(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: told.append("fifo"))
    monkeypatch.setattr(scheduling, "lock_memory", lambda: told.append("locked"))
    monkeypatch.setattr(scheduling, "unlock_memory", lambda: told.append("unlocked"))
    machine = Machine()
    machine.install(monkeypatch)
    paced = pacer(privileged=True)
    with simulation(Ramp(machine), memory=Patient(), interpreted=False, stop=1.0) as run:
        run.run(pacer=paced)
    assert told == ["locked", "fifo", "unlocked"]
    assert paced.report.scheduling == "paced without Python, SCHED_FIFO 80, memory locked"


def test_control_c_ends_a_wait_of_the_paced_loop_and_what_was_reached_is_recorded():
    def step(t: float, h: float, u: object, x: object) -> list[float]:
        os.kill(os.getpid(), signal.SIGINT)
        return [t + h]

    memory = Patient()
    double = FunctionInstance(lambda t, u, x: x, step=step, state=[0.0])
    began = time.monotonic()
    interrupted = pytest.raises(KeyboardInterrupt)
    with interrupted, simulation(double, memory=memory, interpreted=False, step_size=1000.0, stop=8000.0) as run:
        run.run(pacer=Pacer(privileged=False))
    assert time.monotonic() - began < 100.0
    assert memory.times == [0.0, 1000.0]
    assert memory.events[-1].kind == "interrupted"
    assert double.calls[-2:] == ["terminate", "close"]


def test_a_component_that_takes_the_time_of_two_steps_makes_all_but_none_late_on_a_real_clock():
    def burn(t: float, h: float, u: object, x: object) -> list[float]:
        end = time.perf_counter() + 0.004
        while time.perf_counter() < end:
            pass
        return [t + h]

    double = FunctionInstance(lambda t, u, x: x, step=burn, state=[0.0])
    paced = Pacer(privileged=False)
    with simulation(double, memory=Patient(), interpreted=False, step_size=0.002, stop=0.04) as run:
        run.run(pacer=paced)
    assert paced.report.steps == paced.report.overruns == 20
    assert paced.report.worst >= 20 * 0.002


def test_the_address_of_a_compiled_function_is_where_its_code_lies():
    assert paced_loop.address_of(hot_loop.advance) == paced_loop.address_of(hot_loop.advance) != 0


@pytest.mark.parametrize(("step_size", "seconds"), [(1 / 16, 1), (1 / 32, 10)])
def test_patient_observers_are_told_now_and_then_where_the_run_is(monkeypatch, step_size, seconds):
    run = Paced(monkeypatch, cost=0.0, step_size=step_size, stop=30.0)
    assert run.memory.times == [float(t) for t in range(0, 31, seconds)]


def test_components_that_only_python_can_step_are_paced_alike(monkeypatch):
    def run(*, interpreted: bool) -> tuple[Any, ...]:
        machine, memory = Machine(), Patient()
        machine.install(monkeypatch)
        paced = pacer(policy="skip")
        doubles = [Ramp(machine, {3.0: 1.5}, name="one"), Ramp(machine, {5.0: 2.5}, name="other")]
        with simulation(*doubles, memory=memory, interpreted=interpreted, python=["other"]) as run:
            run.run(pacer=paced)
        assert paced.report.scheduling.startswith("paced by Python" if interpreted else "paced without Python")
        return paced.report._replace(scheduling=""), memory.events, machine.now, [each.steps for each in doubles]

    assert run(interpreted=False) == run(interpreted=True)


def test_what_a_paced_run_records_is_what_any_other_records(monkeypatch):
    monkeypatch.setattr(recorder, "_CHUNK_VALUES", 100)
    monkeypatch.setattr(recorder, "_CHUNK_ROWS", (16, 16))
    with open_simulation(lotka_volterra(0.001, stop=0.1)) as simulation:
        paced = simulation.run(pacer=Pacer(speed=2.0, privileged=False))
    with open_simulation(lotka_volterra(0.001, stop=0.1)) as simulation:
        free = simulation.run()
    assert paced.times.size == 101
    assert np.array_equal(paced.times, free.times)
    for name in free.names:
        assert np.array_equal(paced[name], free[name]), name


@pytest.mark.parametrize("cost", [0.0, 0.0625, 0.375])
@pytest.mark.parametrize("announced", [True, False])
def test_events_on_and_off_the_grid_are_paced_alike(monkeypatch, announced, cost):
    def run(*, interpreted: bool) -> tuple[Any, ...]:
        machine, memory = Machine(), Patient()
        machine.install(monkeypatch)
        paced = pacer()
        doubles = [Ramp(machine, cost=cost), Stairs(announced=announced)]
        with simulation(
            *doubles, memory=memory, interpreted=interpreted, python=["stairs"], step_size=0.25, stop=3.0
        ) as run:
            run.run(pacer=paced)
        assert paced.report.scheduling.startswith("paced without Python") is (announced and not interpreted)
        return paced.report._replace(scheduling=""), memory.events, machine.now, [each.steps for each in doubles]

    assert run(interpreted=False) == run(interpreted=True)
