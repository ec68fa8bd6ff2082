"""Instance: the one seam between a master and whatever it steps.

An FMU, a surrogate, a gateway to hardware and a test double are the same thing to a master.
"""

from collections.abc import Mapping, Sequence
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
    """What an instance declares it can do; a master asks here before it relies on anything."""

    variable_step: bool = True
    get_set_state: bool = False
    serialize_state: bool = False
    directional_derivatives: bool = False
    state_write: StateWrite = StateWrite.NONE
    once_per_process: bool = False


class Status(StrEnum):
    """How a step ended: completed, or refused by the component at `StepResult.time` (FMI's discard)."""

    OK = "ok"
    DISCARD = "discard"


class StepResult(NamedTuple):
    """Outcome of `do_step`: the time (s) that the component reached, and why it is not t + h if it is not."""

    status: Status
    time: float
    early_return: bool = False
    terminate_requested: bool = False


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
    `close` is allowed at any time and more than once. After an exception other than from `close`, only `close` follows.
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
        """Keep the complete state of the instance; CapabilityError where it cannot be kept."""
        ...

    def restore_state(self, state: object) -> None:
        """Go back to a kept state; it can be restored again."""
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
