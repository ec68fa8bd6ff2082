"""Clocks in Model Exchange: ticks and the events of all components at exact times, whatever the macro step is.

The neuron: x' = u from 0, back to 0 at x = theta, where its output clock ticks; for u = 1 at multiples of theta = 0.27.
"""

import shutil

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.fmi.opening import open_component
from orchestrator.system.description import Component, Solver
from tests.fmi.clock_fmus import neuron_fmu, rates_fmu
from tests.fmi.event_fmus import event_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

FIRES = pytest.approx([0.27, 0.54, 0.81], abs=1e-8)


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neuron")
    return {"neuron": neuron_fmu(folder), "sink": event_fmu("sink", folder), "rates": rates_fmu(folder)}


def opened(components, connections=(), *, step=0.25, stop=1.0, **more):
    return open_simulation(
        {
            "name": "neurons",
            "components": components,
            "connections": list(connections),
            "experiment": {"stop": stop, "tolerance": 1e-10},
            "step_size": step,
            "record": ["*.*"],
            **more,
        }
    )


def neuron(fmus, isolation=None, **parameters):
    given = {name.replace("__", "."): value for name, value in parameters.items()}
    return {"source": str(fmus["neuron"]), "parameters": given, "isolation": isolation}


def ticks(results, clock):
    return [float(t) for t, active in zip(results["time"], results[clock], strict=True) if active]


@pytest.mark.parametrize(("step", "isolation"), [(0.04, None), (0.25, None), (1.0, None), (0.25, "process")])
def test_an_output_clock_ticks_at_the_state_event_and_a_countdown_after_it(fmus, step, isolation):
    with opened({"cell": neuron(fmus, isolation)}, step=step) as simulation:
        results = simulation.run()
        assert [simulation["cell.fires"], simulation["cell.late"]] == [3, 3]
        assert simulation["cell.x"] == pytest.approx(0.19, abs=1e-8)
    assert ticks(results, "cell.fire") == FIRES
    assert ticks(results, "cell.later") == pytest.approx([0.32, 0.59, 0.86], abs=1e-8)


def test_a_periodic_clock_samples_the_state_at_its_exact_times(fmus):
    with opened({"cell": neuron(fmus)}) as simulation:
        results = simulation.run()
    times = ticks(results, "cell.sample")
    assert times == pytest.approx([index / 10 for index in range(11)], abs=1e-15)
    after = np.flatnonzero(np.array(results["cell.sample"]))
    held = np.array(results["cell.held"])[after]
    assert held == pytest.approx(np.mod(times, 0.27), abs=1e-8)


def test_its_interval_is_set_before_and_during_the_run(fmus):
    with opened({"cell": neuron(fmus, sample__interval=0.3)}, step=0.25) as simulation:
        simulation.run(until=0.5)
        simulation["cell.sample.interval"] = 0.2
        results = simulation.run()
    assert ticks(results, "cell.sample") == pytest.approx([0.0, 0.3, 0.7, 0.9], abs=1e-15)


def test_a_clock_of_model_exchange_triggers_one_of_co_simulation_with_its_value(fmus):
    parts = {"cell": neuron(fmus), "sink": {"source": str(fmus["sink"])}}
    with opened(parts, ["cell.fire -> sink.tick", "cell.number -> sink.sample"]) as simulation:
        results = simulation.run()
    held, times = np.array(results["sink.held"]), np.array(results["time"])
    changes = np.flatnonzero(np.diff(held)) + 1
    assert times[changes].tolist() == FIRES
    assert held[changes].tolist() == [1.0, 2.0, 3.0]
    assert results["sink.ticks"][-1] == 3


def test_a_component_that_stepped_before_goes_back_to_the_tick(fmus):
    parts = {"plc": {"source": str(fmus["rates"])}, "cell": neuron(fmus)}
    with opened(parts, step=0.5) as simulation:
        results = simulation.run()
    assert ticks(results, "cell.fire") == FIRES
    assert ticks(results, "plc.fixed") == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0], abs=1e-15)
    assert results["plc.n_tunable"][-1] == 6


