"""Catalogue of the textbook models that are built into FMUs, by the stem of the file."""

from collections.abc import Callable, Mapping
from functools import partial

from plant_models.model import Model
from plant_models.textbook.control_loop import command, difference, relay
from plant_models.textbook.linear import affine, gain, integrator
from plant_models.textbook.nonlinear import quadratic, straight
from plant_models.textbook.oscillator import mass_on_spring, mass_under_force
from plant_models.textbook.oxygen_limited import cells, tank
from plant_models.textbook.populations import predator, prey

TEXTBOOK: Mapping[str, Callable[[], Model]] = {
    "mass_under_force": mass_under_force,
    "mass_on_spring": mass_on_spring,
    "integrator": integrator,
    "gain": gain,
    "affine": affine,
    "affine_4": partial(affine, 4),
    "prey": prey,
    "predator": predator,
    "command": command,
    "difference": difference,
    "relay": relay,
    "cells": cells,
    "tank": tank,
    "quadratic_x1": partial(quadratic, "x1"),
    "quadratic_x2": partial(quadratic, "x2"),
    "straight_x1": partial(straight, "x1"),
    "straight_x2": partial(straight, "x2"),
}
"""Parts of coupled systems; `plant_models.textbook.exact` has the solutions of the wholes."""
