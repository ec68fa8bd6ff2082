"""Nonlinear loop of two: 2 x1^2 + 5 x2 = 42 and x1 - 6 x2 = 4, each solved for one of its unknowns.

From x1 = 4, x2 = 8, the start values of the inputs, the loop has the root (4.5571749758, 0.0928624960). Solved for
(x2, x1) the fixed point repels: its iteration grows by the factor -24 x1 / 5 = -21.9 there. Solved for (x1, x2) it
attracts, by -5 / (24 x1) = -0.046, as long as the root is real.
"""

from typing import Literal

import casadi as ca

from plant_models.model import Model

Unknown = Literal["x1", "x2"]
STARTS = {"x1": 4.0, "x2": 8.0}
"""Where the iteration of the loop starts."""


def quadratic(solved_for: Unknown) -> Model:
    """2 x1^2 + 5 x2 = 42, with x1 >= 0 where it is solved for that one."""
    model = _of_the_other("quadratic", "2 x1^2 + 5 x2 = 42", solved_for)
    if solved_for == "x1":
        model.output("x1", ca.sqrt((42 - 5 * model.symbols["x2"]) / 2), "1", "first unknown, real up to x2 = 8.4")
    else:
        model.output("x2", (42 - 2 * model.symbols["x1"] ** 2) / 5, "1", "second unknown")
    return model


def straight(solved_for: Unknown) -> Model:
    """x1 - 6 x2 = 4."""
    model = _of_the_other("straight", "x1 - 6 x2 = 4", solved_for)
    if solved_for == "x1":
        model.output("x1", 4 + 6 * model.symbols["x2"], "1", "first unknown")
    else:
        model.output("x2", (model.symbols["x1"] - 4) / 6, "1", "second unknown")
    return model


def _of_the_other(name: str, equation: str, solved_for: Unknown) -> Model:
    other = "x2" if solved_for == "x1" else "x1"
    model = Model(f"{name}_{solved_for}", f"{equation}, solved for {solved_for}")
    model.input(other, STARTS[other], "1", "the other unknown")
    return model
