"""Scheduled Execution: an FMU of FMI 3.0 whose model partitions are activated by their clocks, behind the seam.

Without preemption: one activation ends before the next begins, so that FMI's functions that lock and unlock preemption
have nothing to do, and a clock update reported during an activation has nobody to interrupt (FMI 3.0.2 section 5).
"""

from collections.abc import Mapping
from copy import copy
from ctypes import c_double, c_uint32
from pathlib import Path
from typing import Final, NamedTuple

from orchestrator.errors import CapabilityError, FmuImportError
from orchestrator.fmi.clocks import NOT_YET_KNOWN, PERIODIC, Clock, Ticks, read_clocks
from orchestrator.fmi.events_functions import EventFunctions
from orchestrator.fmi.fmu import OPEN, Fmu, Phase
from orchestrator.fmi.function_table import OK, bound
from orchestrator.fmi.library import Library
from orchestrator.fmi.states import KeptState
from orchestrator.fmi.variables import ModelInfo, read_model
from orchestrator.instance import Bundle, Capabilities, StateWrite, Status, StepResult, Values
from orchestrator.system.connector import Causality, Connector

_KIND: Final = "ScheduledExecution"
_NEAR: Final = 1e-9


def open_scheduled(name: str, path: Path) -> "ScheduledFmu":
    """Unpack, load and instantiate an FMU for Scheduled Execution as component `name`.

    Raises FmuImportError where that is not possible, or where a clock is none that goes by time with a known period.
    """
    clocks = tuple(read_clocks(path).by_name.values())
    for clock in clocks:
        if clock.causality is not Causality.INPUT or clock.kind not in PERIODIC:
            raise FmuImportError(
                f"{path}: clock '{clock.name}' is {clock.causality} and {clock.kind}; in Scheduled Execution periodic "
                "input clocks are supported only. Export the FMU for Co-Simulation"
            )
    if not clocks:
        raise FmuImportError(f"{path}: has no clock that could activate a model partition; export it with clocks")
    model = read_model(path)
    return ScheduledFmu(name, model, Library(name, model, _KIND), clocks)


class _Kept(NamedTuple):
    state: KeptState
    ticks: tuple[Ticks, ...]


