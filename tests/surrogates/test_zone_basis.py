"""Group means, deviation modes and the way back to all zones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from surrogates.zone_basis import build_basis, positive_lift, zone_groups

RNG = np.random.default_rng(11)
GROUPS = zone_groups(6, 4, bands=3, shells=2)


def test_restricting_a_lifted_state_gives_it_back():
    basis = build_basis(GROUPS, RNG.normal(size=(2, 60, 24)), modes=5)
    z = RNG.normal(size=(2, 11))
    lifted = (basis.lift @ z[..., None])[..., 0]
    np.testing.assert_allclose((basis.restrict @ lifted[..., None])[..., 0], z, rtol=1e-12, atol=1e-13)


def test_modes_have_no_mean_in_any_group_and_are_orthonormal():
    basis = build_basis(GROUPS, RNG.normal(size=(2, 60, 24)), modes=5)
    for one in range(2):
        modes = basis.lift[one][:, basis.count :]
        assert np.abs(basis.restrict[one][: basis.count] @ modes).max() < 1e-15
        np.testing.assert_allclose(modes.T @ modes, np.eye(5), atol=1e-13)


def test_fields_of_few_shapes_are_kept_completely():
    shapes = RNG.normal(size=(3, 24))
    snapshots = (RNG.normal(size=(80, 3)) @ shapes)[None]
    basis = build_basis(GROUPS, snapshots, modes=3)
    back = snapshots[0] @ basis.restrict[0].T @ basis.lift[0].T
    np.testing.assert_allclose(back, snapshots[0], atol=1e-6)


def test_a_zone_that_is_to_be_exact_is_lifted_exactly_whatever_the_snapshots_were():
    basis = build_basis(GROUPS, RNG.normal(size=(2, 60, 24)), modes=3, exact={1: 17})
    field = RNG.normal(size=24)
    lifted = [basis.lift[one] @ (basis.restrict[one] @ field) for one in range(2)]
    assert abs(lifted[1][17] - field[17]) < 1e-14
    assert abs(lifted[0][17] - field[17]) > 1e-3
    assert np.abs(basis.restrict[1] @ basis.lift[1] - np.eye(9)).max() < 1e-13


def test_groups_are_bands_of_stages_and_shells_of_rings():
    groups = zone_groups(4, 5, bands=2, shells=2).reshape(4, 5)
    assert groups.tolist() == [[0, 0, 0, 1, 1]] * 2 + [[2, 2, 2, 3, 3]] * 2


def test_more_bands_than_stages_are_refused():
    with pytest.raises(ValueError, match="5 bands x 1 shells do not fit 4 stages x 3 rings"):
        zone_groups(4, 3, bands=5, shells=1)


@given(arrays(float, 24, elements=st.floats(-1.0, 3.0)))
def test_a_positive_lift_keeps_the_means_of_the_groups_and_leaves_no_negative_concentration(field):
    lifted = positive_lift(GROUPS, field)
    sizes = np.bincount(GROUPS)
    means = np.bincount(GROUPS, field) / sizes
    np.testing.assert_allclose(np.bincount(GROUPS, lifted) / sizes, means, rtol=1e-12, atol=1e-12)
    for group in range(6):
        members = lifted[group == GROUPS]
        assert means[group] <= 0.0 or members.min() >= -1e-12
        if field[group == GROUPS].min() >= 0.0:
            np.testing.assert_allclose(members, field[group == GROUPS], rtol=1e-12, atol=1e-12)
