"""Explicit: Runge-Kutta methods of a fixed step, for Model Exchange FMUs that are asked to use one."""

from collections.abc import Mapping
from math import ceil
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.solver import Dynamics, Reached, Vector, address

_EPSILON: Final = float(np.finfo(np.float64).eps)


class _Method(NamedTuple):
    """Of an explicit method whose stages each use the one before: nodes c, and the weights b of the sum."""

    nodes: tuple[float, ...]
    weights: tuple[float, ...]


METHODS: Final[Mapping[str, _Method]] = {
    "euler": _Method((0.0,), (1.0,)),
    "heun": _Method((0.0, 1.0), (1 / 2, 1 / 2)),
    "rk4": _Method((0.0, 1 / 2, 1 / 2, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}
"""Orders 1, 2 and 4 (Hairer, Norsett, Wanner: Solving Ordinary Differential Equations I, section II.1)."""


class Explicit:
    """A fixed-step method: the way to each communication point or time event is divided into equal steps.

    None of them is longer than `step` (s). State events are located by bisection: where the domain of an event
    indicator changes within a step, the step is repeated with smaller sizes until the change lies within rounding
    of its end.
    """

    def __init__(self, dynamics: Dynamics, method: str, step: float) -> None:
        self.x: NDArray[np.float64] = np.zeros(dynamics.states)
        self._dynamics = dynamics
        self._method = METHODS[method]
        self._step = step
        self._time = 0.0
        self._known = False
        self._rates = np.zeros((len(self._method.nodes), dynamics.states))
        self._stage = np.zeros(dynamics.states)
        self._z = np.zeros(dynamics.indicators)
        self._positive = np.zeros(dynamics.indicators, dtype=np.bool_)

    def restart(self, t: float, nominals: Vector) -> None:  # noqa: ARG002
        """Start at t (s) from `x`."""
        self._time = t
        self._known = False

    def advance(self, stop: float) -> Reached:
        """Make one step, at most to `stop` (s)."""
        start, before = self._time, self.x.copy()
        if not self._known and self._look(start):
            return self._failed(start)
        self._known = True
        count = ceil((stop - start) / self._step * (1.0 - 1e-9))
        end = stop if count <= 1 else start + (stop - start) / count
        if self._try(start, before, end) or self._evaluate(end):
            return self._failed(start)
        if not self._changed():
            self._time = end
            return Reached(end)
        return self._locate(start, before, end)

    def explained(self, flag: int) -> str:  # noqa: ARG002
        """What a compiled step means that failed."""
        return f"{self._dynamics.trouble}. A smaller solver step, or method cvode, may help"

    def share(self, shared: Shared) -> None:
        """Note the method; compiled steps have vectors of their own."""
        states, stages = self.x.size, len(self._method.nodes)
        shared[at.STAGES] = stages
        shared.put(at.STEP, self._step)
        shared.point(at.NODES, np.array(self._method.nodes))
        shared.point(at.WEIGHTS, np.array(self._method.weights))
        for place, size in {at.RATES: stages * states, at.STAGE: states, at.BEFORE: states, at.Z: self._z.size}.items():
            shared.point(place, np.zeros(size))
        shared.point(at.POSITIVE, np.zeros(self._z.size, np.int64))

    def close(self) -> None:
        """Nothing has to be freed."""

    def _locate(self, start: float, before: Vector, end: float) -> Reached:
        low, high = start, end
        rounding = 4 * _EPSILON * max(abs(start), abs(end))
        while high - low > rounding:
            middle = low + (high - low) / 2
            if self._try(start, before, middle) or self._evaluate(middle):
                return self._failed(start)
            if self._changed():
                high = middle
            else:
                low = middle
        if self._try(start, before, high):
            return self._failed(start)
        self._time = high
        return Reached(high, crossed=True)

    def _try(self, start: float, before: Vector, end: float) -> int:
        """Put the end of a step from start to end (s) into `x`."""
        h = end - start
        for index, node in enumerate(self._method.nodes):
            self._stage[:] = before if index == 0 else before + node * h * self._rates[index - 1]
            verdict = self._dynamics.derivatives(start + node * h, address(self._stage), address(self._rates[index]))
            if verdict:
                return verdict
        self.x[:] = before + h * self._sum()
        return 0

    def _sum(self) -> Vector:
        """The weighted sum of the rates, added up in their order."""
        weighted = [weight * rates for weight, rates in zip(self._method.weights, self._rates, strict=True)]
        return sum(weighted[1:], weighted[0])

    def _look(self, t: float) -> int:
        verdict = self._evaluate(t)
        self._positive = self._z > 0.0
        return verdict

    def _evaluate(self, t: float) -> int:
        if not self._z.size:
            return 0
        return self._dynamics.event_indicators(t, address(self.x), address(self._z))

    def _changed(self) -> bool:
        return bool(np.any((self._z > 0.0) != self._positive))

    def _failed(self, start: float) -> Reached:
        return Reached(start, failure=self.explained(-1))
