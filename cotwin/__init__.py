"""cotwin: co-simulation of FMUs for biomanufacturing digital twins.

The public names of the engine, each imported when it is first used:

    import cotwin

    with cotwin.open_simulation("plant.yaml") as simulation:
        results = simulation.run()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cotwin.exporting import export_ssp as export_ssp
    from cotwin.records import load_results as load_results
    from orchestrator.assembly import open_simulation as open_simulation
    from orchestrator.checkpoint.checkpoint import Checkpoint as Checkpoint
    from orchestrator.checkpoint.schedule import Checkpoints as Checkpoints
    from orchestrator.errors import AlgebraicLoopError as AlgebraicLoopError
    from orchestrator.errors import CapabilityError as CapabilityError
    from orchestrator.errors import CheckpointError as CheckpointError
    from orchestrator.errors import CotwinError as CotwinError
    from orchestrator.errors import DescriptionError as DescriptionError
    from orchestrator.errors import FmuImportError as FmuImportError
    from orchestrator.errors import InitializationError as InitializationError
    from orchestrator.errors import ModelDescriptionError as ModelDescriptionError
    from orchestrator.errors import ResultError as ResultError
    from orchestrator.errors import SimulationError as SimulationError
    from orchestrator.errors import StepError as StepError
    from orchestrator.errors import SurrogateError as SurrogateError
    from orchestrator.errors import UnitError as UnitError
    from orchestrator.errors import VariableError as VariableError
    from orchestrator.export.container import export_fmu as export_fmu
    from orchestrator.observer import Event as Event
    from orchestrator.observer import Observer as Observer
    from orchestrator.realtime.metering import MeterReading as MeterReading
    from orchestrator.realtime.pacer import OverrunPolicy as OverrunPolicy
    from orchestrator.realtime.pacer import Pacer as Pacer
    from orchestrator.realtime.report import PacingReport as PacingReport
    from orchestrator.recording.comparison import Comparison as Comparison
    from orchestrator.recording.results import Results as Results
    from orchestrator.simulation import Simulation as Simulation
    from orchestrator.ssp.reader import read_ssp as read_ssp
    from orchestrator.swap_report import SwapReport as SwapReport
    from orchestrator.system.description import Component as Component
    from orchestrator.system.description import Connection as Connection
    from orchestrator.system.description import Endpoint as Endpoint
    from orchestrator.system.description import Experiment as Experiment
    from orchestrator.system.description import Solver as Solver
    from orchestrator.system.description import Swap as Swap
    from orchestrator.system.description import SystemDescription as SystemDescription
    from orchestrator.system.scenario import Scenario as Scenario
    from orchestrator.system.scenario_file import read_scenario as read_scenario
    from orchestrator.system.yaml.file import read_system as read_system
    from orchestrator.system.yaml.file import single_fmu as single_fmu
    from orchestrator.system.yaml.writer import write_system as write_system

__version__ = "0.1.0"

__all__ = [
    "AlgebraicLoopError",
    "CapabilityError",
    "Checkpoint",
    "CheckpointError",
    "Checkpoints",
    "Comparison",
    "Component",
    "Connection",
    "CotwinError",
    "DescriptionError",
    "Endpoint",
    "Event",
    "Experiment",
    "FmuImportError",
    "InitializationError",
    "MeterReading",
    "ModelDescriptionError",
    "Observer",
    "OverrunPolicy",
    "Pacer",
    "PacingReport",
    "ResultError",
    "Results",
    "Scenario",
    "Simulation",
    "SimulationError",
    "Solver",
    "StepError",
    "SurrogateError",
    "Swap",
    "SwapReport",
    "SystemDescription",
    "UnitError",
    "VariableError",
    "__version__",
    "export_fmu",
    "export_ssp",
    "load_results",
    "open_simulation",
    "read_scenario",
    "read_ssp",
    "read_system",
    "single_fmu",
    "write_system",
]

_HOMES = {
    "cotwin.exporting": ("export_ssp",),
    "cotwin.records": ("load_results",),
    "orchestrator.assembly": ("open_simulation",),
    "orchestrator.checkpoint.checkpoint": ("Checkpoint",),
    "orchestrator.checkpoint.schedule": ("Checkpoints",),
    "orchestrator.errors": (
        "AlgebraicLoopError",
        "CapabilityError",
        "CheckpointError",
        "CotwinError",
        "DescriptionError",
        "FmuImportError",
        "InitializationError",
        "ModelDescriptionError",
        "ResultError",
        "SimulationError",
        "StepError",
        "SurrogateError",
        "UnitError",
        "VariableError",
    ),
    "orchestrator.export.container": ("export_fmu",),
    "orchestrator.observer": (
        "Event",
        "Observer",
    ),
    "orchestrator.realtime.metering": ("MeterReading",),
    "orchestrator.realtime.pacer": (
        "OverrunPolicy",
        "Pacer",
    ),
    "orchestrator.realtime.report": ("PacingReport",),
    "orchestrator.recording.comparison": ("Comparison",),
    "orchestrator.recording.results": ("Results",),
    "orchestrator.simulation": ("Simulation",),
    "orchestrator.ssp.reader": ("read_ssp",),
    "orchestrator.swap_report": ("SwapReport",),
    "orchestrator.system.description": (
        "Component",
        "Connection",
        "Endpoint",
        "Experiment",
        "Solver",
        "Swap",
        "SystemDescription",
    ),
    "orchestrator.system.scenario": ("Scenario",),
    "orchestrator.system.scenario_file": ("read_scenario",),
    "orchestrator.system.yaml.file": (
        "read_system",
        "single_fmu",
    ),
    "orchestrator.system.yaml.writer": ("write_system",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name from its module at first use, and keep it."""
    if name not in _HOME:
        raise AttributeError(f"module 'cotwin' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