class ScheduledFmu:
    """One FMU instance; a step from t by h activates every partition whose clock ticks in [t, t + h).

    Activations come in the order of their times, at one time by priority (0 first), then as declared. Inputs are those
    set at t for all of them; outputs are those after the last.
    """

    def __init__(self, name: str, model: ModelInfo, library: Library, clocks: tuple[Clock, ...]) -> None:
        self.name: Final = name
        self.model: Final = model
        self._library = library
        self._fmu = Fmu(name, model, _KIND, library)
        self._activate = bound(library.dll, "fmi3ActivateModelPartition", library.handle, c_uint32, c_double)
        ranked = sorted(clocks, key=lambda clock: clock.priority or 0)
        self._ticks = tuple(Ticks(clock) for clock in ranked)

    @property
    def connectors(self) -> tuple[Connector, ...]:
        """Every variable but the clocks, in the order of the model description."""
        return self.model.connectors

    @property
    def capabilities(self) -> Capabilities:
        """What the FMU declares; its ticks are not in its state, which therefore has no bytes."""
        declared = self._fmu.capabilities
        return Capabilities(get_set_state=declared.get_set_state, once_per_process=declared.once_per_process)

    @property
    def feedthrough(self) -> Mapping[str, tuple[str, ...] | None]:
        """Inputs that each output depends on directly, from the ModelStructure; None where it does not say."""
        return self.model.feedthrough

    @property
    def identity(self) -> Mapping[str, str]:
        """What ran, for the record."""
        return {**self.model.identity, "executed": "scheduled, without preemption"}

    def set(self, bundle: Bundle, values: Values) -> None:
        """Write a bundle."""
        self._fmu.set(bundle, values)

    def get(self, bundle: Bundle, values: Values) -> None:
        """Read a bundle."""
        self._fmu.get(bundle, values)

    def enter_initialization(self, start: float, stop: float | None, tolerance: float | None) -> None:
        """Enter Initialization Mode."""
        self._fmu.enter_initialization(start, stop, tolerance)

    def exit_initialization(self) -> None:
        """Leave Initialization Mode; CapabilityError names a clock whose interval is not known then."""
        self._fmu.exit_initialization()
        start = self._fmu.time or 0.0
        for ticks in self._ticks:
            ticks.begin(start)
            if ticks.clock.interval is None or ticks.clock.kind == "calculated":
                self._ask(ticks, start)

    def do_step(self, t: float, h: float) -> StepResult:
        """Activate what is due from t on, before t + h; StepError names the partition that failed."""
        self._fmu.require("step", Phase.STEP)
        end = t + h - _NEAR * h
        while (due := self._first(end)) is not None:
            assert due.next is not None
            self._fmu.time = float(due.next)
            status = self._activate(due.clock.reference, self._fmu.time)
            if status != OK:
                self._fmu.check(status, f"ActivateModelPartition for {due.clock.name}")
            due.ticked()
        self._fmu.time = t + h
        return StepResult(Status.OK, t + h)

    def save_state(self) -> object:
        """Keep the complete state, and the ticks to come."""
        self._fmu.require("save its state", *OPEN)
        return _Kept(self._fmu.states.save(self._fmu.phase, self._fmu.time), tuple(map(copy, self._ticks)))

    def restore_state(self, state: object) -> None:
        """Go back to a kept state."""
        self._fmu.require("restore a state", *OPEN)
        kept = self._own(state)
        inner = self._fmu.states.restore(kept.state)
        self._fmu.phase, self._fmu.time = Phase(inner.phase), inner.time
        self._ticks = tuple(map(copy, kept.ticks))

    def free_state(self, state: object) -> None:
        """Release a kept state."""
        if self._fmu.phase < Phase.BROKEN:
            self._fmu.states.free(self._own(state).state)

    def serialize_state(self, state: object) -> bytes:  # noqa: ARG002
        """CapabilityError."""
        raise self._cannot("turn its state into bytes")

    def deserialize_state(self, data: bytes) -> object:  # noqa: ARG002
        """CapabilityError."""
        raise self._cannot("make a state from bytes")

    def restart(self, t: float, values: Mapping[str, Values]) -> None:  # noqa: ARG002
        """CapabilityError: `state_write` is none."""
        raise self._cannot("be restarted from values")

    def terminate(self) -> None:
        """End the run regularly."""
        self._fmu.terminate()

    def close(self) -> None:
        """Free everything."""
        self._fmu.close()

    def _first(self, end: float) -> Ticks | None:
        waiting = [ticks for ticks in self._ticks if ticks.next is not None]
        first = min(waiting, key=lambda ticks: ticks.next or 0, default=None)  # of equal ones the first in rank
        return first if first is not None and float(first.next or 0) < end else None

    def _ask(self, ticks: Ticks, start: float) -> None:
        raw = EventFunctions(self._library.dll, self._library.handle).interval(ticks.clock)
        self._fmu.check(raw.status, f"GetInterval for {ticks.clock.name}")
        if raw.qualifier == NOT_YET_KNOWN or raw.interval <= 0:
            raise CapabilityError(
                f"'{self.name}.{ticks.clock.name}': the FMU gives no interval after the initialization. Set the "
                "parameters that it depends on"
            )
        ticks.change(raw.interval, start)

    def _own(self, state: object) -> _Kept:
        if not isinstance(state, _Kept):
            raise CapabilityError(f"'{self.name}': the state belongs to another instance; save a new one")
        return state

    def _cannot(self, what: str) -> CapabilityError:
        return CapabilityError(
            f"'{self.name}' cannot {what}: it is executed by its clocks (state_write: {StateWrite.NONE}). Export it "
            "for Co-Simulation"
        )
