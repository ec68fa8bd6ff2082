"""A tank of 12 zones with its own flows, its cells, and an independent integration of the whole (Radau, SciPy)."""

from dataclasses import asdict
from functools import cache

import numpy as np
from scipy.integrate import solve_ivp

from surrogates.dataset import Trajectory, collect
from surrogates.design import Design, DesignSpace, Range, Split, make_designs
from surrogates.package import Variable
from surrogates.training import Recipe, Stage
from surrogates.zone_network import ALGEBRAIC, LUMPS, RATES, SCALARS, SPECIES, TankConstants, ZoneTank
from surrogates.zone_training import Subject, Trained, ZonePlan, train_zones

STAGES, RINGS = 4, 3
N_ZONES = STAGES * RINGS
CONSTANTS = TankConstants(
    S_feed=500.0,
    H=14000.0,
    tau_probe=35.0,
    DOT_max=99.0,
    gas_depletion=1.0,
    pressure=150000.0,
    T_gas=310.15,
    gas_volume=5.0,
    y_O2_in=0.2095,
    y_CO2_in=0.0004,
    cross_section=2.6,
)
RECIPE = Recipe(stages=(Stage(1, 60, 32), Stage(4, 12, 16)), learning_rate=5e-3, check_every=12, seed=3)
SPACE = DesignSpace(
    fixed=(
        Range("X", 18.0, 24.0),
        Range("S", 0.02, 0.05),
        Range("A", 0.01, 0.03),
        Range("DOT", 40.0, 70.0),
        Range("V", 9800.0, 10500.0),
        Range("y_O2", 0.17, 0.20),
    ),
    inputs=(Range("stirrer_speed", 2.0, 3.0), Range("air_flow", 6000.0, 9000.0), Range("feed", 40.0, 80.0)),
    dwell=(3, 9),
)


def flows() -> tuple[np.ndarray, np.ndarray]:
    """T_stir (m3): a loop through all zones plus exchange; T_feed: from the last zone down the chain."""
    stir, feed = np.zeros((N_ZONES, N_ZONES)), np.zeros((N_ZONES, N_ZONES))
    for zone in range(N_ZONES):
        following = (zone + 1) % N_ZONES
        for source, destination, flow in ((zone, following, 0.05), (zone, following, 0.02), (following, zone, 0.02)):
            stir[destination, source] += flow
            stir[source, source] -= flow
    for zone in range(1, N_ZONES):
        feed[zone - 1, zone] += zone / N_ZONES
        feed[zone, zone] -= zone / N_ZONES
    return stir, feed


@cache
def tank() -> ZoneTank:
    stir, feed = flows()
    weights = 1.0 + 0.4 * np.cos(np.arange(N_ZONES))
    depths = 1.0 - (np.repeat(np.arange(STAGES), RINGS) + 0.5) / STAGES
    return ZoneTank(stir, feed, weights / weights.mean(), depths, N_ZONES - 1, 4, CONSTANTS)


def said(N: float, air: float, V: float) -> np.ndarray:
    """kLa, power and hold-up as products of powers."""
    return np.array([60.0 * N**1.8 * (air / 6000) ** 0.4 * (V / 1e4) ** -0.5, 700.0 * N**2.7, 0.1 * N**0.9])


def rates_of(fields: np.ndarray) -> np.ndarray:
    """Cells: (species, n) -> (rates, n)."""
    _, S, A, DOT = fields
    qS = 0.6 * S / (S + 0.04) / (1 + A)
    qA = 0.1 * qS - 0.1 * A / (A + 0.02)
    return np.stack([0.45 * qS, qS, qA, 0.5 * qS * DOT / (1.0 + np.abs(DOT))])


