"""Simulation: the course of a run, by hand and whole, and what is left when it fails."""

import signal
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, SimulationError, StepError, VariableError
from orchestrator.instance import Capabilities
from orchestrator.observer import Event
from orchestrator.simulation import Simulation
from orchestrator.system.quantities.units import Unit
from tests.coupled import Memory, describe, setup, simulation
from tests.doubles import Faults, FunctionInstance, a_parameter, an_input, an_output


def _clock(**more: Any) -> FunctionInstance:
    return FunctionInstance(lambda t, u: [t], name="clock", inputs=(), **more)


def _gain() -> FunctionInstance:
    """y = k u with a tunable k and a fixed offset."""
    gain = FunctionInstance(
        lambda t, u: gain.values["k"] * u + gain.values["offset"],
        name="gain",
        inputs=[an_input(start=2.0)],
        others=[a_parameter("k", 3.0, tunable=True), a_parameter("offset", 0.0)],
    )
    return gain


@pytest.mark.parametrize(("stop", "step_size", "count"), [(1.0, 0.1, 10), (10.0, 0.001, 10_000), (1.0, 0.3, 4)])
def test_a_run_makes_exactly_as_many_steps_as_the_interval_holds(stop: float, step_size: float, count: int) -> None:
    clock, memory = _clock(), Memory()
    with simulation([clock], stop=stop, step_size=step_size, observers=[memory]) as run:
        run.run()
        assert run.time == stop
        assert run.ended
    assert len(clock.steps) == count
    assert len(memory.rows) == count + 1
    assert memory.times[:-1] == [k * step_size for k in range(count)]
    assert memory.times[-1] == stop
    assert memory.ends == [None]


def test_every_call_of_a_run_is_in_the_order_of_the_standard() -> None:
    clock = _clock()
    with simulation([clock], step_size=0.5) as run:
        run.run()
    assert clock.calls == [
        "enter_initialization", "get", "exit_initialization", "get",
        "do_step", "get", "do_step", "get", "terminate", "close",
    ]  # fmt: skip


def test_stepping_by_hand_gives_the_same_values_as_a_run() -> None:
    def lag() -> FunctionInstance:
        return FunctionInstance(lambda t, u, x: x, name="lag", step=lambda t, h, u, x: x + h * (u - x), state=[1.0])

    by_hand, whole = Memory(), Memory()
    with simulation([lag()], observers=[by_hand]) as run:
        while not run.ended:
            run.step()
    with simulation([lag()], observers=[whole]) as run:
        run.run()
    assert by_hand.times == whole.times
    np.testing.assert_array_equal(by_hand.of("lag", "y"), whole.of("lag", "y"))
    assert by_hand.ends == whole.ends == [None]


def test_a_run_can_be_made_in_parts() -> None:
    clock, memory = _clock(), Memory()
    with simulation([clock], observers=[memory]) as run:
        run.run(until=0.35)
        assert run.time == pytest.approx(0.4)
        assert memory.ends == []
        run.run()
        assert run.time == 1.0
    assert len(clock.steps) == 10


def test_stepping_beyond_the_stop_is_refused() -> None:
    with simulation([_clock()], step_size=1.0) as run:
        with pytest.raises(SimulationError, match=r"until = 2 s lies after the stop of the experiment, 1 s"):
            run.run(until=2.0)
        assert run.step() == 1.0
        with pytest.raises(SimulationError, match="the run is over at t = 1 s"):
            run.step()


def test_a_component_with_steps_of_one_size_refuses_a_clipped_last_step() -> None:
    clock = _clock(capabilities=Capabilities(variable_step=False))
    with pytest.raises(CapabilityError, match="'clock' takes steps of one size only"):
        simulation([clock], step_size=0.3)
    clock.close()


def test_celsius_arrives_as_kelvin() -> None:
    celsius, kelvin = Unit("degC", (0, 0, 0, 0, 1, 0, 0, 0), 1.0, 273.15), Unit("K", (0, 0, 0, 0, 1, 0, 0, 0))
    sensor = FunctionInstance(lambda t, u: [37.0], name="sensor", inputs=(), outputs=[an_output(unit=celsius)])
    twin = FunctionInstance(lambda t, u: u, name="twin", inputs=[an_input(unit=kelvin)])
    with simulation([sensor, twin], ["sensor.y -> twin.u"]) as run:
        run.run()
        assert run["twin.y"] == 310.15


