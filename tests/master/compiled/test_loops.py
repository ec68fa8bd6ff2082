"""Loops that are solved in the compiled loop: bits, errors and counts are those of the interpreted algorithm."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import FailedStepError
from orchestrator.simulation import Simulation
from tests.coupled import Memory, describe, setup
from tests.doubles import STATEFUL, Faults, FunctionInstance, an_input, an_output
from tests.master.compiled.by_address import Outcome, both_ways, by_address
from tests.master.mixed_rates import H, mixed
from tests.models import states

METHODS = ["fixed_point", "aitken", "anderson", "newton"]
NAMES = ("source", "first", "middle", "last", "sink")
WIRES = [
    "source.y -> first.v",
    "first.y -> middle.u",
    "middle.y -> last.u",
    {"connect": "last.y -> first.u", "factor": -0.5, "offset": 0.1},
    "last.y -> sink.u",
]


def oscillator() -> list[FunctionInstance]:
    """x' = v, v' = -x: two integrators that feed each other, never at rest."""
    x = states("x", [[0.0]], [[1.0]], [[1.0]], [1.0]).instance()
    v = states("v", [[0.0]], [[-1.0]], [[1.0]], [0.0]).instance()
    return [x, v]


def lag(name: str, **more: Any) -> FunctionInstance:
    """x' = sum(u) - x by an explicit step of Euler."""
    inputs = [an_input("u"), an_input("v")] if name == "first" else [an_input("u")]
    return FunctionInstance(
        lambda t, u, x: x + (np.sin(t) if name == "source" else 0.0),
        name=name,
        inputs=inputs,
        step=lambda t, h, u, x: x + h * (u.sum() - x),
        state=[float(1 + NAMES.index(name))],
        **more,
    )


def plant(place: str = "", faults: dict[str, Any] | None = None, **more: Any) -> list[FunctionInstance]:
    """A component, three that feed each other, and one behind them; something goes wrong at one place."""
    return [lag(name, faults=Faults(**(faults or {}) if name == place else {}), **more) for name in NAMES]


def solved(
    make: Callable[[], Sequence[FunctionInstance]], wires: Sequence[Any], method: str = "newton", **more: Any
) -> Outcome:
    loops = {"method": method, **more.pop("loops", {})}
    return both_ways(make, wires, **{"algorithm": "iterative", "loops": loops, "step_size": 0.05, **more})


def opened(make: Callable[[], Sequence[FunctionInstance]], wires: Sequence[Any], **more: Any) -> Simulation[None]:
    """A simulation all of whose components have addresses."""
    found = by_address(make())
    description = describe([each.name for each in found], wires, algorithm="iterative", **more)
    return Simulation(setup(found, description), [Memory()], lambda: None)


@pytest.mark.parametrize("method", METHODS)
def test_a_loop_of_two_is_solved_to_the_bit(method):
    found = solved(oscillator, ["x.y1 -> v.u1", "v.y1 -> x.u1"], method)
    assert found["error"] is None
    (counted,) = found["loops"].values()
    assert counted["solved"] == 20
    assert found["returns"] == dict.fromkeys("xv", counted["evaluations"] - 20)


@pytest.mark.parametrize("method", METHODS)
def test_what_stands_before_and_behind_a_loop_steps_once(method):
    found = solved(plant, WIRES, method)
    (counted,) = found["loops"].values()
    assert {name: steps for name, (steps, _) in found["steps"].items()} == {
        "source": 20,
        "sink": 20,
        **dict.fromkeys(("first", "middle", "last"), counted["evaluations"]),
    }


def test_one_state_of_each_component_in_a_loop_is_used_again_and_again():
    with opened(plant, WIRES) as run:
        run.run()
        assert run.by_address == NAMES
        counted = run.coupling.statistics
        (loop,) = counted.loops.values()
        assert [counted.of(name).saves for name in NAMES] == [0, loop.solved, loop.solved, loop.solved, 0]
        live = [len(each.instance.native.states._kept) for each in run.coupling.participants]
        assert live == [1, 2, 2, 2, 1]  # one of them where a stride began


