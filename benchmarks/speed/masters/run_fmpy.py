"""A master of a few lines over FMPy, as its interface invites: an object for each FMU, lists of values.

python run_fmpy.py SYSTEM.json
"""

import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from fmpy import extract, read_model_description
from fmpy.fmi2 import FMU2Slave
from fmpy.fmi3 import FMU3Slave

from speed.system import Made, System
from speed.worker import serve


def run(system: System, steps: int) -> Made:
    """Jacobi: set all inputs, step all, get all outputs."""
    with ExitStack() as opened:
        fmus = {name: _open(system, name, opened) for name in system.components}
        inputs, outputs = _plan(system)
        get, put = ("getFloat64", "setFloat64") if system.version == 3 else ("getReal", "setReal")
        values = {name: getattr(fmu, get)(outputs[name]) for name, fmu in fmus.items()}
        _enter(fmus, inputs, values, put)
        rows = []
        h = system.step_size
        began = perf_counter()
        for k in range(steps):
            for name, (references, sources) in inputs.items():
                getattr(fmus[name], put)(references, [values[source][place] for source, place in sources])
            for name, fmu in fmus.items():
                fmu.doStep(currentCommunicationPoint=k * h, communicationStepSize=h)
                values[name] = getattr(fmu, get)(outputs[name])
            if system.record:
                rows.append(((k + 1) * h, *(value for each in values.values() for value in each)))
        seconds = perf_counter() - began
    return Made(seconds, [value for each in values.values() for value in each])


def _open(system: System, name: str, opened: ExitStack) -> Any:
    path = system.files[system.components[name]]
    description = read_model_description(path)
    folder = extract(path)
    opened.callback(shutil.rmtree, folder, ignore_errors=True)
    kind = FMU3Slave if system.version == 3 else FMU2Slave
    identifier = description.coSimulation.modelIdentifier
    fmu = kind(guid=description.guid, unzipDirectory=folder, modelIdentifier=identifier, instanceName=name)
    fmu.instantiate()
    opened.callback(fmu.freeInstance)
    if system.version == 2:
        fmu.setupExperiment(startTime=0.0)
    fmu.enterInitializationMode()
    return fmu


def _plan(system: System) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """References and sources of the inputs, and references of the outputs, by component."""
    inputs: dict[str, Any] = {}
    for wire in system.wires:
        references, sources = inputs.setdefault(wire.destination, ([], []))
        references.append(system.reference(wire.destination, wire.input))
        sources.append((wire.source, system.outputs[system.components[wire.source]].index(wire.output)))
    outputs = {
        name: [system.references[model][output] for output in system.outputs[model]]
        for name, model in system.components.items()
    }
    return inputs, outputs


def _enter(fmus: dict[str, Any], inputs: dict[str, Any], values: dict[str, Any], put: str) -> None:
    for name, (references, sources) in inputs.items():
        getattr(fmus[name], put)(references, [values[source][place] for source, place in sources])
    for fmu in fmus.values():
        fmu.exitInitializationMode()


if __name__ == "__main__":
    serve(run, sys.argv[1])
