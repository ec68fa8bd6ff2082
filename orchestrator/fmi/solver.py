"""Solver: what integrates the continuous states of a Model Exchange FMU from event to event."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.exchange_shared import Shared

Vector = NDArray[np.float64]


class Reached(NamedTuple):
    """Where a step of the solver ended: time (s), whether an event indicator changed its domain just before.

    `failure` says why there was no step.
    """

    time: float
    crossed: bool = False
    failure: str | None = None


class Callbacks(NamedTuple):
    """Addresses of C functions that evaluate, as CVODE calls them, and of the user data that it hands to them."""

    right_side: int
    roots: int
    jacobian: int
    memory: int


class Dynamics(Protocol):
    """Right-hand side and event indicators of the FMU at a time (s) and a state vector.

    Vectors and matrices are addresses of doubles. The answer is 0, 1 where the solver may try a smaller step, -1 where
    it must stop; `trouble` then says why. The domain of an indicator z is z > 0 or not (FMI 2.0.4 and 3.0.2,
    section 3.1): an indicator of exactly 0 is handed out as the largest negative number, so that a change of
    its sign and a change of its domain are the same. Where there are `callbacks`, CVODE calls these.
    """

    states: int
    indicators: int
    has_jacobian: bool
    callbacks: Callbacks | None

    @property
    def trouble(self) -> str:
        """Why the evaluation failed that failed last; empty after `forget`."""
        ...

    def forget(self) -> None:
        """No evaluation is in trouble any more."""
        ...

    def derivatives(self, t: float, x: int, dx: int) -> int:
        """Compute dx/dt."""
        ...

    def event_indicators(self, t: float, x: int, z: int) -> int:
        """Compute the event indicators."""
        ...

    def jacobian(self, t: float, x: int, matrix: int) -> int:
        """Compute d(dx/dt)/dx column by column, exactly; only where `has_jacobian`."""
        ...


class Solver(Protocol):
    """Integrates from the state vector `x`, which the caller may write before `restart`.

    Call order: 1 `restart`, 2 `advance` (repeated; each continues where the one before ended), 1 again after every
    event; `close` at the end. A restart forgets everything: what follows depends on time and states only.
    """

    x: NDArray[Any]

    def restart(self, t: float, nominals: Vector) -> None:
        """Start at t (s) from `x`; the nominals scale the absolute tolerances."""
        ...

    def advance(self, stop: float) -> Reached:
        """Make one step, at most to `stop` (s), or to the first change of an indicator's domain; `x` is there then."""
        ...

    def explained(self, flag: int) -> str:
        """What a compiled step means that failed with this flag, in words."""
        ...

    def share(self, shared: Shared) -> None:
        """Note what compiled functions need to make the steps of `advance`."""
        ...

    def close(self) -> None:
        """Free what belongs to the solver."""
        ...


def address(vector: NDArray[Any]) -> int:
    """Address of the first element."""
    return int(vector.ctypes.data)
