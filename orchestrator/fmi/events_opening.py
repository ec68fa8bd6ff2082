"""Opening an FMU for Co-Simulation with what it declares about its steps: events, early return, sloped inputs."""

from pathlib import Path

from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.co_simulation import CoSimulationFmu, open_fmu
from orchestrator.fmi.events import EventFmu
from orchestrator.fmi.events_description import StepFeatures, StepOptions, read_features
from orchestrator.fmi.intermediate_inputs import DerivativeInputs, IntermediateInputs, takes_slopes
from orchestrator.fmi.intermediate_outputs import OutputDerivatives
from orchestrator.fmi.intermediate_update import IntermediateUpdate
from orchestrator.fmi.library import Library
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import Instance


def open_with_events(name: str, path: Path, *, extrapolate: bool = False, model: ModelInfo | None = None) -> Instance:
    """Unpack, load and instantiate an FMU as component `name`, with Event Mode and early return where it has them.

    With `extrapolate` its inputs may change over a step where it declares that it takes such ones. An FMU with nothing
    of this is opened by `open_fmu`. Raises FmuImportError where that is not possible.
    """
    features = read_features(path)
    model = model or read_model(path)
    extrapolate = extrapolate and takes_slopes(model, features)
    if not (features.event_mode or features.early_return or features.returns_on_request or extrapolate):
        plain = open_fmu(name, path, model)
        with plain.fmu.library.completing():
            _know_slopes(plain, features)
            return plain
    clocks = read_clocks(path)
    fmu = _instantiated(name, model, features, extrapolate)
    with fmu.fmu.library.completing():
        _know_slopes(fmu, features)
        return EventFmu(fmu, clocks) if features.event_mode else fmu


def _know_slopes(fmu: CoSimulationFmu, features: StepFeatures) -> None:
    if features.output_derivatives > 0:
        fmu.output_slopes = OutputDerivatives(fmu.fmu)


def _instantiated(name: str, model: ModelInfo, features: StepFeatures, extrapolate: bool) -> CoSimulationFmu:
    if not model.fmi_version.startswith("3"):
        fmu = open_fmu(name, model.path, model)
        with fmu.fmu.library.completing():
            fmu.input_slopes = DerivativeInputs(fmu.fmu)
            return fmu
    inputs = IntermediateInputs(model) if extrapolate else None
    update = IntermediateUpdate(inputs.at if inputs is not None else None)
    used = inputs is not None or features.returns_on_request
    options = StepOptions(
        event_mode=features.event_mode,
        early_return=features.early_return or features.returns_on_request,
        intermediate=() if inputs is None else inputs.references,
        update=update.callback if used else None,
    )
    library = Library(name, model, "CoSimulation", options)
    with library.completing():
        fmu = CoSimulationFmu(name, model, library, early_return=features.early_return)
        fmu.intermediate = update if used else None
        if inputs is not None:
            inputs.attach(fmu.fmu)
            fmu.input_slopes = inputs
        return fmu
