"""Balances of an aerated tank in zones, reduced to group means and deviation modes: the known part of the surrogate.

With specific rates held over the macro step every species obeys a linear equation, dc/dt = A c + s. It is projected on
the basis (Galerkin; the group means are test functions, so the balance of every group is exact) and advanced by the
[2/3] Padé approximation of the exponential (Radau IIA with three stages: order 5, L-stable). Volume, feed, dilution,
uptake and gas balance close to rounding, whatever the closure: it enters as fluxes between groups, as amplitudes of
modes without a mean, and as oxygen that dissolves and is counted.

Everything here works on NumPy arrays and on torch tensors alike (`xp` is the module), with any leading batch axes.
Shapes: fields z (..., species, K), lumps (..., len(LUMPS)), scalars (..., 4), rates (..., species, n).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from surrogates.zone_basis import Basis, Floats, interfaces

SPECIES = ("X", "S", "A", "DOT")
RATES = ("mu", "qS", "qA", "qO")
SCALARS = ("stirrer_speed", "air_flow", "feed", "CER")
INTEGRALS = (
    "V_fed",
    "S_fed",
    "S_taken",
    "A_formed",
    "X_formed",
    "O2_fed",
    "O2_transferred",
    "O2_consumed",
    "O2_gas_in",
    "O2_gas_out",
    "CO2_evolved",
    "CO2_gas_in",
    "CO2_gas_out",
)
LUMPS = ("V", "DOT_probe", "y_O2", "y_CO2", *INTEGRALS)
ALGEBRAIC = ("kLa", "power", "hold_up")

DENSITY_GRAVITY = 1000.0 * 9.81
ATMOSPHERE = 101325.0
GAS_CONSTANT = 8.314462618
NORMAL_TEMPERATURE = 273.15
OXYGEN = 31.998
AIR_OXYGEN = 0.2095


@dataclass(frozen=True)
class TankConstants:
    """Parameters of the tank, named and in the units of the component that the surrogate stands for."""

    S_feed: float
    H: float
    tau_probe: float
    DOT_max: float
    gas_depletion: float
    pressure: float
    T_gas: float
    gas_volume: float
    y_O2_in: float
    y_CO2_in: float
    cross_section: float


@dataclass(frozen=True, eq=False)
class ZoneTank:
    """What is known of the tank: flows T_stir (m3) and T_feed (1), both (n, n), local kLa over its mean (n,), depth of
    each zone over the liquid height (n,), and where the feed enters and the probe sits."""

    T_stir: Floats
    T_feed: Floats
    kLa_weights: Floats
    depths: Floats
    feed_zone: int
    probe_zone: int
    constants: TankConstants


@dataclass(frozen=True, eq=False)
class ReducedTank:
    """The tank on a basis; arrays of NumPy, or tensors after `convert`.

    `stir`, `flow` (species, K, K) are the projected flows per unit of N and F; `transfer` (K, K), `at_surface` and
    `with_depth` (K,) the gas transfer; `inlet` (K,) the feed zone. `probe` and `entry` (K,) read DO where the probe
    sits and the feed enters; `mean` (K,) reads a mean. `closure` (species * K, closures) maps what the network says to
    sources; `kLa_fit` (3, 10) holds the logarithms of kLa, power and hold-up as quadratic polynomials.
    """

    stir: Any
    flow: Any
    transfer: Any
    at_surface: Any
    with_depth: Any
    inlet: Any
    probe: Any
    entry: Any
    mean: Any
    lift: Any
    restrict: Any
    closure: Any
    kLa_fit: Any
    identity: Any
    constants: TankConstants
    h: float

    def convert(self, function: Any) -> "ReducedTank":
        """The same with every array passed through a function (to tensors, to another device)."""
        return replace(self, **{name: function(array) for name, array in self.arrays().items()})

    def arrays(self) -> dict[str, Any]:
        """The arrays by name."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in ("constants", "h")}


Closure = Callable[[Any], Any]
"""From features (..., 2 species K + 6) to closures (..., closures)."""


class Advanced(NamedTuple):
    """Fields and lumps at the end of the macro step."""

    z: Any
    lumps: Any


