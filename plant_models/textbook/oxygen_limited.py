"""Batch of E. coli split where it hurts: rates of the cells, held over a step, and the tank that they breathe in.

Anane et al. 2017 (Biochem. Eng. J. 125:23-30). With kLa 220 1/h the split costs little. With 60 the oxygen runs out at
the end; since Ko is 1e-4 %, the uptake of oxygen is then almost a switch, and held rates make DO hunt around 0.
"""

import casadi as ca

from plant_models.metabolism.kinetics import declare_parameters, specific_rates
from plant_models.model import Model
from plant_models.plants.composition import Link

OXYGEN_LIMITED_CONNECTIONS: tuple[Link, ...] = (
    *(Link(f"tank.{name}", f"cells.{name}") for name in ("S", "A", "DOT")),
    *(Link(f"cells.{name}", f"tank.{name}") for name in ("mu", "qS", "qA", "qO")),
)
"""How the components cells and tank are connected."""


def cells() -> Model:
    """Specific rates from S, A and DOT: feedthrough, no state. Below 0 a concentration counts as 0."""
    model = Model("cells", "Specific rates of E. coli: Anane et al. 2017")
    S = model.input("S", 4.94, "g/L", "glucose")
    A = model.input("A", 0.0129, "g/L", "acetate", nominal=0.1)
    DOT = model.input("DOT", 98.0, "%", "dissolved oxygen, of air saturation", nominal=100.0)
    S, A, DOT = (ca.fmax(c, 0.0) for c in (S, A, DOT))
    rates = specific_rates(S, A, DOT, ca.MX(1.0), declare_parameters(model))
    model.output("mu", rates.mu, "1/h", "specific growth rate")
    model.output("qS", rates.qS, "g/(g.h)", "specific uptake of glucose")
    model.output("qA", rates.qA, "g/(g.h)", "specific net production of acetate")
    model.output("qO", rates.qO, "g/(g.h)", "specific uptake of oxygen")
    return model


def tank() -> Model:
    """dV = F, dX = X (mu - F/V), dS = F/V (S_feed - S) - qS X, dA = qA X - F/V A, dDOT = kLa (DOT_max - DOT) - qO X H.

    The rates of the cells are inputs; no output has feedthrough.
    """
    model = Model("tank", "Stirred tank with feed and aeration: Anane et al. 2017")
    V = model.state("V", 2.0, "L", "broth volume", visible=True)
    X = model.state("X", 0.17, "g/L", "biomass", visible=True)
    S = model.state("S", 4.94, "g/L", "glucose", minimum=0.0, visible=True)
    A = model.state("A", 0.0129, "g/L", "acetate", nominal=0.1, minimum=0.0, visible=True)
    DOT = model.state("DOT", 98.0, "%", "dissolved oxygen, of air saturation", nominal=100.0, minimum=0.0, visible=True)
    F = model.input("feed", 0.0, "L/h", "feed", nominal=0.01)
    mu = model.input("mu", 0.0, "1/h", "specific growth rate")
    qS = model.input("qS", 0.0, "g/(g.h)", "specific uptake of glucose")
    qA = model.input("qA", 0.0, "g/(g.h)", "specific net production of acetate")
    qO = model.input("qO", 0.0, "g/(g.h)", "specific uptake of oxygen")
    kLa = model.parameter("kLa", 220.0, "1/h", "transfer coefficient of oxygen", nominal=100.0)
    saturation = model.parameter("DOT_max", 99.0, "%", "DO in equilibrium with the gas", nominal=100.0)
    H = model.parameter("H", 14000.0, "%.L/g", "DO per concentration of dissolved oxygen", nominal=1e4)
    S_feed = model.parameter("S_feed", 300.0, "g/L", "glucose in the feed", nominal=100.0)
    model.derivative("V", F / 3600)
    model.derivative("X", X * (mu - F / V) / 3600)
    model.derivative("S", (F / V * (S_feed - S) - qS * X) / 3600)
    model.derivative("A", (qA * X - F / V * A) / 3600)
    model.derivative("DOT", (kLa * (saturation - DOT) - qO * X * H) / 3600)
    return model
