"""Growth of a small change per macro step against the amplification matrices of the coupled systems."""

import math

import numpy as np
import pytest

from orchestrator.master.probing.growth import Growth, dominant_factor, growth, judged, stability
from plant_models.textbook.exact import held_step
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.probing.benches import a_bench
from tests.models import states

STIFF = 40.0
"""Spring between the masses (N/m): beyond what held displacements bear at large steps."""


def mass(name, x, *, damping=0.1):
    """x'' = -x - d x' + ck (u - x): a mass on a spring, tied to another one; its output is its displacement."""
    return states(name, [[0.0, 1.0], [-1.0 - STIFF, -damping]], [[0.0], [STIFF]], [[1.0, 0.0]], [x, 0.0])


WIRES = ["one.y1 -> two.u1", "two.y1 -> one.u1"]


def amplification(one, two, h, algorithm):
    """The matrix that takes (x, v, x, v) over one macro step."""
    first, second = held_step(one.A, one.B, h), held_step(two.A, two.B, h)
    upper = np.hstack([first.state, first.held @ two.C])
    if algorithm == "jacobi":
        return np.vstack([upper, np.hstack([second.held @ one.C, second.state])])
    lower = np.hstack([np.zeros((2, 2)), second.state]) + second.held @ one.C @ upper
    return np.vstack([upper, lower])


def spectral(matrix):
    return float(np.abs(np.linalg.eigvals(matrix)).max())


@pytest.mark.parametrize("algorithm", ["jacobi", "gauss_seidel"])
@pytest.mark.parametrize("h", [0.02, 0.05, 0.1, 0.2])
def test_growth_over_two_masses_is_the_spectral_radius_of_their_amplification_matrix(algorithm, h):
    one, two = mass("one", 1.0), mass("two", -0.5)
    with a_bench([one.instance(), two.instance()], WIRES, algorithm=algorithm, step_size=h) as bench:
        found = growth(bench, h, 40)
    assert found.factor == pytest.approx(spectral(amplification(one, two, h, algorithm)), rel=1e-4)


def probed(algorithm, h):
    one, two = mass("one", 1.0, damping=1.0), mass("two", -0.5, damping=1.0)
    with a_bench([one.instance(), two.instance()], WIRES, algorithm=algorithm, step_size=h) as bench:
        return stability(bench, 100.0, 40, lambda _: None), lambda step: spectral(
            amplification(one, two, step, algorithm)
        )


def test_the_largest_stable_step_is_between_the_one_found_and_twice_that():
    found, radius = probed("jacobi", 0.4)
    assert found.verdict == "unstable"
    assert radius(found.stable_step) <= 1.0 < radius(2.0 * found.stable_step)


def test_where_jacobi_is_unstable_gauss_seidel_may_be_stable():
    found, radius = probed("gauss_seidel", 0.4)
    assert found.verdict == "stable"
    assert found.growths[0].factor == pytest.approx(radius(0.4), rel=1e-4)


def test_a_growing_model_is_not_called_unstable():
    parts = [states(name, [[0.5]], [[0.1]], [[1.0]], [1.0]) for name in ("one", "two")]
    with a_bench([part.instance() for part in parts], WIRES, step_size=0.05) as bench:
        found = stability(bench, 10.0, 20, lambda _: None)
    assert found.verdict == "growing"
    assert found.model_rate == pytest.approx(0.6, rel=0.02)


def test_a_stable_system_is_called_stable_after_two_step_sizes():
    parts = [states(name, [[-1.0]], [[0.3]], [[1.0]], [1.0]) for name in ("one", "two")]
    with a_bench([part.instance() for part in parts], WIRES, step_size=0.1) as bench:
        found = stability(bench, 10.0, 20, lambda _: None)
    assert found.verdict == "stable"
    assert [one.step_size for one in found.growths] == [0.1, 0.05]


def test_an_oscillator_to_which_held_inputs_add_energy_drifts():
    # Jacobi multiplies the energy of x' = v, v' = -x by 1 + h^2 in every step
    position = states("position", [[0.0]], [[1.0]], [[1.0]], [1.0])
    velocity = states("velocity", [[0.0]], [[-1.0]], [[1.0]], [0.0])
    wires = ["position.y1 -> velocity.u1", "velocity.y1 -> position.u1"]
    pair = [position.instance(), velocity.instance()]
    with a_bench(pair, wires, algorithm="jacobi", step_size=0.01) as bench:
        found = stability(bench, 1000.0, 40, lambda _: None)
    assert found.growths[0].factor == pytest.approx(math.sqrt(1.0 + 1e-4), abs=1e-9)
    assert found.verdict == "drifting"
    assert found.over_run == pytest.approx((1.0 + 1e-4) ** (1e5 / 2), rel=1e-3)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_dominant_factor_of_any_linear_map_is_found_where_one_value_is_watched(size):
    random = np.random.default_rng(size)
    matrix = np.linalg.qr(random.standard_normal((size, size)))[0] * 0.97
    rows, state = [], random.standard_normal(size)
    for _ in range(40):
        rows.append(state.sum())
        state = matrix @ state
    assert dominant_factor(np.array(rows)[:, np.newaxis])[0] == pytest.approx(0.97, rel=1e-6)


def test_a_change_that_goes_nowhere_has_no_growth():
    source = FunctionInstance(lambda t, u: 1.0, name="source", inputs=())
    sink = FunctionInstance(
        lambda t, u: 2.0, name="sink", inputs=(an_input(),), outputs=(an_output("z"),), feedthrough={"z": ()}
    )
    with a_bench([source, sink], ["source.y -> sink.u"]) as bench:
        assert growth(bench, 0.1, 20) is None
        assert stability(bench, 1.0, 20, lambda _: None) is None


def test_one_growth_alone_is_judged_as_it_is():
    assert judged((Growth(0.1, 20, 0.5, 1e-9),), 1.0).verdict == "stable"
    assert judged((Growth(0.1, 20, 1.5, 1e-9),), 1.0).verdict == "growing"
