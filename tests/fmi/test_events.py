"""FMI 3.0 Co-Simulation with Event Mode, early return and clocks, through the whole master."""

import shutil
from math import sqrt

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.events_opening import open_with_events
from orchestrator.instance import Bundle
from tests.fmi.event_fmus import event_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

G = 10.0


@pytest.fixture(scope="module")
def fmus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    return {model: event_fmu(model, folder) for model in ("ball", "clockwork", "sink")}


def run(components, connections=(), *, stop=1.0, step=0.1, **more):
    description = {
        "name": "events",
        "components": components,
        "connections": list(connections),
        "experiment": {"stop": stop},
        "step_size": step,
        **more,
    }
    return open_simulation(description)


def test_a_bouncing_ball_hits_the_ground_at_its_exact_times(fmus):
    with run({"ball": {"source": str(fmus["ball"])}}, stop=1.3) as simulation:
        results = simulation.run()
    times = np.array(results["time"])
    impacts = np.array(results["ball.impacts"])
    first, flight = sqrt(2.0 / G), 2.0 * sqrt(2.0 * G) / G  # fall from 1 m, then flights of e^n times 2 v / g
    exact = [first, first + flight * 0.5, first + flight * 0.75, first + flight * 0.875, first + flight * 0.9375]
    at = [times[index] for index in np.flatnonzero(np.diff(impacts)) + 1]
    assert at[:5] == pytest.approx(exact, abs=1e-12)


def test_events_that_come_ever_closer_are_an_error_that_says_so(fmus):
    # the flights of the ball add up to 3 times its first fall: more than that many impacts has no simulation
    with (
        pytest.raises(StepError, match=r"'ball'.*come ever closer"),
        run({"ball": {"source": str(fmus["ball"])}}, stop=1.5) as one,
    ):
        one.run()


def test_an_impact_has_one_row_before_and_one_after_it(fmus):
    with run({"ball": {"source": str(fmus["ball"])}}, stop=0.5) as simulation:
        results = simulation.run()
    times, v = np.array(results["time"]), np.array(results["ball.v"])
    rows = np.flatnonzero(np.isclose(times, sqrt(2.0 / G)))
    assert v[rows] == pytest.approx([-sqrt(2.0 * G), 0.5 * sqrt(2.0 * G)])
    grid = [t for t in times if not np.isclose(t, sqrt(2.0 / G))]
    assert grid == [index * 0.1 for index in range(6)]


def test_an_fmu_opened_without_its_events_does_not_return_early(fmus):
    fmu = open_fmu("ball", fmus["ball"])
    try:
        assert not fmu.capabilities.may_return_early
        fmu.enter_initialization(0.0, None, None)
        fmu.exit_initialization()
        assert fmu.do_step(0.0, 1.0).time == 1.0
    finally:
        fmu.close()


def test_a_tunable_parameter_written_between_steps_takes_effect_in_event_mode(fmus):
    with run({"ball": {"source": str(fmus["ball"])}}, stop=0.5) as simulation:
        simulation.step()
        simulation["ball.e"] = 1.0
        simulation.run()
        assert simulation["ball.e"] == 1.0
        # elastic: energy g h + v^2 / 2 is kept
        assert G * simulation["ball.h"] + 0.5 * simulation["ball.v"] ** 2 == pytest.approx(G)


def test_two_balls_share_the_communication_points_of_both(fmus):
    balls = {name: {"source": str(fmus["ball"])} for name in ("one", "two")}
    with run(balls, stop=0.6) as simulation:
        simulation.run()
        assert simulation["one.impacts"] == simulation["two.impacts"] == 1


def test_balls_from_different_heights_go_back_to_the_impacts_of_each_other(fmus):
    # the lower ball comes last: the others have stepped past its impact, and go back
    heights = {"high": 1.0, "middle": 0.9, "low": 0.5}
    balls = {name: {"source": str(fmus["ball"]), "parameters": {"h": h, "e": 1.0}} for name, h in heights.items()}
    with run(balls, stop=2.0, step=0.5, record=["*.h", "*.v", "*.impacts"]) as simulation:
        results = simulation.run()
    times = np.array(results["time"])
    for name, height in heights.items():
        impacts = np.array(results[f"{name}.impacts"])
        fall = sqrt(2.0 * height / G)
        exact = [fall * odd for odd in (1, 3, 5, 7) if fall * odd <= 2.0]
        assert times[np.flatnonzero(np.diff(impacts)) + 1] == pytest.approx(exact, abs=1e-12)
        energy = G * np.array(results[f"{name}.h"]) + 0.5 * np.array(results[f"{name}.v"]) ** 2
        assert energy == pytest.approx(G * height)


