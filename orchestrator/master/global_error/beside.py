"""Putting the estimate of the global error around the step control of a system, where that is possible."""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from typing import NamedTuple

from orchestrator.errors import CapabilityError, DescriptionError
from orchestrator.master.coupling import Coupling
from orchestrator.master.coupling_order import coupling_order
from orchestrator.master.global_error.control import GlobalError
from orchestrator.master.global_error.second_run import SecondRun
from orchestrator.master.memory import Memory
from orchestrator.master.snapshot import Rollback
from orchestrator.master.step_control.control import Controlled
from orchestrator.master.step_control.doubling import ErrorControl
from orchestrator.master.step_control.outputs import Outputs
from orchestrator.master.stepper import Stepper
from orchestrator.observer import Event


class Beside(NamedTuple):
    """What the second run steps by, the parts of the master that go back with it, and what the system is like.

    `iterated`: all loops are solved. `slow` are components that step less often than the system.
    """

    inner: Stepper
    memories: Mapping[str, Memory]
    iterated: bool
    slow: Collection[str]


def with_global_error(control: Controlled, coupling: Coupling, beside: Beside) -> Controlled:
    """Put the estimate around a step control.

    CapabilityError or DescriptionError names a component that cannot make the steps of a second run.
    """
    rollback = Rollback(coupling, beside.memories)
    _require(coupling, rollback, beside.slow)
    outputs = Outputs(coupling)
    second = SecondRun(beside.inner, coupling, rollback, outputs)
    stepper = control.stepper
    order = coupling_order(coupling)
    estimate = GlobalError(
        stepper,
        second,
        outputs,
        coupling,
        order if beside.iterated else min(order, 2),  # inputs without a past are held, an error of h^2
        stepper if isinstance(stepper, ErrorControl) else None,
    )

    def take_events() -> Iterable[Event]:
        return chain(control.take_events(), estimate.take_events())

    return Controlled(estimate, {**control.memories, "global_error": estimate}, take_events)


def _require(coupling: Coupling, rollback: Rollback, slow: Collection[str]) -> None:
    needs = "step_control: global_error lets a second run make longer steps in other states of the same components, but"
    if slow:
        raise DescriptionError(
            f"{needs} '{next(iter(slow))}' has a step_size of its own that is longer than that of the system. Leave "
            "one of them out"
        )
    if rollback.unable:
        names = ", ".join(f"'{name}'" for name in rollback.unable)
        raise CapabilityError(f"{needs} {names} cannot go back: get/set FMU state is not declared. Leave it out")
    fixed = [p.name for p in coupling.participants if not p.instance.capabilities.variable_step]
    if fixed:
        raise CapabilityError(f"{needs} '{fixed[0]}' takes steps of one size only. Leave it out")
