"""Component equations: what one component makes of its inputs and states in Initialization Mode, and how it changes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from orchestrator.instance import Bundle, Values, directional_derivatives
from orchestrator.master.initial.gaps import Matrix, Vector
from orchestrator.master.initial.naming import naming
from orchestrator.master.initial.newton import Bounds
from orchestrator.master.participant import Participant
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connector import Connector

_WIDTH: Final = float(np.cbrt(np.finfo(float).eps))
"""Half the width of a central difference, in units of the value: the errors of rounding and of curvature are equal."""


class State(NamedTuple):
    """A continuous state, by its connector, and the connector of its time derivative."""

    state: Connector
    derivative: Connector


class Elements(NamedTuple):
    """Elements of float connectors that are set or read together, behind each other; `start` says where each begins."""

    bundle: Bundle | None
    start: Mapping[str, int]

    @classmethod
    def of(cls, connectors: Iterable[Connector]) -> "Elements":
        """Those of all connectors, each once."""
        chosen = list({connector.name: connector for connector in connectors}.values())
        starts = np.cumsum([0, *(connector.size for connector in chosen)])
        names = {connector.name: int(start) for connector, start in zip(chosen, starts, strict=False)}
        return cls(Bundle.of(chosen) if chosen else None, names)

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """The connectors, in order."""
        return () if self.bundle is None else self.bundle.connectors

    @property
    def size(self) -> int:
        """Number of elements."""
        return 0 if self.bundle is None else self.bundle.size

    def place(self, slot: Slot) -> int:
        """Where an element is."""
        return self.start[slot.connector] + slot.element

    def bounds(self) -> Bounds:
        """The least and greatest values of the elements."""
        sizes = [connector.size for connector in self.connectors]
        lower = [-np.inf if one.minimum is None else one.minimum for one in self.connectors]
        upper = [np.inf if one.maximum is None else one.maximum for one in self.connectors]
        return Bounds(np.repeat(np.array(lower, float), sizes), np.repeat(np.array(upper, float), sizes))


class ComponentEquations:
    """(y, x') = f(u, x) of one component: inputs u and outputs y on `links`, and `states` x with derivatives x'.

    `exact` tells whether it knows its derivatives itself.
    """

    def __init__(self, participant: Participant, links: Sequence[Link], states: Sequence[State], t: float) -> None:
        name = participant.name
        connectors = {connector.name: connector for connector in participant.instance.connectors}
        self.name = name
        self.inputs = Elements.of(connectors[one.destination.connector] for one in links if one.destination[0] == name)
        self.outputs = Elements.of(connectors[one.source.connector] for one in links if one.source[0] == name)
        self.states = Elements.of(one.state for one in states)
        self.rates = Elements.of(one.derivative for one in states)
        self._participant, self._t = participant, t
        self._derivatives = directional_derivatives(participant.instance)
        self.exact = self._derivatives is not None

    def evaluate(self, u: Vector, x: Vector) -> Vector:
        """Outputs, then derivatives of the states."""
        instance, made = self._participant.instance, np.empty(self.outputs.size + self.rates.size)
        with naming(self._participant, self._t):
            for elements, values in ((self.inputs, u), (self.states, x)):
                if elements.bundle is not None:
                    instance.set(elements.bundle, values)
            for elements, result in (
                (self.outputs, made[: self.outputs.size]),
                (self.rates, made[self.outputs.size :]),
            ):
                if elements.bundle is not None:
                    instance.get(elements.bundle, result)
        return made

    def read_states(self) -> Values:
        """The states as they are now."""
        values = np.empty(self.states.size)
        if self.states.bundle is not None:
            with naming(self._participant, self._t):
                self._participant.instance.get(self.states.bundle, values)
        return values

    def jacobian(self, u: Vector, x: Vector, scales: Vector) -> Matrix:
        """Derivatives of what is made (rows) by inputs and states (columns), where it was evaluated last.

        Difference quotients are as wide as the `scales` of inputs and states say, and stay within min and max.
        """
        if self.exact:
            return self.derivatives()
        matrix = np.zeros((self.outputs.size + self.rates.size, u.size + x.size))
        if matrix.size:
            known, bounds = np.concatenate([u, x]), self._bounds()
            for column in range(known.size):
                matrix[:, column] = self._difference(known, column, _WIDTH * scales[column], bounds)
            self.evaluate(u, x)
        return matrix

    def derivatives(self) -> Matrix:
        """What the component itself tells of the derivatives of what is made, where `exact`, as it is now."""
        matrix = np.zeros((self.outputs.size + self.rates.size, self.inputs.size + self.states.size))
        row = 0
        for unknowns in (self.outputs, self.rates):
            column = 0
            for knowns in (self.inputs, self.states):
                matrix[row : row + unknowns.size, column : column + knowns.size] = self._told(unknowns, knowns)
                column += knowns.size
            row += unknowns.size
        return matrix

    def _told(self, unknowns: Elements, knowns: Elements) -> Matrix:
        told = np.zeros((unknowns.size, knowns.size))
        if unknowns.bundle is not None and knowns.bundle is not None and self._derivatives is not None:
            result = np.empty(unknowns.size)
            for index, seed in enumerate(np.eye(knowns.size)):
                with naming(self._participant, self._t):
                    self._derivatives.multiply(unknowns.bundle, knowns.bundle, seed, result)
                told[:, index] = result
        return told

    def _difference(self, known: Vector, column: int, width: float, bounds: Bounds) -> Vector:
        value = known[column]
        ends = np.array([max(value - width, bounds.lower[column]), min(value + width, bounds.upper[column])])
        if not ends[1] > ends[0]:
            ends[:] = value - width, value + width
        made = []
        for end in ends:
            moved = known.copy()
            moved[column] = end
            made.append(self.evaluate(moved[: self.inputs.size], moved[self.inputs.size :]))
        quotient: Vector = (made[1] - made[0]) / (ends[1] - ends[0])
        return quotient

    def _bounds(self) -> Bounds:
        both = self.inputs.bounds(), self.states.bounds()
        return Bounds(*(np.concatenate(sides) for sides in zip(*both, strict=True)))
