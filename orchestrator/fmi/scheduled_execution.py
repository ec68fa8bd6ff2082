"""Scheduled Execution: an FMU of FMI 3.0 whose model partitions are activated by their clocks, behind the seam.

Without preemption: one activation ends before the next begins, so that FMI's functions that lock and unlock preemption
have nothing to do. A clock update that the FMU reports during an activation is the time to ask it for its countdowns
(FMI 3.0.2 section 5).
"""

from collections import Counter
from collections.abc import Callable, Mapping
from ctypes import c_double, c_uint32
from dataclasses import replace
from pathlib import Path
from typing import Final

from fmpy import fmi3

from orchestrator.errors import CapabilityError, FmuImportError, StepError
from orchestrator.fmi.clocks import Clocks, Ticks, read_clocks
from orchestrator.fmi.clocks_parameters import ClockParameters
from orchestrator.fmi.clocks_state import Bookkeeping, Kept, own, pack, unpack
from orchestrator.fmi.clocks_ticking import Ticking
from orchestrator.fmi.events_description import StepOptions
from orchestrator.fmi.events_functions import IntervalFunctions
from orchestrator.fmi.fmu import OPEN, Fmu, Phase
from orchestrator.fmi.function_table import OK, bound
from orchestrator.fmi.library import Library
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector

_KIND: Final = "ScheduledExecution"
_NEAR: Final = 1e-9
REPETITION_LIMIT: Final = 100
"""How often one partition may be activated at one time, by countdowns of zero that others set."""


def open_scheduled(name: str, path: Path, model: ModelInfo | None = None) -> "ScheduledFmu":
    """Unpack, load and instantiate an FMU for Scheduled Execution as component `name`.

    `model` where it is read already. Raises FmuImportError where that is not possible, or where a clock is none that
    goes by time.
    """
    clocks = read_clocks(path)
    for clock in clocks.by_name.values():
        if clock.causality is not Causality.INPUT or not clock.timed:
            raise FmuImportError(
                f"{path}: clock '{clock.name}' is {clock.causality} and {clock.kind}; in Scheduled Execution input "
                "clocks that tick by time are supported only. Export the FMU for Co-Simulation"
            )
    if not clocks.by_name:
        raise FmuImportError(f"{path}: has no clock that could activate a model partition; export it with clocks")
    model = model or read_model(path)
    updates = _Updates()
    library = Library(name, model, _KIND, StepOptions(clock_update=updates.callback))
    with library.completing():
        return ScheduledFmu(name, model, library, clocks, updates)


