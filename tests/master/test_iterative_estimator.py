"""A component that cannot go back in a loop, with a cheaper one that stands in for it during the iterations."""

from collections.abc import Sequence

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, DescriptionError, StepError
from orchestrator.instance import Capabilities
from orchestrator.master.loops.estimation import Estimated
from orchestrator.simulation import Simulation
from tests.coupled import Memory, simulation
from tests.doubles import Faults, FunctionInstance, a_parameter, an_input, an_output
from tests.master.event_doubles import EventDouble
from tests.models import Affine, Whole, Wire, gain, states

UNABLE = Capabilities(get_set_state=False)
WIRES = [Wire("one.y1", "two.u1"), Wire("two.y1", "one.u1")]


def _estimated(true: FunctionInstance, estimator: FunctionInstance) -> Estimated:
    true.capabilities = UNABLE
    return Estimated(true, estimator)


def _run(instances: Sequence[object], **more: object) -> Simulation[None]:
    keys = {"algorithm": "iterative", "loops": {"tolerance": 1e-12}, **more}
    return simulation(instances, [wire.entry for wire in WIRES], **keys)  # type: ignore[arg-type]


def _outputs(parts: Sequence[Affine], estimator: Affine, h: float, stop: float) -> np.ndarray:
    """y of `one`, which cannot go back, and of `two`, at all communication points."""
    one, two = parts
    memory = Memory()
    instances = [_estimated(one.instance(), estimator.instance()), two.instance()]
    with _run(instances, step_size=h, stop=stop, observers=[memory]) as run:
        run.run()
    return np.hstack([memory.of("one", "y1"), memory.of("two", "y1")])


def _one(a: float = -1.0) -> Affine:
    return states("one", a, 1.0, 0.5, 1.0)


TWO = states("two", -3.0, 1.0, 1.0, 2.0)


def test_with_an_exact_estimator_the_solution_is_that_of_the_iteration() -> None:
    found = _outputs([_one(), TWO], _one(), 0.1, 1.0)
    expected = Whole([_one(), TWO], WIRES).implicit(0.1, 10)
    np.testing.assert_allclose(found, [point.y for point in expected], rtol=1e-10)


def test_the_component_steps_once_in_each_macro_step_and_its_state_is_never_kept() -> None:
    true, estimator = _one().instance(), _one().instance()
    estimated = _estimated(true, estimator)
    true.save_state = None  # type: ignore[method-assign,assignment]
    with _run([estimated, TWO.instance()]) as run:
        run.run()
        counted = run._coupling.statistics.components
        assert counted["one"].steps == len(true.steps) == 10
        assert counted["one (estimator)"].steps == len(estimator.steps) > 20
    assert true.closed
    assert estimator.closed
    assert "terminate" in true.calls
    assert "terminate" in estimator.calls


def test_a_wrong_estimator_costs_little_of_the_accuracy() -> None:
    """Its time constant is a tenth too long; the error is that against the exact solution of the coupled system."""
    parts, exact = [_one(), TWO], Whole([_one(), TWO], WIRES)
    errors = []
    for estimator in (_one(), _one(-0.9)):
        found = _outputs(parts, estimator, 0.05, 2.0)
        truth = np.array([exact.at(0.05 * k).y for k in range(len(found))])
        errors.append(float(np.abs(found - truth).max()))
    assert errors[1] == pytest.approx(errors[0], rel=0.05)
    halved = _outputs(parts, _one(-0.9), 0.025, 2.0)
    truth = np.array([exact.at(0.025 * k).y for k in range(len(halved))])
    assert errors[1] / np.abs(halved - truth).max() == pytest.approx(2.0, rel=0.1)


def test_a_wrong_gain_is_corrected_from_step_to_step() -> None:
    """y = -2 u + 1 with -1.8 in the estimator: each step leaves (2 - 1.8) / (1 + 1.8) of the error, with sign."""
    true, estimator = gain("one", -2.0, 1.0).instance(), gain("one", -1.8, 0.3).instance()
    true.function = lambda t, u: -2.0 * u + (1.0 if t > 0.0 else 4.0)
    found = []
    with _run([_estimated(true, estimator), gain("two", 1.0, 0.0).instance()]) as run:
        for _ in range(6):
            run.step()
            found.append(run["two.y1"])
    errors = np.array(found) - 1.0 / 3.0
    np.testing.assert_allclose(errors[1:] / errors[:-1], -0.2 / 2.8, rtol=1e-5)


