"""Step control: what is put around the innermost stepper to choose, repeat and judge its steps."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.master.coupling import Coupling
from orchestrator.master.coupling_order import coupling_order
from orchestrator.master.memory import Memory
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_control.doubling import ErrorControl
from orchestrator.master.step_control.journey import Journey
from orchestrator.master.step_control.judge import Allowed, Judge
from orchestrator.master.step_control.outputs import Outputs
from orchestrator.master.step_control.pi import PiController
from orchestrator.master.step_control.predictor import FIRST, PredictorControl
from orchestrator.master.step_control.predictor_estimate import Predictor
from orchestrator.master.step_control.predictor_restless import Restless
from orchestrator.master.step_control.predictor_telling import Telling
from orchestrator.master.step_control.refusals import Retry
from orchestrator.master.stepper import Stepper
from orchestrator.observer import Event
from orchestrator.system.solving import StepControl

_SMALLEST = 1e-6
"""Part of the step size that the smallest step is where nothing else is declared."""


@dataclass(frozen=True, eq=False)
class Controlling:
    """What is declared, the step size of the grid (s), and the parts of the master that go back with a step."""

    declared: StepControl
    step_size: float
    memories: Mapping[str, Memory] = field(default_factory=dict)

    @property
    def smallest(self) -> float:
        """The shortest step (s) that is tried."""
        return self.declared.smallest or _SMALLEST * self.step_size


class Controlled(NamedTuple):
    """The outermost stepper, what it remembers, by name, and what happened in it since this was asked last."""

    stepper: Stepper
    memories: Mapping[str, Memory]
    take_events: Callable[[], Iterable[Event]] = tuple


def controlled(inner: Stepper, coupling: Coupling, controlling: Controlling) -> Controlled:
    """Put around the innermost stepper what the description asks for."""
    rollback = Rollback(coupling, controlling.memories)
    if controlling.declared.method == "error":
        return _error_control(inner, coupling, rollback, controlling)
    if controlling.declared.method != "constant":
        raise DescriptionError(f"step_control '{controlling.declared.method}' is not there; choose constant or error")
    retry = Retry(inner, coupling, rollback, controlling.smallest)
    return Controlled(retry, {"refusals": retry})


def _error_control(inner: Stepper, coupling: Coupling, rollback: Rollback, controlling: Controlling) -> Controlled:
    declared, outputs = controlling.declared, Outputs(coupling, ends=True)
    fixed = [p.name for p in coupling.participants if not p.instance.capabilities.variable_step]
    if fixed:
        raise CapabilityError(
            f"step_control: error chooses the step size, but '{fixed[0]}' takes steps of one size only. Choose method: "
            "constant"
        )
    if rollback.unable:
        return _without_rollback(inner, coupling, rollback, controlling)
    allowed = Allowed(declared.tolerance, controlling.step_size, controlling.smallest, coupling_order(coupling))
    controller = PiController(allowed.order, allowed.smallest, allowed.step_size, declared.first)
    journey = Journey(inner, coupling, rollback, outputs)
    control = ErrorControl(journey, Judge(outputs, controller, allowed), coupling)
    return Controlled(control, {"step_control": control, "controller": controller, "outputs": outputs})


def _without_rollback(inner: Stepper, coupling: Coupling, rollback: Rollback, controlling: Controlling) -> Controlled:
    declared, outputs = controlling.declared, Outputs(coupling)
    retry = Retry(inner, coupling, rollback, controlling.smallest)
    predictor = Predictor(coupling, outputs)
    first = declared.first or max(FIRST * controlling.step_size, controlling.smallest)
    controller = PiController(predictor.least_order + 1, controlling.smallest, controlling.step_size, first)
    restless = Restless(len(outputs.names), controlling.step_size)
    telling = Telling(outputs.names, rollback.unable, declared.tolerance, coupling)
    control = PredictorControl(retry, predictor, controller, restless, telling, declared.tolerance)
    parts: dict[str, Memory] = {"refusals": retry, "outputs": outputs, "predictor": predictor, "restless": restless}
    return Controlled(control, {**parts, "controller": controller, "telling": telling}, telling.take)
