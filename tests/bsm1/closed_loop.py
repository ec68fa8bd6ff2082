"""The closed loop for comparisons: the example in dry weather, its start for another program, its figures."""

from pathlib import Path
from typing import Any

import yaml

from plant_models.wastewater.control import NITRATE
from tests.bsm1.independent_control import Controlled
from tests.bsm1.plant import TANKS, script, system
from tests.plants import ROOT


def _given() -> dict[str, dict[str, Any]]:
    components = yaml.safe_load((ROOT / "examples" / "bsm1_closed_loop.yaml").read_text())["components"]
    return {name: each.get("parameters", {}) for name, each in components.items()}


INTEGRALS = (_given()["oxygen_controller"]["integral"], _given()["nitrate_controller"]["integral"])
START_OF_RECYCLE = NITRATE.offset + INTEGRALS[1]
"""The internal recycle at the start (m3/d), where nitrate is at its set point."""


def in_closed_loop(folder: Path, passes: int = 1) -> dict[str, Any]:
    """The example with the influent of the dry weather."""
    data = system("bsm1_closed_loop")
    data["components"]["influent"]["source"] = str(script().write_influent(folder / "dry_weather.csv", passes))
    return data


def starting_states() -> dict[str, dict[str, Any]]:
    """The states of tanks and settler with which the example begins."""
    return {name: dict(values) for name, values in _given().items() if name in (*TANKS, "settler")}


def control() -> Controlled:
    """The control with which the example begins."""
    return Controlled(INTEGRALS)