def test_components_at_rates_of_their_own_and_on_inputs_with_courses_are_solved_by_address():
    components = {name: {"source": f"{name}.fmu"} for name in NAMES}
    components["middle"]["step_size"], components["last"]["step_size"] = 0.025, 0.1
    with opened(plant, WIRES, components=components, step_size=0.05, extrapolation={"order": 2}) as run:
        assert run.by_address == NAMES


FAULTS = [
    {"fail_at": 0.5},
    {"fail_at": 0.0},
    {"fail_at": 0.5, "error": FailedStepError("no")},
    {"early_at": 0.5},
    {"nan_at": 0.5},
    {"nan_at": 0.1},
    {"terminate_at": 0.5},
    {"terminate_at": 0.0},
    {"terminate_early_at": 0.5},
    {"discard_at": 0.5},
    {"discard_at": 0.0},
]


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_a_fault_in_a_loop_or_beside_it_ends_the_run_alike(faults, place):
    solved(lambda: plant(place, faults), WIRES)


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("faults", [{"early_at": 0.5}, {"discard_at": 0.5}], ids=str)
def test_early_returns_and_refusals_are_followed_alike(faults, place):
    able = replace(STATEFUL, may_return_early=True)

    def make() -> list[FunctionInstance]:
        found = plant(place, capabilities=able)
        for each in found:
            if each.name == place:
                _once(each, **faults)
        return found

    found = solved(make, WIRES)
    # doubles outside of the loop forbid that they are read before they have come to the end of the shorter step
    assert found["macro_steps"][0] > 20 or (place in ("source", "sink") and "early_at" in faults)


def _once(double: FunctionInstance, early_at: float = np.inf, discard_at: float = np.inf) -> None:
    """What goes wrong goes well in a shorter step."""
    do_step = double.do_step

    def step(t: float, h: float) -> Any:
        fits = abs(h - 0.05) > 1e-9
        double.faults.early_at = None if fits or t > early_at + 1e-9 else early_at
        double.faults.discard_at = None if fits or t > discard_at + 1e-9 else discard_at
        return do_step(t, h)

    double.do_step = step  # type: ignore[method-assign]


@pytest.mark.parametrize("python", [("first",), ("middle",), ("sink",), ("source", "sink")], ids=str)
def test_loops_are_solved_by_python_where_one_of_their_components_has_no_address(python):
    solved(plant, WIRES, python=python)


def test_a_run_whose_only_components_are_a_loop_without_addresses_is_interpreted():
    solved(oscillator, ["x.y1 -> v.u1", "v.y1 -> x.u1"], python=["v"], strides=False)


@pytest.mark.parametrize("method", ["anderson", "newton", "aitken"])
def test_a_loop_that_is_not_solved_over_the_whole_step_is_refused_alike(method):
    """y = 1 / (1 + 400 (u - 0.5)^2) once the time has come: few iterations do not find it."""

    def make() -> list[FunctionInstance]:
        def hill(t: float, u: Any, x: Any) -> Any:
            return x + (0.8 / (1.0 + 400.0 * (u - 0.5) ** 2) if 0.42 < t < 0.61 else 0.1 * u)

        peak = FunctionInstance(
            hill, name="peak", step=lambda t, h, u, x: x + h * (u - x), state=[0.2], feedthrough={"y": ()}
        )
        return [peak, lag("middle"), lag("sink")]

    wires = ["peak.y -> middle.u", "middle.y -> peak.u", "peak.y -> sink.u"]
    found = solved(make, wires, method, loops={"max_iterations": 3, "tolerance": 1e-12})
    assert found["rejected"].get("loop", 0) > 0 or found["error"] is not None


def test_growth_that_never_ends_is_refused_alike():
    def make() -> list[FunctionInstance]:
        one = FunctionInstance(lambda t, u: -2.0 * u + min(t, 0.5), name="one", feedthrough={"y": ()})
        return [one, FunctionInstance(lambda t, u: u, name="two"), lag("sink")]

    found = solved(make, ["one.y -> two.u", "two.y -> one.u", "two.y -> sink.u"], "fixed_point")
    assert "multiplies the residual by 2" in found["error"][1]


