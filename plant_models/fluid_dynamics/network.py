"""Network of zones of a stirred tank: constant flow matrices, in NumPy alone.

The tank is cut into `stages` slices of equal height and `rings` of equal area, so that every zone holds V / n of the
broth, n = stages * rings. Zone `stage * rings + ring` counts stages from the bottom and rings from the axis.

With the stirrer speed N (1/s), the feed F and the broth volume V in matching units (m3/s, m3), a dissolved
concentration c (n,) that enters with the feed at c_feed obeys

    dc/dt = (N * T_stir + F * T_feed) c / (V / n) + F * feed * c_feed / (V / n) - F / V * c + reaction

- `T_stir` (m3) has zero row sums and zero column sums: impeller loops and turbulent exchange.
- `T_feed` (1) is the displacement that spreads the growth of the broth evenly over the zones. Its column sums are zero,
  its row sums are 1/n, less one in the feed zone: that is the divergence of a liquid that is let in there.
- `feed` is the unit vector of the feed zone.

Both matrices are flows (m3/s per unit of N and F), entry [i, j] from zone j into zone i, the diagonal what leaves. To
merge zones into groups with the 0/1 matrix P (groups, n), take P T P^T diag(1 / zones per group) acting on the means.

    network = build_network(stages=20, rings=10, vessel=PRODUCTION)
    network.T_stir.dense() @ c        # or network.T_stir.rows, .columns, .values
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from plant_models.fluid_dynamics.vessel import Vessel

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Triplets:
    """A sparse n x n matrix: values at (rows, columns), each position once, column by column."""

    rows: Indices
    columns: Indices
    values: Floats
    n: int

    @classmethod
    def of(cls, matrix: Floats) -> "Triplets":
        """The nonzero entries of a dense matrix."""
        columns, rows = np.nonzero(matrix.T)
        return cls(rows, columns, matrix[rows, columns], len(matrix))

    def dense(self) -> Floats:
        """The matrix with its zeros, (n, n)."""
        matrix = np.zeros((self.n, self.n))
        matrix[self.rows, self.columns] = self.values
        return matrix


@dataclass(frozen=True, eq=False)
class Network:
    """Zones of equal volume and the flows between them; see the module for the equation that they enter.

    `dissipation` (n,) is the local power per volume over its mean; `heights` (n,) are the zone centres over the
    bottom, as fractions of the liquid height.
    """

    stages: int
    rings: int
    T_stir: Triplets
    T_feed: Triplets
    feed_zone: int
    probe_zone: int
    dissipation: Floats
    heights: Floats

    @property
    def n(self) -> int:
        """Number of zones."""
        return self.stages * self.rings

    def kLa_weights(self, exponent: float) -> Floats:
        """Local kLa over its mean, (n,), where kLa grows with a power of the local dissipation; their mean is 1."""
        weights: Floats = self.dissipation**exponent
        return np.asarray(weights / weights.mean())


def build_network(
    stages: int, rings: int, vessel: Vessel, feed_zone: int | None = None, probe_zone: int | None = None
) -> Network:
    """Cut a vessel into zones.

    The feed enters the top stage at the wall and the probe sits at the wall at two thirds of the height, unless zone
    indices are given. Raises ValueError where a count or an index makes no sense.
    """
    n = stages * rings
    if stages < 1 or rings < 1:
        raise ValueError(f"a network of {stages} stages x {rings} rings: both must be at least 1")
    feed = n - 1 if feed_zone is None else feed_zone
    probe = (2 * stages // 3) * rings + rings - 1 if probe_zone is None else probe_zone
    if not (0 <= feed < n and 0 <= probe < n):
        raise ValueError(f"feed zone {feed} and probe zone {probe} must lie in 0..{n - 1}")
    stir = circulation(stages, rings, vessel) + exchange(stages, rings, vessel)
    return Network(
        stages,
        rings,
        Triplets.of(stir),
        Triplets.of(displacement(stages, rings, feed)),
        feed,
        probe,
        np.repeat(_dissipation(stages, vessel), rings),
        np.repeat((np.arange(stages) + 0.5) / stages, rings),
    )


def circulation(stages: int, rings: int, vessel: Vessel) -> Floats:
    """Flows of the impeller loops per revolution (m3), upwind: two loops an impeller, one below and one above it.

    They are differences of a stream function on the corners of the zones, zero at the walls, so that continuity
    holds exactly in every zone. Each loop turns over half of the pumping Nq D^3, also on a coarse grid.
    """
    psi = vessel.pumping_number * vessel.impeller_diameter**3 / 2 * _stream_function(stages, rings, vessel.impellers)
    matrix = np.zeros((stages * rings, stages * rings))
    for lower, upper in _axial_pairs(stages, rings):
        i, j = divmod(upper, rings)
        _add_flow(matrix, lower, upper, psi[i, j + 1] - psi[i, j])
    for inner, outer in _radial_pairs(stages, rings):
        i, j = divmod(outer, rings)
        _add_flow(matrix, inner, outer, psi[i, j] - psi[i + 1, j])
    return matrix


def exchange(stages: int, rings: int, vessel: Vessel) -> Floats:
    """Turbulent exchange per revolution (m3): an isotropic diffusivity, the same at every resolution.

    It is set so that two neighbouring impeller regions, seen as one mixed compartment each, exchange Ne D^3 a
    revolution: the flow between neighbouring stages is Ne D^3 * stages / impellers over the whole cross section.
    """
    region = vessel.exchange_number * vessel.impeller_diameter**3 / vessel.impellers
    matrix = np.zeros((stages * rings, stages * rings))
    for lower, upper in _axial_pairs(stages, rings):
        _add_exchange(matrix, lower, upper, region * stages / rings)
    diffusivity = region * vessel.height / vessel.cross_section
    radii = vessel.diameter / 2 * np.sqrt(np.arange(0.0, rings + 0.25, 0.5) / rings)
    for inner, outer in _radial_pairs(stages, rings):
        face = 2 * (outer % rings)
        area = 2 * pi * radii[face] * vessel.height / stages
        _add_exchange(matrix, inner, outer, diffusivity * area / (radii[face + 1] - radii[face - 1]))
    return matrix


def displacement(stages: int, rings: int, feed_zone: int) -> Floats:
    """Flows per unit of feed: the potential flow that lets every zone grow at the same rate, upwind."""
    n = stages * rings
    pairs = [*_axial_pairs(stages, rings), *_radial_pairs(stages, rings)]
    laplacian = np.zeros((n, n))
    for a, b in pairs:
        _add_exchange(laplacian, a, b, -1.0)
    surplus = np.full(n, -1.0 / n)
    surplus[feed_zone] += 1.0
    # The all-ones rank-one term pins the free constant of the potential.
    potential = np.linalg.solve(laplacian + 1.0 / n, surplus)
    matrix = np.zeros((n, n))
    for a, b in pairs:
        _add_flow(matrix, a, b, potential[a] - potential[b])
    return matrix


def _stream_function(stages: int, rings: int, impellers: int) -> Floats:
    """Corner values (stages + 1, rings + 1); every loop that holds a corner peaks at 1 there, outward at impellers."""
    z = np.arange(stages + 1) * 2 * impellers / stages
    axial = np.where(np.isclose(z, np.round(z)), 0.0, np.sin(pi * z))
    for loop in range(2 * impellers):
        inside = np.floor(z) == loop
        peak = np.abs(axial[inside]).max(initial=0.0)
        axial[inside] /= peak or 1.0
    radial = np.sin(pi * np.arange(rings + 1) / rings)
    radial[[0, -1]] = 0.0
    return np.outer(axial, radial / (radial.max() or 1.0))


def _impeller_stages(stages: int, vessel: Vessel) -> list[int]:
    return sorted({int((2 * k + 1) * stages / (2 * vessel.impellers)) for k in range(vessel.impellers)})


def _dissipation(stages: int, vessel: Vessel) -> Floats:
    """Power per volume of each stage over the mean: the impeller stages share `impeller_share` of the power."""
    near = _impeller_stages(stages, vessel)
    share = max(vessel.impeller_share, len(near) / stages)
    weights = np.full(stages, (1 - share) * stages / max(stages - len(near), 1))
    weights[near] = share * stages / len(near)
    return weights


def _axial_pairs(stages: int, rings: int) -> list[tuple[int, int]]:
    return [(zone, zone + rings) for zone in range((stages - 1) * rings)]


def _radial_pairs(stages: int, rings: int) -> list[tuple[int, int]]:
    return [(zone, zone + 1) for zone in range(stages * rings) if (zone + 1) % rings]


def _add_flow(matrix: Floats, source: int, destination: int, flow: float) -> None:
    if flow < 0:
        source, destination, flow = destination, source, -flow
    matrix[destination, source] += flow
    matrix[source, source] -= flow


def _add_exchange(matrix: Floats, a: int, b: int, flow: float) -> None:
    for source, destination in ((a, b), (b, a)):
        matrix[destination, source] += flow
        matrix[source, source] -= flow
