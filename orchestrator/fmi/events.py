"""Event Mode: a Co-Simulation FMU of FMI 3.0 with events and clocks behind the `EventInstance` seam."""

from collections.abc import Collection, Mapping
from typing import Final

from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.clocks import Clocks
from orchestrator.fmi.clocks_state import Bookkeeping, Kept, own, pack, unpack
from orchestrator.fmi.co_simulation import CoSimulationFmu
from orchestrator.fmi.events_clocks import EventClocks
from orchestrator.fmi.events_functions import EventFunctions
from orchestrator.fmi.fmu import Phase
from orchestrator.instance import (
    Bundle,
    Capabilities,
    DirectionalDerivatives,
    DiscreteUpdate,
    InputSlopes,
    OutputSlopes,
    StepResult,
    Values,
)
from orchestrator.native import Native
from orchestrator.system.connector import Causality, Connector, Variability

_LIMIT: Final = 100


class EventFmu:
    """One FMU instance that was instantiated with Event Mode; it is its own `event_mode`.

    Its clocks are connectors beside its variables. Tunable parameters and intervals written in Step Mode wait for the
    next event, which they ask for. Kept states hold the ticks to come beside the state of the FMU.
    """

    def __init__(self, fmu: CoSimulationFmu, clocks: Clocks) -> None:
        self.name: Final = fmu.name
        self.clocked: Final[Mapping[str, Collection[str]]] = clocks.clocked
        self._co = fmu
        self._described = clocks
        self._connectors = (*fmu.connectors, *clocks.connectors)
        self._clocks = EventClocks(fmu.fmu, clocks)
        self._functions = EventFunctions(fmu.fmu.library.dll, fmu.fmu.library.handle)
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
    def native(self) -> Native | None:
        """Its C side in Step Mode, in which nothing changes of what it keeps beside the state of the FMU."""
        found = self._co.native
        if found is not None and found.states is not None:
            found.states.completed = self._kept
        return found

    @property
    def input_slopes(self) -> InputSlopes | None:
        """Where the slopes of its inputs go."""
        return self._co.input_slopes

    @property
    def output_slopes(self) -> OutputSlopes | None:
        """Where the slopes of its outputs come from."""
        return self._co.output_slopes

    @property
    def directional_derivatives(self) -> DirectionalDerivatives | None:
        """How its outputs follow its inputs."""
        return self._co.directional_derivatives

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, every clock, and what may be set of clocks."""
        return self._connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares."""
        return self._co.capabilities

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly; a clock on none, its ticks are found by iteration."""
        return self._described.feedthrough(self._co.feedthrough)

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return self._co.identity

    @property
    def clocks(self) -> Collection[str]:
        """Names of all clocks."""
        return self._described.by_name.keys()

    @property
    def timed(self) -> Collection[str]:
        """Names of the clocks that tick by time."""
        return self._clocks.ticking.names

    @property
    def next_time(self) -> float | None:
        """Time (s) of the next tick or time event."""
        times = (self._clocks.ticking.next_time, self._time_event)
        return min((time for time in times if time is not None), default=None)

    @property
    def wanted(self) -> bool:
        """Whether a parameter or interval waits for the next event."""
        return bool(self._waiting) or self._clocks.parameters.wanted

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; in Step Mode tunable parameters wait, and discrete inputs are refused."""
        self._clocks.parameters.set(bundle, values, self._set, stepping=self._initialized)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._clocks.parameters.get(bundle, values, self._co.get)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._co.enter_initialization(start, stop, tolerance)
        self._t = start

    def exit_initialization(self) -> None:
        """Leave Initialization Mode for Event Mode."""
        self._co.exit_initialization()
        self._initialized = True
        self._begin()

    def do_step(self, t: float, h: float) -> StepResult:
        """Advance from t by h."""
        if self._in_event_mode:
            raise CapabilityError(f"'{self.name}' cannot step: it is in Event Mode; see the call order of EventMode")
        return self._co.do_step(t, h)

    def enter(self, t: float) -> None:
        """Enter Event Mode, give the parameters that waited, and activate the clocks that are due."""
        self._require("enter Event Mode")
        self._check(self._functions.enter(), "EnterEventMode")
        self._in_event_mode, self._t = True, t
        self._co.fmu.time = t
        for bundle, values in self._waiting.items():
            self._co.set(bundle, values)
        self._waiting.clear()
        self._clocks.parameters.take_effect(t)
        self._clocks.tick(t)

    def activate(self, clocks: Collection[str]) -> None:
        """Activate triggered input clocks."""
        self._require("activate clocks")
        self._clocks.activate(clocks)

    def active(self) -> Collection[str]:
        """Clocks that are active now."""
        self._require("tell its active clocks")
        return self._clocks.active()

    def update(self) -> DiscreteUpdate:
        """Compute the discrete states anew, then take new intervals and the next time event."""
        self._require("update its discrete states")
        raw = self._functions.update()
        self._check(raw.status, "UpdateDiscreteStates")
        self._time_event = raw.next_time
        if raw.next_time is not None and raw.next_time < self._t:
            raise StepError(
                f"'{self.name}' announces an event at {raw.next_time!r} s, which lies before t = {self._t!r} s. Ask "
                "its supplier for a correction",
                component=self.name,
                time=self._t,
            )
        more = raw.update.more_needed
        return raw.update._replace(more_needed=self._clocks.updated(self._t, more=more) or more)

    def leave(self) -> None:
        """Leave Event Mode for Step Mode."""
        self._require("leave Event Mode")
        self._clocks.ticking.require_intervals()
        self._check(self._functions.leave(), "EnterStepMode")
        self._in_event_mode = False

    def save_state(self) -> object:
        """Keep the complete state."""
        return self._kept(self._co.save_state())

    def _kept(self, inner: object) -> Kept:
        where = self._t, self._time_event, self._initialized, self._in_event_mode
        return Kept(inner, Bookkeeping(*where, *self._clocks.save()))

    def restore_state(self, state: object) -> None:
        """Go back to a kept state; what waited for the next event is forgotten."""
        kept = own(self.name, state)
        self._co.restore_state(kept.inner)
        book = kept.book
        self._t, self._time_event, self._initialized = book.t, book.time_event, book.initialized
        self._in_event_mode = book.in_event_mode
        self._clocks.restore(book.active, book.ticks)
        self._waiting.clear()

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        self._co.free_state(own(self.name, state).inner)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, with the ticks and events to come."""
        kept = own(self.name, state)
        return pack(kept.book, self._co.serialize_state(kept.inner))

    def deserialize_state(self, data: bytes) -> object:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        book, inner = unpack(self.name, data, self._described.by_name)
        return Kept(self._co.deserialize_state(inner), book)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Initialize again at t, let its discrete states come to rest, and go on in Step Mode."""
        self._co.restart(t, values)
        self._t = t
        self._begin()
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

    def _set(self, bundle: Bundle, values: Values) -> None:
        if self._initialized and not self._in_event_mode and self._changes_at_events(bundle):
            self._waiting[bundle] = values.copy()
            return
        self._co.set(bundle, values)

    def _begin(self) -> None:
        self._in_event_mode = True
        self._clocks.begin(self._t)

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

    def _require(self, doing: str) -> None:
        """No call may follow the end of the run, or a fatal error of another instance of the FMU."""
        if self._co.fmu.phase is not Phase.STEP:
            self._co.fmu.require(doing, Phase.STEP)

    def _check(self, status: int, function: str) -> None:
        self._co.fmu.check(status, function)
