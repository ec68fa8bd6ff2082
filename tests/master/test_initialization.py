"""Coupled initialization: every output follows from the outputs it depends on, at the start time."""

import numpy as np
import pytest

from orchestrator.errors import InitializationError
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, a_parameter, an_input, an_output


def _chain() -> list[FunctionInstance]:
    """source (3) -> square -> plus one, declared backwards."""
    source = FunctionInstance(lambda t, u: [3.0], name="source", inputs=())
    square = FunctionInstance(lambda t, u: u**2, name="square")
    plus_one = FunctionInstance(lambda t, u: u + 1.0, name="plus_one")
    return [plus_one, square, source]


def test_initial_outputs_reach_inputs_through_every_feedthrough() -> None:
    memory = Memory()
    with simulation(_chain(), ["source.y -> square.u", "square.y -> plus_one.u"], observers=[memory]) as run:
        run.initialize()
        assert run["plus_one.y"] == 10.0
        assert run["square.u"] == 3.0
    assert memory.times == [0.0]


def test_an_output_is_not_read_before_what_it_depends_on() -> None:
    seen: list[float] = []

    def reciprocal(t: float, u: np.ndarray) -> np.ndarray:
        seen.append(u[0])
        return 1.0 / u

    source = FunctionInstance(lambda t, u: [4.0], name="source", inputs=())
    divider = FunctionInstance(reciprocal, name="divider", inputs=[an_input(start=0.0)])
    with simulation([divider, source], ["source.y -> divider.u"]) as run:
        run.initialize()
        assert run["divider.y"] == 0.25
    assert set(seen) == {4.0}


def test_two_components_that_feed_each_other_without_a_loop_of_feedthrough_are_consistent() -> None:
    def crossed(name: str) -> FunctionInstance:
        """y1 = 5 (no feedthrough), y2 = 2 u."""
        return FunctionInstance(
            lambda t, u: [5.0, 2.0 * u[0]],
            name=name,
            outputs=[an_output("y1"), an_output("y2")],
            feedthrough={"y1": (), "y2": ("u",)},
        )

    one, two = crossed("one"), crossed("two")
    with simulation([one, two], ["one.y2 -> two.u", "two.y1 -> one.u"]) as run:
        run.initialize()
        assert run["one.y2"] == 10.0
        assert run["two.y2"] == 20.0


def test_start_values_reach_the_instance_before_initialization_and_unconnected_inputs_keep_theirs() -> None:
    gain = FunctionInstance(
        lambda t, u: gain.values["k"] * u,
        name="gain",
        inputs=[an_input("u", start=[1.0, 2.0], size=2)],
        outputs=[an_output("y", size=2)],
        others=[a_parameter("k", 1.0)],
    )
    description = {"components": {"gain": {"source": "gain.fmu", "parameters": {"k": 10.0, "u[2]": 7.0}}}}
    with simulation([gain], **description) as run:
        run.initialize()
        np.testing.assert_array_equal(run["gain.y"], [10.0, 70.0])
        run.run()
        np.testing.assert_array_equal(run["gain.y"], [10.0, 70.0])
    assert gain.calls.index("set") < gain.calls.index("enter_initialization")


def test_an_input_without_start_value_begins_with_what_the_instance_says() -> None:
    double = FunctionInstance(lambda t, u: 2.0 * u, name="double", inputs=[an_input(start=None)])
    double.values["u"] = np.array([21.0])
    with simulation([double]) as run:
        run.initialize()
        assert run["double.y"] == 42.0


def test_observed_locals_are_valid_at_the_start_time() -> None:
    tank = FunctionInstance(lambda t, u, x: x[:1], name="tank", step=lambda t, h, u, x: x + h * u, state=[1.5, 2.5])
    memory = Memory()
    with simulation([tank], observed={"tank": frozenset({"x"})}, observers=[memory]) as run:
        run.initialize()
    np.testing.assert_array_equal(memory.of("tank", "x"), [[1.5, 2.5]])


@pytest.mark.parametrize("call", ["set", "enter_initialization", "get", "exit_initialization"])
def test_a_failed_initialization_names_the_component_and_closes_all(call: str) -> None:
    sound = FunctionInstance(lambda t, u: u, name="sound")
    faulty = FunctionInstance(lambda t, u: u, name="faulty", faults=Faults(fail_in=frozenset({call})))
    with simulation([sound, faulty]) as run, pytest.raises(InitializationError, match="'faulty' failed at t = 0 s"):
        run.run()
    assert sound.closed
    assert faulty.closed
    assert "terminate" not in sound.calls


def test_an_initial_output_that_is_not_a_number_is_an_error() -> None:
    faulty = FunctionInstance(lambda t, u: u, name="faulty", faults=Faults(nan_at=0.0))
    with simulation([faulty]) as run, pytest.raises(InitializationError, match=r"'faulty\.y' is nan at t = 0 s"):
        run.run()
