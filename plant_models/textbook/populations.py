"""Lotka-Volterra: prey and predators, a component each.

x' = x (a - b y),   y' = y (d x - c):   d x - c ln x + b y - a ln y stays what it is.
"""

from plant_models.model import Model

GROWTH, PREDATION, DEATH, CONVERSION = 2 / 3, 4 / 3, 1.0, 1.0
"""a, b, c and d. The populations circle around x = c/d = 1, y = a/b = 1/2."""


def prey() -> Model:
    """x' = x (a - b y), the predators y an input; no feedthrough."""
    model = Model("prey", "Prey of Lotka and Volterra")
    y = model.input("y", 1.0, "1", "predators")
    x = model.state("x", 1.0, "1", "prey", visible=True)
    a = model.parameter("a", GROWTH, "1/s", "growth rate of the prey")
    b = model.parameter("b", PREDATION, "1/s", "rate of its death for each predator")
    model.derivative("x", x * (a - b * y))
    return model


def predator() -> Model:
    """y' = y (d x - c), the prey x an input; no feedthrough."""
    model = Model("predator", "Predators of Lotka and Volterra")
    x = model.input("x", 1.0, "1", "prey")
    y = model.state("y", 1.0, "1", "predators", visible=True)
    c = model.parameter("c", DEATH, "1/s", "death rate of the predators")
    d = model.parameter("d", CONVERSION, "1/s", "rate of their growth for each prey")
    model.derivative("y", y * (d * x - c))
    return model
