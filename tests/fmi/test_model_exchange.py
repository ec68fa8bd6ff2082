"""Model Exchange against mathematics: exact solutions, exact event times, and the order of the calls."""

import gc
from contextlib import closing
from math import log, pi, sqrt
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, DescriptionError, FmuImportError, InitializationError, StepError
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Bundle
from orchestrator.system.description import Solver
from tests.fmi.exchange_runs import put, run, take
from tests.fmi.exchange_toys import exchange_fmu
from tests.fmi.test_foreign_fmus import exact, foreign

NEWER = pytest.mark.parametrize("version", ["fmi2", "fmi3"])
"""For what FMI 1.0 does not have: tunable parameters."""


@pytest.fixture(params=["fmi1", "fmi2", "fmi3"])
def version(request) -> str:
    return request.param


def test_a_ball_bounces_at_its_exact_times(opened, solver):
    ball = opened("ball", solver)
    run(ball, 1.5, 7)
    first = sqrt(2 / 9.81)
    second = first + 2 * 0.7 * sqrt(2 * 9.81) / 9.81
    third = second + 2 * 0.49 * sqrt(2 * 9.81) / 9.81
    assert first < second < 1.5 < third
    bounces, last = take(ball, "bounces", "last")
    assert bounces == 2.0
    assert last == pytest.approx(second, abs=1e-8)
    since, speed = 1.5 - second, 0.49 * sqrt(2 * 9.81)
    assert take(ball, "h", "v") == pytest.approx([speed * since - 9.81 / 2 * since**2, speed - 9.81 * since], abs=1e-7)


def test_a_relay_switches_at_its_exact_times(opened, solver):
    relay = opened("relay", solver)
    run(relay, 3.0, 10)
    times = [log(2 / 0.8)]
    while times[-1] < 3.0:
        times.append(times[-1] + log(1.2 / 0.8))
    assert take(relay, "last")[0] == pytest.approx(times[-2], abs=1e-6)
    assert take(relay, "events")[0] == len(times)  # one of them after the initialization


@pytest.mark.parametrize("h", [0.05, 0.1, 0.3, 0.7])
def test_time_events_happen_at_their_times_to_the_bit(opened, solver, h):
    scan = opened("scan", solver)
    put(scan, "u", 1.0)
    run(scan, 2.1, round(2.1 / h))
    total, last = take(scan, "sum", "last")
    assert total == 21.0
    assert last == 20 * 0.1 + 0.1


def test_a_time_event_belongs_to_the_communication_point_within_rounding(opened):
    scan = opened("scan")
    put(scan, "u", 1.0)
    for index in range(10):
        scan.do_step(index * 0.1, 0.1)
        assert take(scan, "sum")[0] == index + 1


def test_an_indicator_of_time_alone_is_found_without_states(opened, solver):
    sine = opened("sine", solver)
    run(sine, 4.0, 7)
    crossings, last = take(sine, "crossings", "last")
    assert last == pytest.approx(pi, abs=1e-12)
    assert crossings == 2.0  # sin t leaves 0 at the start


def test_a_jump_of_an_input_is_one_event_and_a_held_input_is_none(opened):
    scan = opened("scan")
    for index, u in enumerate((0.0, 1.0, 1.0, 2.0, 2.0)):
        put(scan, "u", u)
        scan.do_step(index * 0.01, 0.01)
    assert take(scan, "changes", "double").tolist() == [2.0, 4.0]


def test_an_output_follows_a_jump_of_its_input_before_the_next_step(opened):
    stairs = opened("stairs")
    put(stairs, "u", 2.0)
    assert take(stairs, "y")[0] == 2.0


def test_a_completed_step_may_ask_for_an_event(opened, solver):
    stairs = opened("stairs", solver)
    put(stairs, "u", 1.0)
    run(stairs, 2.5, 5)
    assert take(stairs, "level", "x") == pytest.approx([2.0, 2.5], abs=1e-9)


@NEWER
def test_tunable_parameters_change_between_steps_and_fixed_ones_do_not(opened):
    stairs = opened("stairs")
    put(stairs, "u", 1.0)
    stairs.do_step(0.0, 1.0)
    put(stairs, "gain", 3.0)
    stairs.do_step(1.0, 1.0)
    assert take(stairs, "x")[0] == pytest.approx(4.0, rel=1e-6)
    with pytest.raises(CapabilityError, match="'size' cannot be set: it is a fixed parameter; set it before the init"):
        put(stairs, "size", 2.0)
    with pytest.raises(CapabilityError, match="'x' cannot be set: its causality is local"):
        put(stairs, "x", 2.0)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2), ("rk4", 4)])
