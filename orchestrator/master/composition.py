"""Composition: from a plan of how a system is to be solved to the parts of its master, put together."""

from collections.abc import Callable, Iterable, Mapping
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
from orchestrator.master.global_error.beside import Beside, with_global_error
from orchestrator.master.iterative import Iterative
from orchestrator.master.jacobi import Jacobi
from orchestrator.master.loops.loop import Loop
from orchestrator.master.memory import Memory
from orchestrator.master.rates import Period
from orchestrator.master.step_control.bonds import Allowed, BondControl
from orchestrator.master.step_control.control import Controlled, Controlling, controlled
from orchestrator.master.step_control.doubling import ErrorControl
from orchestrator.master.step_control.landing import Landing, Uncontrolled
from orchestrator.master.step_control.pi import PiController
from orchestrator.master.step_control.refusals import Retry
from orchestrator.master.stepper import Stepper
from orchestrator.observer import Event
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


class Plain(NamedTuple):
    """Macro steps of a constant size, by Gauss-Seidel (`newest`) or Jacobi; `retry` where one is refused.

    With Gauss-Seidel `loops` of components are solved, each in the place of the first of these.
    """

    newest: bool
    retry: Retry
    loops: tuple[Loop, ...] = ()


class Doubled(NamedTuple):
    """Macro steps under error control, by Gauss-Seidel (`newest`) or Jacobi; `memories` go back with a step.

    With Gauss-Seidel `loops` of components are solved, each in the place of the first of these.
    """

    newest: bool
    control: ErrorControl
    memories: Mapping[str, Memory]
    loops: tuple[Loop, ...] = ()


class Master(NamedTuple):
    """What steps a coupled system, and the parts of it that remember something, by name.

    `memories` go back with the components when a step is taken back; `controls` only a checkpoint keeps. `take_events`
    gives what happened in the master since it was asked last. `plain` or `doubled` where its steps are such that a
    compiled loop can make them.
    """

    stepper: Stepper
    memories: Mapping[str, Memory]
    controls: Mapping[str, Memory]
    take_events: Callable[[], Iterable[Event]] = tuple
    plain: Plain | None = None
    doubled: Doubled | None = None


def compose(coupling: Coupling, plan: Plan) -> Master:
    """Put algorithm and steppers together; DescriptionError or CapabilityError where the plan cannot be followed."""
    bonds = resolved(plan.solving.bonds, coupling)
    corrected = {link for name, ways in bonds.items() if plan.solving.bonds[name].correct for link in chain(*ways)}
    own = plan.step_sizes, plan.extrapolations
    wishes = Wishes(plan.schedule, plan.solving, plan.start, plan.step_size, *own, frozenset(corrected))
    slow = follow(coupling, wishes)
    algorithm, learnt = _algorithm(coupling, plan)
    kept = Bonds(EarlyEnd(algorithm, coupling), coupling, list(ledgers(plan.solving.bonds, bonds, coupling)))
    memories = {**coupling.memories, **learnt, **({"bonds": kept} if bonds else {})}
    control = _controlled(kept, coupling, plan, memories, slow)
    if plan.solving.step_control.global_error:
        iterated = isinstance(algorithm, Iterative)
        control = with_global_error(control, coupling, Beside(kept.inner, memories, iterated, slow))
    plain, doubled, stepper = None, None, control.stepper
    newest = not isinstance(algorithm, Jacobi)
    loops = algorithm.loops if isinstance(algorithm, Iterative) else ()
    if isinstance(stepper, Retry) and not bonds:
        plain = Plain(newest, stepper, loops)
    elif isinstance(stepper, ErrorControl) and not bonds:
        doubled = Doubled(newest, stepper, memories, loops)
    return Master(control.stepper, memories, control.memories, control.take_events, plain, doubled)


def _controlled(
    bonds: Bonds, coupling: Coupling, plan: Plan, memories: Mapping[str, Memory], slow: Mapping[str, Period]
) -> Controlled:
    """Step control of the components that step as often as the system, or of all where its steps are constant."""
    method = plan.solving.step_control.method
    lands = bool(slow) and method != "constant"
    coupled = coupling.without(slow) if lands else coupling
    controlling = Controlling(plan.solving.step_control, plan.step_size, memories)
    inner = bonds if bonds.ledgers else bonds.inner
    control = (
        _by_bonds(bonds, coupled, plan, controlling) if method == "bonds" else controlled(inner, coupled, controlling)
    )
    if not lands:
        return control
    beside = Uncontrolled(inner, controlling.smallest, launches=plan.solving.algorithm == Jacobi.name)
    return control._replace(stepper=Landing(control.stepper, coupling, slow.values(), beside))


def _by_bonds(bonds: Bonds, coupling: Coupling, plan: Plan, controlling: Controlling) -> Controlled:
    declared = controlling.declared
    steady = replace(controlling, declared=declared.model_copy(update={"method": "constant"}))
    inner = controlled(bonds, coupling, steady)
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
