"""Model Exchange with clocks: an FMU of FMI 3.0 with a solver here, and Event Mode behind the `EventInstance` seam.

What concerns this FMU alone stays inside, as without clocks: jumps of inputs, state events, step events. Where a clock
ticks, all components have an event, and a step ends there. Ticks by time and time events are known before.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from orchestrator.errors import CapabilityError, FmuImportError, StepError
from orchestrator.fmi.clocks import Clocks, read_clocks
from orchestrator.fmi.clocks_state import Bookkeeping, Kept, own, pack, unpack
from orchestrator.fmi.events_clocks import EventClocks
from orchestrator.fmi.exchange_functions import Update
from orchestrator.fmi.fmu import Phase
from orchestrator.fmi.model_exchange import ModelExchangeFmu, open_exchange
from orchestrator.fmi.model_exchange_integration import EVENT_ITERATIONS, EVENTS_AT_ONCE, SOLVER_STEPS
from orchestrator.fmi.variables import ModelInfo
from orchestrator.instance import Bundle, Capabilities, DiscreteUpdate, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector
from orchestrator.system.description import Solver

_NEAR: Final = 1e-9


def open_clocked_exchange(name: str, model: ModelInfo, solver: Solver) -> "ClockedExchangeFmu":
    """Unpack, load and instantiate an FMU with clocks for Model Exchange as component `name`.

    Raises as `open_exchange` does, and FmuImportError where the binary lacks the functions of clocks.
    """
    clocks = read_clocks(model.path)
    exchange = open_exchange(name, model, solver)
    try:
        return ClockedExchangeFmu(exchange, clocks)
    except AttributeError as error:  # as ctypes puts it where a function is missing
        exchange.close()
        raise FmuImportError(
            f"{model.path}: its binary cannot be used with clocks: {error}. It lacks a function of the standard: ask "
            "its supplier for a complete export"
        ) from error


class ClockedExchangeFmu:
    """One FMU instance, its solver and its clocks; it is its own `event_mode`.

    Tunable parameters and intervals written between steps wait for the next event, which they ask for.
    """

    def __init__(self, exchange: ModelExchangeFmu, clocks: Clocks) -> None:
        self.name: Final = exchange.name
        self.clocked: Final[Mapping[str, Collection[str]]] = clocks.clocked
        self._exchange = exchange
        self._fmu = exchange.fmu
        self._described = clocks
        self._connectors = (*exchange.connectors, *clocks.connectors)
        self._clocks = EventClocks(exchange.fmu, clocks)
        self._outside = False
        self._nominals_changed = True
        self._waiting: dict[Bundle, Values] = {}

    @property
    def event_mode(self) -> "ClockedExchangeFmu":
        """Its events."""
        return self

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable, every clock, and what may be set of clocks."""
        return self._connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares; a step may end early where a clock may tick that is not known beforehand."""
        return replace(self._exchange.capabilities, may_return_early=self._clocks.unforeseen)

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly; a clock on none, its ticks are found by iteration."""
        return self._described.feedthrough(self._exchange.feedthrough)

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return self._exchange.identity

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
        times = (self._clocks.ticking.next_time, self._exchange.running.next_event)
        return min((time for time in times if time is not None), default=None)

    @property
    def wanted(self) -> bool:
        """Whether a parameter or interval waits for the next event."""
        return bool(self._waiting) or self._clocks.parameters.wanted

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; between steps tunable parameters wait."""
        stepping = self._fmu.phase is Phase.STEP
        self._clocks.parameters.set(bundle, values, self._set, stepping=stepping)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._clocks.parameters.get(bundle, values, self._fmu.get)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._exchange.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode for Event Mode."""
        self._fmu.exit_initialization()
        self._exchange.running.start(self._fmu.time or 0.0)
        self._begin()

    def do_step(self, t: float, h: float) -> StepResult:
        """Integrate from t by h, or to where a clock ticks; other events before t + h are handled on the way."""
        if self._outside:
            raise CapabilityError(f"'{self.name}' cannot step: it is in Event Mode; see the call order of EventMode")
        self._fmu.require("step", Phase.STEP)
        running, end = self._exchange.running, t + h
        running.require_at(t, h)
        concerns_all = running.in_event_mode and not self._settled()
        last, events, at_once = t, 0, 0
        while running.time < end and not running.terminated and not concerns_all:
            stop = self._stop(end, h)
            event = running.advance_to_event(stop, keeps_no_state=self._fmu.states.none_kept)
            if not event or running.time >= end:
                concerns_all = event or stop < end  # a countdown that began in this step has come to its end
                continue
            at_once = at_once + 1 if running.time - last <= 8 * math.ulp(last) else 1
            last, events = running.time, events + 1
            if at_once > EVENTS_AT_ONCE or events > SOLVER_STEPS:
                raise self._restless(f"{events} events of one step")
            running.open()
            concerns_all = not self._settled()
        time = self._fmu.time = min(end, running.time)
        if running.terminated or not concerns_all:
            return StepResult(Status.OK, time, terminate_requested=running.terminated)
        return StepResult(Status.OK, time, early_return=time < end, event_needed=True)

    def enter(self, t: float) -> None:
        """Enter Event Mode, give the parameters that waited, and activate the clocks that are due."""
        self._fmu.require("enter Event Mode", Phase.STEP)
        running = self._exchange.running
        running.open()
        self._outside, self._fmu.time = True, t
        self._nominals_changed = False
        for bundle, values in self._waiting.items():
            self._exchange.set(bundle, values)
        self._waiting.clear()
        self._clocks.parameters.take_effect(t)
        self._clocks.tick(t)

    def activate(self, clocks: Collection[str]) -> None:
        """Activate triggered input clocks."""
        self._fmu.require("activate clocks", Phase.STEP)
        self._clocks.activate(clocks)

    def active(self) -> Collection[str]:
        """Clocks that are active now."""
        self._fmu.require("tell its active clocks", Phase.STEP)
        return self._clocks.active()

    def update(self) -> DiscreteUpdate:
        """Compute the discrete states anew, then take new intervals and the next time event."""
        self._fmu.require("update its discrete states", Phase.STEP)
        raw = self._updated()
        return DiscreteUpdate(raw.again, raw.terminate, raw.nominals_changed)

    def leave(self) -> None:
        """Leave Event Mode for Continuous-Time Mode."""
        self._fmu.require("leave Event Mode", Phase.STEP)
        self._clocks.ticking.require_intervals()
        self._outside = False
        running = self._exchange.running
        if not running.terminated:
            running.leave(nominals_changed=self._nominals_changed)

    def save_state(self) -> object:
        """Keep the complete state."""
        inner = self._exchange.save_state()
        initialized = self._fmu.phase >= Phase.STEP
        where = self._fmu.time or 0.0, None, initialized, self._outside
        return Kept(inner, Bookkeeping(*where, *self._clocks.save()))

    def restore_state(self, state: object) -> None:
        """Go back to a kept state; what waited for the next event is forgotten."""
        kept = own(self.name, state)
        self._exchange.restore_state(kept.inner)
        self._outside = kept.book.in_event_mode
        self._clocks.restore(kept.book.active, kept.book.ticks)
        self._waiting.clear()

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        self._exchange.free_state(own(self.name, state).inner)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, with the ticks to come."""
        kept = own(self.name, state)
        return pack(kept.book, self._exchange.serialize_state(kept.inner))

    def deserialize_state(self, data: bytes) -> object:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        book, inner = unpack(self.name, data, self._described.by_name)
        return Kept(self._exchange.deserialize_state(inner), book)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:
        """Write states and go on at t in Continuous-Time Mode; after a reset the clocks begin anew."""
        self._exchange.restart(t, values)
        self._exchange.running.open()
        self._fmu.time = t
        self._clocks.tick(t)
        for _ in range(EVENT_ITERATIONS):
            if not self._updated().again:
                self.leave()
                return
        raise self._restless(f"{EVENT_ITERATIONS} updates after a restart")

    def terminate(self) -> None:
        """End the run regularly."""
        self._exchange.terminate()

    def close(self) -> None:
        """Free everything."""
        self._exchange.close()

    def _set(self, bundle: Bundle, values: Values) -> None:
        inputs = all(connector.causality is Causality.INPUT for connector in bundle.connectors)
        if self._fmu.phase is Phase.STEP and not self._outside and not inputs:
            self._fmu.writable(bundle)
            self._waiting[bundle] = values.copy()
            return
        self._exchange.set(bundle, values)

    def _begin(self) -> None:
        self._outside, self._nominals_changed = True, True
        self._clocks.begin(self._fmu.time or 0.0)

    def _stop(self, end: float, h: float) -> float:
        """The next tick, where it lies truly before the end of the step."""
        tick = self._clocks.ticking.next_time
        return end if tick is None or tick > end - _NEAR * h else max(tick, self._exchange.running.time)

    def _settled(self) -> bool:
        """Handle an event inside; False where a clock ticks, which is an event of all components."""
        self._nominals_changed = False
        for _ in range(EVENT_ITERATIONS):
            if self._clocks.active():
                return False
            raw = self._exchange.running.update()
            self._nominals_changed = self._nominals_changed or raw.nominals_changed
            if not raw.again or raw.terminate:
                break
        else:
            raise self._restless(f"{EVENT_ITERATIONS} updates of an event")
        self._clocks.ticking.ask(self._exchange.running.time, ())
        self.leave()
        return True

    def _updated(self) -> Update:
        raw = self._exchange.running.update()
        self._nominals_changed = self._nominals_changed or raw.nominals_changed
        return raw._replace(again=self._clocks.updated(self._fmu.time or 0.0, more=raw.again) or raw.again)

    def _restless(self, what: str) -> StepError:
        t = self._exchange.running.time
        return StepError(
            f"the discrete states of '{self.name}' do not come to rest in {what} at t = {t:.9g} s. Check its "
            "parameters and inputs, or its model",
            component=self.name,
            time=t,
        )
