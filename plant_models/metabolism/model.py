"""Metabolism: specific rates by zone, with the carbon, oxygen and heat that they turn over in the whole broth."""

import casadi as ca

from plant_models.metabolism.kinetics import Rates, declare_parameters, specific_rates
from plant_models.metabolism.temperature import REFERENCE, temperature_factor
from plant_models.model import Model, Symbol

CARBON = 12.011
OXYGEN = 31.998
"""Molar masses of C and O2, g/mol."""


def metabolism(zones: int = 1) -> Model:
    """E. coli in `zones` zones of equal volume: rates from what the cells meet there; scalars where there is one zone.

    The carbon dioxide closes the carbon balance, CER = X (Cs qS - Cx mu - Ca qA) / 12.011 g/mol: Anane's overflow
    branch alone does not close carbon (Yas and Yxsof bind 0.47 g of carbon per g of glucose, which holds 0.391), so CER
    is defined such that the whole does, and falls short of the respired CO2 where there is overflow. Respiring glucose
    gives RQ 0.67, since the published Yos exceeds the 1.067 of complete oxidation.
    RQ = CER OUR / (OUR^2 + OUR_floor^2): the ratio where cells respire, smoothly 0 where they do not.
    Heat: 440 kJ per mol of O2 (Biotechnol. Bioeng. 30:650, 1987).
    """
    size = None if zones == 1 else zones
    model = Model("metabolism", "E. coli with acetate overflow: Anane et al. 2017")
    X = model.input("X", 0.17, "g/L", "biomass", size=size)
    S = model.input("S", 4.94, "g/L", "glucose", size=size)
    A = model.input("A", 0.0129, "g/L", "acetate", size=size, nominal=0.1)
    DOT = model.input("DOT", 98.0, "%", "dissolved oxygen, of air saturation at 1 atm", size=size, nominal=100.0)
    V = model.input("V", 0.002, "m3", "broth volume", nominal=0.001)
    T = model.input("T", REFERENCE, "K", "broth temperature", nominal=300.0)
    p = declare_parameters(model)
    rates = specific_rates(S, A, DOT, temperature_factor(model, T), p)
    model.output("mu", rates.mu, "1/h", "specific growth rate", size=size)
    model.output("qS", rates.qS, "g/(g.h)", "specific uptake of glucose", size=size)
    model.output("qA", rates.qA, "g/(g.h)", "specific net production of acetate", size=size)
    model.output("qO", rates.qO, "g/(g.h)", "specific uptake of oxygen", size=size)
    _turnover(model, X, V, rates, p)
    return model


def _turnover(model: Model, X: Symbol, V: Symbol, rates: Rates, p: dict[str, Symbol]) -> None:
    """Add OUR, CER, RQ and heat, and the integrals of carbon, oxygen and heat over the whole broth."""
    Ca = model.parameter("Ca", 0.4, "g/g", "carbon in acetate")
    heat_per_O2 = model.parameter(
        "heat_per_O2", 440e3, "J/mol", "heat of the metabolism per oxygen taken up", nominal=4e5
    )
    floor = model.parameter("OUR_floor", 1e-3, "mmol/(L.h)", "OUR below which RQ fades to 0", nominal=1e-3)
    litres = V * 1000
    glucose, biomass, acetate = (_mean(X * q) for q in (p["Cs"] * rates.qS, p["Cx"] * rates.mu, Ca * rates.qA))
    OUR = _mean(X * rates.qO) / OXYGEN * 1000
    CER = (glucose - biomass - acetate) / CARBON * 1000
    heat = heat_per_O2 * OUR / 1000 * litres / 3600
    model.output("OUR", OUR, "mmol/(L.h)", "oxygen uptake rate of the broth", nominal=10.0)
    model.output("CER", CER, "mmol/(L.h)", "carbon dioxide evolution rate of the broth", nominal=10.0)
    model.output("RQ", CER * OUR / (OUR**2 + floor**2), "1", "respiratory quotient")
    model.output("heat", heat, "W", "heat of the metabolism", nominal=10.0)
    integrals = (
        ("C_glucose", glucose * litres / 3600, "g", "carbon taken up in glucose"),
        ("C_biomass", biomass * litres / 3600, "g", "carbon bound in new biomass"),
        ("C_acetate", acetate * litres / 3600, "g", "carbon released in acetate, net"),
        ("C_CO2", CER * CARBON / 1000 * litres / 3600, "g", "carbon released in CO2"),
        ("O2_taken", OUR * OXYGEN / 1000 * litres / 3600, "g", "oxygen taken up"),
        ("heat_released", heat, "J", "heat released"),
    )
    for name, rate, unit, description in integrals:
        model.state(name, 0.0, unit, f"{description} since the start", nominal=1e3 if unit == "J" else 1.0)
        model.derivative(name, rate)


def _mean(values: Symbol) -> Symbol:
    return ca.sum1(values) / values.shape[0]
