"""Instance: the one seam between a master and whatever it steps.

An FMU, a surrogate, a gateway to hardware and a test double are the same thing to a master.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.connector import Connector, Storage

Values = NDArray[Any]
"""Flat values of one storage class: float64, int64 or bool."""


class StateWrite(StrEnum):
    """How chosen values can be written into the states of an instance (FMUState itself is opaque)."""

    CONTINUOUS_STATES = "continuous_states"
    RESTART = "restart"
    NONE = "none"


@dataclass(frozen=True)
class Capabilities:
    """What an instance declares it can do; a master asks here before it relies on anything.

    An instance that may return early ends a step at an event of its own, where it says so with `early_return`. One that
    begins anew where a state is restored does what follows otherwise than it would have done from there without.
    """

    variable_step: bool = True
    get_set_state: bool = False
    serialize_state: bool = False
    directional_derivatives: bool = False
    state_write: StateWrite = StateWrite.NONE
    once_per_process: bool = False
    may_return_early: bool = False
    begins_anew: bool = False


class Status(StrEnum):
    """How a step ended: completed, or refused by the component at `StepResult.time` (FMI's discard)."""

    OK = "ok"
    DISCARD = "discard"


class StepResult(NamedTuple):
    """Outcome of `do_step`: the time (s) that the component reached, and why it is not t + h if it is not.

    `event_needed` asks for Event Mode at that time.
    """

    status: Status
    time: float
    early_return: bool = False
    terminate_requested: bool = False
    event_needed: bool = False


@dataclass(frozen=True, eq=False)
class Bundle:
    """Connectors of one storage class that are read or written in one call.

    Their values lie behind each other in one flat array of `size` elements, in the order of `connectors`.
    """

    storage: Storage
    connectors: tuple[Connector, ...]
    references: NDArray[np.uint32]
    size: int

    @classmethod
    def of(cls, connectors: Sequence[Connector]) -> "Bundle":
        """Bundle connectors that share one storage class."""
        (storage,) = {connector.storage for connector in connectors}
        references = np.array([connector.reference for connector in connectors], dtype=np.uint32)
        return cls(storage, tuple(connectors), references, sum(connector.size for connector in connectors))


class Instance(Protocol):
    """Something that can be stepped from one communication point to the next.

    Call order: 1 `set` start values and parameters, 2 `enter_initialization`, 3 `set` inputs and `get` outputs as
    often as wanted, 4 `exit_initialization`, 5 (`set`, `do_step`, `get`) repeated, 6 `terminate`, 7 `close`.
    `close` is allowed at any time and more than once. After an exception other than from `close`, only `close` follows;
    after a FailedStepError a state that was kept before may be restored, too.
    """

    @property
    def name(self) -> str:
        """Name of the component in the system."""
        ...

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, in the order of the model description."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this instance can do."""
        ...

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Connector names of the inputs that each output depends on directly; None where it is unknown."""
        ...

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran: kind, file, GUID or instantiation token, FMI version, generation tool; for the record."""
        ...

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write the values (bundle.size elements) of a bundle."""
        ...

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read the values of a bundle into `values` (bundle.size elements)."""
        ...

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode at time `start` (s); `stop` and `tolerance` where the experiment has them."""
        ...

    def exit_initialization(self) -> None:
        """Leave Initialization Mode for Step Mode."""
        ...

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from communication point t by h (both s) with the inputs set last."""
        ...

    def save_state(self) -> object:
        """Keep the complete state of the instance, which disturbs nothing; CapabilityError where it cannot be kept."""
        ...

    def restore_state(self, state: object) -> None:
        """Go back to a kept state; it can be restored again, and each time what follows is the same to the bit.

        It need not be what followed before the first return: a solver may begin anew.
        """
        ...

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        ...

    def serialize_state(self, state: object) -> bytes:
        """Turn a kept state into bytes that another process can take."""
        ...

    def deserialize_state(self, data: bytes) -> object:
        """Make a kept state from bytes."""
        ...

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Start again at time t (s) from states written by value: connector name -> all its elements.

        Parameters set before and the inputs set last are kept. Works as `capabilities.state_write` says; afterwards the
        instance is in Step Mode at t.
        """
        ...

    def terminate(self) -> None:
        """End the run regularly."""
        ...

    def close(self) -> None:
        """Free everything; the instance is of no use afterwards."""
        ...


class DiscreteUpdate(NamedTuple):
    """Outcome of one update of the discrete states: whether another is needed, and what else it changed."""

    more_needed: bool = False
    terminate_requested: bool = False
    nominals_changed: bool = False
    values_changed: bool = False


class EventMode(Protocol):
    """Events of an instance that has them: between two steps, at one time, its discrete variables may change.

    The instance is in Event Mode after `exit_initialization`, until `leave`. Call order at each event: 1 `enter` (not
    after the initialization), 2 `activate`, `set`, `active`, `get` as often as wanted, 3 `update`, then 2 and 3 until
    nothing changes, 4 `leave`. Discrete inputs are set in Event Mode only; clocked variables are set and read only
    while one of their clocks is active, which the update ends. Clocks are connectors of Boolean storage, which are
    neither `set` nor `get`.
    """

    @property
    def clocks(self) -> Collection[str]:
        """Names of the connectors that are clocks."""
        ...

    @property
    def timed(self) -> Collection[str]:
        """Clocks that tick by time; the instance activates them itself."""
        ...

    @property
    def clocked(self) -> Mapping[str, Collection[str]]:
        """Clocked variables -> their clocks."""
        ...

    @property
    def next_time(self) -> float | None:
        """Time (s) of the next event that is known already: a tick, or a time event; None where there is none."""
        ...

    @property
    def wanted(self) -> bool:
        """Whether something waits for the next Event Mode, such as a parameter written between steps."""
        ...

    def enter(self, t: float) -> None:
        """Enter Event Mode at t (s); clocks whose time has come become active."""
        ...

    def activate(self, clocks: Collection[str]) -> None:
        """Activate triggered input clocks."""
        ...

    def active(self) -> Collection[str]:
        """Clocks that are active now."""
        ...

    def update(self) -> DiscreteUpdate:
        """Compute the discrete states anew; all clocks become inactive."""
        ...

    def leave(self) -> None:
        """Leave Event Mode for Step Mode."""
        ...


class InputSlopes(Protocol):
    """For an instance whose inputs may change during a step: 1 `set` of the instance, 2 `set` here, 3 `do_step`."""

    @property
    def names(self) -> Collection[str]:
        """The inputs that take slopes."""
        ...

    def set(self, bundle: Bundle, values: Values, derivatives: Values, t: float) -> None:
        """In the step from t (s) on, these inputs are values + d[0] (time - t) + d[1] (time - t)^2 / 2.

        The derivatives d, (1, bundle.size) or (2, bundle.size), are the first and, where inputs are parabolas, the
        second one at t.
        """
        ...

    def finished(self) -> None:
        """The step is made; raises what went wrong with the inputs during it."""
        ...


class OutputSlopes(Protocol):
    """For an instance that knows how fast its outputs change."""

    @property
    def names(self) -> Collection[str]:
        """The outputs whose slopes are known."""
        ...

    def get(self, bundle: Bundle, slopes: Values) -> None:
        """Read the derivatives (1/s) of these outputs in Step Mode, before inputs are set for the next step."""
        ...


class DirectionalDerivatives(Protocol):
    """For an instance that knows how its outputs follow its inputs at one time, by direct feedthrough alone."""

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Values, result: Values) -> None:
        """result = d(unknowns)/d(knowns) seed, of float variables and per element.

        In Initialization Mode with all that was set, in Step Mode at a communication point, before inputs are set.
        """
        ...


class StandIn(Instance, Protocol):
    """A cheaper instance in a loop that is being solved: 1 `align`, 2 its steps, in each macro step."""

    def align(self, bundle: Bundle, values: Values) -> None:
        """Let outputs be these values where they were others at the last communication point."""
        ...


class EventInstance(Instance, Protocol):
    """An instance that may have events; one that has none costs a master nothing more than an `Instance`."""

    @property
    def event_mode(self) -> EventMode | None:
        """Its events, None where it has no Event Mode."""
        ...


def event_mode(instance: Instance) -> EventMode | None:
    """The events of an instance, None where it has none."""
    found: EventMode | None = getattr(instance, "event_mode", None)
    return found


def input_slopes(instance: Instance) -> InputSlopes | None:
    """Where the slopes of inputs go, None where the instance holds its inputs over a step."""
    found: InputSlopes | None = getattr(instance, "input_slopes", None)
    return found


def held_inputs(instance: Instance) -> Collection[str]:
    """Inputs that are held over a step at their newest value, whatever is asked for the others."""
    found: Collection[str] = getattr(instance, "held_inputs", ())
    return found


def output_slopes(instance: Instance) -> OutputSlopes | None:
    """Where the slopes of outputs come from, None where the instance does not know them."""
    found: OutputSlopes | None = getattr(instance, "output_slopes", None)
    return found


def directional_derivatives(instance: Instance) -> DirectionalDerivatives | None:
    """Where the derivatives of outputs by inputs come from, None where the instance does not know them."""
    found: DirectionalDerivatives | None = getattr(instance, "directional_derivatives", None)
    return found


def stand_in(instance: Instance) -> StandIn | None:
    """What stands in for the instance while a loop is solved, None where it takes part itself."""
    found: StandIn | None = getattr(instance, "stand_in", None)
    return found
