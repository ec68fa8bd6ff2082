"""Composition: from a plan of how a system is to be solved to the parts of its master, put together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from orchestrator.errors import DescriptionError
from orchestrator.graph.schedule import Schedule
from orchestrator.master.algorithm import Algorithm
from orchestrator.master.bonds import Bonds, ledgers, resolved
from orchestrator.master.coupling import Coupling
from orchestrator.master.events_early_return import EarlyEnd
from orchestrator.master.following import Wishes, follow
from orchestrator.master.gauss_seidel import GaussSeidel
from orchestrator.master.iterative import Iterative
from orchestrator.master.jacobi import Jacobi
from orchestrator.master.memory import Memory
from orchestrator.master.step_control import Controlled, Controlling, controlled
from orchestrator.master.step_control_bonds import Allowed, BondControl
from orchestrator.master.step_control_pi import PiController
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
    bonds = resolved(plan.solving.bonds, coupling)
    corrected = {link for name, ways in bonds.items() if plan.solving.bonds[name].correct for link in chain(*ways)}
    own = plan.step_sizes, plan.extrapolations
    follow(coupling, Wishes(plan.schedule, plan.solving, plan.start, plan.step_size, *own, frozenset(corrected)))
    algorithm, learnt = _algorithm(coupling, plan)
    kept = Bonds(EarlyEnd(algorithm, coupling), coupling, list(ledgers(plan.solving.bonds, bonds, coupling)))
    memories = {**coupling.memories, **learnt, **({"bonds": kept} if bonds else {})}
    controlling = Controlling(plan.solving.step_control, plan.step_size, memories)
    if plan.solving.step_control.method == "bonds":
        control = _by_bonds(kept, coupling, plan, controlling)
    else:
        control = controlled(kept.inner if not bonds else kept, coupling, controlling)
    return Master(control.stepper, memories, control.memories)


def _by_bonds(bonds: Bonds, coupling: Coupling, plan: Plan, controlling: Controlling) -> Controlled:
    declared = controlling.declared
    steady = replace(controlling, declared=declared.model_copy(update={"method": "constant"}))
    inner = controlled(bonds, coupling, steady)
    if declared.global_error:
        raise DescriptionError("step_control: bonds estimates no global error; leave global_error out")
    order = plan.solving.extrapolation.order + 2
    controller = PiController(order, controlling.smallest, plan.step_size, declared.first)
    control = BondControl(
        inner.stepper, bonds, controller, Allowed(declared.tolerance, plan.step_size), coupling.diagnostics
    )
    return Controlled(control, {**inner.memories, "step_control": control})


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
