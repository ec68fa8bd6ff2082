"""Responses: what one component makes, over a macro step, of a small change of its inputs, and how that is known."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import SimulationError, StepError
from orchestrator.master.initial.component import ComponentEquations
from orchestrator.master.initial.steady_state import told_states
from orchestrator.master.participant import Participant
from orchestrator.master.probing.bench import Bench, Floats
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.system.connections.resolution import Link


class Way(StrEnum):
    """How a response is known: tried out, from all derivatives, or from those of direct feedthrough alone."""

    ROLLBACK = "rollback"
    LINEARIZED = "directional derivatives, over the step"
    FEEDTHROUGH = "directional derivatives, direct feedthrough only"


class Response(Protocol):
    """Inputs of one component on a loop, held over a macro step, and what comes back along the links that it feeds."""

    @property
    def way(self) -> Way:
        """How it is known."""
        ...

    def product(self, changes: Floats) -> Floats:
        """The changes (links that leave) of what comes back, for changes (links that arrive) of the inputs."""
        ...


class TriedOut:
    """Steps with the changed inputs and goes back: exact, whatever the component does."""

    way: Final = Way.ROLLBACK

    def __init__(
        self,
        bench: Bench,
        participant: Participant,
        arriving: Sequence[Link],
        leaving: Sequence[Link],
        memory: tuple[Rollback, Snapshot],
        h: float,
    ) -> None:
        """`memory` is where it goes back to, `h` the length of a macro step (s)."""
        self._bench, self._participant, self._memory, self._h = bench, participant, memory, h
        # A component that steps less often does so in the last macro step of its period.
        before = bench.slow.get(participant.name, 1) - 1
        self._t, self._at_end = bench.start + before * h, before > 0
        signals = bench.signals
        self._inputs = np.array([signals.place(*link.destination).start for link in arriving], dtype=np.intp)
        self._outputs = np.array([signals.place(*link.source).start for link in leaving], dtype=np.intp)
        self._factors = np.array([link.conversion.factor for link in leaving])
        self._unchanged = self._stepped(np.zeros(len(arriving)))

    def product(self, changes: Floats) -> Floats:
        """One step with changes of this size."""
        return self._stepped(changes) - self._unchanged

    def _stepped(self, changes: Floats) -> Floats:
        values = self._bench.signals.float64
        self._go_back()
        values[self._inputs] += changes
        outcome = self._participant.advance(self._t, self._h, newest=self._at_end)
        if not outcome.completed:
            name = self._participant.name
            raise StepError(f"'{name}' does not reach the end of a step of {self._h:g} s", component=name)
        return np.asarray(self._factors * values[self._outputs])

    def _go_back(self) -> None:
        _, snapshot = self._memory
        name = self._participant.name
        self._participant.instance.restore_state(snapshot.states[name])
        if name in snapshot.memory:
            self._participant.remember(snapshot.memory[name])
        self._bench.signals.put(snapshot.signals)


class Derived:
    """D + C (integral of exp(A s) over the step) B: exact for a linear component, inputs held.

    Without states that are told it is D alone, which is right for short steps.
    """

    def __init__(self, way: Way, matrix: Floats) -> None:
        """`matrix` is (links that leave, links that arrive)."""
        self.way: Final = way
        self._matrix = matrix

    def product(self, changes: Floats) -> Floats:
        """The product with the matrix."""
        return np.asarray(self._matrix @ changes)


def derived(
    participant: Participant, arriving: Sequence[Link], leaving: Sequence[Link], t: float, h: float
) -> Derived | None:
    """The response over a step from t by h (s) from directional derivatives; None where the component has none."""
    if not leaving:
        return Derived(Way.LINEARIZED, np.zeros((0, len(arriving))))
    states = told_states(participant.instance)
    try:
        found = _derived(ComponentEquations(participant, [*arriving, *leaving], states, t), arriving, leaving, h)
    except SimulationError:
        if not states:
            raise
        # The standard grants derivatives by inputs between steps; those by states are more than some FMUs tell.
        found = _derived(ComponentEquations(participant, [*arriving, *leaving], (), t), arriving, leaving, h)
    return found


def _derived(part: ComponentEquations, arriving: Sequence[Link], leaving: Sequence[Link], h: float) -> Derived | None:
    if not part.exact:
        return None
    inputs, outputs = part.inputs.size, part.outputs.size
    told = part.derivatives()
    D, C, B, A = told[:outputs, :inputs], told[:outputs, inputs:], told[outputs:, :inputs], told[outputs:, inputs:]
    over_step = D + C @ _integral(A, h) @ B
    rows = [part.outputs.place(link.source) for link in leaving]
    columns = [part.inputs.place(link.destination) for link in arriving]
    factors = np.array([[link.conversion.factor] for link in leaving])
    way = Way.LINEARIZED if part.states.size else Way.FEEDTHROUGH
    return Derived(way, factors * over_step[np.ix_(rows, columns)])


def _integral(A: Floats, h: float) -> NDArray[Any]:
    """The integral of exp(A s) from 0 to h, from the exponential of a block matrix: A may be singular."""
    n = len(A)
    if n == 0:
        return np.zeros((0, 0))
    from scipy.linalg import expm  # takes a quarter of a second to load

    block = np.zeros((2 * n, 2 * n))
    block[:n, :n], block[:n, n:] = A * h, np.eye(n) * h
    return np.asarray(expm(block)[:n, n:])
