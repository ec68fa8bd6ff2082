"""Loops that cannot be solved, and components in loops that do what they may: refuse, return early, end the run."""

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError, LoopError, StepError
from orchestrator.instance import Capabilities, Status, StepResult
from orchestrator.system.connector import Causality
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, an_input, an_output
from tests.master.event_doubles import EventDouble, discrete
from tests.master.loop_doubles import the_loop

Array = NDArray[np.float64]

UNABLE = Capabilities(get_set_state=False)
AROUND = ["left.y -> right.u", "right.y -> left.u"]
WHOLE = {"smallest": 0.1}
"""No step is tried that is shorter than the step size."""


def _pair(a: float = 0.5, **faults: float) -> list[FunctionInstance]:
    """y = a u + t, u = y."""
    left = FunctionInstance(lambda t, u: a * u + t, name="left", feedthrough={"y": ()}, faults=Faults(**faults))
    return [left, FunctionInstance(lambda t, u: u, name="right")]


def test_a_component_that_cannot_go_back_is_refused_before_the_run_with_the_path_and_the_remedies() -> None:
    names = ["pump", "tank", "sensor"]
    parts = [FunctionInstance(lambda t, u: 0.1 * u, name=name) for name in names]
    parts[1].capabilities = UNABLE
    connections = ["pump.y -> tank.u", "tank.y -> sensor.u", "sensor.y -> pump.u"]
    path = r"loop tank\.y -> sensor\.u, sensor\.y -> pump\.u, pump\.y -> tank\.u: .*'tank' cannot go back"
    with pytest.raises(CapabilityError, match=path) as caught:
        simulation(parts, connections, algorithm="iterative")
    assert "delay: true" in str(caught.value)
    assert "estimator" in str(caught.value)
    assert all("do_step" not in part.calls for part in parts)


def test_outside_of_loops_nothing_has_to_go_back() -> None:
    ahead = FunctionInstance(lambda t, u: [t], name="ahead", inputs=(), capabilities=UNABLE)
    with simulation([ahead, *_pair()], AROUND, algorithm="iterative") as run:
        run.run()
        assert run["left.y"] == pytest.approx(2.0, rel=1e-7)


