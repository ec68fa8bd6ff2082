"""Step control: what is put around the innermost stepper to choose, repeat and judge its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Memory
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_control_doubling import Allowed, ErrorControl
from orchestrator.master.step_control_journey import Journey
from orchestrator.master.step_control_outputs import Outputs
from orchestrator.master.step_control_pi import PiController
from orchestrator.master.step_control_refusals import Retry, hindrance
from orchestrator.master.stepper import Stepper
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
    """The outermost stepper, and what it remembers, by name."""

    stepper: Stepper
    memories: Mapping[str, Memory]


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
    declared, outputs = controlling.declared, Outputs(coupling)
    if declared.global_error:
        raise DescriptionError("step_control: global_error is not there; leave it out")
    rollback.require("step_control: error")
    if (why := hindrance(coupling, rollback)) is not None:
        raise CapabilityError(f"step_control: error chooses the step size, but {why}. Choose method: constant")
    allowed = Allowed(declared.tolerance, controlling.step_size, controlling.smallest)
    controller = PiController(allowed.order, allowed.smallest, allowed.step_size, declared.first)
    journey = Journey(inner, coupling, rollback, outputs)
    control = ErrorControl(journey, outputs, controller, allowed, coupling)
    return Controlled(control, {"step_control": control, "controller": controller, "outputs": outputs})
