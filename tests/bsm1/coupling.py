"""Errors of the coupled plant against the plant as one stiff ODE: three hours from the start values of the FMUs."""

from functools import cache
from typing import Any

import numpy as np

from plant_models.plants.reference import Reference
from plant_models.wastewater.constants import DAY
from tests.bsm1.plant import AERATION, INFLUENT, TANKS, VALUES, run, system, whole

DAYS = 0.125
COMPARED = ("SS", "XBH", "SO", "SNO", "SNH", "SALK")


@cache
def exact(*, closed: bool) -> dict[str, np.ndarray]:
    """Every state and output at the end."""
    aeration = {name: kLa for name, kLa in AERATION.items() if not (closed and name == "tank5.kLa")}
    found = Reference(whole(closed=closed), {**VALUES, **aeration}, rtol=1e-10, atol=1e-10).at([DAYS * DAY])
    return {name: values[-1] for name, values in found.items()}


def errors(h: float, *, closed: bool) -> np.ndarray:
    """Relative errors (tanks, components compared) at the end, with a macro step (s)."""
    data = undisturbed(system("bsm1_closed_loop")) if closed else system("bsm1")
    results, reference = run(data, h, DAYS), exact(closed=closed)
    names = [[f"{tank}.{name}" for name in COMPARED] for tank in TANKS]
    return np.array([[results[name][-1] / reference[name] - 1 for name in row] for row in names])


def undisturbed(data: dict[str, Any]) -> dict[str, Any]:
    """The closed loop with a constant influent, from the start values of the FMUs."""
    components = {name: dict(each) for name, each in data["components"].items() if name != "influent"}
    for name, each in components.items():
        kept = ("V", "kLa") if name in TANKS else ()
        each["parameters"] = {key: value for key, value in each.get("parameters", {}).items() if key in kept}
    components["mixer"]["parameters"] = {**INFLUENT, "influent_C": list(INFLUENT["influent_C"])}
    connections = [line for line in data["connections"] if not line.startswith("influent.")]
    return {**data, "components": components, "connections": connections}