class _Updates:
    """The callback by which the FMU reports during an activation that a countdown may have begun.

    The countdowns are asked at once, since the FMU answers until the callback returns; `finished` raises what went
    wrong.
    """

    def __init__(self) -> None:
        self.callback: Final = fmi3.fmi3ClockUpdateCallback(self._reported)
        self.ask: Callable[[], None] | None = None
        self._error: Exception | None = None

    def finished(self) -> None:
        """The activation has ended."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _reported(self, _: int) -> None:
        try:
            if self.ask is not None:
                self.ask()
        except Exception as error:  # none may pass through the FMU
            self._error = error


class ScheduledFmu:
    """One FMU instance; a step from t by h activates every partition whose clock ticks in [t, t + h).

    Activations come in the order of their times, at one time by priority (0 first), then as declared. Inputs are those
    set at t for all of them; outputs are those after the last.
    """

    def __init__(self, name: str, model: ModelInfo, library: Library, clocks: Clocks, updates: _Updates) -> None:
        self.name: Final = name
        self.model: Final = model
        self._fmu = Fmu(name, model, _KIND, library)
        self._activate = bound(library.dll, "fmi3ActivateModelPartition", library.handle, c_uint32, c_double)
        self._clocks = clocks
        ranked = sorted(clocks.by_name.values(), key=lambda clock: clock.priority or 0)
        functions = IntervalFunctions(library.dll, library.handle)
        self._ticking = Ticking(name, ranked, clocks.settings, functions, self._fmu.check)
        self._parameters = ClockParameters(clocks.settings, self._ticking, name)
        self._fmu.last_in_initialization = lambda: self._ticking.prepare(self._fmu.time or 0.0)
        self._updates = updates
        updates.ask = lambda: self._ticking.ask(self._fmu.time or 0.0, (), ("countdown",))

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable but the clocks, in the order of the model description, and what may be set of the clocks."""
        return (*self.model.connectors, *self._clocks.parameters)

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares; values cannot be written into its states."""
        return replace(self._fmu.capabilities, state_write=StateWrite.NONE, directional_derivatives=False)

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly, from the ModelStructure; None where it does not say."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return {**self.model.identity, "executed": "scheduled, without preemption"}

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle; a new interval of a tunable clock takes effect where the next step begins."""
        self._parameters.set(bundle, values, self._fmu.set, stepping=self._fmu.phase is Phase.STEP)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._parameters.get(bundle, values, self._fmu.get)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._fmu.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; CapabilityError names a clock whose interval is not known then."""
        self._fmu.exit_initialization()
        self._ticking.require_intervals()

    def do_step(self, t: float, h: float) -> StepResult:
        """Activate what is due from t on, before t + h; StepError names the partition that failed."""
        self._fmu.require("step", Phase.STEP)
        if self._parameters.wanted:
            self._parameters.take_effect(t)
        end = t + h - _NEAR * h
        repeated: Counter[str] = Counter()
        while (due := self._first(end)) is not None:
            assert due.next is not None
            now = float(due.next)
            if now != self._fmu.time:
                repeated.clear()
            self._activated(due, now)
            repeated[due.clock.name] += 1
            if repeated[due.clock.name] > REPETITION_LIMIT:
                raise self._restless(repeated, now)
        self._fmu.time = t + h
        return StepResult(Status.OK, t + h)

    def save_state(self) -> object:
        """Keep the complete state, and the ticks to come."""
        self._fmu.require("save its state", *OPEN)
        initialized = self._fmu.phase >= Phase.STEP
        book = Bookkeeping(
            self._fmu.time or 0.0,
            None,
            initialized,
            in_event_mode=False,
            active=frozenset(),
            ticks=self._ticking.save(),
        )
        return Kept(self._fmu.states.save(self._fmu.phase, self._fmu.time), book)

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        self._fmu.require("restore a state", *OPEN)
        kept = own(self.name, state)
        inner = self._fmu.states.restore(kept.inner)
        self._fmu.phase, self._fmu.time = Phase(inner.phase), inner.time
        self._ticking.restore(kept.book.ticks)
        self._parameters.forget()

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        if self._fmu.phase < Phase.BROKEN:
            self._fmu.states.free(own(self.name, state).inner)

    def serialize_state(self, state: object) -> bytes:
        """A kept state as bytes, with the ticks to come."""
        self._fmu.require("serialize a state", *OPEN)
        kept = own(self.name, state)
        return pack(kept.book, self._fmu.states.serialize(kept.inner))

    def deserialize_state(self, data: bytes) -> object:
        """A kept state from bytes; CapabilityError where they come from another FMU."""
        self._fmu.require("take a serialized state", *OPEN)
        book, inner = unpack(self.name, data, self._clocks.by_name)
        return Kept(self._fmu.states.deserialize(inner), book)

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """CapabilityError: `state_write` is none."""
        raise CapabilityError(
            f"'{self.name}' cannot be restarted from values: it is executed by its clocks (state_write: "
            f"{StateWrite.NONE}). Export it for Co-Simulation"
        )

    def terminate(self) -> None:
        """End the run regularly."""
        self._fmu.terminate()

    def close(self) -> None:
        """Free everything."""
        self._fmu.close()

    def _first(self, end: float) -> Ticks | None:
        waiting = [ticks for ticks in self._ticking.ticks if ticks.next is not None]
        first = min(waiting, key=lambda ticks: ticks.next or 0, default=None)  # of equal ones the first in rank
        return first if first is not None and float(first.next or 0) < end else None

    def _activated(self, due: Ticks, t: float) -> None:
        clock = due.clock
        self._fmu.time = t
        due.ticked()
        status = self._activate(clock.reference, t)
        if status != OK:
            self._fmu.check(status, f"ActivateModelPartition for {clock.name}")
        self._updates.finished()
        self._ticking.ask(t, (clock.name,), ("tunable", "calculated", "changing"))
        if due.next is not None and float(due.next) <= t:
            raise StepError(
                f"'{self.name}.{clock.name}' would tick again at t = {t!r} s, at which it ticked: activations of a "
                "partition follow each other in time. Ask its supplier for a correction",
                component=self.name,
                time=t,
            )

    def _restless(self, repeated: Counter[str], t: float) -> StepError:
        clocks = ", ".join(f"'{name}'" for name, times in repeated.items() if times >= REPETITION_LIMIT)
        return StepError(
            f"'{self.name}': at t = {t!r} s the partitions of {clocks} have each other activated again without end, by "
            f"countdowns of 0 s; {REPETITION_LIMIT} times were tried. Ask its supplier for a correction",
            component=self.name,
            time=t,
        )