def test_both_start_with_the_same_values_and_take_the_same_parameters() -> None:
    doubles = [
        FunctionInstance(lambda t, u: u / 2.0, name="one", others=[a_parameter("k", 1.0, tunable=True)])
        for _ in range(2)
    ]
    for each in doubles:
        each.function = lambda t, u, own=each: u / 2.0 + own.values["k"][0] * t
    two = FunctionInstance(lambda t, u: u, name="two")
    connections = ["one.y -> two.u", "two.y -> one.u"]
    loops = {"tolerance": 1e-12}
    with simulation([_estimated(*doubles), two], connections, algorithm="iterative", loops=loops) as run:  # type: ignore[list-item]
        run["one.k"] = 3.0
        run.step()
        assert run["one.y"] == pytest.approx(0.6, rel=1e-9)
        run["one.k"] = 5.0
        run.step()
        assert run["one.y"] == pytest.approx(2.0, rel=1e-9)
    assert [each.values["k"][0] for each in doubles] == [5.0, 5.0]


def test_connectors_that_the_estimator_lacks_stay_with_the_component() -> None:
    true = FunctionInstance(
        lambda t, u: u / 2.0 + t, name="one", others=[a_parameter("k", 1.0, tunable=True)], capabilities=UNABLE
    )
    estimator = FunctionInstance(lambda t, u: u / 2.0 + t, name="one")
    two = FunctionInstance(lambda t, u: u, name="two")
    connections = ["one.y -> two.u", "two.y -> one.u"]
    observed = {"one": frozenset({"k"})}
    with simulation(
        [Estimated(true, estimator), two],  # type: ignore[list-item]
        connections,
        algorithm="iterative",
        observed=observed,
    ) as run:
        run["one.k"] = 2.0
        run.run()
        assert run["one.y"] == pytest.approx(2.0, rel=1e-7)
        assert run["one.k"] == 2.0


def test_an_estimator_needs_the_inputs_and_outputs_of_the_component() -> None:
    true = FunctionInstance(lambda t, u: u, name="one", outputs=[an_output(), an_output("z")])
    with pytest.raises(DescriptionError, match=r"'one': its estimator lacks 'z'"):
        Estimated(true, FunctionInstance(lambda t, u: u, name="one"))
    wide = FunctionInstance(lambda t, u: u, name="one", inputs=[an_input("u", size=2)])
    with pytest.raises(DescriptionError, match=r"lacks 'u', or has it with another causality, type, shape or unit"):
        Estimated(FunctionInstance(lambda t, u: u, name="one"), wide)


def test_an_estimator_has_to_go_back_and_to_stay_in_step_mode() -> None:
    true = FunctionInstance(lambda t, u: u, name="one")
    with pytest.raises(CapabilityError, match="'one': its estimator cannot go back"):
        Estimated(true, FunctionInstance(lambda t, u: u, name="one", capabilities=UNABLE))
    events = EventDouble(
        "one", inputs=[an_input()], outputs=[an_output()], capabilities=Capabilities(get_set_state=True)
    )
    with pytest.raises(CapabilityError, match="'one': its estimator has Event Mode"):
        Estimated(true, events)


def test_a_step_that_the_component_refuses_after_the_iterations_is_an_error() -> None:
    true = _one().instance(faults=Faults(discard_at=0.3))
    with _run([_estimated(true, _one().instance()), TWO.instance()]) as run:
        with pytest.raises(StepError, match=r"'one' refused its step from t = 0\.3 s"):
            run.run()
        assert run.time == pytest.approx(0.3)


def test_a_dear_component_that_can_go_back_takes_part_in_a_rollback_of_everything_with_its_estimator() -> None:
    """`two` refuses steps above 0.06 s at first; all go back, the estimator too."""
    true, estimator = _one().instance(), _one().instance()
    refusing = TWO.instance(faults=Faults(discard_at=0.3))
    plain = refusing.do_step

    def do_step(t: float, h: float) -> object:
        result = plain(t, h)
        refusing.faults.discard_at = None if t >= 0.3 - 1e-9 else 0.3
        return result

    refusing.do_step = do_step  # type: ignore[method-assign,assignment]
    with _run([Estimated(true, estimator), refusing]) as run:
        run.run()
        assert run._coupling.statistics.rejected["discard"] == 1
        assert true.x[0] == pytest.approx(estimator.x[0], rel=1e-9)
        assert true.time == pytest.approx(1.0)


def test_states_of_a_component_with_an_estimator_are_no_bytes_and_not_written() -> None:
    estimated = Estimated(_one().instance(), _one().instance())
    assert not estimated.capabilities.serialize_state
    with pytest.raises(CapabilityError, match="cannot serialize"):
        estimated.serialize_state(None)
    with pytest.raises(CapabilityError, match="cannot serialize"):
        estimated.stand_in.deserialize_state(b"")
    with pytest.raises(CapabilityError, match="cannot be started again"):
        estimated.restart(0.0, {})
