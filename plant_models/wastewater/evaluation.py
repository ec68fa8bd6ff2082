"""Evaluation of a plant by the benchmark's figures, from records over time: J. Alex et al. 2008, section 6.

Times are in s and rise, concentrations in g/m3, flows in m3/d; every figure is an average over the times given, from
the first to the last, by the trapezoidal rule.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plant_models.wastewater.constants import DAY, SOLIDS, TSS_PER_COD

Floats = NDArray[np.float64]

WEIGHTS = {"TSS": 2.0, "COD": 1.0, "NKj": 30.0, "NO": 10.0, "BOD5": 2.0}
"""Weights of the effluent quality index."""
ENERGY_PER_VOLUME = {"internal": 0.004, "return": 0.008, "waste": 0.05}
"""What it takes to pump, kWh/m3."""
OXYGEN_PER_ENERGY = 1.8
"""Oxygen that a kWh brings into the water, kg."""
MIXING_POWER = 0.005
"""Power that mixes a volume which air does not, kW/m3."""
MIXED_BY_AIR = 20.0
"""kLa (1/d) from which on a tank needs no stirrer."""


def average(times: Floats, values: Floats) -> Floats:
    """Mean over time, along the first axis."""
    return np.asarray(np.trapezoid(values, times, axis=0) / (times[-1] - times[0]))


def composites(c: Mapping[str, Floats], *, iXB: float = 0.08, iXP: float = 0.06, fP: float = 0.08) -> dict[str, Floats]:
    """TSS, COD, Kjeldahl nitrogen NKj, nitrate NO and BOD5 of an effluent, g/m3, from its components by name."""
    biomass = c["XBH"] + c["XBA"]
    return {
        "TSS": TSS_PER_COD * sum((c[name] for name in SOLIDS), np.zeros_like(biomass)),
        "COD": c["SS"] + c["SI"] + c["XS"] + c["XI"] + biomass + c["XP"],
        "NKj": c["SNH"] + c["SND"] + c["XND"] + iXB * biomass + iXP * (c["XP"] + c["XI"]),
        "NO": c["SNO"],
        "BOD5": 0.25 * (c["SS"] + c["XS"] + (1 - fP) * biomass),
    }


def effluent_quality(times: Floats, effluent: Mapping[str, Floats], flow: Floats) -> float:
    """EQI, kg of pollution units per day: the weighted sum of what the effluent carries away."""
    parts = composites(effluent)
    load = sum((weight * parts[name] for name, weight in WEIGHTS.items()), np.zeros_like(flow)) * flow
    return float(average(times, load)) / 1000


def pumping_energy(times: Floats, flows: Mapping[str, Floats]) -> float:
    """PE, kWh/d, of the flows `internal`, `return` and `waste`."""
    power = sum((ENERGY_PER_VOLUME[name] * flow for name, flow in flows.items()), np.zeros_like(times))
    return float(average(times, power))


def aeration_energy(times: Floats, kLa: Floats, volumes: Sequence[float], SO_sat: float = 8.0) -> float:
    """AE, kWh/d, of transfer coefficients (times, tanks), 1/d, in tanks of these volumes, m3."""
    return float(average(times, SO_sat * kLa @ np.asarray(volumes)) / (1000 * OXYGEN_PER_ENERGY))


def mixing_energy(times: Floats, kLa: Floats, volumes: Sequence[float]) -> float:
    """ME, kWh/d: tanks that are aerated weakly are stirred."""
    return float(average(times, 24 * MIXING_POWER * (kLa < MIXED_BY_AIR) @ np.asarray(volumes)))


def sludge_production(times: Floats, waste_TSS: Floats, waste_flow: Floats, mass: Floats) -> float:
    """Sludge to dispose of, kg of TSS a day: what is wasted, and what the plant holds more of (mass over time, kg)."""
    days = float(times[-1] - times[0]) / DAY
    return float(average(times, waste_TSS * waste_flow) / 1000 + (mass[-1] - mass[0]) / days)


def solids_held(tanks: Sequence[tuple[float, Floats]], layers: Floats, settler_volume: float = 6000.0) -> Floats:
    """TSS in the plant, kg over time: (volume, TSS) of the tanks, and the layers of the settler (times, layers)."""
    in_tanks = sum((volume * TSS for volume, TSS in tanks), np.zeros(len(layers)))
    return np.asarray(in_tanks + settler_volume * layers.mean(axis=1)) / 1000