def test_an_explicit_method_converges_with_its_order(opened, method, order):
    errors = []
    for step in (0.05, 0.025):
        relay = opened("relay", Solver(method=method, step=step))
        run(relay, 0.5, 2)
        errors.append(abs(take(relay, "x")[0] - 2 * (1 - np.exp(-0.5))))
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)


def test_an_explicit_method_locates_events_with_its_order(opened):
    errors = []
    for step in (0.1, 0.05):
        relay = opened("relay", Solver(method="rk4", step=step))
        run(relay, 1.0, 1)
        errors.append(abs(take(relay, "last")[0] - log(2 / 0.8)))
    assert errors[0] < 1e-6
    assert errors[0] / errors[1] > 8.0


def test_cvode_keeps_its_tolerance_on_a_stiff_oscillator(opened):
    integrate = pytest.importorskip("scipy.integrate")

    def rates(_, y):
        return [y[1], 1000 * (1 - y[0] ** 2) * y[1] - y[0]]

    expected = integrate.solve_ivp(rates, (0.0, 1000.0), [2.0, 0.0], "Radau", rtol=1e-9, atol=1e-12).y[:, -1]
    stiff = opened("stiff", Solver(tolerance=1e-8))
    run(stiff, 1000.0, 4)
    assert take(stiff, "x", "y") == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_the_tolerance_is_that_of_the_solver_else_of_the_experiment_else_of_the_fmu(opened):
    errors = {}
    for key, solver, tolerance in (
        ("own", Solver(tolerance=1e-4), 1e-11),
        ("experiment", Solver(), 1e-11),
        ("fmu", Solver(), None),  # 1e-8
    ):
        relay = opened("relay", solver, tolerance=tolerance)
        run(relay, 0.5, 1)
        errors[key] = abs(take(relay, "x")[0] - 2 * (1 - np.exp(-0.5)))
    assert errors["experiment"] < errors["fmu"] < errors["own"]


def test_a_refused_derivative_is_retried_with_a_smaller_step_and_named_in_the_end(opened, solver):
    for k, expected in (
        (0.0, "was discarded"),
        (2.0, "nan at t = 1.0"),
        (1.0, "returned Error"),
        (-7.0, "unknown status -7"),
    ):
        wall = opened("wall", solver, parameters={"k": k})
        wall.do_step(0.0, 0.999)
        with pytest.raises(StepError, match=expected) as caught:
            wall.do_step(0.999, 1.0)
        assert "'wall'" in str(caught.value)
        assert caught.value.time == pytest.approx(0.999, abs=2e-3)


@pytest.mark.parametrize(
    ("k", "expected"),
    [(1.0, "needs more than 100 updates"), (2.0, "more than 100 events happened without any progress of time")],
)
def test_events_without_end_are_an_error_with_component_and_time(opened, k, expected):
    endless = opened("endless", parameters={"k": k})
    with pytest.raises(StepError, match=expected) as caught:
        endless.do_step(0.0, 1.0)
    assert caught.value.component == "endless"
    assert caught.value.time == pytest.approx(0.5, abs=1e-6)


def test_a_first_event_without_end_is_a_failed_initialization(opened):
    with pytest.raises(InitializationError, match=r"'endless': the event at t = 0.0 s needs more than 100 updates"):
        opened("endless", parameters={"k": 5.0})


@pytest.mark.parametrize(("k", "time"), [(3.0, 0.5), (4.0, None)])
def test_the_fmu_may_end_the_run(opened, version, k, time):
    if (version, k) == ("fmi1", 4.0):
        pytest.skip("FMI 1.0 cannot say so at a completed step")
    result = opened("endless", parameters={"k": k}).do_step(0.0, 1.0)
    assert result.terminate_requested
    assert result.time == pytest.approx(time, abs=1e-6) if time else 0.25 < result.time < 1.0


@NEWER
def test_an_input_given_by_two_bundles_is_never_taken_as_held_by_mistake(opened):
    stairs = opened("stairs")
    by_name = {connector.name: connector for connector in stairs.connectors}
    alone, both = Bundle.of([by_name["u"]]), Bundle.of([by_name["u"], by_name["gain"]])
    for chosen, values, expected in ((alone, [1.0], 1.0), (both, [2.0, 1.0], 2.0), (alone, [1.0], 1.0)):
        stairs.set(chosen, np.array(values))
        assert take(stairs, "y")[0] == expected


