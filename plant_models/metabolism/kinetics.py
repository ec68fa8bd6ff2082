"""Specific rates of E. coli with acetate overflow: Anane et al. 2017, Biochem. Eng. J. 125:23-30."""

from collections.abc import Mapping
from typing import NamedTuple

import casadi as ca

from plant_models.model import Model, Symbol


class Rates(NamedTuple):
    """Specific rates by zone: growth (1/h); uptake of substrate, net production of acetate, uptake of O2, g/(g.h)."""

    mu: Symbol
    qS: Symbol
    qA: Symbol
    qO: Symbol


PARAMETERS: tuple[tuple[str, float, str, str], ...] = (
    ("qSmax", 0.6356, "g/(g.h)", "largest uptake rate of glucose"),
    ("Ks", 0.0370, "g/L", "half-saturation of the glucose uptake"),
    ("Kia", 1.2399, "g/L", "inhibition of the glucose uptake by acetate"),
    ("pAmax", 0.2268, "g/(g.h)", "largest overflow flux"),
    ("Kap", 0.5052, "g/(g.h)", "half-saturation of the overflow"),
    ("qAmax", 0.1148, "g/(g.h)", "largest uptake rate of acetate"),
    ("Kis", 2.1231, "g/(g.h)", "inhibition of the acetate uptake by glucose uptake"),
    ("Ksa", 0.0134, "g/L", "half-saturation of the acetate uptake"),
    ("Yem", 0.5333, "g/g", "biomass on glucose, oxidative, without maintenance"),
    ("Yxsof", 0.2268, "g/g", "biomass on glucose that overflows"),
    ("Yas", 0.9097, "g/g", "acetate on glucose that overflows"),
    ("Yos", 1.5620, "g/g", "oxygen on glucose"),
    ("Yoa", 0.5440, "g/g", "oxygen on acetate"),
    ("Yxa", 0.5718, "g/g", "biomass on acetate"),
    ("qm", 0.0129, "g/(g.h)", "glucose for maintenance"),
    ("Ko", 1e-4, "%", "half-saturation of the respiration in DO"),
    ("Cs", 0.391, "g/g", "carbon in glucose"),
    ("Cx", 0.488, "g/g", "carbon in biomass"),
)
"""Name, value, unit and meaning of the parameters of Anane et al. 2017."""


def declare_parameters(model: Model) -> dict[str, Symbol]:
    """Add the kinetic parameters to a model; their symbols by name."""
    return {name: model.parameter(name, start, unit, meaning) for name, start, unit, meaning in PARAMETERS}


def specific_rates(S: Symbol, A: Symbol, DOT: Symbol, theta: Symbol, p: Mapping[str, Symbol]) -> Rates:
    """Rates in every zone from S and A (g/L) and DOT (%), each (n,).

    `theta` (1) is the temperature factor on the uptake of glucose and acetate and on maintenance; at theta = 1 these
    are the published equations.
    """
    qS = theta * p["qSmax"] / (1 + A / p["Kia"]) * _monod(S, p["Ks"])
    qSof = p["pAmax"] * qS / (qS + p["Kap"])
    pA = qSof * p["Yas"]
    qSox = (qS - qSof) * _monod(DOT, p["Ko"])
    growth = (qSox - theta * p["qm"]) * p["Yem"]
    qSan = growth * p["Cx"] / p["Cs"]
    qsA = theta * p["qAmax"] / (1 + qS / p["Kis"]) * _monod(A, p["Ksa"])
    mu = growth + qsA * p["Yxa"] + qSof * p["Yxsof"]
    qO = p["Yos"] * (qSox - qSan) + qsA * p["Yoa"]
    return Rates(mu, qS, pA - qsA, qO)


def _monod(c: Symbol, K: Symbol) -> Symbol:
    # With |c| a slightly negative concentration, as coupling leaves behind, meets an odd continuation and no pole.
    return c / (K + ca.fabs(c))
