"""What goes wrong in a step goes wrong in the compiled loop as it does in the interpreted algorithms."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.errors import FailedStepError
from tests.doubles import STATEFUL, Faults, FunctionInstance, an_input, an_output
from tests.master.compiled.by_address import Outcome, both_ways

FORGETFUL = replace(STATEFUL, get_set_state=False, serialize_state=False)
FIXED = replace(STATEFUL, variable_step=False)
PLACES = ("first", "middle", "last")
RING = ["first.y -> middle.u", "middle.y -> last.u", {"connect": "last.y -> first.u", "factor": -0.5, "offset": 0.1}]
ALGORITHMS = ("jacobi", "gauss_seidel")


def lag(name: str, **more: Any) -> FunctionInstance:
    """x' = (u - x) by an explicit step of Euler."""
    return FunctionInstance(
        lambda t, u, x: x,
        name=name,
        step=lambda t, h, u, x: x + h * (u - x),
        state=[float(1 + PLACES.index(name))],
        **more,
    )


def ring(place: str, faults: dict[str, Any], capabilities: Any = STATEFUL) -> list[FunctionInstance]:
    """Three lags, one of which goes wrong."""
    return [lag(n, faults=Faults(**(faults if n == place else {})), capabilities=capabilities) for n in PLACES]


def run(place: str, faults: dict[str, Any], capabilities: Any = STATEFUL, **more: Any) -> Outcome:
    return both_ways(lambda: ring(place, faults, capabilities), RING, step_size=0.1, stop=2.0, **more)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("python", [(), ("middle",), ("first",), ("last",)])
@pytest.mark.parametrize(
    ("faults", "steps"),
    [
        ({"fail_at": 0.9}, 9),
        ({"fail_at": 0.0}, 0),
        ({"fail_at": 0.9, "error": FailedStepError("no")}, 9),
        ({"early_at": 0.9}, 9),
        ({"nan_at": 0.9}, 8),
        ({"nan_at": 0.1}, 0),
        ({"terminate_at": 0.9}, 10),
        ({"terminate_at": 0.0}, 1),
        ({"terminate_early_at": 0.9}, 9),
        ({}, 20),
    ],
    ids=str,
)
def test_a_fault_ends_the_run_alike(faults, steps, python, place, algorithm):
    assert run(place, faults, python=python, algorithm=algorithm)["macro_steps"][0] == steps


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("capabilities", [STATEFUL, FORGETFUL, FIXED], ids=["stateful", "forgetful", "fixed"])
@pytest.mark.parametrize("at", [0.0, 0.9])
def test_a_refused_step_is_tried_again_or_ends_the_run_alike(at, capabilities, place, algorithm):
    once = {"discard_at": at}
    run(place, once, capabilities, algorithm=algorithm)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("forgetful", PLACES)
def test_where_some_components_cannot_go_back_a_refusal_is_handled_alike(forgetful, place):
    def make() -> list[FunctionInstance]:
        instances = ring(place, {"discard_at": 0.9})
        for each in instances:
            each.capabilities = FORGETFUL if each.name == forgetful else STATEFUL
        return instances

    both_ways(make, RING, step_size=0.1, stop=2.0)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("call", ["set", "get"])
def test_a_call_that_fails_is_told_alike(place, call):
    def go(simulation: Any) -> None:
        simulation.run(until=0.5)
        simulation.instances[place].faults.fail_in = frozenset({call})
        simulation.run()

    run(place, {}, go=go)


def test_a_value_that_becomes_infinite_is_named_alike():
    def make() -> list[FunctionInstance]:
        doubling = FunctionInstance(
            lambda t, u, x: x, name="a", step=lambda t, h, u, x: 1e100 * x + u, state=[1.0, 2.0],
            outputs=[an_output("y", size=2)],
        )  # fmt: skip
        return [doubling, FunctionInstance(lambda t, u: u, name="b", inputs=[an_input("u", size=2)])]

    with np.errstate(over="ignore", invalid="ignore"):
        found = both_ways(make, ["a.y[1] -> b.u[1]"], step_size=0.1, stop=1.0)
    assert "'a.y" in found["error"][1]
