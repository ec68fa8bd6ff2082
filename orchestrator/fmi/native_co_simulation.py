"""The C side of an FMU for Co-Simulation, for a compiled loop."""

from collections.abc import Callable, Sequence
from ctypes import c_void_p, cast
from functools import cached_property
from typing import Any, Final

import numpy as np

from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import DISCARD, OK, RawStep
from orchestrator.fmi.states import KeptState
from orchestrator.instance import Bundle, Status, StepResult
from orchestrator.native import Clock, NativeAnswer, NativeCall
from orchestrator.system.connector import Storage

_DO_STEP: Final = {"1": "fmiDoStep", "2": "fmi2DoStep", "3": "fmi3DoStep"}
_STATE: Final = {"2": "fmi2{}FMUstate", "3": "fmi3{}FMUState"}


class NativeCoSimulation:
    """`Native` of an FMU. FMI 1.0 takes in the place of the flag that a step is a new one, which every step is."""

    repeats_exactly = True
    may_refuse = True
    takes_parts = True

    def __init__(self, fmu: Fmu) -> None:
        library = fmu.library
        self._fmu = fmu
        self._version = fmu.model.fmi_version[0]
        self.is_plain = self._version != "3"
        self.has_stepped = False
        """Whether inputs may have been set that the methods of the instance do not know of."""
        self.handle: Final[int] = int(library.handle)
        self.do_step: Final = address(library.dll[_DO_STEP[self._version]])
        self._after = library.versions.after_step(library.dll, library.handle)

    @property
    def flag(self) -> bool:
        """Whether no state is kept; FMI 1.0: that the step is a new one."""
        return self._version == "1" or self._fmu.states.none_kept

    @cached_property
    def states(self) -> "CoSimulationStates | None":
        """Those of FMI 2.0 and 3.0, where the FMU declares them."""
        if not self._fmu.capabilities.get_set_state:
            return None
        return CoSimulationStates(self._fmu, _STATE[self._version])

    @property
    def time(self) -> float | None:
        """Where the FMU is (s)."""
        return self._fmu.time

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """The calls for a bundle; None for text and bytes, clocks, and aliases with the opposite sign."""
        model = self._fmu.model
        if bundle.storage in (Storage.STRING, Storage.BINARY):
            return None
        if any(connector.name in model.negated or connector.name not in model.types for connector in bundle.connectors):
            return None
        kinds = dict.fromkeys(model.types[connector.name] for connector in bundle.connectors)
        return [self._call(bundle, kind, alone=len(kinds) == 1) for kind in kinds]

    def _call(self, bundle: Bundle, kind: str, *, alone: bool) -> NativeCall:
        access, types = self._fmu.functions.access[kind], self._fmu.model.types
        mine = [connector for connector in bundle.connectors if types[connector.name] == kind]
        sizes = [connector.size for connector in bundle.connectors]
        chosen = np.repeat([types[connector.name] == kind for connector in bundle.connectors], sizes)
        return NativeCall(
            address(access.get),
            address(access.set),
            np.array([connector.reference for connector in mine], dtype=np.uint32),
            access.dtype,
            sum(connector.size for connector in mine),
            None if alone else np.flatnonzero(chosen),
        )

    def begin(self) -> None:
        """CapabilityError where the FMU is not in Step Mode."""
        if self._fmu.phase is not Phase.STEP:
            self._fmu.require("step", Phase.STEP)

    def arrived(self, t: float) -> None:
        """The FMU is at t (s)."""
        self._fmu.time, self.has_stepped = t, True

    def follow(self, clock: Clock) -> None:
        """The FMU is where the clock is."""
        self._fmu.follow(clock)
        self.has_stepped = True

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        """The outcome of a step from t by h (s), as the methods of the instance would tell it."""
        self._fmu.time = t
        raw = RawStep(
            answer.status, answer.reached, answer.early_return, answer.terminate_requested, answer.event_needed
        )
        return outcome(self._fmu, self._after(raw, t, h), h)

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        """A call for a bundle gave a status; a warning is logged."""
        self._fmu.check(status, f"{'Set' if setting else 'Get'} for {named(bundle)}")


class CoSimulationStates:
    """`NativeStates` of an FMU whose functions have this `name`, but for the verb.

    `completed` makes of the FMU's state what the instance keeps, where that is more.
    """

    def __init__(self, fmu: Fmu, name: str) -> None:
        dll = fmu.library.dll
        self.get: Final = address(dll[name.format("Get")])
        self.set: Final = address(dll[name.format("Set")])
        self.free: Final = address(dll[name.format("Free")])
        self.counted: Final = fmu.library.messages.counted
        self.forget: Final = fmu.library.messages.forget
        self.slot: Final = fmu.states.slot
        self._fmu: Final = fmu
        self.failed: Final = fmu.states.failed
        self.completed: Callable[[KeptState], object] = lambda kept: kept

    def adopt(self, slot: int, t: float) -> object:
        """The state in a slot as one that the instance keeps."""
        return self.completed(self._fmu.states.adopt(slot, self._fmu.phase, t))


def address(function: Any) -> int:
    """Where a C function lies; 0 for one that the library lacks."""
    try:
        return cast(function, c_void_p).value or 0
    except TypeError:  # a stand-in for a function that is missing, which is never called
        return 0


def outcome(fmu: Fmu, raw: RawStep, h: float) -> StepResult:
    """What a step by h (s) means; StepError with the FMU's status and messages where it failed."""
    if raw.status == DISCARD:
        return StepResult(Status.DISCARD, raw.time, raw.early_return, raw.terminate_requested, raw.event_needed)
    if raw.status != OK:
        fmu.check(raw.status, f"DoStep with step size {h!r} s")
    fmu.time = raw.time
    return StepResult(Status.OK, raw.time, raw.early_return, raw.terminate_requested, raw.event_needed)
