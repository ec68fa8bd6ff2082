"""Loops that are solved under error control: bits, errors and counts are those of the interpreted algorithm."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.simulation import Simulation
from tests.doubles import FunctionInstance, an_output
from tests.master.compiled.by_address import Outcome, both_ways
from tests.master.compiled.test_loops import FAULTS, METHODS, NAMES, WIRES, oscillator, plant
from tests.master.mixed_rates import H, mixed

ROUND = ["x.y1 -> v.u1", "v.y1 -> x.u1"]
TOLERANCES = (1e-1, 1e-2, 2e-3)


def followed(
    make: Callable[[], Sequence[FunctionInstance]], wires: Sequence[Any], method: str = "newton", **more: Any
) -> Outcome:
    """What `both_ways` gives where loops are solved in steps that the error chooses."""
    loops = {"method": method, **more.pop("loops", {})}
    control = {"method": "error", "tolerance": more.pop("tolerance", 1e-2), **more.pop("control", {})}
    return both_ways(
        make, wires, **{"algorithm": "iterative", "loops": loops, "step_size": 0.2, "step_control": control, **more}
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_a_loop_of_two_is_followed_to_the_bit(tolerance: float, method: str) -> None:
    found = followed(oscillator, ROUND, method, tolerance=tolerance)
    assert found["error"] is None
    (counted,) = found["loops"].values()
    assert counted["solved"] >= 3 * found["macro_steps"][0]
    assert tolerance > 2e-3 or found["rejected"]["error"] > 0


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_what_stands_before_and_behind_a_loop_is_followed_too(order: int, method: str) -> None:
    found = followed(plant, WIRES, method, **({"extrapolation": {"order": order}} if order else {}))
    assert found["error"] is None
    (counted,) = found["loops"].values()
    steps = {name: steps for name, (steps, _) in found["steps"].items()}
    assert steps["first"] == steps["middle"] == counted["evaluations"]
    assert steps["source"] == steps["sink"] == counted["solved"]


@pytest.mark.parametrize("place", NAMES)
@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_a_fault_in_a_loop_or_beside_it_is_met_alike(faults: dict[str, Any], place: str) -> None:
    followed(lambda: plant(place, faults), WIRES, strides=None)


@pytest.mark.parametrize("python", [("first",), ("sink",)], ids=str)
def test_a_component_without_an_address_leaves_all_to_python(python: tuple[str, ...]) -> None:
    followed(plant, WIRES, python=python, strides=False)


def test_components_at_rates_of_their_own_are_followed_alike() -> None:
    components: dict[str, dict[str, Any]] = {name: {"source": f"{name}.fmu"} for name in NAMES}
    components["middle"]["step_size"] = 0.05
    followed(plant, WIRES, components=components)


def sawn() -> list[FunctionInstance]:
    """A sawtooth before the loop, which follows it."""
    saw = FunctionInstance(lambda t, u: [t % 0.37], name="source", inputs=(), outputs=[an_output()])
    return [saw, *plant()[1:]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [0, 1])
def test_what_jumps_before_a_loop_is_localized_alike(order: int, method: str) -> None:
    more = {"extrapolation": {"order": order}} if order else {}
    found = followed(sawn, WIRES, method, **more)
    assert found["error"] is None
    assert found["rejected"]["jump"] > 0


def test_runs_in_parts_and_values_written_in_between_agree_to_the_bit() -> None:
    def go(run: Simulation[None]) -> None:
        run.initialize()
        run.run(until=0.3)
        run.write("sink.u", 3.0)
        run.step()
        run.step()
        run.run(until=0.7)
        run.run()

    followed(plant, WIRES, go=go)


def test_a_loop_without_a_solution_over_the_whole_step_is_refused_alike() -> None:
    def make() -> list[FunctionInstance]:
        def hill(t: float, u: Any, x: Any) -> Any:
            return x + (0.8 / (1.0 + 400.0 * (u - 0.5) ** 2) if 0.42 < t < 0.61 else 0.1 * u)

        peak = FunctionInstance(
            hill, name="peak", step=lambda t, h, u, x: x + h * (u - x), state=[0.2], feedthrough={"y": ()}
        )
        return [peak, *(each for each in plant() if each.name in ("middle", "sink"))]

    wires = ["peak.y -> middle.u", "middle.y -> peak.u", "peak.y -> sink.u"]
    found = followed(make, wires, loops={"max_iterations": 3, "tolerance": 1e-12})
    assert found["rejected"].get("loop", 0) > 0 or found["error"] is not None


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 2**31), st.integers(2, 5), st.integers(0, 2), st.sampled_from(METHODS[1:]), st.booleans())
def test_random_affine_systems_with_loops(seed: int, count: int, order: int, method: str, algebraic: bool) -> None:
    system = mixed(seed, count, through=0.4 if algebraic else 0.0, ratios=[1 / 2, 1.0])
    both_ways(
        system.instances,
        system.entries,
        strides=None,
        components=system.components,
        step_size=H,
        stop=4 * system.count * H,
        algorithm="iterative",
        loops={"method": method},
        extrapolation={"order": order},
        step_control={"method": "error", "tolerance": 0.03},
    )
