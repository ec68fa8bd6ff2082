"""Composition: from a plan of how a system is to be solved to the parts of its master, put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.graph.schedule import Schedule
from orchestrator.master.algorithm import Algorithm
from orchestrator.master.events_early_return import EarlyEnd
from orchestrator.master.following import Wishes, follow
from orchestrator.master.gauss_seidel import GaussSeidel
from orchestrator.master.iterative import Iterative
from orchestrator.master.jacobi import Jacobi
from orchestrator.master.memory import Memory
from orchestrator.master.participant import Coupling
from orchestrator.master.step_control import Controlling, controlled
from orchestrator.master.stepper import Stepper
from orchestrator.system.solving import Extrapolation, Solving


@dataclass(frozen=True, eq=False)
class Plan:
    """How a system is to be solved.

    `step_size` (s) is the distance of the points of the grid, which begins at `start` (s). `step_sizes` (s) and
    `extrapolations` are those of components that have their own.
    """

    schedule: Schedule
    solving: Solving = field(default_factory=Solving)
    step_sizes: Mapping[str, float] = field(default_factory=dict)
    extrapolations: Mapping[str, Extrapolation] = field(default_factory=dict)
    step_size: float = field(kw_only=True)
    start: float = field(default=0.0, kw_only=True)


class Master(NamedTuple):
    """What steps a coupled system, and the parts of it that remember something, by name.

    `memories` go back with the components when a step is taken back; `controls` only a checkpoint keeps.
    """

    stepper: Stepper
    memories: Mapping[str, Memory]
    controls: Mapping[str, Memory]


def compose(coupling: Coupling, plan: Plan) -> Master:
    """Put algorithm and steppers together; DescriptionError or CapabilityError where the plan cannot be followed."""
    own = plan.step_sizes, plan.extrapolations
    follow(coupling, Wishes(plan.schedule, plan.solving, plan.start, plan.step_size, *own))
    algorithm, learnt = _algorithm(coupling, plan)
    stepper = EarlyEnd(algorithm, coupling)
    memories = {**coupling.memories, **learnt}
    control = controlled(stepper, coupling, Controlling(plan.solving.step_control, plan.step_size, memories))
    return Master(control.stepper, memories, control.memories)


_ALGORITHMS: Mapping[str, Callable[[Coupling], Algorithm]] = {Jacobi.name: Jacobi, GaussSeidel.name: GaussSeidel}


class _Chosen(NamedTuple):
    algorithm: Algorithm
    memories: Mapping[str, Memory] = {}


def _algorithm(coupling: Coupling, plan: Plan) -> _Chosen:
    name = plan.solving.algorithm
    if name == Iterative.name:
        iterative = Iterative(coupling, plan.solving.loops, plan.schedule.loops)
        return _Chosen(iterative, iterative.memories)
    if name not in _ALGORITHMS:
        raise DescriptionError(f"algorithm '{name}' is not there; choose one of {', '.join(_ALGORITHMS)}")
    return _Chosen(_ALGORITHMS[name](coupling))