def reduce_tank(tank: ZoneTank, basis: Basis, kLa_fit: Floats, h: float) -> ReducedTank:
    """Project the tank on the basis, for the macro step h (s)."""
    lift, restrict = basis.lift, basis.restrict
    oxygen = SPECIES.index("DOT")
    flow = np.repeat(tank.T_feed[None], len(SPECIES), axis=0)
    # The feed carries the DO of the zone that it enters.
    flow[oxygen, tank.feed_zone, tank.feed_zone] += 1.0
    mean = np.zeros(lift.shape[2])
    mean[: basis.count] = basis.sizes / basis.sizes.sum()
    weights = restrict[oxygen] * tank.kLa_weights
    return ReducedTank(
        stir=restrict @ tank.T_stir @ lift,
        flow=restrict @ flow @ lift,
        transfer=weights @ lift[oxygen],
        at_surface=weights.sum(axis=1),
        with_depth=weights @ tank.depths,
        inlet=restrict[SPECIES.index("S")][:, tank.feed_zone],
        probe=lift[oxygen][tank.probe_zone],
        entry=lift[oxygen][tank.feed_zone],
        mean=mean,
        lift=lift,
        restrict=restrict,
        closure=closure_map(basis, interfaces(basis.groups, tank.T_stir)),
        kLa_fit=kLa_fit,
        identity=np.eye(lift.shape[2]),
        constants=tank.constants,
        h=h,
    )


def closure_map(basis: Basis, pairs: Any) -> Floats:
    """Columns: a flux over every interface and an amplitude rate of every mode, by species; then oxygen by group.

    What leaves one group enters its neighbour, and modes have no mean: only the oxygen columns change a total, and that
    is counted as transferred.
    """
    groups, K = basis.count, basis.lift.shape[2]
    exchange = np.zeros((K, len(pairs)))
    for column, (a, b) in enumerate(pairs):
        exchange[a, column], exchange[b, column] = 1.0 / basis.sizes[a], -1.0 / basis.sizes[b]
    shapes = np.vstack([np.zeros((groups, K - groups)), np.eye(K - groups)])
    within = np.hstack([exchange, shapes])
    columns = np.kron(np.eye(len(SPECIES)), within)
    dissolved = np.zeros((len(SPECIES) * K, groups))
    first = SPECIES.index("DOT") * K
    dissolved[first : first + groups] = np.eye(groups)
    return np.hstack([columns, dissolved])


def algebraic(xp: Any, tank: ReducedTank, scalars: Any, V: Any) -> Any:
    """kLa (1/h), power (W) and hold-up from stirrer speed, air flow and V, (..., 3)."""
    logs = xp.log(xp.stack([scalars[..., 0], scalars[..., 1], V], -1))
    return xp.exp(_quadratic(xp, logs) @ tank.kLa_fit.T)


def fit_algebraic(scalars: Floats, V: Floats, values: Floats) -> Floats:
    """Coefficients (3, 10) of `algebraic` from samples: scalars (m, 4), V (m,), values (m, 3), by least squares.

    The correlations are products of powers, so that their logarithms are straight lines and this is exact.
    """
    logs = np.log(np.stack([scalars[:, 0], scalars[:, 1], V], axis=-1))
    solution, *_ = np.linalg.lstsq(_quadratic(np, logs), np.log(values), rcond=1e-10)
    return np.asarray(solution.T)


def advance(
    xp: Any, tank: ReducedTank, state: Advanced, scalars: Any, rates: Any, closure: Closure | None = None
) -> Advanced:
    """One macro step with held inputs; `closure` gives (..., closures) in the units of the species per second."""
    h, (z, lumps) = tank.h, state
    V0, F = lumps[..., 0], scalars[..., 2] / 3600
    V1, V = V0 + F * h, V0 + F * h / 2
    kLa = algebraic(xp, tank, scalars, V)[..., 0] / 3600
    formed = turnover(tank, z, rates)
    source = formed + _known_sources(xp, tank, state, scalars, kLa)
    if closure is not None:
        said = closure(features(xp, state, scalars, formed * h))
        source = source + (tank.closure @ said[..., None])[..., 0].reshape(formed.shape)
    operator = _operator(xp, tank, scalars[..., 0] * 1000 / V, F / V, kLa)
    # In amounts over the volume half way, dilution needs no term of its own and the balances are exact.
    stepped = pade_step(xp, tank, operator, z * _column(V0 / V), source) * _column(V / V1)
    return Advanced(stepped, _advance_lumps(xp, tank, state, stepped, scalars, formed))


