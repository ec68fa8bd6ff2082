"""An instance made of a function: x' = rate(x, u) over one step, two zones in an array state."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.plain_data import pack, unpack
from orchestrator.system.connector import Causality, Connector, Storage

CONNECTORS = (
    Connector("u", Causality.INPUT, Storage.FLOAT64, 1),
    Connector("x", Causality.OUTPUT, Storage.FLOAT64, 2, shape=(2,), is_state=True, nominal=0.1),
    Connector("y", Causality.OUTPUT, Storage.FLOAT64, 3),
    Connector("hidden", Causality.LOCAL, Storage.FLOAT64, 4),
)


class FakeClock:
    """A clock that only the doubles move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class FunctionInstance:
    """Steps x by `step(x, u, h)`, y is the sum of x; every step moves the clock by `cost` (s)."""

    def __init__(
        self,
        step: Callable[[np.ndarray, float, float], np.ndarray],
        clock: FakeClock,
        cost: float,
        connectors: tuple[Connector, ...] = CONNECTORS,
        state_write: StateWrite = StateWrite.RESTART,
    ) -> None:
        self.name, self.connectors, self._step = "tank", connectors, step
        self.capabilities = Capabilities(get_set_state=True, serialize_state=True, state_write=state_write)
        self.feedthrough: dict[str, tuple[str, ...] | None] = {"x": (), "y": ()}
        self.identity = {"kind": "function"}
        self._clock, self._cost = clock, cost
        self.values: dict[str, np.ndarray] = {"u": np.zeros(1), "x": np.ones(2), "y": np.full(1, 2.0)}
        self.steps: list[float] = []
        self.restarts: list[float] = []
        self.closed = False
        self.violation: str | None = None
        self.status = Status.OK

    def set(self, bundle: Bundle, values: Values) -> None:
        (connector,) = bundle.connectors
        self.values[connector.name] = np.array(values)

    def get(self, bundle: Bundle, values: Values) -> None:
        values[:] = np.concatenate([self.values[connector.name] for connector in bundle.connectors])

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        self.start = start

    def exit_initialization(self) -> None:
        pass

    def do_step(self, t: float, h: float) -> StepResult:
        self._clock.now += self._cost
        self.steps.append(t)
        if self.status is not Status.OK:
            return StepResult(self.status, t)
        self.values["x"] = self._step(self.values["x"], float(self.values["u"][0]), h)
        self.values["y"] = self.values["x"].sum(keepdims=True)
        return StepResult(Status.OK, t + h)

    def save_state(self) -> Any:
        return deepcopy(self.values)

    def restore_state(self, state: Any) -> None:
        self.values = deepcopy(state)

    def free_state(self, state: Any) -> None:
        state.clear()

    def serialize_state(self, state: Any) -> bytes:
        return pack(state)

    def deserialize_state(self, data: bytes) -> Any:
        return unpack(data)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        self.restarts.append(t)
        self.values["x"] = np.array(values["x"])
        self.values["y"] = self.values["x"].sum(keepdims=True)

    def terminate(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True
