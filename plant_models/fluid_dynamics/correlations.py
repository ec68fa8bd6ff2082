"""Power, kLa and hold-up of an aerated stirred tank; all in SI units, smooth also where nothing stirs or bubbles.

Each function takes numbers or CasADi symbols.
"""

from typing import Any

from plant_models.fluid_dynamics.vessel import Vessel
from plant_models.model import Symbol

DENSITY = 1000.0
"""Density of the broth, kg/m3."""
GRAVITY = 9.81
"""m/s2."""
SHARPNESS = 16
"""How sharply the gassed power bends into the ungassed one at low gas flow: 2e-5 off where a third of it is lost."""


def ungassed_power(N: Any, vessel: Vessel) -> Symbol:
    """P0 = Np rho N^3 D^5 of all impellers (W), at N (1/s)."""
    return vessel.impellers * vessel.power_number * DENSITY * N**3 * vessel.impeller_diameter**5


def gassed_power(N: Any, Q: Any, V: Any, vessel: Vessel) -> Symbol:
    """Hughmark: Pg = 0.10 P0 (Q / (N V))^-0.25 (N^2 D^4 / (g B V^(2/3)))^-0.20, never above P0 (W).

    N in 1/s, gas flow Q in m3/s, broth V in m3, blade height B = D / 5. The two branches meet in a smooth minimum
    whose powers are written so that N = 0 and Q = 0 are regular points.
    """
    D = vessel.impeller_diameter
    froude = D**4 / (GRAVITY * D / 5)
    loss = 10**SHARPNESS * (Q / V) ** 4 * froude**3.2 * (N * N) ** 1.2 / V ** (3.2 * 2 / 3)
    return ungassed_power(N, vessel) * (1 + loss) ** (-1 / SHARPNESS)


def transfer_coefficient(power: Any, vs: Any, coalescing: bool) -> Symbol:
    """Van't Riet 1979: kLa (1/s) = 0.026 (Pg/V)^0.4 vs^0.5 coalescing, 0.002 (Pg/V)^0.7 vs^0.2 otherwise.

    `power` is Pg/V (W/m3), vs the superficial gas velocity (m/s). Measured from 0.002 to 2.6 m3 and 500 to 10,000 W/m3:
    extrapolated beyond.
    """
    factor, alpha, beta = KLA_COALESCING if coalescing else KLA_NON_COALESCING
    return factor * _power_law(power, alpha, 1.0) * _power_law(vs, beta, 1e-5)


KLA_COALESCING = (0.026, 0.4, 0.5)
KLA_NON_COALESCING = (0.002, 0.7, 0.2)
"""Factor, exponent of the power and exponent of the gas velocity."""


def hold_up(power: Any, vs: Any) -> Symbol:
    """Gas fraction of the aerated broth, 0.13 (Pg/V)^0.33 vs^0.67.

    Form of van 't Riet and Tramper 1991; the coefficients are from memory, not checked against a source.
    """
    return 0.13 * _power_law(power, 0.33, 1.0) * _power_law(vs, 0.67, 1e-5)


def _power_law(x: Any, exponent: float, small: float) -> Symbol:
    """x^exponent for x well above `small`, and a straight line through 0 below: no infinite slope at x = 0."""
    return x * (x * x + small * small) ** ((exponent - 1) / 2)
