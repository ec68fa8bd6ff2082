"""Opening: which kind of instance an FMU becomes, as its component asks and the FMU offers."""

from typing import Final

from orchestrator.errors import DescriptionError, FmuImportError
from orchestrator.fmi.clocks import read_clocks
from orchestrator.fmi.co_simulation import open_fmu
from orchestrator.fmi.events_description import read_features
from orchestrator.fmi.events_opening import open_with_events
from orchestrator.fmi.model_exchange import open_exchange
from orchestrator.fmi.model_exchange_clocks import open_clocked_exchange
from orchestrator.fmi.pyfmi_importer import open_with_pyfmi
from orchestrator.fmi.scheduled_execution import open_scheduled
from orchestrator.fmi.structure import read_component, tell_unfitting
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import Instance
from orchestrator.system.connector import Causality
from orchestrator.system.description import Component

_OFFERED: Final = {
    "co_simulation": "CoSimulation",
    "model_exchange": "ModelExchange",
    "scheduled_execution": "ScheduledExecution",
}
_NOT_WITH_PYFMI: Final = ("isolation", "solver", "check_ranges")


def open_component(name: str, component: Component) -> Instance:
    """Open the FMU of a component; FmuImportError where it does not offer what the component asks for."""
    if component.importer == "pyfmi":
        return _with_pyfmi(name, component)
    tell_unfitting(name, component)
    if component.isolation is not None:
        return _isolated(name, component)
    _refuse_limits(name, component)
    return open_here(name, component)


def open_here(name: str, component: Component) -> Instance:
    """Open the FMU of a component in this process."""
    model = read_component(component)
    kind = chosen_kind(model, component)
    _refuse_clocks(name, component, model, kind)
    if kind == "model_exchange":
        return _exchange(name, component, model)
    _refuse_solver(name, component, kind)
    if kind == "scheduled_execution":
        return open_scheduled(name, component.file, model)
    if component.swap is not None:
        return open_fmu(name, component.file, model)  # events stay inside: a swap does not hand on Event Mode
    return open_with_events(name, component.file, extrapolate=_inputs_change(component), model=model)


def _exchange(name: str, component: Component, model: ModelInfo) -> Instance:
    clocked = component.swap is None and model.fmi_version.startswith("3") and bool(read_clocks(model.path).by_name)
    if not clocked:
        return open_exchange(name, model, component.solver, extrapolate=_inputs_change(component))
    return open_clocked_exchange(name, model, component.solver)


def _inputs_change(component: Component) -> bool:
    """Whether inputs are to change over a step; a surrogate, and so a swap, holds them."""
    wanted = component.extrapolation
    return component.swap is None and wanted is not None and (wanted.order > 0 or wanted.smoothing)


def _with_pyfmi(name: str, component: Component) -> Instance:
    plain = Component(source=component.file)
    asked = [option for option in _NOT_WITH_PYFMI if getattr(component, option) != getattr(plain, option)]
    if asked:
        raise DescriptionError(f"component '{name}': importer: pyfmi has no {', '.join(asked)}. Leave one out")
    _refuse_limits(name, component)
    model = read_model(component.file)
    return open_with_pyfmi(name, model, chosen_kind(model, component))


def _isolated(name: str, component: Component) -> Instance:
    # Here, since it brings a compiler with it.
    from orchestrator.fmi.isolation.opening import open_isolated

    return open_isolated(name, component)


def _refuse_clocks(name: str, component: Component, model: ModelInfo, kind: str) -> None:
    if kind == "scheduled_execution" or not model.fmi_version.startswith("3"):
        return
    able = kind == "model_exchange" or read_features(model.path).event_mode
    if able and component.swap is None:
        return
    clocks = read_clocks(model.path).by_name.values()
    silent = next((clock.name for clock in clocks if clock.causality is Causality.INPUT), None)
    if silent is None:
        return
    if component.swap is not None:
        raise FmuImportError(
            f"{model.path}: the clock '{silent}' of '{name}' could not tick while its surrogate is in charge, which "
            "steps from one communication point to the next. Leave swap out, or export the FMU without clocks"
        )
    raise FmuImportError(
        f"{model.path}: as '{name}' it would run as {kind} without Event Mode, and its clock '{silent}' would "
        "never tick. Export it with hasEventMode, or ask for kind: model_exchange where it offers that"
    )


def _refuse_solver(name: str, component: Component, kind: str) -> None:
    if component.solver != Component.model_fields["solver"].default:
        raise DescriptionError(
            f"component '{name}': runs as {kind}, with the solver inside the FMU. Leave solver out, or ask for kind: "
            "model_exchange"
        )


def _refuse_limits(name: str, component: Component) -> None:
    for option in ("time_limit", "memory_limit"):
        if getattr(component, option) != Component.model_fields[option].default:
            raise DescriptionError(
                f"component '{name}': {option} needs a process of its own. Add isolation: process, or leave it out"
            )


def chosen_kind(model: ModelInfo, component: Component) -> str:
    """The kind that the component names, which the FMU must offer, or the first that it offers."""
    offered = [kind for kind, declared in _OFFERED.items() if declared in model.kinds]
    if component.kind is None:
        return offered[0]
    if component.kind not in offered:
        raise FmuImportError(f"{model.path}: does not offer {component.kind}; it offers {' and '.join(offered)}")
    return component.kind