def test_values_written_between_steps_act_from_the_next_step_on() -> None:
    memory = Memory()
    with simulation([_gain()], observers=[memory]) as run:
        run.step()
        run["gain.u"] = 5.0
        run["gain.k"] = 10.0
        assert run["gain.u"] == 5.0
        assert run["gain.k"] == 10.0
        assert run["gain.y"] == 6.0
        run.step()
        assert run["gain.y"] == 50.0
    np.testing.assert_array_equal(memory.of("gain", "y")[:, 0], [6.0, 6.0, 50.0])


def test_values_written_before_initialization_are_start_values() -> None:
    with simulation([_gain()]) as run:
        run.write("gain.offset", 1.0)
        run.write("gain.u", 4.0)
        run.initialize()
        assert run["gain.y"] == 13.0


def test_elements_of_arrays_are_read_and_written_by_name() -> None:
    zones = FunctionInstance(
        lambda t, u: 2.0 * u, name="zones", inputs=[an_input(size=3)], outputs=[an_output("S", size=3)]
    )
    with simulation([zones]) as run:
        run["zones.u"] = [1.0, 2.0, 3.0]
        run.step()
        run["zones.u[2]"] = 20.0
        run.step()
        assert run["zones.S[2]"] == 40.0
        np.testing.assert_array_equal(run["zones.S"], [2.0, 40.0, 6.0])


