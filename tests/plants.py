"""The plant's FMUs, built once into the folder that `make demo` uses too, and its one-zone system as a description."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fmus.build import build
from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.file import from_mapping
from plant_models.plants import CATALOGUE
from plant_models.textbook import TEXTBOOK

ROOT = Path(__file__).parents[1]
FMUS = ROOT / "build" / "fmus"

RATES = ("mu", "qS", "qA", "qO")
CONCENTRATIONS = ("X", "S", "A", "DOT")


@cache
def fmu(stem: str, version: int) -> Path:
    """Path of a plant or textbook FMU for FMI 2 or 3; unchanged equations rebuild nothing."""
    built = build((CATALOGUE | TEXTBOOK)[stem](), FMUS, stem=stem)
    return built.fmi2 if version == 2 else built.fmi3


def example(name: str, version: int, **changes: Any) -> dict[str, Any]:
    """The mapping of `examples/NAME.yaml` with the FMUs of one FMI version, and top-level keys replaced."""
    data = yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())
    for component in data["components"].values():
        component["source"] = str(fmu(Path(component["source"]).stem, version))
    return {**data, **changes}


def batch_reactor(
    h: float, algorithm: str, *, stop: float, version: int = 3, parameters: Mapping[str, Any] = {}
) -> SystemDescription:
    """Anane's batch, split: one zone, kLa 220 1/h, no temperature factor, no feed, constants in place of the PLC."""
    reactor = {"kLa_fixed": 220.0, "gas_depletion": 0.0, "feed": 0.0, **parameters}
    concentrations = [f"reactor.{name} -> metabolism.{name}" for name in (*CONCENTRATIONS, "V")]
    rates = [f"metabolism.{name} -> reactor.{name}" for name in (*RATES, "CER")]
    return from_mapping(
        {
            "name": "batch_reactor",
            "components": {
                "reactor": {"source": str(fmu("fluid_dynamics", version)), "parameters": reactor},
                "metabolism": {"source": str(fmu("metabolism", version)), "parameters": {"temperature_effect": 0.0}},
            },
            "connections": concentrations + rates,
            "experiment": {"stop": stop, "tolerance": 1e-9},
            "step_size": h,
            "algorithm": algorithm,
            "record": ["*"],
        },
        ROOT,
        "tests",
    )
