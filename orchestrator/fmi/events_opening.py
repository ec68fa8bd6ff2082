"""Opening an FMU for Co-Simulation with the events that it declares."""

from pathlib import Path

from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.co_simulation import CoSimulationFmu, open_fmu
from orchestrator.fmi.events import EventFmu
from orchestrator.fmi.events_description import StepOptions, read_features
from orchestrator.fmi.library import Library
from orchestrator.fmi.variables import read_model
from orchestrator.instance import Instance


def open_with_events(name: str, path: Path) -> Instance:
    """Unpack, load and instantiate an FMU as component `name`, with Event Mode and early return where it has them.

    An FMU that has neither is opened by `open_fmu`. Raises FmuImportError where that is not possible.
    """
    features = read_features(path)
    if not (features.event_mode or features.early_return):
        return open_fmu(name, path)
    clocks = read_clocks(path)
    model = read_model(path)
    options = StepOptions(event_mode=features.event_mode, early_return=features.early_return)
    fmu = CoSimulationFmu(
        name, model, Library(name, model, "CoSimulation", options), early_return=features.early_return
    )
    return EventFmu(fmu, clocks) if features.event_mode else fmu
