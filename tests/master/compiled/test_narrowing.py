"""Inputs to which nothing flows are set when the compiled loop is entered, and then stay as they are."""

from typing import Any

import numpy as np
import pytest

from orchestrator.instance import Bundle, Values
from orchestrator.simulation import Simulation
from tests.coupled import describe, setup
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.compiled.by_address import Patient, both_ways, by_address

WIRES = ["source.y -> middle.b", "middle.y -> last.u"]


class Watched(FunctionInstance):
    """Notes the names of the inputs that each call sets."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.given: list[str] = []

    def set(self, bundle: Bundle, values: Values) -> None:
        self.given.append("".join(each.name for each in bundle.connectors))
        super().set(bundle, values)


def chain() -> list[FunctionInstance]:
    """Three components: nothing flows to the first, to one of three inputs of the second, to all of the third."""

    def accumulates(name: str, inputs: str) -> FunctionInstance:
        return Watched(
            lambda t, u, x: x,
            name=name,
            inputs=[an_input(each) for each in inputs],
            outputs=[an_output("y")],
            step=lambda t, h, u, x: 0.5 * x + h * np.sum(u * np.arange(1.0, u.size + 1.0)) + t,
            state=[1.0],
        )

    return [accumulates("source", "k"), accumulates("middle", "abc"), accumulates("last", "u")]


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_what_was_written_between_runs_takes_effect_to_the_bit(algorithm: str) -> None:
    def go(simulation: Any) -> None:
        simulation.run(until=0.3)
        simulation["source.k"] = 3.0
        simulation.run(until=0.5)
        simulation["middle.a"], simulation["middle.c"] = -1.0, 2.0
        simulation.step()
        simulation["middle.c"] = 0.25
        simulation.run()

    both_ways(chain, WIRES, go=go, algorithm=algorithm, step_size=0.1)


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
def test_inputs_to_which_nothing_flows_are_set_once_after_the_loop_is_entered(algorithm: str) -> None:
    instances = by_address(chain())
    description = describe([each.name for each in instances], WIRES, algorithm=algorithm)
    with Simulation(setup(instances, description), [Patient()], lambda: None) as simulation:
        simulation.initialize()
        for each in instances:
            each.given.clear()
        simulation.run(until=0.5)
        assert {each.name: each.given for each in instances} == {
            "source": ["k"],
            "middle": ["abc", *4 * ["b"]],
            "last": 5 * ["u"],
        }


def test_where_the_ends_of_a_row_of_inputs_are_reached_all_of_it_is_set() -> None:
    instances = by_address(chain())
    wires = ["source.y -> middle.a", {"connect": "last.y -> middle.c"}, "middle.y -> last.u"]
    description = describe([each.name for each in instances], wires, algorithm="jacobi")
    with Simulation(setup(instances, description), [Patient()], lambda: None) as simulation:
        simulation.run(until=0.5)
        assert instances[1].given[-4:] == 4 * ["abc"]


def test_a_component_that_goes_back_to_before_something_was_written_gets_it_again() -> None:
    def go(simulation: Any) -> None:
        simulation.run(until=0.3)
        simulation["middle.a"] = 5.0
        simulation.instances["last"].faults.discard_at = 0.6
        simulation.run()

    both_ways(chain, WIRES, go=go, step_size=0.1)
