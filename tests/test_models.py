"""The closed forms of affine networks: against each other, and against what the doubles and Jacobi's method do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant_models.textbook.exact import TwoMass, harmonic
from tests.coupled import Memory, simulation
from tests.models import Affine, Point, Whole, Wire, gain, network, ring, states

seeds = st.integers(0, 10_000)


def collected(parts: list[Affine], memory: Memory) -> np.ndarray:
    """Outputs (rows, all outputs of the parts in their order)."""
    columns = [memory.of(part.name, output.split(".")[1])[:, 0] for part in parts for output in part.outputs]
    return np.stack(columns, axis=1)


def two_integrators() -> Whole:
    position, velocity = states("position", 0, 1, 1, 1), states("velocity", 0, -1, 1, 0)
    return Whole([position, velocity], [Wire("position.y1", "velocity.u1"), Wire("velocity.y1", "position.u1")])


def test_the_whole_of_two_integrators_oscillates() -> None:
    assert two_integrators().at(1.3).y == pytest.approx(harmonic(1.3)[0])


def test_the_whole_of_two_coupled_masses_has_their_matrix() -> None:
    masses = TwoMass()
    A, held = masses.matrix[:2, :2], masses.matrix[:2, 2:]
    one, two = (states(name, A, held, np.eye(2), x) for name, x in (("one", [1.0, 0.0]), ("two", [0.0, 0.0])))
    wires = [Wire(f"{a}.y{k}", f"{b}.u{k}") for a, b in (("one", "two"), ("two", "one")) for k in (1, 2)]
    assert Whole([one, two], wires).matrix == pytest.approx(masses.matrix)
    assert Whole([one, two], wires).at(2.0).x == pytest.approx(masses.at(2.0)[0])


def test_a_loop_of_two_gains_has_its_solution_from_the_start() -> None:
    whole = Whole([gain("a", -2, 1), gain("b", 1, 0)], [Wire("a.y1", "b.u1"), Wire("b.y1", "a.u1")])
    assert whole.at(0.0).y == pytest.approx([1 / 3, 1 / 3])
    assert max(abs(np.linalg.eigvals(whole.loop))) == pytest.approx(np.sqrt(2))


@settings(deadline=None)
@given(seeds)
def test_the_exact_solution_fulfils_equations_and_wires(seed: int) -> None:
    parts, wires = network(seed, 4)
    whole = Whole(parts, wires)
    d = 1e-5
    before, now, after = (whole.at(t) for t in (0.7 - d, 0.7, 0.7 + d))
    assert (after.x - before.x) / (2 * d) == pytest.approx(whole.A @ now.x + whole.B @ now.u, abs=1e-7)
    assert now.y == pytest.approx(whole.C @ now.x + whole.D @ now.u + whole.e, abs=1e-12)
    value = dict(zip([*whole.outputs, *whole.inputs], [*now.y, *now.u], strict=True))
    for wire in wires:
        assert value[wire.destination] == pytest.approx(wire.factor * value[wire.source] + wire.offset, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_the_doubles_under_jacobi_give_what_the_closed_form_says(seed: int) -> None:
    parts, wires = network(seed, 3, through=0.0)
    memory = Memory()
    keys = {"step_size": 0.1, "algorithm": "jacobi", "observers": [memory]}
    with simulation([part.instance() for part in parts], [wire.entry for wire in wires], **keys) as run:
        run.run()
    expected = np.array([point.y for point in Whole(parts, wires).jacobi(0.1, 10)])
    np.testing.assert_allclose(collected(parts, memory), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("method", ["jacobi", "implicit"])
def test_both_methods_approach_the_exact_solution_with_order_one(method: str) -> None:
    def error(h: float) -> float:
        whole = Whole(*network(7, 4))
        last: Point = getattr(whole, method)(h, round(1 / h))[-1]
        return float(np.abs(last.x - whole.at(1.0).x).max())

    assert error(0.005) / error(0.0025) == pytest.approx(2.0, rel=0.05)


def test_the_energy_of_the_implicit_method_shrinks_by_one_plus_h_squared_in_every_step() -> None:
    energies = [float(point.y @ point.y) for point in two_integrators().implicit(0.1, 5)]
    assert energies == pytest.approx((1.0 + 0.1**2) ** -np.arange(6.0))


def test_a_ring_in_other_units_has_the_same_solution_in_these_units() -> None:
    gains, offsets, scales = [0.5, -2.0, 1.5], [1.0, 2.0, 3.0], [1e-9, 1.0, 1e6]
    plain, scaled = Whole(*ring(gains, offsets)).at(0.0).y, Whole(*ring(gains, offsets, scales)).at(0.0).y
    assert scaled / scales == pytest.approx(plain, rel=1e-12)
    assert plain == pytest.approx([0.5 * plain[2] + 1, -2 * plain[0] + 2, 1.5 * plain[1] + 3])


def test_a_ring_of_fifty_is_solved() -> None:
    rng = np.random.default_rng(1)
    whole = Whole(*ring(rng.uniform(-1.2, 1.2, 50), rng.uniform(-1, 1, 50)))
    y = whole.at(0.0).y
    assert y == pytest.approx(whole.D @ (whole.K @ y + whole.k) + whole.e)


def test_outputs_of_a_double_depend_on_the_inputs_that_its_matrix_names() -> None:
    part = gain("part", [[1.0, 0.0], [0.0, 0.0]], [0.0, 1.0])
    assert part.instance().feedthrough == {"y1": ("u1",), "y2": ()}
