"""BSM1 for tests: the example systems with other settings, the published steady state, the plant as one ODE."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import yaml

import cotwin
from orchestrator.system.yaml.file import from_mapping
from plant_models.model import Model
from plant_models.plants.bsm1 import BSM1, BSM1_CONNECTIONS, CONTROL, CONTROL_STEMS, STEMS
from plant_models.plants.composition import compose
from plant_models.wastewater.constants import CONCENTRATIONS, DAY, NAMES, SOLUBLES
from tests.plants import ROOT, fmu

TANKS = tuple(f"tank{number}" for number in range(1, 6))
LAYERS = range(1, 11)

PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "tank1": {"SS": 2.8082, "SNO": 5.3699, "SNH": 7.9179},
    "tank2": {"SS": 1.4588, "SNO": 3.6619, "SNH": 8.3445},
    "tank3": {"SS": 1.1495, "SNO": 6.5408, "SNH": 5.5480, "SO": 1.7184},
    "tank4": {"SS": 0.9953, "SNO": 9.2990, "SNH": 2.9674, "SO": 2.4289},
    "tank5": {
        "SS": 0.8895, "XI": 1149.12, "XS": 49.3056, "XBH": 2559.344, "XBA": 149.797, "XP": 452.21, "SO": 0.4909,
        "SNO": 10.4152, "SNH": 1.7333, "SND": 0.6883, "XND": 3.5272, "SALK": 4.1256,
    },
    "effluent": {
        "SS": 0.88949, "XI": 4.3918, "XS": 0.18844, "XBH": 9.7815, "XBA": 0.57251, "XP": 1.7283, "SO": 0.49094,
        "SNO": 10.4152, "SNH": 1.7334, "SND": 0.68828, "XND": 0.01348, "SALK": 4.1256, "TSS": 12.4969,
    },
}  # fmt: skip
"""Open loop, constant influent, after 100 d: J. Alex et al., Benchmark Simulation Model no. 1 (BSM1), 2008."""

INFLUENT = {"influent_C": (30, 69.5, 51.2, 202.32, 28.17, 0, 0, 0, 0, 31.56, 6.95, 10.59), "influent_SALK": 7.0}
AERATION = {"tank3.kLa": 240.0, "tank4.kLa": 240.0, "tank5.kLa": 84.0}
VALUES = {**{f"mixer.{name}": value for name, value in INFLUENT.items()}, "tank1.V": 1000.0, "tank2.V": 1000.0}


def recorded(table_entry: str, name: str) -> str:
    """How the record calls an entry of the published table."""
    if table_entry != "effluent":
        return f"{table_entry}.{name}"
    in_array = name in CONCENTRATIONS
    return f"settler.effluent_C[{CONCENTRATIONS.index(name) + 1}]" if in_array else f"settler.effluent_{name}"


def system(name: str, version: int = 3) -> dict[str, Any]:
    """The mapping of `examples/NAME.yaml` with the FMUs of one FMI version."""
    data: dict[str, Any] = yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())
    for component in data["components"].values():
        source = Path(component["source"])
        component["source"] = str(fmu(source.stem, version) if source.suffix == ".fmu" else source)
    return {**data, "record": [*data["record"], "settler.S*"]}


def run(data: dict[str, Any], h: float, days: float) -> cotwin.Results:
    """A system over some days with a macro step (s)."""
    data = {**data, "step_size": h, "experiment": {"stop": days * DAY, "tolerance": 1e-8}}
    with cotwin.open_simulation(from_mapping(data, ROOT, "tests")) as simulation:
        return simulation.run()


def whole(*, closed: bool) -> Model:
    """The plant as one model."""
    stems = {**STEMS, **CONTROL_STEMS} if closed else STEMS
    links = (*BSM1_CONNECTIONS, *CONTROL) if closed else BSM1_CONNECTIONS
    return compose("bsm1", {name: BSM1[stem]() for name, stem in stems.items()}, links)


def states(of: Callable[[str], np.ndarray], row: int = -1) -> dict[str, dict[str, Any]]:
    """The states of tanks and settler at a row of a record, as `parameters` of components."""
    found: dict[str, dict[str, Any]] = {tank: {n: float(of(f"{tank}.{n}")[row]) for n in NAMES} for tank in TANKS}
    found["settler"] = {n: [float(of(f"settler.{n}[{k}]")[row]) for k in LAYERS] for n in (*SOLUBLES, "TSS")}
    return found


@cache
def script() -> ModuleType:
    """The module `examples/bsm1.py`."""
    spec = spec_from_file_location("bsm1_example", ROOT / "examples" / "bsm1.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_dry_weather(
    data: dict[str, Any], start: Mapping[str, Mapping[str, Any]], folder: Path, passes: int = 1
) -> dict[str, Any]:
    """An open loop with the influent of the dry weather, from given states."""
    components = {name: {**each, "parameters": dict(each["parameters"])} for name, each in data["components"].items()}
    for name, values in start.items():
        components[name]["parameters"] |= values
    components["mixer"]["parameters"] = {}
    components["influent"] = {"source": str(script().write_influent(folder / "dry_weather.csv", passes))}
    lines = [f"influent.{name} -> mixer.influent_C[{index}]" for index, name in enumerate(CONCENTRATIONS, 1)]
    lines += [f"influent.{name} -> mixer.influent_{name}" for name in ("SALK", "Q")]
    return {**data, "components": components, "connections": [*lines, *data["connections"]]}
