"""Steady state by derivatives: states and flows for which nothing changes, by Newton's method in Initialization Mode.

Start values of continuous states may be set there, and their time derivatives read, where they start exact (FMI 2.0.4
section 4.2.4, FMI 3.0.2 section 2.3.3).
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from orchestrator.errors import CapabilityError, InitializationError
from orchestrator.instance import Instance
from orchestrator.master.coupling import Coupling
from orchestrator.master.initial.component import State
from orchestrator.master.initial.equations import InitialEquations
from orchestrator.master.initial.loops import is_continuous, listed, refusal
from orchestrator.master.initial.newton import End, Solution, solve
from orchestrator.master.initial.order import InitialOrder
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.solving import Initialization, SteadyState

_ITERATIONS: Final = 100
"""Newton steps at most: a steady state may lie far from the start values."""
_OR: Final = (
    ". A state that nothing holds does not rest: look at what flows into it; or choose 'method: long_run' of "
    "'steady_state'"
)
_SETTLED: Final = (Variability.CONSTANT, Variability.FIXED)


class Rest(NamedTuple):
    """How a steady state was found: Newton steps, number of states, and the largest time derivative with its name.

    The derivative is in units of how much it changes with the nominal values of all unknowns. `kept` are states that
    begin with their start values or, several together, with sums of them, since nothing changes these.
    """

    iterations: int
    states: int
    residual: float
    worst: str
    kept: tuple[str, ...] = ()

    def __str__(self) -> str:
        steps = f"{self.iterations} Newton step{'' if self.iterations == 1 else 's'}"
        largest = f", largest derivative {self.residual:.2g} ('{self.worst}', relative)" if self.worst else ""
        kept = f"; {listed(self.kept)} as started, since nothing changes them or their sum" if self.kept else ""
        return f"by derivatives: {self.states} states, {steps}{largest}{kept}"


def obstacles(instances: Mapping[str, Instance]) -> list[str]:
    """Why the states of components cannot be found by their derivatives; nothing where they can."""
    return [f"'{name}' {why}" for name, instance in instances.items() for why in _obstacles(instance)]


def find_rest(coupling: Coupling, order: InitialOrder, settings: Initialization, wanted: SteadyState, t: float) -> Rest:
    """Set states for which all derivatives are zero; outputs and inputs are consistent with them afterwards.

    In Initialization Mode. CapabilityError names components that do not tell or take their states,
    InitializationError what has no solution.
    """
    instances = {participant.name: participant.instance for participant in coupling.participants}
    in_the_way = obstacles(instances)
    if in_the_way:
        raise CapabilityError(
            f"no steady state by derivatives: {'; '.join(in_the_way)}. Choose 'method: long_run' of 'steady_state'"
        )
    order.go()
    order.set_inputs()
    links = [link for link in coupling.links if is_continuous(link, coupling.signals) and _flows(coupling, link.source)]
    states = {name: told_states(instance) for name, instance in instances.items() if told_states(instance)}
    equations = InitialEquations(order.participants, coupling.signals, links, t, states)
    total = 0
    for _ in range(settings.max_iterations):
        limit = max(_ITERATIONS, settings.max_iterations)
        solution = solve(equations, equations.start(), equations.bounds, tolerance=wanted.tolerance, iterations=limit)
        if solution.end is not End.SOLVED:
            raise refusal("the steady state", equations.names, solution, t, _OR)
        total += solution.iterations
        order.go()
        order.set_inputs()
        if not solution.iterations:
            return _found(equations, solution, total)
    raise InitializationError(
        f"no steady state at t = {t:.9g} s: discrete variables change with the states that are found, and these with "
        f"them, {settings.max_iterations} times. Choose 'method: long_run' of 'steady_state'",
        time=t,
    )


def _found(equations: InitialEquations, solution: Solution, iterations: int) -> Rest:
    flows = equations.flows
    rates = np.abs(solution.residuals[flows:])
    if not rates.size:
        return Rest(iterations, 0, 0.0, "")
    worst = int(rates.argmax())
    kept = tuple(equations.names[index] for index in solution.about if index >= flows)
    return Rest(iterations, rates.size, float(rates[worst]), equations.names[flows + worst], kept)


def _flows(coupling: Coupling, source: tuple[str, str, int]) -> bool:
    return coupling.signals.place(*source).connector.variability not in _SETTLED


def told_states(instance: Instance) -> list[State]:
    """The continuous states of an instance whose derivatives it tells."""
    by_name = {connector.name: connector for connector in instance.connectors}
    rates = {connector.derivative_of: connector for connector in instance.connectors if connector.derivative_of}
    return [State(by_name[name], rate) for name, rate in rates.items() if name in by_name]


def is_source(instance: Instance) -> bool:
    """Whether a component has nothing but outputs, which are functions of time: they are held at their start."""
    return all(connector.causality is Causality.OUTPUT for connector in instance.connectors)


def _obstacles(instance: Instance) -> Iterator[str]:
    states = [connector for connector in instance.connectors if connector.is_state]
    told = {connector.derivative_of for connector in instance.connectors}
    for state in states:
        if state.name not in told:
            yield f"does not tell the derivative of its state '{state.name}'"
        elif state.initial != "exact" or state.storage is not Storage.FLOAT64:
            yield f"starts its state '{state.name}' with initial = {state.initial}, so that it cannot be set"
    if not states and not is_source(instance) and may_hide_states(instance):
        yield "tells no continuous states, and has outputs that do not follow directly from its inputs"


def may_hide_states(instance: Instance) -> bool:
    """Whether outputs do not follow directly from inputs, though no states are told."""
    if all(connector.causality is not Causality.INPUT for connector in instance.connectors):
        return False
    outputs = [connector for connector in instance.connectors if _changes(connector)]
    return any(not instance.feedthrough.get(connector.name) for connector in outputs)


def _changes(connector: Connector) -> bool:
    return connector.causality is Causality.OUTPUT and connector.variability not in _SETTLED