def test_a_state_event_without_a_tick_concerns_nobody_else(fmus):
    with opened({"cell": neuron(fmus, silent=1, wait=0.0)}, step=0.25) as simulation:
        results = simulation.run()
        assert simulation["cell.fires"] == 3
    tenths, quarters = {index / 10 for index in range(11)}, {index / 4 for index in range(5)}
    assert np.unique(results["time"]) == pytest.approx(sorted(tenths | quarters), abs=1e-15)


def test_a_tunable_parameter_takes_effect_at_an_event_in_which_the_clock_ticks(fmus):
    with opened({"cell": neuron(fmus)}, step=0.25) as simulation:
        simulation.run(until=0.25)
        simulation["cell.theta"] = 0.2  # x = 0.25 is beyond it at once
        results = simulation.run()
    assert ticks(results, "cell.fire") == pytest.approx([0.25, 0.45, 0.65, 0.85], abs=1e-8)


def test_an_input_that_jumps_is_followed_from_its_time_on(fmus):
    with opened({"cell": neuron(fmus)}, step=0.1) as simulation:
        simulation.run(until=0.2)
        simulation["cell.u"] = 0.5  # 0.07 are left to the threshold
        simulation.run(until=0.4)
        results = simulation.run()
    assert ticks(results, "cell.fire") == pytest.approx([0.34, 0.88], abs=1e-8)


@pytest.mark.parametrize(("silent", "end"), [(0, 0.54), (1, 0.5)])
def test_a_wish_to_end_the_run_is_heard_at_a_tick_and_inside_a_step(fmus, silent, end):
    with opened({"cell": neuron(fmus, silent=silent, limit=2)}, step=0.25) as simulation:
        simulation.run()
        # inside a step it ends the run at the communication point before
        assert simulation.time == pytest.approx(end, abs=1e-8)
        assert [event.kind for event in simulation.events] == ["terminate_requested"]


def settle(fmu):
    for _ in range(100):
        fmu.active()
        if not fmu.update().more_needed:
            fmu.leave()
            return


def drive(fmu, t, stop):
    """A master of one component without inputs; the times of its events."""
    events = []
    while t < stop:
        end = min(stop, stop if fmu.next_time is None else fmu.next_time)
        result = fmu.do_step(t, end - t)
        t = result.time
        if result.event_needed or (fmu.next_time is not None and fmu.next_time <= t):
            events.append(t)
            fmu.enter(t)
            settle(fmu)
    return events


def test_a_state_goes_as_bytes_into_a_new_instance_with_the_ticks_to_come(fmus):
    component = Component(source=fmus["neuron"], solver=Solver(method="rk4", step=0.001))
    first, second = open_component("first", component), open_component("second", component)
    try:
        first.enter_initialization(0.0, None, None)
        first.exit_initialization()
        settle(first)
        drive(first, 0.0, 0.3)  # the countdown to 0.32 runs
        data = first.serialize_state(first.save_state())
        expected = drive(first, 0.3, 1.0)
        second.restore_state(second.deserialize_state(data))
        assert drive(second, 0.3, 1.0) == expected
        assert expected[0] == pytest.approx(0.32, abs=1e-8)
    finally:
        first.close()
        second.close()


def test_a_restart_at_another_time_counts_the_ticks_from_there(fmus):
    fmu = open_component("cell", Component(source=fmus["neuron"], solver=Solver(tolerance=1e-10)))
    try:
        fmu.enter_initialization(0.0, None, None)
        fmu.exit_initialization()
        settle(fmu)
        drive(fmu, 0.0, 0.2)
        fmu.restart(3.0, {"x": np.array([0.2])})
        assert fmu.next_time == 3.1
        assert drive(fmu, 3.0, 3.15) == pytest.approx([3.07, 3.1, 3.12], abs=1e-8)
    finally:
        fmu.close()
