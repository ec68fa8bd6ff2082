"""A double with Event Mode: what it does at events is a function of itself."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from orchestrator.instance import Bundle, Capabilities, DiscreteUpdate, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from tests.doubles import FunctionInstance, connector


def discrete(name: str, causality: Causality, start: float = 0.0) -> Connector:
    return connector(name, causality, start=start, variability=Variability.DISCRETE)


def a_clock(name: str, causality: Causality) -> Connector:
    return connector(name, causality, storage=Storage.BOOLEAN, start=False, variability=Variability.DISCRETE)


class EventDouble(FunctionInstance):
    """Outputs are what `values` holds; `on_update(self)` changes them and says whether another update is needed.

    `times` are its time events (s), `on_enter(self)` is called on entering Event Mode. `early` are times at which it
    returns early once.
    """

    def __init__(
        self,
        name: str,
        *,
        inputs: Sequence[Connector] = (),
        outputs: Sequence[Connector] = (),
        on_update: Callable[["EventDouble"], bool | None] = lambda _: False,
        on_exchange: Callable[["EventDouble"], None] = lambda _: None,
        times: Sequence[float] = (),
        timed: Collection[str] = (),
        clocked: Mapping[str, Collection[str]] = {},
        early: Sequence[float] = (),
        needed: Sequence[float] = (),
        capabilities: Capabilities | None = None,
    ) -> None:
        super().__init__(
            lambda *_: 0.0,
            name=name,
            inputs=inputs,
            outputs=outputs,
            feedthrough={one.name: () for one in outputs},
            capabilities=capabilities or Capabilities(may_return_early=bool(early)),
        )
        self.on_update, self.on_exchange = on_update, on_exchange
        self.times, self.early, self.needed = list(times), list(early), list(needed)
        self.timed, self.clocked = frozenset(timed), clocked
        self.clocks = frozenset(c.name for c in (*inputs, *outputs) if c.storage is Storage.BOOLEAN)
        self.ticking: set[str] = set()
        self.wanted = False
        self.event_times: list[float] = []
        self.log: list[Any] = []

    @property
    def event_mode(self) -> "EventDouble":
        return self

    @property
    def next_time(self) -> float | None:
        return self.times[0] if self.times else None

    def set(self, bundle: Bundle, values: Values) -> None:
        for one in bundle.connectors:
            assert one.name not in self.clocks
            if self.mode == "step":
                assert one.variability is Variability.CONTINUOUS, f"{one.name} must not be set in Step Mode"
            if one.name in self.clocked:
                assert self.ticking & set(self.clocked[one.name]), f"{one.name} was set without a tick"
        super().set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        for one in bundle.connectors:
            assert one.name not in self.clocks
            if one.name in self.clocked:
                assert self.ticking & set(self.clocked[one.name]), f"{one.name} was read without a tick"
        super().get(bundle, values)

    def exit_initialization(self) -> None:
        super().exit_initialization()
        self.mode = "event"

    def do_step(self, t: float, h: float) -> StepResult:
        if self.early and t <= self.early[0] < t + h - 1e-12:
            self._enter("do_step")
            self.steps.append((t, self.early[0] - t))
            self.time, self._readable = self.early.pop(0), True
            return StepResult(Status.OK, self.time, early_return=True, event_needed=True)
        result = super().do_step(t, h)
        needed = any(abs(time - result.time) < 1e-9 for time in self.needed)
        return result._replace(event_needed=needed)

    def enter(self, t: float) -> None:
        assert self.mode == "step"
        assert abs(t - self.time) < 1e-9
        self.mode = "event"
        self.event_times.append(t)
        if self.times and self.times[0] <= t + 1e-9:
            self.times.pop(0)
            self.ticking |= self.timed

    def activate(self, clocks: Collection[str]) -> None:
        assert self.mode == "event"
        self.ticking |= set(clocks)

    def active(self) -> Collection[str]:
        self.on_exchange(self)
        return frozenset(self.ticking)

    def update(self) -> DiscreteUpdate:
        assert self.mode == "event"
        more = bool(self.on_update(self))
        self.ticking.clear()
        return DiscreteUpdate(more)

    def leave(self) -> None:
        assert self.mode == "event"
        self.mode = "step"

    def _compute(self) -> None:
        pass

    def __getitem__(self, name: str) -> float:
        return float(self.values[name][0])

    def __setitem__(self, name: str, value: float) -> None:
        self.values[name] = np.array([value])
