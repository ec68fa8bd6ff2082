"""The C side of a surrogate, for a compiled loop."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from orchestrator.instance import Bundle, Status, StepResult
from orchestrator.native import NativeAnswer, NativeCall, NativeStates
from orchestrator.system.connector import Storage
from surrogates.machine import Machine

if TYPE_CHECKING:
    from surrogates.instance import SurrogateInstance


class SurrogateStates:
    """`NativeStates` of a surrogate, which logs nothing."""

    def __init__(self, instance: "SurrogateInstance", machine: Machine) -> None:
        self._instance, self._machine = instance, machine
        self.get: Final = machine.functions.keep
        self.set: Final = machine.functions.go_back
        self.free: Final = machine.functions.free
        self.slot: Final = machine.slot
        self._none = np.zeros(1, np.int64)
        self.counted: Final = int(self._none.ctypes.data)

    def adopt(self, slot: int, t: float) -> object:
        """The state in a slot as one that Python knows."""
        return self._instance.adopt(self._machine.taken(slot), t)

    def forget(self, count: int) -> None:
        """There is nothing to quote."""

    def failed(self, status: int, *, setting: bool) -> None:  # noqa: ARG002
        """StepError: there was no memory for a state."""
        self._instance.require(status, self._instance.time, 0.0)


class NativeSurrogate:
    """`Native` of a surrogate. `outside` is the address of a word that is not 0 outside the validity domain."""

    repeats_exactly = True
    may_refuse = False
    flag = False

    def __init__(self, instance: "SurrogateInstance", machine: Machine) -> None:
        self._instance, self._machine = instance, machine
        self.handle: Final = machine.address
        self.do_step: Final = machine.functions.step
        self.outside: Final = machine.outside_address
        self.states: NativeStates | None = SurrogateStates(instance, machine)

    @property
    def time(self) -> float:
        """Where the surrogate is (s)."""
        return self._instance.time

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """One call for a bundle; in the place of references stand the places of its values."""
        if bundle.storage is not Storage.FLOAT64:
            return None
        places = np.ascontiguousarray(self._instance.places(bundle), np.int64)
        functions = self._machine.functions
        return [NativeCall(functions.get, functions.set, places, np.dtype(np.float64), bundle.size)]

    def begin(self) -> None:
        """Nothing to prepare."""

    def arrived(self, t: float) -> None:
        """The surrogate is at t (s)."""
        self._instance.time = t

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        """The outcome of a step from t by h (s); StepError where it failed."""
        self._instance.require(answer.status, t, h)
        self._instance.time = t + h
        return StepResult(Status.OK, t + h)

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        """Setting and getting do not fail."""
