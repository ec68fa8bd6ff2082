"""What the components of wastewater are, without any equations."""

from typing import NamedTuple


class Component(NamedTuple):
    """One component: its unit, its meaning, and the start value of a tank in operation."""

    name: str
    unit: str
    description: str
    start: float


COMPONENTS = (
    Component("SI", "g/m3", "inert soluble organic matter, as COD", 30.0),
    Component("SS", "g/m3", "readily biodegradable substrate, as COD", 1.0),
    Component("XI", "g/m3", "inert particulate organic matter, as COD", 1000.0),
    Component("XS", "g/m3", "slowly biodegradable substrate, as COD", 50.0),
    Component("XBH", "g/m3", "heterotrophic biomass, as COD", 2500.0),
    Component("XBA", "g/m3", "autotrophic biomass, as COD", 150.0),
    Component("XP", "g/m3", "particulate products of decay, as COD", 450.0),
    Component("SO", "g/m3", "dissolved oxygen", 1.0),
    Component("SNO", "g/m3", "nitrate and nitrite nitrogen", 10.0),
    Component("SNH", "g/m3", "ammonium and ammonia nitrogen", 2.0),
    Component("SND", "g/m3", "soluble biodegradable organic nitrogen", 1.0),
    Component("XND", "g/m3", "particulate biodegradable organic nitrogen", 3.5),
    Component("SALK", "mol/m3", "alkalinity", 4.0),
)
"""The 13 components of ASM1; the first 12 are the elements of every array of concentrations, in this order."""

NAMES = tuple(component.name for component in COMPONENTS)
CONCENTRATIONS = NAMES[:-1]
"""Names of the 12 mass concentrations, g/m3."""
SOLUBLES = ("SI", "SS", "SO", "SNO", "SNH", "SND", "SALK")
PARTICULATES = ("XI", "XS", "XBH", "XBA", "XP", "XND")
SOLIDS = ("XI", "XS", "XBH", "XBA", "XP")
"""Components that weigh in the total suspended solids."""
TSS_PER_COD = 0.75
"""Suspended solids per COD of the solids, g/g."""
DAY = 86400.0
"""Seconds in a day: rates and flows are per day, derivatives per second."""
