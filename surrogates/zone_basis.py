"""Reduced description of fields over zones: means of zone groups, and amplitudes of deviation modes.

The modes have no mean in any group and are orthonormal (proper orthogonal decomposition of what snapshots leave after
their group means), so restricting a lifted field gives back exactly what was lifted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Basis:
    """z = restrict c, c = lift z, for several species at once.

    `groups` (n,) names the group of each zone; `lift` (species, n, K) holds the groups' indicators, then the modes, as
    columns; `restrict` (species, K, n) is its left inverse. K = groups + modes; the first G entries of z are the means.
    """

    groups: Indices
    lift: Floats
    restrict: Floats

    @property
    def count(self) -> int:
        """Number of groups G."""
        return int(self.groups.max()) + 1

    @property
    def sizes(self) -> Floats:
        """Zones in each group, (G,)."""
        return np.bincount(self.groups).astype(float)


def zone_groups(stages: int, rings: int, bands: int, shells: int) -> Indices:
    """Group of every zone `stage * rings + ring`: bands of neighbouring stages, shells of neighbouring rings."""
    if not (1 <= bands <= stages and 1 <= shells <= rings):
        raise ValueError(f"{bands} bands x {shells} shells do not fit {stages} stages x {rings} rings")
    band = np.arange(stages) * bands // stages
    shell = np.arange(rings) * shells // rings
    return np.asarray(band[:, None] * shells + shell[None, :], dtype=np.int64).ravel()


def build_basis(
    groups: Indices, snapshots: Floats, modes: int, exact: Mapping[int, int] = MappingProxyType({})
) -> Basis:
    """Basis of the groups and the `modes` strongest deviation modes of each species.

    `snapshots` is (species, samples, n). `exact` names, by species, a zone that is to be described exactly (where a
    probe sits, say): its deviation from its group is the first mode, and costs one.
    """
    species, _, n = snapshots.shape
    members = np.equal.outer(np.arange(groups.max() + 1), groups).astype(float)
    mean = members / members.sum(axis=1, keepdims=True)
    lift, restrict = [], []
    for one in range(species):
        first = np.eye(n)[:, [exact[one]]] if one in exact and modes else np.zeros((n, 0))
        shapes = _deviation_modes(snapshots[one], members, mean, modes, first)
        lift.append(np.hstack([members.T, shapes]))
        restrict.append(np.vstack([mean, shapes.T]))
    assert lift[0].shape[0] == n
    return Basis(groups, np.array(lift), np.array(restrict))


def positive_lift(groups: Indices, field: Floats) -> Floats:
    """The field (n,) with deviations from positive group means shrunk, group by group, until nothing is negative.

    The means of the groups stay; a field that is nowhere negative is returned as it is.
    """
    if field.min() >= 0.0:
        return field
    sizes = np.bincount(groups)
    mean = np.bincount(groups, field) / sizes
    lowest = np.full(len(sizes), np.inf)
    np.minimum.at(lowest, groups, field)
    deepest = np.maximum(mean - lowest, 1e-300)
    share = np.where((lowest < 0.0) & (mean > 0.0), np.minimum(mean / deepest, 1.0), 1.0)
    return np.asarray(mean[groups] + share[groups] * (field - mean[groups]))


def interfaces(groups: Indices, flow: Floats) -> Indices:
    """Pairs of groups (pairs, 2) between which the flow matrix (n, n) moves anything."""
    members = np.equal.outer(np.arange(groups.max() + 1), groups).astype(float)
    between = np.abs(members @ flow @ members.T)
    linked = np.triu(between + between.T, 1) > 1e-12 * np.abs(flow).max()
    return np.argwhere(linked)


def _deviation_modes(snapshots: Floats, members: Floats, mean: Floats, modes: int, first: Floats) -> Floats:
    """Orthonormal shapes (n, modes) without a mean in any group, beginning with those of `first` (n, given)."""
    first = _without_means(first, members, mean)
    deviations = snapshots - snapshots @ mean.T @ members
    deviations = deviations - deviations @ first @ first.T
    # Right singular vectors from the (n, n) Gram matrix: there are many more samples than zones.
    _, vectors = np.linalg.eigh(deviations.T @ deviations)
    strongest = vectors[:, ::-1][:, : modes - first.shape[1]]
    return _without_means(np.hstack([first, strongest]), members, mean)


def _without_means(shapes: Floats, members: Floats, mean: Floats) -> Floats:
    """Orthonormal, with what rounding or the caller left of a mean projected out."""
    orthonormal, _ = np.linalg.qr(shapes - members.T @ (mean @ shapes))
    return np.asarray(orthonormal)
