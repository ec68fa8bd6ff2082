"""Ranges: values outside of min and max end a run where that is asked for, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.errors import InitializationError, StepError
from orchestrator.instance import Bundle
from orchestrator.master.ranges import Ranges
from orchestrator.simulation import Simulation
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.quantities.units import Unit
from tests.coupled import describe, setup
from tests.doubles import FunctionInstance, a_parameter, an_input, an_output
from tests.master.event_doubles import EventDouble, a_clock, discrete

GRAM_PER_LITRE = Unit("g/L")


def ramp(slope=1.0, **bounds):
    return FunctionInstance(
        lambda t, u: [slope * t, 0.0, t], name="ramp", inputs=(),
        outputs=[an_output("S", size=2, unit=GRAM_PER_LITRE, **bounds), an_output("free")],
    )  # fmt: skip


def sink(**bounds):
    return FunctionInstance(lambda t, u: [0.0], name="sink", inputs=[an_input("u", **bounds)], feedthrough={"y": ()})


def run(*instances, connections=(), check_ranges=("ramp", "sink"), observed=None):
    description = describe([one.name for one in instances], connections)
    made = replace(setup(instances, description, observed or {}), check_ranges=frozenset(check_ranges))
    with Simulation(made, (), lambda: None) as simulation:
        simulation.run()


def test_an_output_out_of_range_is_an_error_with_name_value_bounds_and_time():
    with pytest.raises(StepError) as caught:
        run(ramp(maximum=0.45))
    assert "'ramp.S[1]' is 0.5 g/L, outside of its range [-inf, 0.45] at t = 0.5 s" in str(caught.value)
    assert (caught.value.component, caught.value.time) == ("ramp", 0.5)


def test_an_input_out_of_range_names_the_component_that_gets_it():
    with pytest.raises(StepError, match=r"'sink\.u' is 0\.6.*outside of its range \[0\.0, 0\.55\] at t = 0\.5 s"):
        run(ramp(), sink(minimum=0.0, maximum=0.55), connections=["ramp.free -> sink.u"])


def test_the_start_is_checked_too():
    with pytest.raises(InitializationError, match=r"'ramp\.S\[1\]' is 0.* g/L, outside of its range \[0\.1, inf\]"):
        run(ramp(minimum=0.1))


def growing(maximum):
    """A state that grows by h per step, read by nobody unless it is recorded."""
    made = FunctionInstance(
        lambda t, u, x: [0.0], name="sink", inputs=(), step=lambda t, h, u, x: x + h, state=[0.0],
        others=[a_parameter("k", 2.0, maximum=1.0)],
    )  # fmt: skip
    made.connectors = tuple(replace(one, maximum=maximum) if one.name == "x" else one for one in made.connectors)
    return made


def test_locals_and_parameters_are_checked_where_they_are_recorded():
    with pytest.raises(StepError, match=r"'sink\.x\[1\]' is 0\.6.*outside of its range \[-inf, 0\.55\]"):
        run(growing(0.55), observed={"sink": frozenset({"x"})})
    with pytest.raises(InitializationError, match=r"'sink\.k' is 2\.0, outside of its range \[-inf, 1\.0\]"):
        run(growing(0.55), observed={"sink": frozenset({"k"})})
    run(growing(0.55))


def test_what_has_no_value_yet_is_not_held_against_a_range():
    pair = [Connector(name, Causality.OUTPUT, Storage.FLOAT64, k, minimum=1.0) for k, name in enumerate("ab")]
    values = np.zeros(2)
    assert Ranges().violation(Bundle.of(pair), values, {"a"}).element == "b"
    assert Ranges().violation(Bundle.of(pair), values, {"a", "b"}) is None


def sampled(value):
    """An output that has a value at the ticks of a clock only, the first at 0.3 s."""
    bounded = replace(discrete("sample", Causality.OUTPUT), minimum=1.0)
    return EventDouble(
        "ramp", outputs=[a_clock("tick", Causality.OUTPUT), bounded], times=[0.3], timed=["tick"],
        clocked={"sample": ["tick"]}, on_exchange=lambda made: made.values.update(sample=np.array([value])),
    )  # fmt: skip


def test_a_clocked_variable_is_checked_from_its_first_tick_on():
    run(sampled(1.5))
    with pytest.raises(StepError, match=r"'ramp\.sample' is 0\.5, outside of its range \[1\.0, inf\] at t = 0\.3 s"):
        run(sampled(0.5))


def test_nothing_is_checked_unless_it_is_asked_for():
    run(ramp(maximum=0.45), check_ranges=())
    run(ramp(maximum=0.45), sink(), check_ranges=("sink",))


def test_bounds_themselves_are_inside():
    run(ramp(minimum=0.0, maximum=1.0))


@pytest.mark.parametrize(
    ("storage", "value", "bounds", "violated"),
    [
        ("int64", 2**53 + 1, (None, 2**53), True),
        ("int64", 2**53, (None, 2**53), False),
        ("uint64", 2**64 - 1, (1, None), False),
        ("uint64", 0, (1, None), True),
        ("float64", np.nan, (0.0, 1.0), True),
        ("float64", np.nan, (None, None), False),
        ("boolean", True, (None, 0), False),
        ("string", "text", (None, 0), False),
    ],
)
def test_ranges_are_exact_in_every_type(storage, value, bounds, violated):
    connector = Connector("x", Causality.OUTPUT, Storage(storage), 0, minimum=bounds[0], maximum=bounds[1])
    values = np.array([value], dtype=connector.storage.dtype)
    assert (Ranges().violation(Bundle.of([connector]), values) is not None) == violated
