"""Gas side of the vessel: what dissolves, what leaves."""

from typing import NamedTuple

import casadi as ca

from plant_models.fluid_dynamics.correlations import (
    DENSITY,
    GRAVITY,
    KLA_COALESCING,
    KLA_NON_COALESCING,
    gassed_power,
    hold_up,
    transfer_coefficient,
)
from plant_models.fluid_dynamics.network import Network
from plant_models.fluid_dynamics.vessel import Vessel
from plant_models.model import Model, Symbol

GAS_CONSTANT = 8.314462618
"""J/(mol.K)."""
ATMOSPHERE = 101325.0
"""Normal pressure, Pa; DO is in percent of saturation with air at this pressure."""
NORMAL_TEMPERATURE = 273.15
OXYGEN = 31.998
"""Molar mass of O2, g/mol."""
AIR_OXYGEN = 0.2095
"""Mole fraction of O2 in air."""


class Aeration(NamedTuple):
    """Gas that enters (mol/s), kLa by zone (1/h) and DO in equilibrium with the gas by zone (%)."""

    molar_flow: Symbol
    kLa: Symbol
    saturation: Symbol


def declare_aeration(model: Model, vessel: Vessel, network: Network) -> Aeration:
    """Add power, kLa, hold-up and the driving force to a model that has its inputs and states.

    The local kLa follows the local dissipation. `gas_depletion` = 1 ties the saturation to the O2 in the vessel's gas
    and to the pressure at the depth of the zone; 0 holds it at DOT_max. `kLa_fixed` > 0 replaces the correlation.
    """
    coalescing = model.parameter(
        "coalescing", float(vessel.coalescing), "1", "1: bubbles coalesce (van't Riet), 0: they do not"
    )
    fixed = model.parameter("kLa_fixed", 0.0, "1/h", "kLa everywhere, 0: by correlation", nominal=100.0)
    temperature = model.parameter("T_gas", 310.15, "K", "temperature of the gas in the vessel", nominal=300.0)
    pressure = model.parameter("pressure", vessel.pressure, "Pa", "pressure of the head space", nominal=1e5)
    N, V = model.symbols["stirrer_speed"], model.symbols["V"] / 1000
    molar_flow = model.symbols["air_flow"] / 60000 * ATMOSPHERE / (GAS_CONSTANT * NORMAL_TEMPERATURE)
    Q = molar_flow * GAS_CONSTANT * temperature / pressure
    power, vs = gassed_power(N, Q, V, vessel), Q / vessel.cross_section
    correlated = coalescing * _local_kLa(power / V, vs, network, coalescing=True)
    correlated += (1 - coalescing) * _local_kLa(power / V, vs, network, coalescing=False)
    kLa = ca.if_else(fixed > 0, fixed, correlated * 3600)
    model.output("kLa", ca.sum1(kLa) / network.n, "1/h", "volumetric transfer coefficient, mean", nominal=100.0)
    model.output("power", power, "W", "power that the stirrer puts into the broth", nominal=10.0)
    model.output("hold_up", hold_up(power / V, vs), "1", "gas fraction of the aerated broth", nominal=0.1)
    return Aeration(molar_flow, kLa, _saturation(model, vessel, network, pressure))


def _local_kLa(power: Symbol, vs: Symbol, network: Network, *, coalescing: bool) -> Symbol:
    exponent = (KLA_COALESCING if coalescing else KLA_NON_COALESCING)[1]
    return transfer_coefficient(power, vs, coalescing) * ca.DM(network.kLa_weights(exponent))


def _saturation(model: Model, vessel: Vessel, network: Network, pressure: Symbol) -> Symbol:
    DOT_max = model.parameter("DOT_max", 99.0, "%", "DO in equilibrium with air at 1 atm", nominal=100.0)
    depletion = model.parameter("gas_depletion", 1.0, "1", "1: saturation follows gas and depth, 0: it is DOT_max")
    liquid_height = model.symbols["V"] / 1000 / vessel.cross_section
    depth = liquid_height * ca.DM(1 - network.heights)
    local = (pressure + DENSITY * GRAVITY * depth) / ATMOSPHERE * model.symbols["y_O2"] / AIR_OXYGEN
    return DOT_max * (1 + depletion * (local - 1))


def gas_balance(model: Model, vessel: Vessel, molar_flow: Symbol, O2_transfer: Symbol) -> None:
    """Balances of O2 and CO2 in the gas of the vessel, held up and above the broth, seen as one mixed volume.

    Its amount is constant, so the gas that leaves is n_in - O2 transferred + CO2 evolved (mol/s). `O2_transfer` is in
    mol/s; CO2 leaves the broth as it is formed.
    """
    volume = model.parameter("gas_volume", vessel.gas_volume, "m3", "gas in the vessel", nominal=vessel.gas_volume)
    y_O2_in = model.parameter("y_O2_in", AIR_OXYGEN, "mol/mol", "O2 in the gas that enters")
    y_CO2_in = model.parameter("y_CO2_in", 0.0004, "mol/mol", "CO2 in the gas that enters", nominal=1e-3)
    s, p = model.symbols, model.symbols
    CO2_release = s["CER"] / 1000 * s["V"] / 3600
    outflow = molar_flow - O2_transfer + CO2_release
    amount = p["pressure"] * volume / (GAS_CONSTANT * p["T_gas"])
    model.derivative("y_O2", (molar_flow * y_O2_in - outflow * s["y_O2"] - O2_transfer) / amount)
    model.derivative("y_CO2", (molar_flow * y_CO2_in - outflow * s["y_CO2"] + CO2_release) / amount)
    model.derivative("O2_gas_in", molar_flow * y_O2_in * OXYGEN)
    model.derivative("O2_gas_out", outflow * s["y_O2"] * OXYGEN)
    model.derivative("CO2_evolved", CO2_release)
    model.derivative("CO2_gas_in", molar_flow * y_CO2_in)
    model.derivative("CO2_gas_out", outflow * s["y_CO2"])
    model.output("offgas_O2", s["y_O2"], "mol/mol", "O2 in the gas that leaves", nominal=0.1)
    model.output("offgas_CO2", s["y_CO2"], "mol/mol", "CO2 in the gas that leaves", nominal=0.01)