def test_discrete_values_in_a_loop_come_to_rest_alike():
    """A heater, on from where it was below 19 to where it was above 21, and the room that warms by it."""

    def make() -> list[FunctionInstance]:
        room = FunctionInstance(
            lambda t, u, x: [x[0], 0.0, 0.0],
            name="room",
            inputs=[an_input("on", storage="boolean", start=0), an_input("level", storage="int64", start=0)],
            outputs=[an_output(name) for name in ("y", "p", "q")],
            step=lambda t, h, u, x: x + h * (30.0 * u[0] + u[1] - 0.5 * x),
            state=[10.0],
        )
        control = FunctionInstance(
            lambda t, u, x: [x[0], 7.0 * x[0]],
            name="control",
            inputs=[an_input(name) for name in ("u", "p", "q")],
            outputs=[an_output("on", storage="boolean"), an_output("level", storage="int64")],
            step=lambda t, h, u, x: [1.0 if x[1] < 19.0 else 0.0 if x[1] > 21.0 else x[0], u[0]],
            state=[1.0, 10.0],
        )
        return [control, room, lag("sink")]

    wires = [f"room.{one} -> control.{other}" for one, other in zip("ypq", "upq", strict=True)]
    wires += ["control.on -> room.on", "control.level -> room.level", "room.y -> sink.u"]
    found = solved(make, wires, stop=3.0)
    assert found["error"] is None
    (counted,) = found["loops"].values()
    assert counted["solved"] < counted["evaluations"] < 1.5 * counted["solved"]  # two where the heater switches


def test_values_that_do_not_come_to_rest_are_told_alike():
    def make() -> list[FunctionInstance]:
        ends = {"inputs": [an_input(storage="int64", start=0)], "outputs": [an_output(storage="int64")]}
        one = FunctionInstance(lambda t, u: (1 - u) if t > 0.3 else 0.0 * u, name="one", feedthrough={"y": ()}, **ends)
        return [one, FunctionInstance(lambda t, u: u, name="two", **ends), lag("sink")]

    found = solved(make, ["one.y -> two.u", "two.y -> one.u"])
    assert "do not come to rest" in found["error"][1]


seeds = st.integers(0, 2**31)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seeds, st.integers(2, 6), st.sampled_from(["aitken", "anderson", "newton"]), st.booleans())
def test_random_affine_systems_with_loops(seed: int, count: int, method: str, algebraic: bool) -> None:
    system = mixed(seed, count, through=0.5 if algebraic else 0.0, ratios=[1.0])
    rng = np.random.default_rng(seed)
    names = [part.name for part in system.parts]
    python = [name for name in names[1:] if rng.random() < 0.1]
    both_ways(
        system.instances,
        system.entries,
        python=python,
        strides=None,
        components=system.components,
        step_size=H,
        stop=20 * H,
        algorithm="iterative",
        loops={"method": method},
    )


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seeds, st.integers(2, 5), st.integers(0, 2), st.booleans(), st.sampled_from(["anderson", "newton"]))
def test_loops_at_any_rates_and_on_extrapolated_inputs(
    seed: int, count: int, order: int, smoothing: bool, method: str
) -> None:
    system = mixed(seed, count, through=0.3, ratios=[1 / 2, 1.0, 1.0, 3.0])
    both_ways(
        system.instances,
        system.entries,
        components=system.components,
        step_size=H,
        stop=4 * system.count * H,
        algorithm="iterative",
        loops={"method": method},
        extrapolation={"order": order, "smoothing": smoothing},
    )


RATES = [{"first": 0.025}, {"middle": 0.01}, {"last": 0.1}, {"first": 0.5, "last": 0.025}]


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("rates", RATES, ids=str)
@pytest.mark.parametrize("faults", FAULTS[::2], ids=str)
def test_a_fault_at_rates_of_their_own_ends_the_run_alike(faults, rates, place):
    components = {name: {"source": f"{name}.fmu"} for name in NAMES}
    for name, length in rates.items():
        components[name]["step_size"] = length
    for extrapolation in ({"order": 0}, {"order": 1, "smoothing": True}):
        solved(lambda: plant(place, faults), WIRES, components=components, extrapolation=extrapolation)


def test_runs_in_parts_and_values_written_in_between_agree_to_the_bit():
    def go(run: Simulation[None]) -> None:
        run.initialize()
        run.run(until=0.3)
        run["sink.u"] = 3.0
        run.step()
        run.step()
        run.run(until=0.7)
        run.run()

    solved(plant, WIRES, go=go)