def test_a_step_from_another_time_than_the_present_is_refused(opened):
    with pytest.raises(StepError, match=r"cannot step from t = 3.0 s: it is at 0.0 s. Restart it there"):
        opened("relay").do_step(3.0, 0.1)


@pytest.mark.parametrize(
    ("solver", "expected"),
    [
        (Solver(method="rk4"), "solver.method rk4 needs solver.step"),
        (Solver(method="euler", step=0.1, tolerance=1e-3), "has a step, no tolerance"),
        (Solver(step=0.1), "cvode chooses its steps itself"),
    ],
)
def test_a_solver_that_is_not_described_fully_is_refused_by_name(toy, version, solver, expected):
    with pytest.raises(DescriptionError, match=f"component 'relay': .*{expected}"):
        open_exchange("relay", read_model(toy("relay", version)), solver)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("fmi1", "toy_fmiGetDerivatives"),
        ("fmi2", "fmi2GetDerivatives"),
        ("fmi3", "fmi3GetContinuousStateDerivatives"),
    ],
)
def test_a_binary_without_a_function_of_model_exchange_is_refused_by_its_name(tmp_path, version, name):
    path = exchange_fmu("relay", version, tmp_path, without=name)
    with pytest.raises(
        FmuImportError, match=f"relay.fmu: its binary cannot .*{name}.* lacks a function of the standard"
    ):
        open_exchange("relay", read_model(path), Solver())


def test_a_stiff_fed_batch_needs_its_fixed_parameter_before_the_initialization(opened):
    with pytest.raises(InitializationError, match=r"(EnterInitializationMode|fmiInitialize) returned Error"):
        opened("fed_batch")
    batch = opened("fed_batch", parameters={"factor": 3.0, "F0": 0.1, "k": 0.2})
    run(batch, 10.0, 5)
    assert take(batch, "V")[0] == pytest.approx(2 + 0.1 / 0.2 * (np.exp(2.0) - 1), rel=1e-6)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-9])
def test_the_mass_spring_system_of_another_tool_meets_its_exact_solution(tolerance):
    model = read_model(foreign("MassSpringSystem"))
    with closing(open_exchange("system", model, Solver(tolerance=tolerance))) as instance:
        instance.enter_initialization(0.0, 10.0, None)
        instance.exit_initialization()
        run(instance, 10.0, 10)
        found = take(instance, "v1", "v2", "x1", "x2")
        instance.terminate()
    np.testing.assert_allclose(found, exact(10.0), atol=400 * tolerance)
    np.testing.assert_allclose(found, [-0.99193, 0.69688, -1.00084, -0.38225], atol=400 * tolerance + 5e-6)


@pytest.mark.parametrize("number", [2, 3])
def test_both_kinds_of_one_file_agree(built, number):
    fmu = getattr(built, f"fmi{number}")
    model, ends = read_model(fmu), []
    for instance in (open_exchange("it", model, Solver(tolerance=1e-10)), open_fmu("it", fmu)):
        with closing(instance):
            instance.enter_initialization(0.0, 1.0, 1e-10)
            instance.exit_initialization()
            for index in range(20):
                for chosen in inputs(instance):
                    instance.set(chosen, np.full(chosen.size, 1 + index // 10, chosen.storage.dtype))
                instance.do_step(index * 0.05, 0.05)
            ends.append({c.name: take(instance, c.name) for c in instance.connectors if c.causality != "independent"})
    assert ends[0].keys() == ends[1].keys()
    for name, values in ends[0].items():
        np.testing.assert_allclose(values, ends[1][name], rtol=1e-8, atol=1e-10, err_msg=name)


def inputs(instance):
    kept = instance.__dict__.setdefault("inputs_of_the_test", [])
    if not kept:
        chosen = [c for c in instance.connectors if c.causality == "input" and c.variability != "constant"]
        kept += [Bundle.of([c]) for c in chosen]
    return kept


def test_a_hundred_instances_leave_nothing_behind(toy, version):
    model = read_model(toy("ball", version))

    def hundred():
        gc.collect()
        before = resident()
        for _ in range(100):
            with closing(open_exchange("ball", model, Solver())) as ball:
                ball.enter_initialization(0.0, None, None)
                ball.exit_initialization()
                run(ball, 1.0, 2)
        gc.collect()
        return resident() - before

    # Buffers of the process grow at first; what leaks grows in every round.
    assert any(hundred() < 100_000 for _ in range(4))


def resident() -> int:
    """Memory in use (B)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
