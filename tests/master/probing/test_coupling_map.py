"""The coupling map of a loop: its Jacobian and spectral radii against those of the matrices that made it."""

import numpy as np
import pytest

from orchestrator.master.probing.coupling_map import CouplingMap, arnoldi_radius, probed_loop, spectral_radius
from plant_models.textbook.exact import held_step
from tests.master.probing.benches import a_bench
from tests.models import Affine, gain, states


def lag(name, inputs, seed):
    """Two states, one output, random but stable."""
    random = np.random.default_rng(seed)
    A = random.uniform(-1.0, 1.0, (2, 2)) - 2.0 * np.eye(2)
    return states(name, A, random.uniform(-1, 1, (2, inputs)), random.uniform(-1, 1, (1, 2)), [1.0, -1.0])


def through(part, h):
    """dy(t + h)/du of a part for inputs held over the step."""
    return part.C @ held_step(part.A, part.B, h).held + part.D


def test_a_loop_of_gains_has_their_product_as_spectral_radius():
    parts = [gain("left", -2.0, 1.0), states("right", [[-1.0]], [[1.0]], [[1.0]], [0.0])]
    with a_bench([part.instance() for part in parts], ["left.y1 -> right.u1", "right.y1 -> left.u1"]) as bench:
        found = probed_loop(bench, ("left", "right"), 0.1)
    product = 2.0 * (1.0 - np.exp(-0.1))
    assert found.variables == ("right.u1", "left.u1")
    assert found.torn == ("left.u1",)
    assert found.radius_gauss_seidel == pytest.approx(product, rel=1e-9)
    assert found.radius_jacobi == pytest.approx(np.sqrt(product), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_spectral_radii_are_those_of_random_affine_parts(seed):
    one, two, three = lag("one", 2, seed), lag("two", 1, seed + 10), lag("three", 1, seed + 20)
    wires = ["three.y1 -> one.u1", "two.y1 -> one.u2", "one.y1 -> two.u1", "two.y1 -> three.u1"]
    with a_bench([part.instance() for part in (one, two, three)], wires) as bench:
        found = probed_loop(bench, ("one", "two", "three"), 0.5)
    y1, y2, y3 = (through(part, 0.5) for part in (one, two, three))
    # u = (one.u1, one.u2, two.u1, three.u1), in the order of the wires
    jacobian = np.zeros((4, 4))
    jacobian[0, 3], jacobian[1, 2], jacobian[2, :2], jacobian[3, 2] = y3.item(), y2.item(), y1[0], y2.item()
    newest = jacobian * np.array([[0.0], [0.0], [1.0], [1.0]])
    sweep = np.linalg.solve(np.eye(4) - newest, jacobian - newest)
    assert found.radius_jacobi == pytest.approx(np.abs(np.linalg.eigvals(jacobian)).max(), rel=1e-7)
    assert found.radius_gauss_seidel == pytest.approx(np.abs(np.linalg.eigvals(sweep)).max(), rel=1e-7)


def test_units_and_factors_along_connections_are_part_of_the_map():
    parts = [states(name, [[-1.0]], [[1.0]], [[1.0]], [0.5]) for name in ("one", "two")]
    wires = [{"connect": "one.y1 -> two.u1", "factor": 3.0, "offset": 7.0}, "two.y1 -> one.u1"]
    with a_bench([part.instance() for part in parts], wires) as bench:
        found = probed_loop(bench, ("one", "two"), 0.1)
    assert found.radius_gauss_seidel == pytest.approx(3.0 * (1.0 - np.exp(-0.1)) ** 2, rel=1e-9)


def wide(name, size, seed):
    """As many inputs as outputs, each input on all outputs."""
    matrix = np.random.default_rng(seed).standard_normal((size, size)) / size
    matrix[0, 0] += 2.0  # one eigenvalue apart, as loops of plants have
    empty = np.zeros((0, 0)), np.zeros((0, size)), np.zeros((size, 0))
    return Affine(name, *empty, matrix, np.zeros(size), np.zeros(0))


def test_a_large_loop_is_told_from_few_steps():
    size = 60
    mirror = states("mirror", -np.eye(size), np.eye(size), np.eye(size), np.zeros(size))
    plant = wide("plant", size, 1)
    wires = [
        f"{a}.y{k + 1} -> {b}.u{k + 1}" for a, b in (("mirror", "plant"), ("plant", "mirror")) for k in range(size)
    ]
    with a_bench([part.instance() for part in (mirror, plant)], wires) as bench:
        before = bench.steps_made
        found = probed_loop(bench, ("mirror", "plant"), 0.1)
        made = bench.steps_made - before
    expected = spectral_radius(plant.D) * (1.0 - np.exp(-0.1))
    assert not found.exact
    assert made <= 4 * 25 + 4
    assert found.radius_gauss_seidel == pytest.approx(expected, rel=0.02)


def test_everything_is_where_it_was_after_a_probe():
    one, two = lag("one", 1, 3).instance(), lag("two", 1, 4).instance()
    with a_bench([one, two], ["one.y1 -> two.u1", "two.y1 -> one.u1"]) as bench:
        values, x, time = bench.signals.float64.copy(), one.x.copy(), one.time
        with CouplingMap(bench, ("one", "two"), 0.1) as coupling_map:
            coupling_map.jacobian()
        assert (bench.signals.float64 == values).all()
        assert (one.x == x).all()
        assert one.time == time


@pytest.mark.parametrize("size", [1, 3, 12])
def test_a_krylov_space_that_is_exhausted_gives_the_exact_spectral_radius(size):
    matrix = np.random.default_rng(size).standard_normal((size, size))
    assert arnoldi_radius(lambda v: matrix @ v, size) == pytest.approx(spectral_radius(matrix), rel=1e-8)


def test_the_spectral_radius_of_nothing_is_0():
    assert spectral_radius(np.zeros((0, 0))) == 0.0
    assert arnoldi_radius(lambda v: 0.0 * v, 3) == 0.0
