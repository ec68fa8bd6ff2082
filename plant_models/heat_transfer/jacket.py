"""Jacket: what a heat-transfer model needs to know of a vessel, as presets for two scales."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Jacket:
    """Jacketed vessel: area (m2), wall thickness (m), film coefficients (W/(m2.K)), flows (kg/s), temperatures (degC).

    All sizes and coefficients are chosen here from the usual ranges (clean broth, jacket 300 to 500 W/(m2.K) overall).
    """

    name: str
    V: float
    area: float
    wall_thickness: float
    broth_film: float
    jacket_film: float
    jacket_water: float
    circulation: float
    loss: float
    T_coolant_in: float
    T_hot: float
    T: float = 37.0
    T_wall: float = 37.0
    valve: float = 0.5


BENCH_JACKET = Jacket(
    name="bench vessel, 2 L",
    V=2.0,
    area=0.06,
    wall_thickness=0.003,
    broth_film=1000.0,
    jacket_film=1000.0,
    jacket_water=0.5,
    circulation=0.02,
    loss=0.4,
    T_coolant_in=288.15,
    T_hot=60.0,
)
"""Glass and steel of bench size; `loss` is W/K to the surroundings, `jacket_water` kg."""

PRODUCTION_JACKET = Jacket(
    name="production tank, 12 m3",
    V=10000.0,
    area=26.0,
    wall_thickness=0.008,
    broth_film=1500.0,
    jacket_film=1500.0,
    jacket_water=800.0,
    circulation=15.0,
    loss=60.0,
    T_coolant_in=283.15,
    T_hot=90.0,
    T_wall=31.0,
    valve=0.46,
)
"""Steel tank whose jacket covers the cylinder."""
