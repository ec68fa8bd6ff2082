"""Initial equations: what has to hold between components in Initialization Mode, as one system of equations.

Unknowns are the values that flow along connections and, where a steady state is wanted, the continuous states. The
former have to be what the components make of them, the time derivatives of the latter zero. In Initialization Mode the
values of a component follow from its own inputs and states alone, so that the Jacobian is put together from those of
the components (as in the lifted Newton method, Albersmeyer and Diehl 2010, doi:10.1137/080724885).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.master.initial.component import ComponentEquations, State
from orchestrator.master.initial.gaps import Matrix, Vector, evened
from orchestrator.master.initial.newton import Bounds, Sizes
from orchestrator.master.participant import Participant
from orchestrator.signals import Signals, gather
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.connector import Connector
from orchestrator.system.quantities.units import Conversion

_EXACT: Final = 1e-14
_DIFFERENCES: Final = 1e-9
_SEEN: Final = 1e-6
"""Part of the largest value seen that a value without a nominal counts as at least."""


class _Placed(NamedTuple):
    """A component, and where what is its own lies: its states and the flows out of it among the unknowns, those flows
    among its outputs, its inputs among the signals. `known` are the derivatives of inputs and states by the unknowns.
    """

    part: ComponentEquations
    states: slice
    known: Matrix
    flows: NDArray[np.intp]
    outputs: NDArray[np.intp]
    inputs: NDArray[np.intp]


class InitialEquations:
    """Equations of what flows along `links` (each of floats), and of the `states` of components by their names.

    `names` says what each unknown is: first the flows, then the states. The signals hold what was evaluated last.
    """

    def __init__(
        self,
        participants: Mapping[str, Participant],
        signals: Signals,
        links: Sequence[Link],
        t: float,
        states: Mapping[str, Sequence[State]] = {},
    ) -> None:
        self._signals, self._links, self._plan = signals, tuple(links), signals.plan(links)
        involved = dict.fromkeys(
            (*(end.component for link in links for end in (link.source, link.destination)), *states)
        )
        self._flow = {slot: index for index, slot in enumerate(dict.fromkeys(link.source for link in self._links))}
        self._places = np.array([signals.place(*slot).start for slot in self._flow], dtype=np.intp)
        parts = [ComponentEquations(participants[name], self._links, states.get(name, ()), t) for name in involved]
        self._size = self.flows + sum(part.states.size for part in parts)
        self._parts = tuple(self._placed(parts))
        self._seen, self._made = np.zeros(self._size), np.zeros(self._size)
        self._nominal, self.bounds = self._nominals(), self._bounds()
        self.names = self._names()

    @property
    def flows(self) -> int:
        """How many unknowns are flows; states follow them."""
        return len(self._flow)

    @property
    def rounding(self) -> float:
        """Relative error of the Jacobian: that of rounding where all components tell their derivatives."""
        return _EXACT if all(one.part.exact for one in self._parts) else _DIFFERENCES

    def start(self) -> Vector:
        """The unknowns as inputs and components have them now."""
        x = np.concatenate([self._signals.float64[self._places], *(one.part.read_states() for one in self._parts)])
        for link in reversed(self._links):
            factor, offset = link.conversion
            if factor:
                value = self._signals.view(self._signals.place(*link.destination))[0]
                x[self._flow[link.source]] = (value - offset) / factor
        return x

    def residual(self, x: Vector) -> Vector:
        """What flows less what the components make of it, then the derivatives of the states."""
        self._signals.float64[self._places] = x[: self.flows]
        gather(self._plan)
        residual = np.empty(self._size)
        for one in self._parts:
            made = one.part.evaluate(self._signals.float64[one.inputs], x[one.states])
            self._made[one.flows] = made[one.outputs]
            residual[one.states] = made[one.part.outputs.size :]
        residual[: self.flows] = x[: self.flows] - self._made[: self.flows]
        np.fmax(self._seen, np.fmax(np.abs(x), np.abs(self._made)), out=self._seen)
        return residual

    def jacobian(self, x: Vector) -> Matrix:
        """From those of the components, and the conversions of the connections."""
        matrix, scales = np.zeros((self._size, self._size)), self.scales(x)
        matrix[: self.flows, : self.flows] = np.eye(self.flows)
        for one in self._parts:
            widths = np.abs(one.known) @ scales
            widths[widths == 0.0] = 1.0
            inputs = self._signals.float64[one.inputs]
            changes = one.part.jacobian(inputs, x[one.states], widths) @ one.known
            matrix[one.flows] -= changes[one.outputs]
            matrix[one.states] = changes[one.part.outputs.size :]
        return matrix

    def scales(self, x: Vector) -> Vector:
        """The nominal value or, where it is larger or none is declared, the value itself."""
        own = np.fmax(np.abs(x), np.abs(self._made))
        sizes = np.where(np.isnan(self._nominal), np.fmax(own, _SEEN * self._seen), np.fmax(own, self._nominal))
        return np.where(sizes > 0.0, sizes, 1.0)

    def sizes(self, jacobian: Matrix, scales: Vector) -> Sizes:
        """Those of flows are theirs; that of a derivative is how much it changes with all unknowns.

        Flows that have no nominal and were zero up to now are as large as the other unknowns make them.
        """
        nothing_known = np.isnan(self._nominal) & (self._seen == 0.0)
        nothing_known[self.flows :] = False
        scales = evened(jacobian, scales, nothing_known)
        sizes = scales.copy()
        changes = np.abs(jacobian[self.flows :] * scales).max(axis=1, initial=0.0)
        sizes[self.flows :] = np.where(changes > 0.0, changes, 1.0)
        return Sizes(scales, sizes)

    def kept(self, sums: Matrix) -> Matrix:
        """The sums of states whose derivatives add up to zero whatever happens: a volume, the mass in a closed system.

        Sums of flows alone are none: such flows are left open.
        """
        kept = sums.copy()
        kept[:, : self.flows] = 0.0
        of_states, of_all = (np.abs(rows).max(axis=1, initial=0.0) for rows in (kept, sums))
        chosen: Matrix = kept[of_states > _EXACT * of_all]
        return chosen

    def _placed(self, parts: Sequence[ComponentEquations]) -> Iterator["_Placed"]:
        """The components with the places of what is theirs."""
        ends = np.cumsum([self.flows, *(part.states.size for part in parts)])
        for index, part in enumerate(parts):
            states = slice(*ends[index : index + 2])
            known = np.zeros((part.inputs.size + part.states.size, self._size))
            known[part.inputs.size :, states] = np.eye(part.states.size)
            for link in self._links:
                if link.destination.component == part.name:
                    known[part.inputs.place(link.destination), self._flow[link.source]] = link.conversion.factor
            leaving = [(flow, part.outputs.place(slot)) for slot, flow in self._flow.items() if slot[0] == part.name]
            flows, outputs = np.array(leaving, dtype=np.intp).reshape(-1, 2).T
            places = [self._signals.place(part.name, connector.name) for connector in part.inputs.connectors]
            inputs = np.array([at for place in places for at in range(place.start, place.stop)], dtype=np.intp)
            yield _Placed(part, states, known, flows, outputs, inputs)

    def _nominals(self) -> Vector:
        """Declared nominal values of the unknowns, NaN where there are none; that of a source wins."""
        nominal = np.full(self._size, np.nan)
        for link in reversed(self._links):
            declared = self._signals.place(*link.destination).connector.declared_nominal
            if declared is not None and link.conversion.factor:
                nominal[self._flow[link.source]] = declared / link.conversion.factor
        for slot, index in self._flow.items():
            nominal[index] = self._signals.place(*slot).connector.declared_nominal or nominal[index]
        for part, states, *_ in self._parts:
            each = [connector.declared_nominal or np.nan for connector in part.states.connectors]
            nominal[states] = np.repeat(np.array(each, float), [connector.size for connector in part.states.connectors])
        sizes: Vector = np.abs(nominal)
        return sizes

    def _bounds(self) -> Bounds:
        """What all destinations of a flow allow, and min and max of the states."""
        bounds = Bounds(np.full(self._size, -np.inf), np.full(self._size, np.inf))
        for link in self._links:
            if link.conversion.factor:
                low, high = _allowed(self._signals.place(*link.destination).connector, link.conversion)
                index = self._flow[link.source]
                bounds.lower[index] = max(bounds.lower[index], low)
                bounds.upper[index] = min(bounds.upper[index], high)
        for part, states, *_ in self._parts:
            bounds.lower[states], bounds.upper[states] = part.states.bounds()
        return bounds

    def _names(self) -> tuple[str, ...]:
        fed = {link.source: link.destination for link in reversed(self._links)}
        flows = [f"{self._named(source)} -> {self._named(fed[source])}" for source in self._flow]
        states = [(each.part.name, one) for each in self._parts for one in each.part.states.connectors]
        return (*flows, *(f"{name}.{element}" for name, one in states for element in one.elements))

    def _named(self, slot: Slot) -> str:
        return f"{slot.component}.{self._signals.place(*slot[:2]).connector.elements[slot.element]}"


def _allowed(destination: Connector, conversion: Conversion) -> tuple[float, float]:
    """The values of a source that a destination allows."""
    ends = (
        -np.inf if destination.minimum is None else destination.minimum,
        np.inf if destination.maximum is None else destination.maximum,
    )
    low, high = sorted((end - conversion.offset) / conversion.factor for end in ends)
    return low, high