def test_a_delay_makes_the_loop_run_without_going_back() -> None:
    parts = _pair()
    for part in parts:
        part.capabilities = UNABLE
    late = {"connect": AROUND[1], "delay": True}
    with simulation(parts, [AROUND[0], late], algorithm="iterative") as run:
        run.run()
        # y[k] = y[k-1] / 2 + t[k]
        expected = sum(0.5 ** (10 - k) * 0.1 * k for k in range(11))
        assert run["left.y"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", ["fixed_point", "aitken", "anderson", "newton"])
def test_a_missed_tolerance_tells_residuals_iterations_and_the_remedy(method: str) -> None:
    """y = |u| + 1, u = y has no solution."""
    left = FunctionInstance(lambda t, u: np.abs(u) + (t > 0.0), name="left", feedthrough={"y": ()})
    right = FunctionInstance(lambda t, u: u, name="right", outputs=[an_output(nominal=1e3)])
    loops = {"method": method, "max_iterations": 12}
    memory = Memory()
    run = simulation([left, right], AROUND, algorithm="iterative", loops=loops, step_control=WHOLE, observers=[memory])
    with run:
        with pytest.raises(StepError, match=r"loop left <-> right: .*'right\.y' 0\.001 \(nominal 1000\)") as caught:
            run.run()
        assert run.time == 0.0
    assert caught.value.time == pytest.approx(0.1)
    assert memory.ends == [caught.value]
    message = str(caught.value)
    if method == "fixed_point":
        assert "multiplies the residual by 1;" in message
        assert "Choose method" in message
    else:
        assert "12 iterations" in message
        assert "multiplied the residual by about 1." in message
        assert "raise max_iterations" in message
    assert left.closed
    assert "terminate" in left.calls


def test_residuals_are_listed_worst_first() -> None:
    mix = FunctionInstance(
        lambda t, u: 2.0 * u + [1.0 * t, 100.0 * t, 10.0 * t],
        name="mix",
        inputs=[an_input("u", size=3)],
        outputs=[an_output("y", size=3)],
        feedthrough={"y": ()},
    )
    same = FunctionInstance(
        lambda t, u: u, name="same", inputs=[an_input("u", size=3)], outputs=[an_output("y", size=3, nominal=10.0)]
    )
    loops = {"method": "fixed_point", "max_iterations": 1}
    connections = ["mix.y -> same.u", "same.y -> mix.u"]
    with simulation([mix, same], connections, algorithm="iterative", loops=loops, step_control=WHOLE) as run:
        shown = r"'same\.y\[2\]' 1 .*'same\.y\[3\]' 0\.1 .*'same\.y\[1\]' 0\.01 "
        with pytest.raises(StepError, match=shown):
            run.run()


def test_a_growth_that_only_seems_to_be_one_is_not_refused() -> None:
    """y = M u with the eigenvalues 0.5: the residual grows tenfold at first."""
    M = np.array([[0.5, 20.0], [0.0, 0.5]])
    mix = FunctionInstance(
        lambda t, u: M @ u + t,
        name="mix",
        inputs=[an_input("u", size=2)],
        outputs=[an_output("y", size=2)],
        feedthrough={"y": ()},
    )
    loops = {"method": "fixed_point", "max_iterations": 100}
    with simulation([mix], ["mix.y -> mix.u"], algorithm="iterative", loops=loops) as run:
        run.run()
        np.testing.assert_allclose(run["mix.y"], np.linalg.solve(np.eye(2) - M, [1.0, 1.0]), rtol=1e-6)


def test_a_value_that_is_not_finite_is_named() -> None:
    with simulation(_pair(nan_at=0.3), AROUND, algorithm="iterative") as run:
        with pytest.raises(StepError, match=r"'left\.y' is nan at t = 0\.3 s"):
            run.run()
        assert run.time == pytest.approx(0.2)


def test_values_that_grow_beyond_all_bounds_are_named() -> None:
    left = FunctionInstance(lambda t, u: u + t, name="left", feedthrough={"y": ()})
    right = FunctionInstance(lambda t, u: u, name="right")
    run = simulation([left, right], AROUND, algorithm="iterative", loops={"method": "newton"})
    with run, pytest.raises(StepError, match=r"loop left <-> right: .*'right\.y'"):
        run.run()


def test_discrete_values_that_do_not_come_to_rest_are_named() -> None:
    """The valve opens where it is shut and shuts where it is open."""
    valve = FunctionInstance(
        lambda t, u: u if t > 0.0 else 0.0 * u, name="valve", inputs=[an_input("open", storage="boolean", start=False)]
    )
    switch = FunctionInstance(lambda t, u: [u[0] < 0.5], name="switch", outputs=[an_output("open", storage="boolean")])
    valve.feedthrough = {"y": ()}
    connections = ["valve.y -> switch.u", "switch.open -> valve.open"]
    loops = {"max_iterations": 9}
    with simulation([valve, switch], connections, algorithm="iterative", loops=loops) as run:
        shown = (
            r"loop valve <-> switch: discrete values do not come to rest .* within 9 .*'switch\.open' \(True -> False\)"
        )
        with pytest.raises(StepError, match=shown):
            run.run()


def test_a_refused_step_inside_a_loop_is_tried_again_by_all_with_a_shorter_one() -> None:
    parts = _pair()
    refused: list[float] = []
    plain = parts[1].do_step

    def do_step(t: float, h: float) -> StepResult:
        if h > 0.06:
            refused.append(t)
            return StepResult(Status.DISCARD, t)
        return plain(t, h)

    parts[1].do_step = do_step  # type: ignore[method-assign]
    with simulation(parts, AROUND, algorithm="iterative") as run:
        run.run()
        assert run["left.y"] == pytest.approx(2.0, rel=1e-7)
    assert refused


def test_a_component_that_ends_the_run_inside_a_loop_ends_it_for_all() -> None:
    parts = _pair(terminate_at=0.5)
    with simulation(parts, AROUND, algorithm="iterative") as run:
        run.run()
        assert run.time == pytest.approx(0.6)
        assert run.ended
        assert run["left.y"] == pytest.approx(1.2, rel=1e-7)
    early = _pair(terminate_early_at=0.5)
    with simulation(early, AROUND, algorithm="iterative") as run:
        run.run()
        assert run.time == pytest.approx(0.5)
        assert run["left.y"] == pytest.approx(1.0, rel=1e-7)


def _square() -> list[FunctionInstance]:
    """y = 5/6 h u^2 + 1 over a step of length h, u = y: there is a solution for h <= 0.3 alone."""
    lengths = [0.0]
    square = FunctionInstance(lambda t, u: lengths[0] / 1.2 * u**2 + 1.0, name="left", feedthrough={"y": ()})
    plain = square.do_step

    def do_step(t: float, h: float) -> StepResult:
        lengths[0] = h
        return plain(t, h)

    square.do_step = do_step  # type: ignore[method-assign]
    return [square, FunctionInstance(lambda t, u: u, name="right")]


@pytest.mark.parametrize("control", [{}, {"method": "error", "tolerance": 1e3}])
@pytest.mark.parametrize("method", ["aitken", "anderson", "newton"])
def test_where_a_loop_has_no_solution_over_the_step_all_go_back_and_take_shorter_ones(
    method: str, control: dict[str, object]
) -> None:
    parts, loops = _square(), {"method": method, "max_iterations": 20}
    run = simulation(parts, AROUND, algorithm="iterative", loops=loops, step_control=control, step_size=1.0, stop=4.0)
    with run:
        run.run()
        counted = run.coupling.statistics
        assert run.time == 4.0
        assert counted.largest_step is not None
        assert counted.largest_step <= 0.3
        a = parts[0].steps[-1][1] / 1.2
        assert run["left.y"] == pytest.approx((1.0 - np.sqrt(1.0 - 4.0 * a)) / (2.0 * a), rel=1e-6)
    assert set(counted.rejected) == {"loop"}
    assert 0 < counted.rejected["loop"] <= counted.macro_steps


@pytest.mark.parametrize("method", ["aitken", "anderson", "newton"])
def test_a_component_that_fails_with_values_that_a_method_tries_is_given_a_shorter_step(method: str) -> None:
    """Over 1 s the loop has no solution; on the search for one the values leave those that the component knows."""
    parts = _square()
    plain, failed = parts[0].function, [0.0]

    def known(t: float, u: Array) -> Array:
        if abs(u[0]) <= 2.5:
            return plain(t, u)
        failed.append(t)
        return np.full(1, np.nan)

    parts[0].function = known
    loops = {"method": method, "max_iterations": 20}
    with simulation(parts, AROUND, algorithm="iterative", loops=loops, step_size=1.0, stop=4.0) as run:
        run.run()
        assert run.time == 4.0
        assert set(run.coupling.statistics.rejected) == {"loop"}
        a = parts[0].steps[-1][1] / 1.2
        assert run["left.y"] == pytest.approx((1.0 - np.sqrt(1.0 - 4.0 * a)) / (2.0 * a), rel=1e-6)
    assert len(failed) > 1


def test_a_trial_that_fails_over_the_smallest_step_too_ends_the_run_with_the_failure_and_the_loop() -> None:
    parts = _pair()
    plain = parts[0].function
    parts[0].function = lambda t, u: plain(t, u) if u[0] == 0.0 else np.full(1, np.nan)
    with simulation(parts, AROUND, algorithm="iterative", step_control={"smallest": 0.05}) as run:
        shown = r"loop left <-> right: .*'left\.y' is nan at t = 0\.05 s[^$]*a trial of newton[^$]*0\.05 s"
        with pytest.raises(StepError, match=shown):
            run.run()
        assert run.time == 0.0


def test_a_loop_that_is_not_solved_over_the_smallest_step_ends_the_run_with_its_residuals() -> None:
    left = FunctionInstance(lambda t, u: np.abs(u) + (t > 0.0), name="left", feedthrough={"y": ()})
    parts = [left, FunctionInstance(lambda t, u: u, name="right")]
    loops = {"method": "newton", "max_iterations": 8}
    with simulation(parts, AROUND, algorithm="iterative", loops=loops, step_control={"smallest": 0.02}) as run:
        shown = r"loop left <-> right: 8 iterations .* t = 0\.02 s.*'right\.y'.* smallest step that is tried, 0\.02 s"
        with pytest.raises(StepError, match=shown) as caught:
            run.run()
        assert run.coupling.statistics.rejected == {"loop": 3}
    assert not isinstance(caught.value, LoopError)


def test_a_loop_beside_a_component_of_fixed_steps_is_not_tried_over_shorter_ones() -> None:
    parts = _square()
    parts[1].capabilities = Capabilities(get_set_state=True, variable_step=False)
    run = simulation(parts, AROUND, algorithm="iterative", step_size=1.0)
    with run, pytest.raises(StepError, match=r"No shorter step is tried: 'right' takes steps of one size only"):
        run.run()


class Crossing(EventDouble):
    """Returns early, once, where x = x0 + (x_in) (time - t) crosses 1; `y` is 0 before and 2 after the event there."""

    def __init__(self) -> None:
        super().__init__(
            "crossing",
            inputs=[an_input()],
            outputs=[discrete("y", Causality.OUTPUT)],
            on_update=lambda own: own.__setitem__("y", 2.0 if own.x[0] > 1.0 - 1e-9 else 0.0),
            capabilities=Capabilities(may_return_early=True, get_set_state=True),
        )
        self.x = np.zeros(1)

    def do_step(self, t: float, h: float) -> StepResult:
        self._enter("do_step")
        self.steps.append((t, h))
        slope = float(self.values["u"][0])
        before, after = float(self.x[0]), float(self.x[0]) + slope * h
        crosses = before < 1.0 <= after
        part = (1.0 - before) / slope if crosses else h
        self.x, self.time, self._readable = np.array([before + slope * part]), t + part, True
        return StepResult(Status.OK, self.time, early_return=part < h, event_needed=crosses)


def test_an_early_return_inside_a_loop_ends_the_macro_step_for_all_at_the_time_of_the_solved_loop() -> None:
    """x' = 1 + y / 10 from 0: it crosses 1 at t = 1, where y becomes 2."""
    crossing = Crossing()
    feed = FunctionInstance(lambda t, u: 1.0 + u / 10.0, name="feed", inputs=[an_input()])
    memory = Memory()
    connections = ["crossing.y -> feed.u", "feed.y -> crossing.u"]
    with simulation(
        [crossing, feed], connections, algorithm="iterative", step_size=0.3, stop=1.5, observers=[memory]
    ) as run:
        run.run()
        assert crossing.event_times[-1] == pytest.approx(1.0, rel=1e-12)
        assert crossing.x[0] == pytest.approx(1.0 + 0.5 * 1.2, rel=1e-9)
    np.testing.assert_allclose(np.unique(memory.times), [0.0, 0.3, 0.6, 0.9, 1.0, 1.2, 1.5], rtol=1e-12)


def test_early_returns_without_end_inside_a_loop_are_an_error() -> None:
    parts = _pair(early_at=0.2)
    parts[0].capabilities = Capabilities(get_set_state=True, may_return_early=True)
    run = simulation(parts, AROUND, algorithm="iterative")
    with run, pytest.raises(StepError, match=r"loop left <-> right: 'left' returned early 21 times"):
        run.run()


def test_the_loop_of_a_jump_is_solved_anew_after_it() -> None:
    run, _ = the_loop("anderson")
    with run:
        run.run()
        assert run["left.y"] == pytest.approx(1.0 / 3.0, rel=1e-8)