def features(xp: Any, state: Advanced, scalars: Any, formed: Any) -> Any:
    """What the network sees: fields, what the cells form in a step, V, y_O2 and the scalars, (..., 2 species K + 6)."""
    batch = scalars.shape[:-1]
    lumps = xp.stack([state.lumps[..., 0], state.lumps[..., 2]], -1)
    return xp.concatenate([state.z.reshape(*batch, -1), formed.reshape(*batch, -1), lumps, scalars], -1)


def _known_sources(xp: Any, tank: ReducedTank, state: Advanced, scalars: Any, kLa: Any) -> Any:
    """Feed and dissolving oxygen, (..., species, K) per second."""
    F = scalars[..., 2] / 3600
    V = state.lumps[..., 0] + F * tank.h / 2
    y_O2 = _gas_half_way(tank, state.z, state.lumps, scalars, kLa)
    feed = (F * tank.constants.S_feed / V * _zones(tank))[..., None] * tank.inlet
    zero = 0 * feed
    return xp.stack([zero, feed, zero, _saturation(tank, y_O2, V, kLa)], -2)


def species_signs(tank: ReducedTank) -> Floats:
    """What a rate per gram of biomass does to each species, (species, 1): uptake counts down, DO is in percent."""
    return np.array([1.0, -1.0, 1.0, -tank.constants.H])[:, None]


def molar_flow(air_flow: Any) -> Any:
    """Gas that enters (mol/s), from litres per minute at 0 degC and 1 atm."""
    return air_flow * (ATMOSPHERE / (60000 * GAS_CONSTANT * NORMAL_TEMPERATURE))


def gas_amount(tank: ReducedTank) -> float:
    """Gas in the vessel, mol."""
    return tank.constants.pressure * tank.constants.gas_volume / (GAS_CONSTANT * tank.constants.T_gas)


def turnover(tank: ReducedTank, z: Any, rates: Any) -> Any:
    """What the cells form of each species (negative: take up), (..., species, K) per second, from held rates.

    Cells grow by mu h / 2 until the middle of the step: second order in mu h, which is about 1e-4.
    """
    X = (tank.lift[0] @ z[..., 0, :, None])[..., 0]
    X = X * (1 + rates[..., 0, :] * (tank.h / 7200))
    scaled = rates * X[..., None, :] / 3600
    formed = (tank.restrict @ scaled[..., None])[..., 0]
    signs = species_signs(tank)
    return formed * (signs if isinstance(formed, np.ndarray) else formed.new_tensor(signs))


def pade_step(xp: Any, tank: ReducedTank, operator: Any, y: Any, source: Any) -> Any:
    """y(h) of dy/dt = operator y + source: y + phi_1(B) (B y + h source), B = h operator, phi_1 = (R(B) - 1) / B.

    R is the [2/3] Padé approximation of the exponential. operator (..., K, K), y and source (..., K).
    """
    B, identity = operator * tank.h, tank.identity
    increment = B @ y[..., None] + tank.h * source[..., None]
    twice = B @ increment
    right = increment - twice / 10 + (B @ twice) / 60
    left = identity + B @ (B @ (0.15 * identity - B / 60) - 0.6 * identity)
    return y + xp.linalg.solve(left, right)[..., 0]


def _advance_lumps(xp: Any, tank: ReducedTank, before: Advanced, z: Any, scalars: Any, formed: Any) -> Any:
    """Volume, probe, gas and integrals: each balance is closed by what the fields did."""
    c, h = tank.constants, tank.h
    lumps = before.lumps
    V0, fed = lumps[..., 0], scalars[..., 2] / 3600 * h
    V1, V = V0 + fed, V0 + fed / 2
    grown = [(formed[..., k, :] @ tank.mean) * V * h for k in range(len(SPECIES))]
    oxygen0, oxygen1 = before.z[..., 3, :], z[..., 3, :]
    O2_fed = fed * ((oxygen0 + oxygen1) @ tank.entry) / 2 / c.H
    transferred = (V1 * (oxygen1 @ tank.mean) - V0 * (oxygen0 @ tank.mean) - grown[3]) / c.H - O2_fed
    gas = _advance_gas(xp, tank, lumps, scalars, transferred)
    probe = _probe(tank, lumps[..., 1], oxygen0 @ tank.probe, oxygen1 @ tank.probe)
    dissolved = [fed, fed * c.S_feed, -grown[1], grown[2], grown[0], O2_fed, transferred, -grown[3] / c.H]
    changes = xp.stack([fed, probe, gas[0], gas[1], *dissolved, *gas[2:]], -1)
    return lumps + changes