REFUSED = {
    "gain.u": (1.0, r"gain\.u: this input is connected to 'clock\.y'; remove the value or the connection"),
    "gain.offset": (1.0, r"'gain\.offset' is parameter and fixed: it cannot change during a run. Set it in the desc"),
    "gain.y": (1.0, r"gain\.y: it is calculated by the component"),
    "gain.z": (1.0, r"'gain' has no variable 'z'"),
    "gian.k": (1.0, r"there is no component 'gian'; did you mean 'gain'"),
    "gain": (1.0, r"write 'component\.variable'"),
    "gain.k": ("high", r"'high' is not a number"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused_with_the_remedy(name: str) -> None:
    value, message = REFUSED[name]
    with simulation([_clock(), _gain()], ["clock.y -> gain.u"]) as run:
        run.step()
        with pytest.raises(VariableError, match=message):
            run.write(name, value)


def test_variables_are_read_from_initialization_on_and_locals_until_the_instances_are_gone() -> None:
    with simulation([_clock(), _gain()]) as run:
        with pytest.raises(VariableError, match="no value before the initialization"):
            run.read("clock.y")
        run.run()
        assert run["clock.y"] == pytest.approx(1.0)
        assert run["gain.k"] == 3.0
        with pytest.raises(VariableError, match="the run is over"):
            run.write("gain.k", 1.0)
    assert run["clock.y"] == pytest.approx(1.0)
    with pytest.raises(VariableError, match=r"'gain\.k' can no longer be read.*record"):
        run.read("gain.k")


def test_a_component_can_end_the_run_at_the_end_of_its_step() -> None:
    memory = Memory()
    clock, ender = _clock(), FunctionInstance(lambda t, u: u, name="ender", faults=Faults(terminate_at=0.5))
    with simulation([clock, ender], observers=[memory]) as run:
        run.run()
        assert run.time == pytest.approx(0.6)
        assert run.events == (Event(run.time, "ender", "terminate_requested", "'ender' ended the run"),)
    assert memory.ends == [None]
    assert len(memory.rows) == 7


def test_a_component_can_end_the_run_within_its_step() -> None:
    memory = Memory()
    clock, ender = _clock(), FunctionInstance(lambda t, u: u, name="ender", faults=Faults(terminate_early_at=0.5))
    with simulation([clock, ender], observers=[memory]) as run:
        run.run()
        assert run.time == 0.5
        assert run["clock.y"] == pytest.approx(0.5)
    assert memory.ends == [None]
    assert len(memory.rows) == 6
    assert "terminate" in ender.calls


def test_an_error_outside_of_the_steps_ends_the_run_and_closes_all() -> None:
    memory, clock = Memory(), _clock()
    with pytest.raises(ZeroDivisionError), simulation([clock], observers=[memory]) as run:
        1 / (run.step() - run.time)
    assert [type(end) for end in memory.ends] == [ZeroDivisionError]
    assert clock.calls[-2:] == ["terminate", "close"]


def test_an_observer_that_fails_ends_the_run_and_the_others_are_told() -> None:
    class Full(Memory):
        def communication_point(self, t: float, signals: Any) -> None:
            if t > 0.25:
                raise OSError("disk full")
            super().communication_point(t, signals)

    memory, clock = Memory(), _clock()
    with pytest.raises(OSError, match="disk full"), simulation([clock], observers=[Full(), memory]) as run:
        run.run()
    assert [str(end) for end in memory.ends] == ["disk full"]
    assert clock.closed


def test_a_failure_to_terminate_is_reported_with_the_results_complete() -> None:
    memory = Memory()
    clock, faulty = _clock(), FunctionInstance(lambda t, u: u, name="faulty", faults=Faults(fail_in={"terminate"}))
    refused = pytest.raises(SimulationError, match="'faulty' failed to terminate")
    with refused, simulation([faulty, clock], observers=[memory]) as run:
        run.run()
    assert memory.times[-1] == 1.0
    assert "terminate" in clock.calls
    assert clock.closed
    assert faulty.closed


@pytest.mark.parametrize(
    ("number", "raised", "handler"),
    [
        (signal.SIGINT, KeyboardInterrupt, signal.default_int_handler),
        (signal.SIGTERM, SystemExit, signal.SIG_DFL),
    ],
)
def test_control_c_and_sigterm_end_the_run_at_the_next_communication_point(
    number: int, raised: type[BaseException], handler: object
) -> None:
    def interrupt(t: float, h: float, u: np.ndarray, x: np.ndarray) -> np.ndarray:
        if t > 0.25:
            signal.raise_signal(number)
        return x + h

    memory = Memory()
    pressed = FunctionInstance(lambda t, u, x: x, name="pressed", step=interrupt, state=[0.0])
    with pytest.raises(raised), simulation([pressed], observers=[memory]) as run:
        run.run()
    assert memory.times == [0.0, 0.1, 0.2, pytest.approx(0.3), 0.4]
    assert memory.events[-1].kind == "interrupted"
    assert [str(end) for end in memory.ends] == ["interrupted at t = 0.4 s"]
    assert pressed.calls[-2:] == ["terminate", "close"]
    assert signal.getsignal(number) is handler


def test_what_goes_wrong_after_a_failure_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults(discard_at=0.5)
    silent = FunctionInstance(lambda t, u: [t], name="silent", inputs=(), faults=Faults(fail_in={"terminate"}))
    with pytest.raises(StepError, match="'clock' refused"), simulation([_clock(faults=faults), silent]) as run:
        run.run()
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "while ending the run: SimulationError: 'silent' failed to terminate" in line.getMessage()
    assert line.exc_info is None


def test_an_interrupt_within_a_step_keeps_the_last_values_and_only_closes() -> None:
    memory = Memory()
    clock = _clock(faults=Faults(fail_at=0.5, error=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt), simulation([clock], observers=[memory]) as run:
        run.run()
    assert memory.times[-1] == 0.5
    assert memory.events[-1].kind == "interrupted"
    assert clock.calls[-1] == "close"
    assert "terminate" not in clock.calls


def test_results_are_what_the_given_callable_returns() -> None:
    with Simulation(setup([_clock()], describe(["clock"])), (), lambda: "results") as run:
        assert run.run() == "results"


def test_an_error_is_the_last_event() -> None:
    with simulation([_clock(faults=Faults(discard_at=0.5))]) as run:
        with pytest.raises(StepError):
            run.run()
        assert run.events[-1].kind == "error"
        assert run.events[-1].component == "clock"
        assert run.events[-1].t == 0.5
