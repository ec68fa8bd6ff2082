"""Systems exported as one FMU, and what other importers make of them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import fmpy
import numpy as np

from orchestrator.assembly import open_simulation
from orchestrator.export.container import export_fmu
from orchestrator.recording.results import Results
from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.file import from_mapping
from tests.plants import ROOT, example, fmu

PARTS = {"2.0": 3, "3.0": 2}
"""The FMI version of the components of an example, by that of the whole: never the same."""


def system(name: str, version: int = 3, stop: float | None = None, **changes: Any) -> SystemDescription:
    """An example with the FMUs of one version of FMI."""
    data = example(name, version, **changes)
    if stop is not None:
        data["experiment"] = {**data["experiment"], "stop": stop}
    return from_mapping(data, ROOT, "tests")


def growth(h: float = 0.125, **changes: Any) -> dict[str, Any]:
    """Prey and predators, prey of FMI 2.0 and predators of 3.0."""
    return {
        "name": "growth",
        "components": {"prey": {"source": str(fmu("prey", 2))}, "predator": {"source": str(fmu("predator", 3))}},
        "connections": ["prey.x -> predator.x", "predator.y -> prey.y"],
        "experiment": {"stop": 4.0, "tolerance": 1e-6},
        "step_size": h,
        **changes,
    }


@cache
def exported_growth(version: str) -> Path:
    """`growth` as one FMU."""
    path = Path(mkdtemp(prefix="exported-")) / "growth.fmu"
    export_fmu(from_mapping(growth(), ROOT, "tests"), path, version=version)
    return path


def run(description: SystemDescription | Mapping[str, Any]) -> Results:
    """What cotwin makes of a system."""
    with open_simulation(description) as simulation:
        return simulation.run()


def run_in_fmpy(path: Path, description: SystemDescription, strides: int = 1, **more: Any) -> Any:
    """What FMPy makes of an FMU, with communication points every few macro steps of its system."""
    known = fmpy.read_model_description(str(path))
    return fmpy.simulate_fmu(
        str(path),
        stop_time=description.experiment.stop,
        relative_tolerance=description.experiment.tolerance,
        output_interval=strides * description.step_size,
        output=[variable.name for variable in known.modelVariables if variable.causality in ("output", "local")],
        **more,
    )


def elements(found: Any) -> dict[str, np.ndarray]:
    """FMPy's columns by the names of elements, as cotwin records them."""
    columns = {}
    for name in found.dtype.names:
        values = found[name]
        if values.ndim == 1:
            columns[name] = values
        for index in np.ndindex(values.shape[1:]) if values.ndim > 1 else ():
            columns[f"{name}[{','.join(str(place + 1) for place in index)}]"] = values[(slice(None), *index)]
    return columns