def right_hand_side(y: np.ndarray, scalars: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """The equations of the component, zone by zone, per second: fields, then lumps."""
    c, t = CONSTANTS, tank()
    fields, lumps = y[: 4 * N_ZONES].reshape(4, -1), y[4 * N_ZONES :]
    X, S, A, DOT = fields
    mu, qS, qA, qO = rates
    N, air, feed, CER = scalars
    V, probe, y_O2, y_CO2 = lumps[:4]
    F, Vz = feed / 3600, V / N_ZONES
    unit = np.eye(N_ZONES)[t.feed_zone]

    def moved(field: np.ndarray, entering: float) -> np.ndarray:
        return (1000 * N * (t.T_stir @ field) + F * (t.T_feed @ field) + F * entering * unit) / Vz - F / V * field

    kLa = said(N, air, V)[0] / 3600 * t.kLa_weights
    pressure = c.pressure + 9810.0 * V / 1000 / c.cross_section * t.depths
    dissolved = kLa * (c.DOT_max * pressure / 101325.0 * y_O2 / 0.2095 - DOT)
    grown, eaten, made, burnt = mu * X / 3600, qS * X / 3600, qA * X / 3600, qO * X * c.H / 3600
    inflow = air / 60000 * 101325.0 / (8.314462618 * 273.15)
    amount = c.pressure * c.gas_volume / (8.314462618 * c.T_gas)
    O2, CO2 = dissolved.sum() * Vz / c.H, CER / 1000 * V / 3600
    outflow = inflow - O2 / 31.998 + CO2
    changes = [
        moved(X, 0.0) + grown,
        moved(S, c.S_feed) - eaten,
        moved(A, 0.0) + made,
        moved(DOT, DOT[t.feed_zone]) + dissolved - burnt,
    ]
    rest = [
        F,
        (DOT[t.probe_zone] - probe) / c.tau_probe,
        (inflow * c.y_O2_in - outflow * y_O2 - O2 / 31.998) / amount,
        (inflow * c.y_CO2_in - outflow * y_CO2 + CO2) / amount,
        F,
        F * c.S_feed,
        eaten.sum() * Vz,
        made.sum() * Vz,
        grown.sum() * Vz,
        F * DOT[t.feed_zone] / c.H,
        O2,
        burnt.sum() * Vz / c.H,
        inflow * c.y_O2_in * 31.998,
        outflow * y_O2 * 31.998,
        CO2,
        inflow * c.y_CO2_in,
        outflow * y_CO2,
    ]
    return np.concatenate([*changes, rest])


def integrate(y: np.ndarray, scalars: np.ndarray, rates: np.ndarray, h: float, tolerance: float) -> np.ndarray:
    """One macro step with held inputs."""
    scale = np.maximum(np.abs(y), 1e-3)
    solution = solve_ivp(
        lambda t, y: right_hand_side(y, scalars, rates),
        (0.0, h),
        y,
        method="LSODA",
        rtol=tolerance,
        atol=tolerance * scale,
    )
    assert solution.success
    return solution.y[:, -1]


def run(design: Design) -> Trajectory:
    """The tank coupled with its cells, rates held over each macro step."""
    fixed = {"DOT_probe": 55.0, "y_CO2": 0.02, **design.fixed}
    starts = [np.full(N_ZONES, fixed[name]) for name in SPECIES]
    y = np.concatenate([*starts, [fixed.get(name, 0.0) for name in LUMPS]])
    rows = []
    for k in range(design.steps + 1):
        fields = y[: 4 * N_ZONES].reshape(4, -1)
        rates = rates_of(fields)
        moved = [design.inputs[name][min(k, design.steps - 1)] for name in SCALARS[:3]]
        scalars = np.array([*moved, 30.0])
        rows.append((fields, y[4 * N_ZONES :], scalars, rates))
        y = integrate(y, scalars, rates, design.step, 1e-7)
    values = {name: np.stack([row[0][k] for row in rows]) for k, name in enumerate(SPECIES)}
    values |= {name: np.array([[row[1][k]] for row in rows]) for k, name in enumerate(LUMPS)}
    values |= {name: np.array([[row[2][k]] for row in rows]) for k, name in enumerate(SCALARS)}
    values |= {name: np.stack([row[3][k] for row in rows]) for k, name in enumerate(RATES)}
    outputs = [rows[0], *rows[:-1]]
    spoken = np.stack([said(*before[2][:2], row[1][0]) for before, row in zip(outputs, rows, strict=True)])
    values |= {name: spoken[:, [k]] for k, name in enumerate(ALGEBRAIC)}
    return Trajectory(design.key, design.split, design.step, values)


@cache
def trajectories() -> dict[Split, tuple[Trajectory, ...]]:
    counts = {Split.TRAIN: 6, Split.VALIDATION: 2, Split.TEST: 2, Split.STRESS: 1}
    return {split: collect(run, make_designs(SPACE, split, n, 24, 1.0, seed=1)) for split, n in counts.items()}


def plan(modes: int) -> ZonePlan:
    """Two groups and some modes; ten modes make the description complete."""
    return ZonePlan(STAGES, RINGS, bands=2, shells=1, modes=modes, hidden=(12,), recipe=RECIPE)


@cache
def trained(modes: int = 0) -> Trained:
    return train_zones(tank(), trajectories(), plan(modes), clock=FakeClock())


class FakeClock:
    """One millisecond passes at every look."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1e-3
        return self.now


def subject() -> Subject:
    variables = [Variable(name, "input", 0, k, "1", (1.0,), 1.0, False) for k, name in enumerate(SCALARS)]
    variables += [Variable(name, "input", N_ZONES, 20 + k, "1/h", (0.1,), 1.0, False) for k, name in enumerate(RATES)]
    variables += [
        Variable(name, "output", N_ZONES, 40 + k, "g/L", (start,), 1.0, True)
        for k, (name, start) in enumerate(zip(SPECIES, (20.0, 0.03, 0.02, 50.0), strict=True))
    ]
    lumps = dict.fromkeys(LUMPS, 0.0) | {"V": 1e4, "DOT_probe": 50.0, "y_O2": 0.19, "y_CO2": 0.02}
    variables += [
        Variable(name, "local", 0, 60 + k, "1", (start,), 1.0, True) for k, (name, start) in enumerate(lumps.items())
    ]
    outputs = (*ALGEBRAIC, *(f"{name}_mean" for name in SPECIES), "offgas_O2", "offgas_CO2")
    variables += [Variable(name, "output", 0, 90 + k, "1", (), 1.0, False) for k, name in enumerate(outputs)]
    variables += [
        Variable(name, "parameter", 0, 120 + k, "1", (value,), 1.0, False)
        for k, (name, value) in enumerate(asdict(CONSTANTS).items())
    ]
    return Subject("small_tank", tank(), tuple(variables), {"guid": "none", "sha256": "none"})
