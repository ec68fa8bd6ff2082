"""cotwin: co-simulation of FMUs for biomanufacturing digital twins.

The public names of the engine, each imported when it is first used:

    import cotwin

    with cotwin.open_simulation("plant.yaml") as simulation:
        results = simulation.run()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.errors import AlgebraicLoopError as AlgebraicLoopError
    from orchestrator.errors import CapabilityError as CapabilityError
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
    from orchestrator.system.description import Component as Component
    from orchestrator.system.description import Connection as Connection
    from orchestrator.system.description import Endpoint as Endpoint
    from orchestrator.system.description import Experiment as Experiment
    from orchestrator.system.description import Swap as Swap
    from orchestrator.system.description import SystemDescription as SystemDescription

__version__ = "0.1.0"

__all__ = [
    "AlgebraicLoopError",
    "CapabilityError",
    "Component",
    "Connection",
    "CotwinError",
    "DescriptionError",
    "Endpoint",
    "Experiment",
    "FmuImportError",
    "InitializationError",
    "ModelDescriptionError",
    "ResultError",
    "SimulationError",
    "StepError",
    "SurrogateError",
    "Swap",
    "SystemDescription",
    "UnitError",
    "__version__",
]

_HOMES = {
    "orchestrator.errors": (
        "AlgebraicLoopError",
        "CapabilityError",
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
    ),
    "orchestrator.system.description": (
        "Component",
        "Connection",
        "Endpoint",
        "Experiment",
        "Swap",
        "SystemDescription",
    ),
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
