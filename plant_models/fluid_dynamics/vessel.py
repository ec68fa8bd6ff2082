"""Vessel: geometry, charge and gas side of a stirred tank, as presets for two scales."""

from dataclasses import dataclass
from math import pi


@dataclass(frozen=True)
class Charge:
    """What the vessel holds at the start: broth volume (L), concentrations (g/L), DO (%), gas mole fractions."""

    V: float
    X: float
    S: float
    A: float
    DOT: float
    y_O2: float = 0.2095
    y_CO2: float = 0.0004


@dataclass(frozen=True)
class Vessel:
    """A stirred tank: lengths in m, design volume in m3 (it fixes the height of the zones), impellers of one kind.

    Mineral media full of salt do not coalesce unless antifoam makes them: `coalescing` picks the correlation of kLa.

    `power_number` and `pumping_number` belong to a Rushton turbine; `exchange_number` scales the turbulent exchange
    between impeller regions, Q = exchange_number N D^3: calibrated here, so that the zones of the 12 m3 tank mix about
    as fast as correlations of the mixing time say. The pumping number and `impeller_share` (the share of the power that
    is dissipated in the impeller stages) are from memory, not checked against a source.
    """

    name: str
    design_volume: float
    diameter: float
    impeller_diameter: float
    impellers: int
    gas_volume: float
    charge: Charge
    stirrer_speed: float
    air_flow: float
    feed_concentration: float
    coalescing: bool = False
    pressure: float = 101325.0
    power_number: float = 5.5
    pumping_number: float = 0.72
    exchange_number: float = 0.25
    impeller_share: float = 0.5

    @property
    def cross_section(self) -> float:
        """Area of the tank seen from above, m2."""
        return pi * self.diameter**2 / 4

    @property
    def height(self) -> float:
        """Height of the unaerated broth at the design volume, m."""
        return self.design_volume / self.cross_section


BENCH = Vessel(
    name="bench vessel, 2 L",
    design_volume=0.002,
    diameter=0.128,
    impeller_diameter=0.043,
    impellers=2,
    gas_volume=0.001,
    charge=Charge(V=2.0, X=0.17, S=4.94, A=0.0129, DOT=98.0),
    stirrer_speed=8.0,
    air_flow=2.0,
    feed_concentration=300.0,
)
"""Bench scale: start values and feed of Anane et al. 2017; geometry chosen here (liquid height 1.2 diameters)."""

PRODUCTION = Vessel(
    name="production tank, 12 m3",
    design_volume=12.0,
    diameter=1.828,
    impeller_diameter=0.609,
    impellers=3,
    gas_volume=5.0,
    charge=Charge(V=10000.0, X=20.0, S=0.0175, A=0.015, DOT=40.0, y_O2=0.166, y_CO2=0.028),
    stirrer_speed=2.0,
    air_flow=6000.0,
    feed_concentration=500.0,
    pressure=150000.0,
)
"""12 m3, height 2.5 diameters, 3 Rushton turbines, as in Bylund et al. 1998; the operating point is chosen here."""
