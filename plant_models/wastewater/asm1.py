"""Activated Sludge Model No. 1: eight processes on thirteen components.

M. Henze et al., Activated Sludge Model No. 1, IAWPRC Scientific and Technical Report 1, 1987; values at 15 degC and
the numbering of the processes: J. Alex et al., Benchmark Simulation Model no. 1 (BSM1), 2008, section 2.2.
"""

from typing import NamedTuple

import casadi as ca

from plant_models.model import Model, Symbol
from plant_models.wastewater.constants import NAMES

OXYGEN_PER_NITRATE = 4.57
"""Oxygen that turns ammonium into nitrate, g per g of nitrogen."""
OXYGEN_PER_NITROGEN_GAS = 2.86
"""Oxygen that nitrate stands for where it is reduced to nitrogen gas, g per g of nitrogen."""

PARAMETERS = (
    ("YA", 0.24, "g/g", "yield of autotrophs, COD per nitrogen oxidized"),
    ("YH", 0.67, "g/g", "yield of heterotrophs"),
    ("fP", 0.08, "1", "part of the biomass that decays to particulate products"),
    ("iXB", 0.08, "g/g", "nitrogen in biomass"),
    ("iXP", 0.06, "g/g", "nitrogen in products of decay"),
    ("muH", 4.0, "1/d", "largest growth rate of heterotrophs"),
    ("KS", 10.0, "g/m3", "substrate at half of it"),
    ("KOH", 0.2, "g/m3", "oxygen at half of the growth of heterotrophs"),
    ("KNO", 0.5, "g/m3", "nitrate at half of the anoxic growth"),
    ("bH", 0.3, "1/d", "decay of heterotrophs"),
    ("eta_g", 0.8, "1", "anoxic growth over aerobic growth"),
    ("eta_h", 0.8, "1", "anoxic hydrolysis over aerobic hydrolysis"),
    ("kh", 3.0, "1/d", "largest specific hydrolysis"),
    ("KX", 0.1, "g/g", "substrate per biomass at half of it"),
    ("muA", 0.5, "1/d", "largest growth rate of autotrophs"),
    ("KNH", 1.0, "g/m3", "ammonium at half of it"),
    ("bA", 0.05, "1/d", "decay of autotrophs"),
    ("KOA", 0.4, "g/m3", "oxygen at half of the growth of autotrophs"),
    ("ka", 0.05, "m3/(g.d)", "ammonification"),
)
"""Name, value at 15 degC, unit and meaning."""


class Reaction(NamedTuple):
    """What the processes do in a unit of volume.

    `rates` (13,) in the order of the components, g/(m3.d), mol/(m3.d) for the alkalinity; `oxygen` is what respiration
    takes, g/(m3.d); `nitrogen_gas` is what leaves as gas, g/(m3.d).
    """

    rates: Symbol
    oxygen: Symbol
    nitrogen_gas: Symbol


def declare_parameters(model: Model) -> dict[str, Symbol]:
    """Kinetic and stoichiometric parameters, by name."""
    return {name: model.parameter(name, start, unit, text) for name, start, unit, text in PARAMETERS}


def process_rates(c: dict[str, Symbol], p: dict[str, Symbol]) -> list[Symbol]:
    """The eight process rates, g/(m3.d), from concentrations and parameters by name.

    1, 2: aerobic and anoxic growth of heterotrophs; 3: growth of autotrophs; 4, 5: their decay; 6: ammonification;
    7, 8: hydrolysis of organic matter and of organic nitrogen. The ratios XS/XBH and XND/XS are multiplied out, so that
    a tank without slowly biodegradable substrate is no singular case.
    """
    aerobic = c["SO"] / (p["KOH"] + c["SO"])
    anoxic = p["KOH"] / (p["KOH"] + c["SO"]) * c["SNO"] / (p["KNO"] + c["SNO"])
    growth = p["muH"] * c["SS"] / (p["KS"] + c["SS"]) * c["XBH"]
    nitrifying = c["SNH"] / (p["KNH"] + c["SNH"]) * c["SO"] / (p["KOA"] + c["SO"])
    contact = c["XBH"] / (p["KX"] * c["XBH"] + c["XS"])
    hydrolysis = p["kh"] * contact * (aerobic + p["eta_h"] * anoxic)
    return [
        growth * aerobic,
        growth * p["eta_g"] * anoxic,
        p["muA"] * nitrifying * c["XBA"],
        p["bH"] * c["XBH"],
        p["bA"] * c["XBA"],
        p["ka"] * c["SND"] * c["XBH"],
        hydrolysis * c["XS"],
        hydrolysis * c["XND"],
    ]


def stoichiometry(p: dict[str, Symbol]) -> list[dict[str, Symbol]]:
    """What each process turns over: for each, component -> amount per rate."""
    YH, YA, iXB, fP = p["YH"], p["YA"], p["iXB"], p["fP"]
    denitrified = (1 - YH) / (OXYGEN_PER_NITROGEN_GAS * YH)
    decay = {"XS": 1 - fP, "XP": fP, "XND": iXB - fP * p["iXP"]}
    return [
        {"SS": -1 / YH, "XBH": 1, "SO": -(1 - YH) / YH, "SNH": -iXB, "SALK": -iXB / 14},
        {"SS": -1 / YH, "XBH": 1, "SNO": -denitrified, "SNH": -iXB, "SALK": (denitrified - iXB) / 14},
        {
            "XBA": 1,
            "SO": -(OXYGEN_PER_NITRATE - YA) / YA,
            "SNO": 1 / YA,
            "SNH": -iXB - 1 / YA,
            "SALK": -iXB / 14 - 1 / (7 * YA),
        },
        {"XBH": -1, **decay},
        {"XBA": -1, **decay},
        {"SNH": 1, "SND": -1, "SALK": 1 / 14},
        {"SS": 1, "XS": -1},
        {"SND": 1, "XND": -1},
    ]


def reaction(c: dict[str, Symbol], p: dict[str, Symbol]) -> Reaction:
    """Turnover of all components, from concentrations and parameters by name."""
    processes = list(zip(process_rates(c, p), stoichiometry(p), strict=True))
    rates = {name: sum(rate * amount.get(name, 0) for rate, amount in processes) for name in NAMES}
    return Reaction(
        ca.vertcat(*(rates[name] for name in NAMES)),
        -rates["SO"],
        -processes[1][0] * processes[1][1]["SNO"],
    )
