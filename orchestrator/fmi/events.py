"""Event Mode: a Co-Simulation FMU of FMI 3.0 with events and clocks behind the `EventInstance` seam."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import replace
from fractions import Fraction
from typing import Final, NamedTuple

from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.clocks import CHANGED, NOT_YET_KNOWN, PERIODIC, Clock, Clocks, Ticks
from orchestrator.fmi.co_simulation import CoSimulationFmu
from orchestrator.fmi.events_functions import EventFunctions
from orchestrator.instance import Bundle, Capabilities, DiscreteUpdate, InputSlopes, OutputSlopes, StepResult, Values
from orchestrator.system.connector import Causality, Connector, Variability

_LIMIT: Final = 100


class _Kept(NamedTuple):
    inner: object
    in_event_mode: bool
    ticks: tuple[Ticks, ...]
    time_event: float | None


class EventFmu:
    """One FMU instance that was instantiated with Event Mode; it is its own `event_mode`.

    Its clocks are connectors beside its variables. Tunable parameters written in Step Mode wait for the next event,
    which they ask for. Kept states hold the ticks to come, which is why they have no bytes here.
    """

    def __init__(self, fmu: CoSimulationFmu, clocks: Clocks) -> None:
        self.name: Final = fmu.name
        self.clocked: Final[Mapping[str, Collection[str]]] = clocks.clocked
        self._co = fmu
        self._clocks = clocks.by_name
        self._functions = EventFunctions(fmu.fmu.library.dll, fmu.fmu.library.handle)
        self._connectors = (*fmu.connectors, *(clock.connector for clock in self._clocks.values()))
        self._asked = [c for c in self._clocks.values() if not c.timed and c.causality is not Causality.INPUT]
        self._ticks = tuple(Ticks(clock) for clock in self._clocks.values() if clock.timed)
        self._active: set[str] = set()
        self._in_event_mode = False
        self._initialized = False
        self._t = 0.0
        self._time_event: float | None = None
        self._waiting: dict[Bundle, Values] = {}
        self._at_events_only: dict[Bundle, bool] = {}

    @property
    def event_mode(self) -> "EventFmu":
        """Its events."""
        return self

    @property
    def input_slopes(self) -> InputSlopes | None:
        """Where the slopes of its inputs go."""
        return self._co.input_slopes

    @property
    def output_slopes(self) -> OutputSlopes | None:
        """Where the slopes of its outputs come from."""
        return self._co.output_slopes

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, and every clock."""
        return self._connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares."""
        return replace(self._co.capabilities, serialize_state=False)

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly; a clock on none, its ticks are found by iteration."""
        clocks = {clock.name: () for clock in self._clocks.values() if clock.causality is Causality.OUTPUT}
        inputs = {name for name, connector in self._clocks.items() if connector.causality is Causality.INPUT}
        known = {
            name: None if through is None else tuple(each for each in through if each not in inputs)
            for name, through in self._co.feedthrough.items()
        }
        return {**known, **clocks}

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return self._co.identity

    @property
    def clocks(self) -> Collection[str]:
        """Names of all clocks."""
        return self._clocks.keys()

    @property
    def timed(self) -> Collection[str]:
        """Names of the clocks that tick by time."""
        return [ticks.clock.name for ticks in self._ticks]

    @property
    def next_time(self) -> float | None:
        """Time (s) of the next tick or time event."""
        times = [float(ticks.next) for ticks in self._ticks if ticks.next is not None]
        return min(times if self._time_event is None else [*times, self._time_event], default=None)

    @property
    def wanted(self) -> bool:
        """Whether a parameter waits for the next event."""
        return bool(self._waiting)

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; in Step Mode tunable parameters wait, and discrete inputs are refused."""
        if self._initialized and not self._in_event_mode and self._changes_at_events(bundle):
            self._waiting[bundle] = values.copy()
            return
        self._co.set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._co.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._co.enter_initialization(start, stop, tolerance)
        self._t = start

    def exit_initialization(self) -> None:
        """Leave Initialization Mode for Event Mode."""
        self._co.exit_initialization()
        self._initialized = True
        self._begin(self._t)

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h."""
        if self._in_event_mode:
            raise CapabilityError(f"'{self.name}' cannot step: it is in Event Mode; see the call order of EventMode")
        return self._co.do_step(t, h)

    def enter(self, t: float) -> None:
        """Enter Event Mode, give the parameters that waited, and activate the clocks that are due."""
        self._check(self._functions.enter(), "EnterEventMode")
        self._in_event_mode, self._t = True, t
        self._co.fmu.time = t
        for bundle, values in self._waiting.items():
            self._co.set(bundle, values)
        self._waiting.clear()
        self._tick()

    def activate(self, clocks: Collection[str]) -> None:
        """Activate triggered input clocks."""
        self._check(self._functions.activate([self._clocks[name] for name in clocks]), "SetClock")
        self._active.update(clocks)

    def active(self) -> Collection[str]:
        """Clocks that are active now; an output clock from its first answer to the next update."""
        if self._asked:
            status, names = self._functions.active(self._asked)
            self._check(status, "GetClock")
            self._active.update(names)
        return frozenset(self._active)

    def update(self) -> DiscreteUpdate:
        """Compute the discrete states anew, then take new intervals and the next time event."""
        raw = self._functions.update()
        self._check(raw.status, "UpdateDiscreteStates")
        self._active.clear()
        self._time_event = raw.next_time
        if raw.next_time is not None and raw.next_time < self._t:
            raise StepError(
                f"'{self.name}' announces an event at {raw.next_time!r} s, which lies before t = {self._t!r} s. Ask "
                "its supplier for a correction",
                component=self.name,
                time=self._t,
            )
        if raw.update.more_needed:
            return raw.update
        self._ask_intervals()
        return raw.update._replace(more_needed=self._tick())

    def leave(self) -> None:
        """Leave Event Mode for Step Mode."""
        for ticks in self._ticks:
            if ticks.clock.kind in PERIODIC and ticks.next is None:
                raise CapabilityError(
                    f"'{self.name}.{ticks.clock.name}' is a periodic clock, but the FMU does not know its interval "
                    "after the initialization. Set the parameters that it depends on"
                )
        self._check(self._functions.leave(), "EnterStepMode")
        self._in_event_mode = False

    def save_state(self) -> object:
        """Keep the complete state."""
        return _Kept(self._co.save_state(), self._in_event_mode, tuple(map(copy, self._ticks)), self._time_event)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        kept = self._own(state)
        self._co.restore_state(kept.inner)
        self._in_event_mode, self._time_event = kept.in_event_mode, kept.time_event
        self._ticks = tuple(map(copy, kept.ticks))

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        self._co.free_state(self._own(state).inner)

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """CapabilityError: the ticks to come are not in the state of the FMU."""
        raise CapabilityError(f"'{self.name}' has events: its state is not turned into bytes. Keep it in this process")

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """CapabilityError, see `serialize_state`."""
        raise CapabilityError(f"'{self.name}' has events: its state is not made from bytes. Keep it in this process")

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Initialize again at t, let its discrete states come to rest, and go on in Step Mode."""
        self._co.restart(t, values)
        self._t = t
        self._begin(t)
        for _ in range(_LIMIT):
            if not self.update().more_needed:
                self.leave()
                return
        raise StepError(
            f"the discrete states of '{self.name}' do not come to rest after a restart at t = {t:.9g} s. Give it other "
            "states",
            component=self.name,
            time=t,
        )

    def terminate(self) -> None:
        """End the run regularly."""
        self._co.terminate()

    def close(self) -> None:
        """Free everything."""
        self._co.close()

    def _begin(self, t: float) -> None:
        self._in_event_mode = True
        self._active.clear()
        for ticks in self._ticks:
            ticks.begin(t)
        self._tick()

    def _tick(self) -> bool:
        """Activate the clocks whose time has come; whether there are any."""
        due = [ticks for ticks in self._ticks if ticks.is_due(self._t)]
        if due:
            self.activate([ticks.clock.name for ticks in due])
            for ticks in due:
                ticks.ticked()
        return bool(due)

    def _ask_intervals(self) -> None:
        for ticks in self._ticks:
            clock = ticks.clock
            if clock.kind in PERIODIC and clock.kind != "calculated" and clock.interval is not None:
                continue
            raw = self._functions.interval(clock)
            self._check(raw.status, f"GetInterval for {clock.name}")
            known = raw.qualifier != NOT_YET_KNOWN
            if raw.qualifier == CHANGED or (known and ticks.interval is None and clock.kind in PERIODIC):
                self._change(ticks, clock, raw.interval)

    def _change(self, ticks: Ticks, clock: Clock, interval: Fraction) -> None:
        least = 0 if clock.kind == "countdown" else 1e-12
        if interval < least:
            raise StepError(
                f"the FMU gives '{self.name}.{clock.name}' the interval {float(interval):.9g} s; it must be positive",
                component=self.name,
                time=self._t,
            )
        ticks.change(interval, self._t)

    def _changes_at_events(self, bundle: Bundle) -> bool:
        known = self._at_events_only.get(bundle)
        if known is None:
            for connector in bundle.connectors:
                if connector.causality is Causality.INPUT and connector.variability is not Variability.CONTINUOUS:
                    raise CapabilityError(f"'{self.name}.{connector.name}' is discrete: it is set in Event Mode only")
            known = self._at_events_only[bundle] = any(c.causality is not Causality.INPUT for c in bundle.connectors)
            if known:
                self._co.fmu.writable(bundle)
        return known

    def _own(self, state: object) -> _Kept:
        if not isinstance(state, _Kept):
            raise CapabilityError(f"'{self.name}': the state belongs to another instance; save a new one")
        return state

    def _check(self, status: int, function: str) -> None:
        self._co.fmu.check(status, function)
