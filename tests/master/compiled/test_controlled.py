"""Steps under error control by compiled functions are those of the readable path, to the bit."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

import cotwin
from orchestrator.errors import FailedStepError, StepError
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Variability
from orchestrator.system.description import SystemDescription
from tests.coupled import describe, setup
from tests.doubles import Faults, FunctionInstance, an_input, an_output
from tests.master.compiled.by_address import Outcome, both_ways, by_address
from tests.textbook import control_loop, lotka_volterra, two_mass

ALGORITHMS = ("jacobi", "gauss_seidel")
ORDERS = (0, 1, 2)


def control(tolerance: float, **more: Any) -> dict[str, Any]:
    return {"step_control": {"method": "error", "tolerance": tolerance, **more}}


def seen(description: SystemDescription, *, interpreted: bool) -> dict[str, Any]:
    """Everything that can be seen of a run of FMUs: the record, the counts, the error."""
    error = None
    with cotwin.open_simulation(description, interpreted=interpreted) as simulation:
        assert simulation.strides != interpreted
        assert bool(simulation.by_address) != interpreted
        try:
            simulation.run()
        except StepError as caught:
            error = str(caught)
        results = simulation.results()
        columns = {name: results[name].tobytes() for name in ("time", *results.names)}
        return {"error": error, "counts": simulation.coupling.statistics.remembered(), "columns": columns}


def alike(description: SystemDescription) -> dict[str, Any]:
    compiled, interpreted = (seen(description, interpreted=way) for way in (False, True))
    assert compiled == interpreted
    return compiled


def extrapolation(order: int) -> dict[str, Any]:
    return {"extrapolation": {"order": order}} if order else {}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", ORDERS)
def test_populations_are_followed_alike(order: int, algorithm: str) -> None:
    description = lotka_volterra(0.5, stop=5.0, algorithm=algorithm, **extrapolation(order), **control(1e-3))
    counts = alike(description)["counts"]
    assert counts["rejected"]["error"] > 0
    assert counts["plain"]["macro_steps"] > 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", ORDERS)
def test_masses_on_springs_are_followed_alike(order: int, algorithm: str) -> None:
    alike(two_mass("force", 0.3, stop=2.0, algorithm=algorithm, **extrapolation(order), **control(1e-2)))


@pytest.mark.parametrize(("step_size", "components"), [(1.3, 3), (0.7, 4)])
def test_what_jumps_is_left_to_python_and_the_rest_is_not(step_size: float, components: int) -> None:
    counts = alike(control_loop(step_size, components=components, **control(2e-6)))["counts"]
    assert counts["rejected"]["jump"] > 0


def test_a_tolerance_that_cannot_be_met_is_the_same_error() -> None:
    found = alike(lotka_volterra(0.5, stop=5.0, **control(1e-3, smallest=0.1)))
    assert "the smallest that is tried" in found["error"]


def test_a_delay_that_no_step_is_short_enough_for_is_named() -> None:
    """y = 0.9 u + 1 comes back as u a step later: from 1 by whole steps to 1.9 by halves, whatever their length."""

    def make() -> list[FunctionInstance]:
        return [FunctionInstance(lambda t, u: 0.9 * u + 1.0, name="a"), FunctionInstance(lambda t, u: u, name="b")]

    found = run(make, [{"connect": "a.y -> b.u", "delay": True}, "b.y -> a.u"], algorithm="gauss_seidel")
    assert "is late by a step, however short that is: a.y -> b.u. Leave out 'delay: true'" in found["error"][1]


def oscillator(**more: Any) -> list[FunctionInstance]:
    """x' = v and v' = -x, each by explicit steps of Euler on what it is given; `more` are faults of the second one."""
    x = FunctionInstance(
        lambda t, u, x: x, name="x", step=lambda t, h, u, x: x + h * u, state=[1.0], outputs=[an_output(nominal=1.0)]
    )
    v = FunctionInstance(
        lambda t, u, x: x,
        name="v",
        step=lambda t, h, u, x: x - h * u,
        state=[0.0],
        outputs=[an_output(nominal=1.0)],
        **more,
    )
    return [x, v]


ROUND = ["x.y -> v.u", "v.y -> x.u"]


def run(make: Callable[[], list[FunctionInstance]], connections: Sequence[Any] = ROUND, **more: Any) -> Outcome:
    """What `both_ways` gives, where the states that are kept agree too."""
    return both_ways(make, connections, **{"step_size": 0.25, "stop": 3.0, **control(2e-2), **more})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ({}, None),
        ({"discard_at": 1.3}, "discard"),
        ({"fail_at": 1.3}, None),
        ({"fail_at": 0.0}, None),
        ({"fail_at": 1.3, "error": FailedStepError("no")}, None),
        ({"nan_at": 1.3}, "failure"),
        ({"terminate_at": 1.3}, None),
        ({"terminate_at": 0.0}, None),
    ],
    ids=str,
)
def test_what_goes_wrong_goes_wrong_alike(faults: dict[str, Any], reason: str | None, algorithm: str) -> None:
    found = run(lambda: oscillator(faults=Faults(**faults)), algorithm=algorithm)
    assert reason is None or found["rejected"][reason] > 0
    assert (found["error"] is None) == (not faults or "terminate_at" in faults)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("order", ORDERS)
def test_inputs_that_go_on_are_taken_back_alike(order: int, algorithm: str) -> None:
    run(oscillator, algorithm=algorithm, **extrapolation(order))


def switch(at: float = 0.437) -> FunctionInstance:
    return FunctionInstance(lambda t, u: [t >= at], name="switch", inputs=(), outputs=[an_output(storage="boolean")])


def tank() -> FunctionInstance:
    """x' = 1 where it is switched on."""
    return FunctionInstance(
        lambda t, u, x: x,
        name="tank",
        inputs=[an_input(storage="boolean")],
        step=lambda t, h, u, x: x + h * u,
        state=[0.0],
    )


