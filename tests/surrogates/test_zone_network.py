"""The reduced balances against an independent integration of the whole tank, and what they must conserve."""

import numpy as np
import pytest
import torch
from scipy.linalg import expm

from surrogates.design import Split
from surrogates.networks import NumpyPerceptron, Perceptron, to_numpy
from surrogates.zone_basis import Basis, interfaces
from surrogates.zone_model import zone_sequences
from surrogates.zone_network import (
    LUMPS,
    SPECIES,
    Advanced,
    ReducedTank,
    advance,
    algebraic,
    fit_algebraic,
    pade_step,
)
from surrogates.zone_stepper import ZoneStepper
from surrogates.zone_training import reduced_tank
from tests.surrogates.small_tank import CONSTANTS, N_ZONES, integrate, plan, rates_of, said, tank, trajectories

RNG = np.random.default_rng(5)
SCALARS_NOW = np.array([2.4, 7000.0, 60.0, 35.0])


@pytest.fixture(scope="module")
def complete() -> tuple[Basis, ReducedTank]:
    """Two groups and ten modes span all 12 zones: nothing is left out."""
    return reduced_tank(tank(), trajectories()[Split.TRAIN], plan(10))


def a_state() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A state of a run in full swing: fields, lumps, rates."""
    run = trajectories()[Split.TEST][0]
    fields = np.stack([run.values[name][15] for name in SPECIES])
    return fields, np.array([run.values[name][15, 0] for name in LUMPS]), rates_of(fields)


def random_network(tank: ReducedTank, seed: int) -> NumpyPerceptron:
    """A network that says large things."""
    rng = np.random.default_rng(seed)
    features, outputs = 2 * tank.stir.shape[0] * tank.stir.shape[1] + 6, tank.closure.shape[1]
    weights = (rng.normal(size=(8, features)) * 0.01, rng.normal(size=(outputs, 8)))
    return NumpyPerceptron(weights, (rng.normal(size=8), rng.normal(size=outputs)))


def test_with_all_modes_a_step_is_that_of_the_whole_tank(complete):
    basis, reduced = complete
    fields, lumps, rates = a_state()
    truth = integrate(np.concatenate([fields.ravel(), lumps]), SCALARS_NOW, rates, 1.0, 1e-10)
    stepped = advance(np, reduced, Advanced((basis.restrict @ fields[..., None])[..., 0], lumps), SCALARS_NOW, rates)
    lifted = (basis.lift @ stepped.z[..., None])[..., 0].ravel()
    change = np.abs(truth[: 4 * N_ZONES] - fields.ravel()).max()
    assert change > 1.0
    np.testing.assert_allclose(lifted, truth[: 4 * N_ZONES], rtol=2e-5)
    np.testing.assert_allclose(stepped.lumps, truth[4 * N_ZONES :], rtol=1e-5, atol=1e-5)


def test_the_error_of_a_step_falls_with_at_least_its_second_power(complete):
    basis, reduced = complete
    fields, lumps, rates = a_state()
    whole = np.concatenate([fields.ravel(), lumps])
    errors = []
    for h in (2.0, 1.0, 0.5):
        truth = integrate(whole, SCALARS_NOW, rates, h, 1e-12)[: 3 * N_ZONES]
        state = Advanced((basis.restrict @ fields[..., None])[..., 0], lumps)
        tank_now = ReducedTank(**reduced.arrays(), constants=CONSTANTS, h=h)
        z = advance(np, tank_now, state, SCALARS_NOW, rates).z
        errors.append(np.abs((basis.lift @ z[..., None])[..., 0].ravel()[: 3 * N_ZONES] - truth).max())
    assert errors[0] / errors[1] > 3.0
    assert errors[1] / errors[2] > 3.0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("modes", [0, 3])
def test_every_balance_closes_whatever_the_network_says(seed: int, modes: int):
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(modes))
    fields, lumps, rates = a_state()
    state, network = Advanced((basis.restrict @ fields[..., None])[..., 0], lumps), random_network(reduced, seed)
    start = state
    for _ in range(20):
        state = advance(np, reduced, state, SCALARS_NOW, rates, network)
    quiet = advance(np, reduced, start, SCALARS_NOW, rates)
    assert np.abs(advance(np, reduced, start, SCALARS_NOW, rates, network).z - quiet.z).max() > 1e-3

    def total(which: Advanced, species: int) -> float:
        return float(which.z[species] @ reduced.mean * which.lumps[0])

    gained = {name: float(state.lumps[k] - start.lumps[k]) for k, name in enumerate(LUMPS)}
    X, S, A, oxygen = (total(state, k) - total(start, k) for k in range(4))
    assert gained["V"] == pytest.approx(20 * SCALARS_NOW[2] / 3600, rel=1e-10)
    assert pytest.approx(gained["X_formed"], rel=1e-8) == X
    assert S + gained["S_taken"] - gained["S_fed"] == pytest.approx(0.0, abs=1e-10 * abs(total(start, 1)) + 1e-10)
    assert pytest.approx(gained["A_formed"], rel=1e-8) == A
    dissolved = gained["O2_fed"] + gained["O2_transferred"] - gained["O2_consumed"]
    assert oxygen / CONSTANTS.H == pytest.approx(dissolved, rel=1e-8)
    amount = CONSTANTS.pressure * CONSTANTS.gas_volume / (8.314462618 * CONSTANTS.T_gas)
    in_gas = gained["O2_gas_in"] - gained["O2_gas_out"] - gained["O2_transferred"]
    assert gained["y_O2"] * amount * 31.998 == pytest.approx(in_gas, rel=1e-8)
    CO2 = gained["CO2_gas_in"] - gained["CO2_gas_out"] + gained["CO2_evolved"]
    assert gained["y_CO2"] * amount == pytest.approx(CO2, rel=1e-8)


def test_without_reaction_feed_and_gas_the_tank_only_mixes():
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(3))
    fields, lumps, _ = a_state()
    z = (basis.restrict @ fields[..., None])[..., 0]
    state, still = Advanced(z, lumps), np.zeros((4, N_ZONES))
    for _ in range(600):
        state = advance(np, reduced, state, np.array([2.4, 7000.0, 0.0, 0.0]), still)
    for k in range(3):
        np.testing.assert_allclose(state.z[k, : basis.count], z[k] @ reduced.mean, rtol=1e-9)


def test_the_pade_step_is_the_exponential_of_order_five(complete):
    _, reduced = complete
    operator = RNG.normal(size=(3, 3)) - 2.0 * np.eye(3)
    y, source = RNG.normal(size=3), RNG.normal(size=3)
    errors = []
    for h in (0.1, 0.05):
        small = ReducedTank(**{**reduced.arrays(), "identity": np.eye(3)}, constants=CONSTANTS, h=h)
        augmented = np.zeros((4, 4))
        augmented[:3, :3], augmented[:3, 3] = operator, source
        exact = (expm(h * augmented) @ np.append(y, 1.0))[:3]
        errors.append(np.abs(pade_step(np, small, operator, y, source) - exact).max())
    assert errors[0] / errors[1] == pytest.approx(2.0**6, rel=0.3)


def test_products_of_powers_are_fitted_exactly():
    inputs = RNG.uniform((2.0, 6000.0, 40.0, 20.0), (3.0, 9000.0, 80.0, 40.0), size=(60, 4))
    V = RNG.uniform(9e3, 1.1e4, size=60)
    values = np.stack([said(row[0], row[1], v) for row, v in zip(inputs, V, strict=True)])
    _, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(0))
    fitted = ReducedTank(
        **{**reduced.arrays(), "kLa_fit": fit_algebraic(inputs, V, values)}, constants=CONSTANTS, h=1.0
    )
    np.testing.assert_allclose(algebraic(np, fitted, inputs, V), values, rtol=1e-8)


def test_what_the_network_says_of_an_interface_leaves_one_group_and_enters_the_other(complete):
    basis, reduced = complete
    pairs = interfaces(basis.groups, tank().T_stir)
    K = basis.lift.shape[2]
    means = reduced.closure.reshape(4, K, -1)[:, : basis.count] * basis.sizes[:, None]
    oxygen = means.shape[-1] - basis.count
    assert pairs.tolist() == [[0, 1]]
    np.testing.assert_allclose(means[..., :oxygen].sum(axis=1), 0.0, atol=1e-15)


@pytest.mark.parametrize("modes", [0, 3])
@pytest.mark.parametrize("with_network", [False, True])
def test_stepping_one_twin_gives_what_the_equations_for_batches_give(modes: int, with_network: bool):
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(modes))
    network = random_network(reduced, 1) if with_network else None
    fields, lumps, rates = a_state()
    state = Advanced((basis.restrict @ fields[..., None])[..., 0], lumps)
    one = ZoneStepper(reduced, network)(state, SCALARS_NOW, rates)
    batch = advance(np, reduced, state, SCALARS_NOW, rates, network)
    np.testing.assert_allclose(one.z, batch.z, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(one.lumps, batch.lumps, rtol=1e-13)


def test_torch_and_numpy_make_the_same_step():
    basis, reduced = reduced_tank(tank(), trajectories()[Split.TRAIN], plan(3))
    data = zone_sequences(trajectories()[Split.TEST], basis)
    state, inputs = Advanced(data.z[:, 3], data.lumps[:, 3]), (data.scalars[:, 3], data.rates[:, 3])
    tensors = Advanced(*map(torch.as_tensor, state))
    there = advance(torch, reduced.convert(torch.as_tensor), tensors, *map(torch.as_tensor, inputs))
    here = advance(np, reduced, state, *inputs)
    np.testing.assert_allclose(there.z.numpy(), here.z, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(there.lumps.numpy(), here.lumps, rtol=1e-12)


def test_a_network_in_numpy_says_what_it_says_in_torch(complete):
    from surrogates.networks import Normalizer

    samples = RNG.normal(3.0, 2.0, size=(50, 7))
    samples[:, 2] = 4.0
    network = Perceptron(Normalizer.of(samples), (16, 16), np.array([1e-6, 1.0, 50.0]), seed=0)
    assert np.abs(network(torch.as_tensor(samples)).detach().numpy()).max() == 0.0
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(1))
    in_numpy = to_numpy(network)
    expected = network(torch.as_tensor(samples)).detach().numpy()
    np.testing.assert_allclose(np.stack([in_numpy(x) for x in samples]), expected, rtol=1e-12, atol=1e-16)
