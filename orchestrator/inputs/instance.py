"""Inputs over time as an instance: a component with outputs only, which a master steps like any other.

At the end of a step its outputs have the value of that time. It steps before the components that it feeds: with
Gauss-Seidel they get, for the step from t to t + h, the value at t + h, so that an output with direct feedthrough fits
the input of the same time; with Jacobi the value at t. Either is of order 1 in h for an input that changes linearly, of
opposite sign (right and left Riemann sum), and exact for one that is constant between jumps: jumps are events, met
exactly by the communication points.
"""

from collections.abc import Collection, Mapping, Sequence
from struct import Struct
from typing import Any, Final, NamedTuple, Protocol

from orchestrator.errors import CapabilityError
from orchestrator.instance import (
    Bundle,
    Capabilities,
    DiscreteUpdate,
    EventMode,
    OutputSlopes,
    Status,
    StepResult,
    Values,
)
from orchestrator.system.connector import Connector

_SNAP: Final = 1e-9
"""Part of a step by which the end of a step may miss an event and still lie at it."""

_TIME: Final = Struct("<d?")
"""The time (s), and whether a jump at it is made."""


class Course(Protocol):
    """How one output goes over time."""

    def value(self, t: float, *, after: bool) -> Any:
        """The value at t (s), at a jump before or after it."""
        ...

    def next_event(self, t: float, *, after: bool) -> float | None:
        """Time (s) of the first jump or kink later than t, or not before t where that at t is not `after`."""
        ...

    def slope(self, t: float) -> float | None:
        """The derivative (1/s) from t (s) on; None where it is not known."""
        ...


class Output(NamedTuple):
    """One output and how it goes."""

    connector: Connector
    course: Course


class InputInstance:
    """Outputs over time; `origin` says in errors what the component is and where it can be changed."""

    def __init__(self, name: str, outputs: Sequence[Output], identity: Mapping[str, str], origin: str) -> None:
        self.name: Final = name
        self.capabilities: Final = Capabilities(get_set_state=True, serialize_state=True)
        self.identity: Final = identity
        self.connectors: Final = tuple(output.connector for output in outputs)
        self.feedthrough: Final[Mapping[str, tuple[str, ...] | None]] = {one.name: () for one in self.connectors}
        self.courses: Final = {output.connector.name: output.course for output in outputs}
        self._origin = origin
        self._now = 0.0
        self._after = True
        self._known: tuple[float, bool] | None = None
        self._next: float | None = None
        self.event_mode: Final[EventMode | None] = _Events(self) if self._has_events() else None
        known = [name for name, course in self.courses.items() if course.slope(0.0) is not None]
        self.output_slopes: Final[OutputSlopes | None] = _Slopes(known, self) if known else None

    def set(self, bundle: Bundle, values: Values) -> None:  # noqa: ARG002
        """Nothing can be set."""
        raise CapabilityError(f"'{self.name}' is {self._origin}: nothing of it can be set; change it there")

    def get(self, bundle: Bundle, values: Values) -> None:
        """Values at the time reached: before a jump at it until its event, after it from then on."""
        for index, connector in enumerate(bundle.connectors):
            values[index] = self.courses[connector.name].value(self._now, after=self._after)

    def slopes(self, bundle: Bundle, slopes: Values) -> None:
        """Derivatives (1/s) from the time reached on."""
        for index, connector in enumerate(bundle.connectors):
            slopes[index] = self.courses[connector.name].slope(self._now)

    def next_event(self) -> float | None:
        """The first event (s) that has not been made; looked for only where the last answer does not hold any more."""
        here = (self._now, self._after)
        passed = self._next is not None and here >= (self._next, True)
        if self._known is None or here < self._known or passed:
            times = [course.next_event(self._now, after=self._after) for course in self.courses.values()]
            self._known, self._next = here, min((time for time in times if time is not None), default=None)
        return self._next

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:  # noqa: ARG002
        """Values from the start on."""
        self._now, self._after = start, True

    def exit_initialization(self) -> None:
        """Nothing to do."""

    def do_step(self, t: float, h: float) -> StepResult:
        """The values up to t + h."""
        end = t + h
        event = self.next_event()
        self._now = event if event is not None and abs(event - end) <= _SNAP * h else end
        self._after = False
        return StepResult(Status.OK, end)

    def jump(self) -> None:
        """From the values before a jump at the time reached to those after it."""
        self._after = True

    def save_state(self) -> tuple[float, bool]:
        """The time, and on which side of it the values are."""
        return self._now, self._after

    def restore_state(self, state: object) -> None:
        """Go back to a kept time."""
        assert isinstance(state, tuple)
        self._now, self._after = state

    def free_state(self, state: object) -> None:
        """Nothing to release."""

    def serialize_state(self, state: object) -> bytes:
        """The kept time as bytes."""
        assert isinstance(state, tuple)
        return _TIME.pack(*state)

    def deserialize_state(self, data: bytes) -> tuple[float, bool]:
        """The time that the bytes hold; CapabilityError where they hold none."""
        if len(data) != _TIME.size:
            raise CapabilityError(f"'{self.name}' is {self._origin}: {len(data)} bytes are no time of it")
        now, after = _TIME.unpack(data)
        return now, after

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """There are no states to write."""
        raise CapabilityError(f"'{self.name}' is {self._origin}: it has no states to write")

    def terminate(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to free."""

    def _has_events(self) -> bool:
        return any(course.next_event(-float("inf"), after=False) is not None for course in self.courses.values())


class _Events:
    """Jumps and kinks as events known beforehand; see `EventMode`."""

    clocks: Collection[str] = ()
    timed: Collection[str] = ()
    clocked: Mapping[str, Collection[str]] = {}
    wanted = False

    def __init__(self, instance: InputInstance) -> None:
        self._instance = instance

    @property
    def next_time(self) -> float | None:
        """The first event that has not been made."""
        return self._instance.next_event()

    def enter(self, t: float) -> None:  # noqa: ARG002
        """Jump, where the time reached has one; the instance knows that time exactly."""
        self._instance.jump()

    def activate(self, clocks: Collection[str]) -> None:
        """There are no clocks."""

    def active(self) -> Collection[str]:
        """There are no clocks."""
        return ()

    def update(self) -> DiscreteUpdate:
        """Nothing but the jump, which is made."""
        return DiscreteUpdate()

    def leave(self) -> None:
        """Nothing to do."""


class _Slopes:
    """The slopes of those outputs for which they are known; see `OutputSlopes`."""

    def __init__(self, names: Collection[str], instance: InputInstance) -> None:
        self.names = names
        self._instance = instance

    def get(self, bundle: Bundle, slopes: Values) -> None:
        """Derivatives (1/s) from the time reached on."""
        self._instance.slopes(bundle, slopes)
