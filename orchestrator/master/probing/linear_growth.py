"""Linear growth: how a small change goes on from macro step to macro step, from directional derivatives alone.

Each component is x' = A x + B u, y = C x + D u around the start. Over a macro step h with held inputs

    x+ = E x + F u,  y+ = C x+ + D u,  u = N y+ + O y,    E = exp(A h),  F = (integral of exp(A s) over the step) B,

where N are the connections along which values pass within the step, and O the others. The growth per macro step is the
spectral radius of the map from (x, y) to (x+, y+). Nothing is stepped, so that components need not go back.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError, SimulationError
from orchestrator.master.gauss_seidel import GaussSeidel
from orchestrator.master.initial.component import ComponentEquations
from orchestrator.master.initial.steady_state import may_hide_states, told_states
from orchestrator.master.jacobi import Jacobi
from orchestrator.master.participant import Participant
from orchestrator.master.probing.bench import Bench, Floats, is_float
from orchestrator.master.probing.coupling_map import spectral_radius
from orchestrator.master.probing.growth import Growth, Stability, searched
from orchestrator.system.connections.resolution import Link

NOISE = 1e-9
"""Of eigenvalues, from rounding."""


def linear_stability(bench: Bench, span: float) -> Stability | None:
    """How a change grows at the step size of the bench and at smaller ones, for a run over `span` (s)."""
    system = LinearSystem(bench)
    return searched(lambda h, _: system.growth(h), bench.step_size, span)


class LinearSystem:
    """The components of a bench around its start; CapabilityError names those that do not tell enough."""

    def __init__(self, bench: Bench) -> None:
        _refuse_what_is_not_held(bench)
        from scipy.linalg import block_diag, expm  # takes a quarter of a second to load

        self._exponential = expm
        links = [link for link in bench.coupling.links if is_float(bench, link)]
        fed = {link.destination.component for link in links}
        parts = _parts(bench, [each for each in bench.coupling.participants if each.name in fed], links)
        told = [_told(part) for part in parts]
        self._A, self._B, self._C, self._D = (block_diag(*matrices) for matrices in zip(*told, strict=True))
        self._new, self._old = _connections(bench, parts, links)

    def growth(self, h: float) -> Growth:
        """The growth per macro step of length h (s)."""
        A, states, outputs = self._A, len(self._A), len(self._C)
        block = np.zeros((2 * states, 2 * states))
        block[:states, :states], block[:states, states:] = A * h, np.eye(states) * h
        over = self._exponential(block)
        E, F = over[:states, :states], over[:states, states:] @ self._B
        ends = np.block([[np.eye(states), -F @ self._new], [-self._C, np.eye(outputs) - self._D @ self._new]])
        starts = np.block([[E, F @ self._old], [np.zeros((outputs, states)), self._D @ self._old]])
        return Growth(h, 0, spectral_radius(np.linalg.solve(ends, starts)), NOISE)


def _refuse_what_is_not_held(bench: Bench) -> None:
    if bench.slow:
        slow = ", ".join(f"'{name}'" for name in bench.slow)
        raise CapabilityError(f"{slow} step less often than the system, which is tried out with rollback only")
    wanted = [bench.plan.solving.extrapolation, *bench.plan.extrapolations.values()]
    if any(each.order > 0 or each.smoothing for each in wanted):
        raise CapabilityError("inputs that are extrapolated are tried out with rollback only")


def _parts(bench: Bench, fed: Sequence[Participant], links: Sequence[Link]) -> list[ComponentEquations]:
    found = [ComponentEquations(each, links, told_states(each.instance), bench.start) for each in fed]
    silent = [
        f"'{each.name}'"
        for each, part in zip(fed, found, strict=True)
        if not part.exact or (not part.states.size and may_hide_states(each.instance))
    ]
    if silent:
        raise CapabilityError(f"no directional derivatives of outputs and of states from {', '.join(silent)}")
    if not found:
        raise CapabilityError("no component has a float input that another one feeds")
    return found


def _told(part: ComponentEquations) -> tuple[Floats, Floats, Floats, Floats]:
    """A, B, C and D."""
    try:
        told = part.derivatives()
    except SimulationError as error:
        raise CapabilityError(str(error)) from error
    inputs, outputs = part.inputs.size, part.outputs.size
    return told[outputs:, inputs:], told[outputs:, :inputs], told[:outputs, inputs:], told[:outputs, :inputs]


def _connections(
    bench: Bench, parts: Sequence[ComponentEquations], links: Sequence[Link]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Along which values pass within a step, and the others: both (inputs, outputs) of all parts."""
    rows, columns = (dict(zip((part.name for part in parts), _starts(sizes), strict=True)) for sizes in _sizes(parts))
    by_name = {part.name: part for part in parts}
    shape = tuple(sum(sizes) for sizes in _sizes(parts))
    new, old = np.zeros(shape), np.zeros(shape)
    for link in links:
        source, destination = link.source.component, link.destination.component
        if source in by_name:
            row = rows[destination] + by_name[destination].inputs.place(link.destination)
            column = columns[source] + by_name[source].outputs.place(link.source)
            (new if _at_once(bench, link) else old)[row, column] = link.conversion.factor
    return new, old


def _at_once(bench: Bench, link: Link) -> bool:
    """Whether a value passes within a macro step."""
    algorithm = bench.plan.solving.algorithm
    if link.delay or algorithm == Jacobi.name:
        return False
    order = [each.name for each in bench.coupling.participants]
    ahead = order.index(link.source.component) < order.index(link.destination.component)
    return ahead or algorithm != GaussSeidel.name


def _sizes(parts: Sequence[ComponentEquations]) -> tuple[list[int], list[int]]:
    return [part.inputs.size for part in parts], [part.outputs.size for part in parts]


def _starts(sizes: Sequence[int]) -> list[int]:
    return [int(start) for start in np.cumsum([0, *sizes])[:-1]]
