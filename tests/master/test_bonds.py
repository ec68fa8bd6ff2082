"""Bonds between two doubles whose flow is a ramp: what is lost in each step is known to the bit's neighbourhood."""

from typing import Any

import numpy as np
import pytest

from tests.coupled import Memory, simulation
from tests.doubles import FunctionInstance, an_input, an_output

H, CONTENT = 0.1, 3.0
CONNECTIONS = ["tank.q -> pipe.q", "tank.c -> pipe.c"]


def ledger(**more: Any) -> tuple[np.ndarray, np.ndarray]:
    """Residual and sum at every communication point; the tank gives the flow q = t of content 3."""
    tank = FunctionInstance(lambda t, u: [t, CONTENT], name="tank", inputs=(), outputs=[an_output("q"), an_output("c")])
    pipe = FunctionInstance(
        lambda t, u: [u[0] * u[1]], name="pipe", inputs=[an_input("q"), an_input("c")], outputs=[an_output("got")]
    )
    memory = Memory()
    bond = {"kind": "mass", "connections": CONNECTIONS, "factor": 2.0}
    fields = {"algorithm": "jacobi", "step_size": H, "bonds": {"feed": bond}, **more}
    with simulation([tank, pipe], CONNECTIONS, observers=[memory], **fields) as run:
        run.run()
    return memory.of("bonds", "feed.residual")[:, 0], memory.of("bonds", "feed.sum")[:, 0]


def test_held_inputs_lose_the_rise_of_the_flow_over_each_step_and_the_ledger_sums_it() -> None:
    residual, total = ledger()
    assert residual[1:] == pytest.approx(2.0 * CONTENT * H)
    assert total == pytest.approx(2.0 * CONTENT * H * H * np.arange(len(total)))


def test_inputs_on_a_straight_line_lose_less_once_two_values_are_known() -> None:
    held, _ = ledger()
    straight, _ = ledger(extrapolation={"order": 1})
    assert np.abs(straight[2:]).max() < 0.51 * held[2:].min()
