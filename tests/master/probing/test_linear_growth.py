"""Growth of a small change from directional derivatives, against what stepping shows, and amplification matrices."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from orchestrator.errors import CapabilityError
from orchestrator.instance import Capabilities
from orchestrator.master.probing.growth import growth
from orchestrator.master.probing.linear_growth import LinearSystem, linear_stability
from plant_models.textbook.exact import held_step
from tests.doubles import FunctionInstance
from tests.master.probing.benches import Forward, a_bench
from tests.models import states

WIRES = [{"connect": "one.y1 -> two.u1", "factor": 2.0}, "two.y1 -> one.u1", "one.y2 -> three.u1", "three.y1 -> one.u2"]


def parts(seed):
    """Three random components with feedthrough that closes no loop."""
    random = np.random.default_rng(seed)
    sizes = {"one": (2, 2), "two": (1, 1), "three": (1, 1)}
    found = []
    for name, (inputs, outputs) in sizes.items():
        A = random.uniform(-1.0, 1.0, (2, 2)) - 1.5 * np.eye(2)
        part = states(name, A, random.uniform(-2, 2, (2, inputs)), random.uniform(-2, 2, (outputs, 2)), [1.0, -1.0])
        found.append(part if name == "one" else replace(part, D=random.uniform(-0.5, 0.5, (outputs, inputs))))
    return found


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel", "iterative"])
@pytest.mark.parametrize("seed", range(4))
def test_the_growth_is_what_steps_show(algorithm, seed):
    h = 0.3
    common = {"algorithm": algorithm, "step_size": h, "loops": {"tolerance": 1e-12}, "experiment": {"stop": 100 * h}}
    with a_bench([part.instance() for part in parts(seed)], WIRES, **common) as bench:
        stepped = growth(bench, h, 80)
    with a_bench([Forward(part) for part in parts(seed)], WIRES, **{**common, "algorithm": "jacobi"}) as bench:
        told = LinearSystem(bench.with_algorithm(algorithm)).growth(h)
    assert told.factor == pytest.approx(stepped.factor, rel=1e-3)
    assert told.steps == 0


def test_a_delay_is_one_of_the_connections_along_which_nothing_passes_within_a_step():
    wires = [{"connect": "one.y1 -> two.u1", "delay": True}, "two.y1 -> one.u1"]
    pair = [states(name, [[-1.0]], [[2.0]], [[1.0]], [1.0]) for name in ("one", "two")]
    with a_bench([Forward(part) for part in pair], wires, step_size=0.5) as bench:
        found = LinearSystem(bench).growth(0.5)
    step = held_step(pair[0].A, pair[0].B, 0.5)
    stays, gained = step.state.item(), step.held.item()
    # two steps first and hands on at once; what one put out before its own step arrives a step late
    order = [each.name for each in bench.coupling.participants]
    assert order == ["one", "two"]
    matrix = np.array([[stays, gained], [gained, stays]])
    assert found.factor == pytest.approx(np.abs(np.linalg.eigvals(matrix)).max(), rel=1e-9)


def test_small_steps_tell_the_rate_of_the_model():
    pair = [states(name, [[0.5]], [[0.1]], [[1.0]], [1.0]) for name in ("one", "two")]
    wires = ["one.y1 -> two.u1", "two.y1 -> one.u1"]
    with a_bench([Forward(part) for part in pair], wires, step_size=0.05) as bench:
        found = linear_stability(bench, 10.0)
    assert found.verdict == "growing"
    assert found.model_rate == pytest.approx(0.6, rel=1e-3)
    assert np.exp(0.6 * 0.05) == pytest.approx(expm(np.array([[0.5, 0.1], [0.1, 0.5]]) * 0.05).sum(axis=0)[0])


def test_a_step_that_makes_a_stable_model_grow_is_found_without_a_step():
    stiff = [[0.0, 1.0], [-41.0, -1.0]]
    pair = [states(name, stiff, [[0.0], [40.0]], [[1.0, 0.0]], [1.0, 0.0]) for name in ("one", "two")]
    wires = ["one.y1 -> two.u1", "two.y1 -> one.u1"]
    with a_bench([Forward(part) for part in pair], wires, step_size=0.4, algorithm="jacobi") as bench:
        found = linear_stability(bench, 100.0)
        assert bench.steps_made == 0
    assert found.verdict == "unstable"
    assert found.stable_step < 0.4


def test_a_component_that_tells_too_little_is_named():
    one, two = states("one", [[-1.0]], [[1.0]], [[1.0]], [1.0]), states("two", [[-1.0]], [[1.0]], [[1.0]], [1.0])
    wires = ["one.y1 -> two.u1", "two.y1 -> one.u1"]
    for silent in (two.instance(capabilities=Capabilities()), Forward(two, by_states=False)):
        with (
            a_bench([Forward(one), silent], wires) as bench,
            pytest.raises(CapabilityError, match="no directional derivatives of outputs and of states from 'two'"),
        ):
            linear_stability(bench, 1.0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"extrapolation": {"order": 1}}, "inputs that are extrapolated"),
        ({"components": {"one": {"source": "a"}, "two": {"source": "b", "step_size": 0.5}}}, "'two' step less often"),
    ],
)
def test_what_is_not_held_over_one_step_is_said(keys, words):
    pair = [Forward(states(name, [[-1.0]], [[1.0]], [[1.0]], [1.0])) for name in ("one", "two")]
    with (
        a_bench(pair, ["one.y1 -> two.u1", "two.y1 -> one.u1"], **keys) as bench,
        pytest.raises(CapabilityError, match=words),
    ):
        linear_stability(bench, 1.0)


def test_nothing_is_said_where_nothing_flows():
    with a_bench([FunctionInstance(lambda t, u: u, name="alone")], []) as bench, pytest.raises(CapabilityError):
        linear_stability(bench, 1.0)
