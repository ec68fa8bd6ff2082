"""Instances made of functions: they keep the call order of FMI and complain where a master does not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orchestrator.errors import CapabilityError
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.plain_data import pack, unpack
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.quantities.units import Unit

Vector = NDArray[np.float64]

STATEFUL = Capabilities(get_set_state=True, serialize_state=True, state_write=StateWrite.RESTART)
"""What a double can do where nothing else is said."""


def connector(
    name: str,
    causality: Causality = Causality.OUTPUT,
    *,
    size: int | None = None,
    storage: Storage | str = Storage.FLOAT64,
    unit: Unit | None = None,
    start: float | Sequence[float] | None = None,
    **more: Any,
) -> Connector:
    """A connector; the double it is given to numbers its value reference."""
    starts = None if start is None else tuple(np.ravel(start).tolist())
    shape = () if size is None else (size,)
    return Connector(name, causality, Storage(storage), 0, shape=shape, unit=unit, start=starts, **more)


def an_input(name: str = "u", *, start: float | Sequence[float] | None = 0.0, **more: Any) -> Connector:
    return connector(name, Causality.INPUT, start=start, **more)


def an_output(name: str = "y", **more: Any) -> Connector:
    return connector(name, Causality.OUTPUT, **more)


def a_parameter(name: str, start: float, *, tunable: bool = False, **more: Any) -> Connector:
    variability = Variability.TUNABLE if tunable else Variability.FIXED
    return connector(name, Causality.PARAMETER, start=start, variability=variability, initial="exact", **more)


@dataclass
class Faults:
    """What goes wrong, each in the step that begins at or just after the given time (s)."""

    discard_at: float | None = None
    early_at: float | None = None
    nan_at: float | None = None
    fail_at: float | None = None
    terminate_at: float | None = None
    terminate_early_at: float | None = None
    fail_in: frozenset[str] = frozenset()
    error: BaseException = field(default_factory=lambda: RuntimeError("out of order"))


class FunctionInstance:
    """y = function(t, u), or with states y = function(t, u, x) and x[k+1] = step(t, h, u, x[k]) over each step.

    u, y and x are flat float64 vectors over all inputs, outputs and states. Every output depends on every input unless
    `feedthrough` says otherwise; with states the default is no feedthrough. Values of parameters are in `values`.
    `strict` forbids `get` between `set` and `do_step` in Step Mode (FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 4.2).
    """

    def __init__(
        self,
        function: Callable[..., ArrayLike],
        *,
        name: str = "double",
        inputs: Sequence[Connector] = (an_input(),),
        outputs: Sequence[Connector] = (an_output(),),
        others: Sequence[Connector] = (),
        step: Callable[[float, float, Vector, Vector], ArrayLike] | None = None,
        state: Sequence[float] = (),
        feedthrough: Mapping[str, tuple[str, ...] | None] | None = None,
        capabilities: Capabilities | None = None,
        faults: Faults | None = None,
        strict: bool = True,
    ) -> None:
        self.name = name
        self.function, self.step = function, step
        local = [connector("x", Causality.LOCAL, size=len(state), start=state, initial="exact", is_state=True)]
        declared = (*inputs, *outputs, *others, *(local if step else []))
        self.connectors = tuple(_numbered(one, reference) for reference, one in enumerate(declared))
        self.capabilities = capabilities or STATEFUL
        through = () if step else tuple(one.name for one in inputs)
        self.feedthrough = feedthrough if feedthrough is not None else {one.name: through for one in outputs}
        self.identity: Mapping[str, str] = {"kind": "double", "token": f"{{{name}}}"}
        self.faults = faults or Faults()
        self.values = {one.name: _start(one) for one in self.connectors}
        self.x = np.array(state, dtype=np.float64)
        self.time = 0.0
        self.mode = "instantiated"
        self.calls: list[str] = []
        self.steps: list[tuple[float, float]] = []
        self._inputs = [one.name for one in inputs]
        self._outputs = [one for one in self.connectors if one.causality is Causality.OUTPUT]
        self._readable = True
        self._strict = strict

    def set(self, bundle: Bundle, values: Values) -> None:
        self._enter("set")
        assert values.dtype == bundle.storage.dtype, f"{values.dtype} for {bundle.storage}"
        assert values.size == bundle.size
        position = 0
        for one in bundle.connectors:
            if self.mode == "step":
                tunable = one.causality is Causality.INPUT or one.variability is Variability.TUNABLE
                assert tunable, f"{one.name} must not be set in Step Mode"
                self._readable = False
            self.values[one.name] = values[position : position + one.size].copy()
            position += one.size

    def get(self, bundle: Bundle, values: Values) -> None:
        self._enter("get")
        assert self.mode != "instantiated", "get before Initialization Mode"
        assert self._readable or not self._strict, "get after set without do_step in Step Mode"
        self._compute()
        values[:] = np.concatenate([self.values[one.name] for one in bundle.connectors])

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        self._enter("enter_initialization")
        assert self.mode == "instantiated"
        self.mode, self.time = "initialization", start

    def exit_initialization(self) -> None:
        self._enter("exit_initialization")
        assert self.mode == "initialization"
        self.mode = "step"

    def do_step(self, t: float, h: float) -> StepResult:
        self._enter("do_step")
        assert self.mode == "step"
        assert h > 0.0
        assert abs(t - self.time) <= 1e-9 * max(h, abs(t)), f"step from {t}, but the time is {self.time}"
        self.steps.append((t, h))
        faults = self.faults
        if _due(faults.fail_at, t):
            raise faults.error
        if _due(faults.discard_at, t):
            return StepResult(Status.DISCARD, t + 0.25 * h)
        if _due(faults.early_at, t):
            return StepResult(Status.OK, t + 0.5 * h, early_return=True)
        if _due(faults.terminate_early_at, t):
            return StepResult(Status.OK, t + 0.5 * h, early_return=True, terminate_requested=True)
        if self.step is not None:
            self.x = np.atleast_1d(np.asarray(self.step(t, h, self._u(), self.x), dtype=np.float64))
        self.time = t + h
        self._readable = True
        return StepResult(Status.OK, self.time, terminate_requested=_due(faults.terminate_at, t))

    def save_state(self) -> object:
        if not self.capabilities.get_set_state:
            raise CapabilityError(f"'{self.name}' cannot keep its state")
        values = {name: values.copy() for name, values in self.values.items()}
        return self.time, self.x.copy(), values, self._readable

    def restore_state(self, state: object) -> None:
        assert isinstance(state, tuple)
        self.time, self.x, self._readable = state[0], state[1].copy(), state[3]
        self.values = {name: values.copy() for name, values in state[2].items()}

    def free_state(self, state: object) -> None:
        """Nothing to release."""

    def serialize_state(self, state: object) -> bytes:
        if not self.capabilities.serialize_state:
            raise CapabilityError(f"'{self.name}' cannot serialize its state")
        return pack(state)

    def deserialize_state(self, data: bytes) -> object:
        if not self.capabilities.serialize_state:
            raise CapabilityError(f"'{self.name}' cannot deserialize a state")
        return unpack(data)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        self.time, self.mode, self._readable = t, "step", True
        if "x" in values:
            self.x = np.array(values["x"], dtype=np.float64)

    def terminate(self) -> None:
        self._enter("terminate")
        assert self.mode == "step"
        self.mode = "terminated"

    def close(self) -> None:
        self.calls.append("close")
        self.mode = "closed"

    @property
    def closed(self) -> bool:
        return self.mode == "closed"

    def _enter(self, call: str) -> None:
        assert self.mode != "closed", f"{call} after close"
        self.calls.append(call)
        if call in self.faults.fail_in:
            raise self.faults.error

    def _u(self) -> Vector:
        parts = [self.values[name].astype(np.float64) for name in self._inputs]
        return np.concatenate(parts) if parts else np.empty(0)

    def _compute(self) -> None:
        arguments = (self.time, self._u(), self.x) if self.step else (self.time, self._u())
        y = np.atleast_1d(np.asarray(self.function(*arguments)))
        if self.faults.nan_at is not None and self.time >= self.faults.nan_at - 1e-12:
            y = np.where(np.arange(y.size) == y.size - 1, np.nan, y)
        position = 0
        for one in self._outputs:
            self.values[one.name] = y[position : position + one.size].astype(one.storage.dtype)
            position += one.size
        if self.step:
            self.values["x"] = self.x.copy()


def _numbered(one: Connector, reference: int) -> Connector:
    fields = {name: getattr(one, name) for name in Connector.__dataclass_fields__}
    return Connector(**{**fields, "reference": reference})


def _start(one: Connector) -> Values:
    start = np.array((0,) if one.start is None else one.start, dtype=one.storage.dtype)
    return np.broadcast_to(start, (one.size,)).copy()


def _due(at: float | None, t: float) -> bool:
    return at is not None and t >= at - 1e-9
