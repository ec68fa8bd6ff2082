"""Coupling maps of components that cannot go back, from directional derivatives, against those that were tried out."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.instance import Capabilities
from orchestrator.master.probing.coupling_map import CouplingMap, probed_loop
from orchestrator.master.probing.probe import probe
from orchestrator.master.probing.responses import Way
from tests.master.probing.benches import Forward, a_bench
from tests.models import states


def stiff(name, seed, inputs=2):
    """Three states, two outputs, some feedthrough to the second output only."""
    random = np.random.default_rng(seed)
    A = random.uniform(-1.0, 1.0, (3, 3)) - np.diag([2.0, 5.0, 30.0])
    part = states(name, A, random.uniform(-1, 1, (3, inputs)), random.uniform(-1, 1, (2, 3)), [1.0, -1.0, 0.5])
    return part if name == "one" else replace(part, D=np.vstack([np.zeros((1, inputs)), random.uniform(size=inputs)]))


WIRES = [
    {"connect": "one.y1 -> two.u2", "factor": 3.0},
    "one.y2 -> two.u1",
    {"connect": "two.y1 -> one.u2", "factor": -0.5},
    "two.y2 -> one.u1",
]


def found(instances, h=0.3):
    with a_bench(instances, WIRES, step_size=h, experiment={"stop": 100 * h}) as bench:
        probed = probed_loop(bench, ("one", "two"), h)
        with CouplingMap(bench, ("one", "two"), h) as coupling_map:
            return probed, coupling_map.jacobian()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("forward", [("one",), ("two",), ("one", "two")])
def test_linearized_over_the_step_the_map_of_linear_components_is_exact(seed, forward):
    parts = stiff("one", seed), stiff("two", seed + 10)
    tried, exact = found([part.instance() for part in parts])
    told, matrix = found([Forward(part) if part.name in forward else part.instance() for part in parts])
    np.testing.assert_allclose(matrix, exact, rtol=1e-7, atol=1e-9)
    assert told.radius_jacobi == pytest.approx(tried.radius_jacobi, rel=1e-6)
    assert told.radius_gauss_seidel == pytest.approx(tried.radius_gauss_seidel, rel=1e-6)
    assert tried.ways == {"one": Way.ROLLBACK, "two": Way.ROLLBACK}
    assert told.ways == {name: Way.LINEARIZED if name in forward else Way.ROLLBACK for name in ("one", "two")}


@pytest.mark.parametrize("keys", [{"by_states": False}, {"refuses_states": True}])
def test_without_derivatives_by_states_there_is_direct_feedthrough_only_and_it_is_said(keys):
    one, two = stiff("one", 1), stiff("two", 2)
    told, matrix = found([one.instance(), Forward(two, **keys)])
    assert told.ways["two"] is Way.FEEDTHROUGH
    # u = (two.u2, two.u1, one.u2, one.u1): what comes back from two along its two wires
    by_two = np.diag([-0.5, 1.0]) @ two.D[:, ::-1]
    np.testing.assert_allclose(matrix[2:, :2], by_two, atol=1e-12)


def test_direct_feedthrough_is_what_is_left_of_a_component_in_short_steps():
    one, two = stiff("one", 1), stiff("two", 2)
    _, exact = found([one.instance(), two.instance()], h=1e-6)
    _, matrix = found([one.instance(), Forward(two, by_states=False)], h=1e-6)
    np.testing.assert_allclose(matrix, exact, atol=1e-5)


def test_a_component_that_neither_goes_back_nor_tells_derivatives_is_named():
    silent = stiff("two", 2).instance(capabilities=Capabilities())
    with (
        a_bench([stiff("one", 1).instance(), silent], WIRES) as bench,
        pytest.raises(CapabilityError, match=r"'two' can neither go back .* nor tell directional derivatives"),
    ):
        probed_loop(bench, ("one", "two"), 0.1)


def test_a_probe_tells_the_map_though_nothing_can_be_tried_out():
    parts = [Forward(stiff("one", 1)), Forward(stiff("two", 2))]
    with a_bench(parts, WIRES) as bench:
        findings = probe(bench, (("one", "two"),), 1.0, 1e-4)
    assert set(findings.loops[0].ways.values()) == {Way.LINEARIZED}
    assert findings.unable == ("one", "two")
    assert findings.do_steps == 0
    assert findings.stability is not None
