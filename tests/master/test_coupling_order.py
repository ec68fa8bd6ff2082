"""The order of a coupling, as step control presumes it, against how the error falls with the step size."""

from math import log2

import pytest

from cotwin import open_simulation
from orchestrator.master.coupling_order import coupling_order
from tests.coupled import simulation
from tests.doubles import FunctionInstance, an_output
from tests.master.test_oscillators import fall
from tests.textbook import two_mass

HELD, SLOPED = "co_simulation", "model_exchange"
CASES = [
    ("force", HELD, 0),
    ("force", SLOPED, 0),
    ("displacement", HELD, 0),
    ("displacement", HELD, 1),
    ("force", SLOPED, 1),
    ("displacement", SLOPED, 1),
]


def order_of(split: str, kind: str, **changes: object) -> int:
    described = two_mass(split, 0.01, stop=0.1, **changes)
    parts = {name: part.model_copy(update={"kind": kind}) for name, part in described.components.items()}
    with open_simulation(described.model_copy(update={"components": parts})) as run:
        return coupling_order(run.coupling)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize(("split", "kind", "extrapolation"), CASES)
def test_the_error_of_two_masses_falls_with_the_order(
    split: str, kind: str, extrapolation: int, algorithm: str
) -> None:
    changes = {"algorithm": algorithm, "extrapolation": {"order": extrapolation}}
    measured = log2(fall(split, kind=kind, **changes))
    assert order_of(split, kind, **changes) == pytest.approx(measured, abs=0.25)


def test_it_falls_with_the_cube_where_parabolas_are_followed_in_a_solved_loop() -> None:
    changes = {"algorithm": "iterative", "loops": {"tolerance": 1e-10}, "extrapolation": {"order": 2}}
    measured = log2(fall("force", h=0.1, kind=SLOPED, **changes))
    assert order_of("force", SLOPED, **changes) == pytest.approx(measured, abs=0.25)


def test_a_held_input_that_passes_directly_to_an_output_has_the_order_of_its_value_at_the_end() -> None:
    assert order_of("force", HELD, extrapolation={"order": 1}) == 1


def test_the_component_without_extrapolation_decides() -> None:
    one, two = (FunctionInstance(lambda t, u, x: x, name=n, step=lambda t, h, u, x: x, state=[0.0]) for n in "ab")
    components = {"a": {"source": "a.fmu", "extrapolation": {"order": 0}}, "b": {"source": "b.fmu"}}
    links = ["a.y -> b.u", "b.y -> a.u"]
    made = simulation([one, two], links, components=components, extrapolation={"order": 1})
    assert coupling_order(made.coupling) == 1


def test_what_does_not_flow_continuously_and_what_does_not_flow_at_all_has_no_say() -> None:
    switch = FunctionInstance(lambda t, u: [1.0], name="switch", inputs=(), outputs=[an_output(variability="discrete")])
    follower = FunctionInstance(lambda t, u, x: x, name="follower", step=lambda t, h, u, x: x, state=[0.0])
    last = FunctionInstance(lambda t, u, x: x, name="last", step=lambda t, h, u, x: x, state=[0.0])
    links = ["switch.y -> follower.u", "follower.y -> last.u"]
    assert coupling_order(simulation([switch, follower, last], links, extrapolation={"order": 1}).coupling) == 2
    assert coupling_order(simulation([last]).coupling) == 1