def _advance_gas(xp: Any, tank: ReducedTank, lumps: Any, scalars: Any, transferred: Any) -> list[Any]:
    """Changes of y_O2, y_CO2 and of the five integrals of the gas, exact for constant flows."""
    c, h = tank.constants, tank.h
    inflow, amount = molar_flow(scalars[..., 1]), gas_amount(tank)
    transfer, release = transferred / (h * OXYGEN), scalars[..., 3] * lumps[..., 0] / 3.6e6
    outflow = inflow - transfer + release
    gone = -xp.expm1(-outflow * (h / amount))
    O2 = ((inflow * c.y_O2_in - transfer) / outflow - lumps[..., 2]) * gone
    CO2 = ((inflow * c.y_CO2_in + release) / outflow - lumps[..., 3]) * gone
    O2_in, CO2_in = inflow * (c.y_O2_in * h), inflow * (c.y_CO2_in * h)
    O2_out, CO2_out = O2_in - transfer * h - amount * O2, CO2_in + release * h - amount * CO2
    return [O2, CO2, O2_in * OXYGEN, O2_out * OXYGEN, release * h, CO2_in, CO2_out]


def _gas_half_way(tank: ReducedTank, z: Any, lumps: Any, scalars: Any, kLa: Any) -> Any:
    """Mole fraction of O2 half a step ahead, by the transfer and the fractions of the start."""
    c = tank.constants
    V, y = lumps[..., 0], lumps[..., 2]
    pull = _saturation(tank, y, V, kLa) - kLa[..., None] * (tank.transfer @ z[..., 3, :, None])[..., 0]
    transfer = (pull @ tank.mean) * V / (c.H * OXYGEN)
    inflow = molar_flow(scalars[..., 1])
    outflow = inflow - transfer + scalars[..., 3] * V / 3.6e6
    return y + (inflow * c.y_O2_in - outflow * y - transfer) * (tank.h / 2 / gas_amount(tank))


def _saturation(tank: ReducedTank, y_O2: Any, V: Any, kLa: Any) -> Any:
    """kLa times the DO in equilibrium with the gas, projected: (..., K) in % per second."""
    c = tank.constants
    share = (c.gas_depletion / (ATMOSPHERE * AIR_OXYGEN)) * y_O2
    head = DENSITY_GRAVITY / (1000 * c.cross_section) * V
    at_surface = (1 - c.gas_depletion) + share * c.pressure
    projected = at_surface[..., None] * tank.at_surface + (share * head)[..., None] * tank.with_depth
    return (kLa * c.DOT_max)[..., None] * projected


def _operator(xp: Any, tank: ReducedTank, speed: Any, dilution: Any, kLa: Any) -> Any:
    n = _zones(tank)
    flows = _matrix(speed * n) * tank.stir + _matrix(dilution * n) * tank.flow
    transfer = kLa[..., None, None] * tank.transfer
    zero = 0 * transfer
    return flows - xp.stack([zero, zero, zero, transfer], -3)


def _probe(tank: ReducedTank, shown: Any, before: Any, after: Any) -> Any:
    """Change of a first-order lag that follows a straight line from `before` to `after`."""
    tau, h = tank.constants.tau_probe, tank.h
    gone = -float(np.expm1(-h / tau))
    return gone * (before - shown) + (after - before) * (1 - tau / h * gone)


def _zones(tank: ReducedTank) -> int:
    return int(tank.lift.shape[1])


def _quadratic(xp: Any, x: Any) -> Any:
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    return xp.stack([a * 0 + 1, a, b, c, a * a, b * b, c * c, a * b, a * c, b * c], -1)


def _column(values: Any) -> Any:
    return values[..., None, None]


def _matrix(values: Any) -> Any:
    return values[..., None, None, None]