def test_a_truth_value_that_changes_is_localized_alike() -> None:
    follower = [lambda: [switch(), tank(), FunctionInstance(lambda t, u: u, name="seen")]]
    found = run(follower[0], ["switch.y -> tank.u", "tank.y -> seen.u"], stop=1.0)
    assert found["rejected"]["jump"] > 0


def held(variability: Variability) -> list[FunctionInstance]:
    """A sawtooth, continuous or not, and what follows it."""
    saw = FunctionInstance(lambda t, u: [t % 0.37], name="saw", inputs=(), outputs=[an_output(variability=variability)])
    return [saw, FunctionInstance(lambda t, u, x: x, name="sum", step=lambda t, h, u, x: x + h * u, state=[0.0])]


@pytest.mark.parametrize("variability", [Variability.CONTINUOUS, Variability.DISCRETE])
def test_what_jumps_again_and_again_is_followed_alike(variability: Variability) -> None:
    found = run(lambda: held(variability), ["saw.y -> sum.u"], stop=2.0)
    assert found["rejected"]["jump"] > 0


@pytest.mark.parametrize("order", ORDERS)
def test_python_goes_on_with_what_was_tried_and_no_step_is_made_twice(order: int) -> None:
    """What jumps is found in a trial that compiled functions have made."""
    doubles = by_address(held(Variability.CONTINUOUS))
    description = describe(
        [each.name for each in doubles],
        ["saw.y -> sum.u"],
        step_size=0.25,
        experiment={"stop": 2.0},
        **extrapolation(order),
        **control(2e-2),
    )
    simulation = Simulation(setup(doubles, description), [], lambda: None)
    with simulation:
        simulation.run()
        statistics = simulation.coupling.statistics
    assert statistics.rejected["jump"] > 0
    assert [len(each.steps) for each in doubles] == [statistics.components[each.name].steps for each in doubles]


def test_a_component_without_an_address_leaves_all_to_python() -> None:
    run(oscillator, python=["v"], strides=False)


def test_steps_by_hand_and_values_in_between_do_the_same() -> None:
    def go(simulation: Simulation[None]) -> None:
        for _ in range(7):
            simulation.step()
        simulation.run(until=1.1)
        simulation.run_until(lambda now: now.time > 1.6)
        simulation.run()

    run(oscillator, go=go)


def test_an_input_that_is_written_in_between_is_a_jump_alike() -> None:
    def fed() -> list[FunctionInstance]:
        feed = FunctionInstance(lambda t, u, x: x, name="x", step=lambda t, h, u, x: x + h * u, state=[0.0])
        return [feed, FunctionInstance(lambda t, u, x: x, name="v", step=lambda t, h, u, x: x + h * u, state=[0.0])]

    def go(simulation: Simulation[None]) -> None:
        simulation.run(until=1.0)
        simulation.write("x.u", 2.0)
        simulation.run()

    run(fed, ["x.y -> v.u"], go=go)
