"""The figures by which BSM1 is judged, from a record of the plant."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from plant_models.wastewater.constants import CONCENTRATIONS, DAY
from plant_models.wastewater.evaluation import (
    Floats,
    aeration_energy,
    average,
    effluent_quality,
    mixing_energy,
    pumping_energy,
    sludge_production,
    solids_held,
)

VOLUMES = (1000.0, 1000.0, 1333.0, 1333.0, 1333.0)
"""Volumes of the tanks, m3."""


class Figures(NamedTuple):
    """EQI (kg/d of pollution units), PE, AE and ME (kWh/d), sludge to dispose of (kg/d), flow of the effluent (m3/d),
    and what it holds on average, weighted by the flow (g/m3)."""

    EQI: float
    PE: float
    AE: float
    ME: float
    sludge: float
    flow: float
    effluent: dict[str, float]


def figures(times: Floats, record: Callable[[str], Floats], first: float, last: float) -> Figures:
    """Figures over the days from `first` to `last`.

    `times` are in s; `record` gives the values of an element by its name, `settler.effluent_C[1]`, at all of them.
    """
    window = (times >= first * DAY - 1e-3) & (times <= last * DAY + 1e-3)
    t = times[window]

    def of(name: str) -> Floats:
        return np.asarray(record(name)[window])

    flow = of("settler.effluent_Q")
    effluent = {name: of(f"settler.effluent_C[{index}]") for index, name in enumerate(CONCENTRATIONS, 1)}
    effluent["TSS"] = of("settler.effluent_TSS")
    kLa = np.stack([of(f"tank{number}.kLa") for number in range(1, 6)], axis=1)
    flows = {"internal": of("splitter.internal_Q"), "return": of("settler.return_Q"), "waste": of("settler.waste_Q")}
    tanks = [(volume, of(f"tank{number}.TSS")) for number, volume in enumerate(VOLUMES, 1)]
    layers = np.stack([of(f"settler.TSS[{layer}]") for layer in range(1, 11)], axis=1)
    return Figures(
        effluent_quality(t, effluent, flow),
        pumping_energy(t, flows),
        aeration_energy(t, kLa, VOLUMES),
        mixing_energy(t, kLa, VOLUMES),
        sludge_production(t, of("settler.waste_TSS"), flows["waste"], solids_held(tanks, layers)),
        float(average(t, flow)),
        {name: float(average(t, values * flow) / average(t, flow)) for name, values in effluent.items()},
    )
