"""A system exported as one FMU, which FMPy steps: one doStep for all macro steps of a run.

    python run_exported.py SYSTEM.json

It is opened once; each run goes on where the last one ended.
"""

import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import fmpy
from fmpy.fmi3 import FMU3Slave
from run_cotwin import described

from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from speed.system import Made, System
from speed.worker import serve


class Whole:
    """The FMU of a system, made when it is first asked for."""

    def __init__(self) -> None:
        self._fmu: Any = None
        self._references: list[int] = []
        self._steps = 0

    def run(self, system: System, steps: int) -> Made:
        """Go on for so many macro steps."""
        if self._fmu is None:
            self._open(system)
        t = self._steps * system.step_size
        began = perf_counter()
        self._fmu.doStep(currentCommunicationPoint=t, communicationStepSize=steps * system.step_size)
        seconds = perf_counter() - began
        self._steps += steps
        return Made(seconds, list(self._fmu.getFloat64(self._references)))

    def _open(self, system: System) -> None:
        folder = Path(tempfile.mkdtemp(prefix="exported-"))
        names = [f"{name}.{output}" for name, output in system.results]
        description = from_mapping(described(system, 10**9), folder, "bench")
        path = str(export_fmu(description, folder / "whole.fmu", expose=names).path)
        model = fmpy.read_model_description(path)
        references = {variable.name: variable.valueReference for variable in model.modelVariables}
        self._references = [references[name] for name in names]
        self._fmu = FMU3Slave(
            guid=model.guid,
            unzipDirectory=fmpy.extract(path, str(folder / "whole")),
            modelIdentifier=model.coSimulation.modelIdentifier,
            instanceName="whole",
        )
        self._fmu.instantiate()
        self._fmu.enterInitializationMode()
        self._fmu.exitInitializationMode()


if __name__ == "__main__":
    serve(Whole().run, sys.argv[1])
