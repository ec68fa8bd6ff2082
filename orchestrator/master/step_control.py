"""Step control: what is put around the innermost stepper to choose, repeat and judge its steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.master.memory import Memory
from orchestrator.master.participant import Coupling
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_control_refusals import Retry
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
    if controlling.declared.method != "constant":
        raise DescriptionError(f"step_control '{controlling.declared.method}' is not there; choose constant")
    retry = Retry(inner, coupling, rollback, controlling.smallest)
    return Controlled(retry, {"refusals": retry})
