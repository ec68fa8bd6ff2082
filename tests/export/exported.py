"""Systems exported as one FMU, and what other importers make of them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, NamedTuple

import fmpy
import numpy as np

from orchestrator.assembly import open_simulation
from orchestrator.export.container import export_fmu
from orchestrator.recording.results import Results
from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.file import from_mapping
from tests.fmus.harness import running
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


class Compared(NamedTuple):
    """What cotwin made of a system, and the names of what was compared."""

    expected: Results
    names: list[str]


def same_as_run(description: SystemDescription, path: Path, version: str = "3.0") -> Compared:
    """Export it: what FMPy records are the bits of cotwin, of two rows at one time the last."""
    export_fmu(description, path, version=version)
    found = elements(run_in_fmpy(path, description, start_time=description.experiment.start))
    expected = run(description)
    times = expected.times[::-1]
    last = [len(times) - 1 - int(np.argmin(np.abs(times - t))) for t in found["time"]]
    names = [name for name in expected.names if name in found and not name.endswith(".u") and "_u" not in name]
    for name in names:
        assert np.array_equal(found[name], np.asarray(expected[name])[last].astype(found[name].dtype)), name
    assert names
    return Compared(expected, names)


POPULATIONS = ("prey.x", "predator.y")


def stepped(fmu: Any, first: int, last: int, h: float = 0.125, names: tuple[str, ...] = POPULATIONS) -> list[Any]:
    """Make these steps; the first elements of variables after each."""
    found = []
    for index in range(first, last):
        fmu.step(index * h, h)
        found.append(tuple(fmu.get(name).ravel()[0].item() for name in names))
    return found


def comes_again(
    path: Path, first: int, last: int, h: float = 0.125, names: tuple[str, ...] = POPULATIONS
) -> tuple[list[Any], list[Any]]:
    """What follows a state that is kept after so many steps comes again, in another instance too; before, and after."""
    with running(path) as one, running(path) as other:
        one.initialize(tolerance=1e-6)
        before = stepped(one, 0, first, h, names)
        state = one.keep()
        data = one.serialize(state)
        after = stepped(one, first, last, h, names)
        for _ in range(2):
            one.restore(state)
            assert stepped(one, first, last, h, names) == after
        one.free(state)
        taken = other.deserialize(data)
        other.restore(taken)
        assert stepped(other, first, last, h, names) == after
        other.free(taken)
    return before, after
