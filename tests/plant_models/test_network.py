import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from plant_models.fluid_dynamics import BENCH, PRODUCTION, Network, build_network
from plant_models.fluid_dynamics.correlations import gassed_power
from plant_models.fluid_dynamics.network import circulation

SIZES = [(1, 1), (3, 1), (1, 4), (6, 5), (20, 10)]


def unit(n: int, zone: int) -> np.ndarray:
    return np.eye(n)[zone]


@pytest.mark.parametrize(("stages", "rings"), SIZES)
def test_what_the_stirrer_moves_into_a_zone_leaves_it_again(stages: int, rings: int) -> None:
    flows = build_network(stages, rings, PRODUCTION).T_stir.dense()
    scale = np.abs(flows).max(initial=1e-300)
    assert np.abs(flows.sum(axis=0)).max() <= 1e-13 * scale
    assert np.abs(flows.sum(axis=1)).max() <= 1e-13 * scale


@given(st.integers(1, 8), st.integers(1, 6), st.data())
@settings(deadline=None, max_examples=30)
def test_the_feed_displaces_the_broth_so_that_all_zones_grow_alike(
    stages: int, rings: int, data: st.DataObject
) -> None:
    n = stages * rings
    feed = data.draw(st.integers(0, n - 1))
    flows = build_network(stages, rings, BENCH, feed_zone=feed).T_feed.dense()
    inflow = flows.sum(axis=1) + unit(n, feed)
    assert inflow == pytest.approx(np.full(n, 1 / n), abs=1e-12)
    assert flows.sum(axis=0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("stages", "rings"), SIZES)
def test_flows_between_zones_are_never_negative(stages: int, rings: int) -> None:
    network = build_network(stages, rings, PRODUCTION)
    for flows in (network.T_stir.dense(), network.T_feed.dense()):
        assert (flows - np.diag(np.diag(flows)) >= 0).all()


@pytest.mark.parametrize(("stages", "rings"), SIZES)
def test_a_uniform_broth_stays_uniform_while_it_is_fed_with_itself(stages: int, rings: int) -> None:
    network = build_network(stages, rings, PRODUCTION)
    c, N, F, V = np.full(network.n, 3.0), 2.0, 0.1, 10.0
    transport = (N * network.T_stir.dense() + F * network.T_feed.dense()) @ c / (V / network.n)
    feed = F * unit(network.n, network.feed_zone) * 3.0 / (V / network.n)
    assert transport + feed - F / V * c == pytest.approx(0, abs=1e-13)


def test_the_loops_mirror_at_half_height() -> None:
    n = (12, 4)
    flows = circulation(*n, PRODUCTION).reshape(*n, *n)
    assert flows[::-1, :, ::-1, :] == pytest.approx(flows, abs=1e-15)


@pytest.mark.parametrize("stages", [12, 20, 40])
def test_every_impeller_pumps_its_number_outward_through_its_plane(stages: int) -> None:
    flows = circulation(stages, 10, PRODUCTION).reshape(stages, 10, stages, 10)
    outward = np.einsum("ijil->ijl", flows)[:, 5, 4].sum() - np.einsum("ijil->ijl", flows)[:, 4, 5].sum()
    leaving = sum(max(flows[i, 5, i, 4], 0.0) for i in range(stages))
    returning = sum(max(flows[i, 4, i, 5], 0.0) for i in range(stages))
    pumped = 3 * PRODUCTION.pumping_number * PRODUCTION.impeller_diameter**3
    assert outward == pytest.approx(0, abs=1e-13)
    assert leaving == pytest.approx(returning)
    assert 0.8 * pumped <= leaving <= 1.001 * pumped


def test_kLa_weights_have_mean_one_and_peak_at_the_impellers() -> None:
    network = build_network(20, 10, PRODUCTION)
    weights = network.kLa_weights(0.4).reshape(20, 10)
    assert weights.mean() == pytest.approx(1)
    assert set(np.flatnonzero(weights[:, 0] > 1)) == {3, 10, 16}
    assert network.dissipation.mean() == pytest.approx(1)
    impellers = network.dissipation.reshape(20, 10)[[3, 10, 16]]
    assert impellers.sum() / network.dissipation.sum() == pytest.approx(PRODUCTION.impeller_share)


def mixing_time(network: Network, N: float, V: float) -> float:
    """Time (s) until a tracer put in with the feed is within 5 % of its mean in every zone."""
    step = expm(N * network.T_stir.dense() / (V / network.n))
    c, seconds = network.n * unit(network.n, network.feed_zone), 0
    while np.abs(c - 1).max() > 0.05:
        c, seconds = step @ c, seconds + 1
    return float(seconds)


@pytest.mark.parametrize(("stages", "rings"), [(12, 5), (20, 10)])
def test_the_12_m3_tank_mixes_about_as_fast_as_the_correlation_says(stages: int, rings: int) -> None:
    """tm95 = 5.9 T^(2/3) eps^(-1/3) (D/T)^(-1/3) (H/T)^2.43 (Ruszkowski, Nienow; from memory, not checked)."""
    N, V = 2.2, 12.0
    tank, ratio = PRODUCTION.diameter, PRODUCTION.impeller_diameter / PRODUCTION.diameter
    dissipation = gassed_power(N, 0.14, V, PRODUCTION) / V / 1000
    expected = 5.9 * tank ** (2 / 3) * dissipation ** (-1 / 3) * ratio ** (-1 / 3)
    expected *= (PRODUCTION.height / tank) ** 2.43
    found = mixing_time(build_network(stages, rings, PRODUCTION), N, V)
    assert 0.5 <= found / expected <= 2


def test_twice_the_speed_mixes_in_half_the_time() -> None:
    network = build_network(12, 5, PRODUCTION)
    assert mixing_time(network, 1.0, 12.0) / mixing_time(network, 2.0, 12.0) == pytest.approx(2, rel=0.02)


@pytest.mark.parametrize(("stages", "rings", "zone"), [(0, 1, None), (2, -1, None), (2, 2, 4), (2, 2, -1)])
def test_a_network_that_makes_no_sense_is_refused(stages: int, rings: int, zone: int | None) -> None:
    with pytest.raises(ValueError, match="must"):
        build_network(stages, rings, BENCH, feed_zone=zone)