def test_a_restart_begins_in_step_mode_at_its_time(fmus):
    fmu = open_with_events("ball", fmus["ball"])
    try:
        fmu.enter_initialization(0.0, None, None)
        fmu.exit_initialization()
        assert not fmu.update().more_needed
        fmu.leave()
        fmu.restart(2.0, {"h": np.array([0.45]), "v": np.array([0.0])})
        result = fmu.do_step(2.0, 1.0)
        assert result.early_return
        assert result.event_needed
        assert result.time == pytest.approx(2.3)  # the fall from 0.45 m takes 0.3 s
    finally:
        fmu.close()


@pytest.fixture(scope="module")
def ticking(fmus):
    components = {"clockwork": {"source": str(fmus["clockwork"])}, "sink": {"source": str(fmus["sink"])}}
    links = ["clockwork.out -> sink.tick", "clockwork.value -> sink.sample"]
    with run(components, links, step=0.2, record=["clockwork.*", "sink.*"]) as simulation:
        return simulation.run()


def ticks(results, clock):
    return [float(t) for t, active in zip(results["time"], results[f"clockwork.{clock}"], strict=True) if active]


def test_periodic_clocks_tick_at_multiples_of_their_exact_interval(ticking):
    assert ticks(ticking, "tenth") == pytest.approx([index / 10 for index in range(11)], abs=1e-15)
    assert ticks(ticking, "third") == [1 / 3, 2 / 3, 1.0]


def test_a_calculated_interval_is_that_of_the_parameter(ticking, fmus):
    assert ticks(ticking, "calculated") == [0.0, 0.25, 0.5, 0.75, 1.0]
    part = {"source": str(fmus["clockwork"]), "parameters": {"period": 0.5}}
    with run({"clockwork": part}) as simulation:
        simulation.run()
        assert simulation["clockwork.n_calculated"] == 3


def test_a_changing_clock_ticks_after_each_interval_it_gives(ticking):
    # intervals 0.05, 0.1, 0.15, 0.2, 0.25 and so on
    assert ticks(ticking, "growing") == pytest.approx([0.05, 0.15, 0.3, 0.5, 0.75], abs=1e-15)


def test_a_countdown_clock_ticks_once_for_each_interval_it_gives(ticking):
    assert ticks(ticking, "down") == pytest.approx([1 / 3 + 0.05, 2 / 3 + 0.05], abs=1e-12)


def test_counts_in_the_fmu_are_the_ticks_in_the_record(ticking):
    for clock in ("tenth", "third", "calculated", "growing", "down"):
        assert ticking[f"clockwork.n_{clock}"][-1] == len(ticks(ticking, clock)), clock


def test_a_triggered_clock_carries_its_value_to_another_fmu_at_the_same_time(ticking):
    times, held = np.array(ticking["time"]), np.array(ticking["sink.held"])
    changes = np.flatnonzero(np.diff(held)) + 1
    assert times[changes].tolist() == [1 / 3, 2 / 3, 1.0]
    assert held[changes].tolist() == [10.0, 20.0, 30.0]
    assert ticking["sink.ticks"][-1] == 3


def test_an_announced_time_event_is_a_communication_point(ticking):
    assert 0.77 in np.array(ticking["time"])


def test_grid_points_stay_those_of_the_grid(ticking):
    assert {index * 0.2 for index in range(6)} <= set(np.array(ticking["time"]).tolist())


def test_a_clock_without_known_interval_is_refused_by_name(fmus):
    part = {"source": str(fmus["clockwork"]), "parameters": {"period": 0.0}}
    with (
        pytest.raises(Exception, match=r"'clockwork.calculated' is a calculated clock"),
        run({"clockwork": part}) as simulation,
    ):
        simulation.run()


def test_a_clock_that_goes_by_time_takes_no_connection(fmus):
    components = {name: {"source": str(fmus["clockwork"])} for name in ("one", "two")}
    with pytest.raises(CapabilityError, match=r"'two.tenth' ticks by time"):
        run(components, ["one.out -> two.tenth"])


def test_a_discrete_input_is_refused_in_step_mode(fmus):
    fmu = open_with_events("sink", fmus["sink"])
    try:
        fmu.enter_initialization(0.0, None, None)
        fmu.exit_initialization()
        fmu.event_mode.update()
        fmu.event_mode.leave()
        sample = next(each for each in fmu.connectors if each.name == "sample")
        with pytest.raises(CapabilityError, match="Event Mode only"):
            fmu.set(Bundle.of([sample]), np.array([1.0]))
    finally:
        fmu.close()
