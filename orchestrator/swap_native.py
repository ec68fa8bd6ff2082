"""The C side of an FMU and its surrogate behind one name, for a compiled loop."""

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator import swap_hot as hot
from orchestrator.instance import Bundle, Instance, StepResult, Values
from orchestrator.native import Native, NativeAnswer, NativeCall, NativeStates, native


class Swapping(Protocol):
    """What a swap tells its C side, and is told by it: 1 `measured`, 2 `went_on`."""

    @property
    def incumbent(self) -> Instance:
        """Who is in charge."""
        ...

    @property
    def newcomer(self) -> Instance | None:
        """Who steps beside it."""
        ...

    @property
    def due(self) -> float:
        """The first time (s) at which a change of charge is due; infinite where none is."""
        ...

    @property
    def shadow_reach(self) -> float:
        """How many macro steps ahead a shadow has to begin."""
        ...

    @property
    def is_guarded(self) -> bool:
        """Whether the surrogate hands back where it leaves its validity domain."""
        ...

    def measured(self, steps: int, costs: tuple[Sequence[float], Sequence[float]]) -> None:
        """So many steps were made in the present mode; what those of FMU and surrogate cost (s)."""
        ...

    def went_on(self, result: StepResult, follow: Callable[[Instance], StepResult], t: float, h: float) -> None:
        """The one in charge has stepped from t by h (s); `follow` lets the newcomer."""
        ...


class _Side:
    """FMU or surrogate as compiled functions know it."""

    def __init__(self, instance: Instance, found: Native) -> None:
        self.instance, self.native = instance, found
        self._costs = np.zeros(hot.KEPT, np.int64)
        self.words = np.zeros(hot.SIDE // 8, np.int64)
        self.words[[hot.HANDLE // 8, hot.DO_STEP // 8]] = found.handle, found.do_step
        self.words[hot.COSTS // 8] = self._costs.ctypes.data
        self.address: Final = int(self.words.ctypes.data)

    def begin(self) -> None:
        self.native.begin()
        self.words[hot.FLAG // 8] = self.native.flag

    def stayed(self, t: float) -> None:
        """It was given inputs by address, and has not stepped since it was where it says, or at t (s)."""
        own: float | None = getattr(self.native, "time", None)
        self.native.arrived(t if own is None else own)

    @property
    def answer(self) -> NativeAnswer:
        """What it answered in a shadow."""
        place = hot.ANSWERS // 8
        flags, reached = int(self.words[place]), self.words[place + 1 : place + 2].view(np.float64)
        event, terminate, early = (bool(flags >> shift & 255) for shift in (0, 8, 16))
        return NativeAnswer(int(self.words[hot.STATUS // 8]), event, terminate, early, float(reached[0]))

    def take_costs(self) -> list[float]:
        """What its last steps cost (s), which are forgotten."""
        count = int(self.words[hot.COUNT // 8])
        self.words[hot.COUNT // 8] = 0
        order = np.arange(max(0, count - hot.KEPT), count) % hot.KEPT
        costs: list[float] = (1e-9 * self._costs[order]).tolist()
        return costs


class NativeSwap:
    """`Native` of a swap. The one in charge is stepped and timed by address until a shadow, or a guard, is due.

    In a shadow both step by address, so that their costs compare, and Python looks at each step.
    """

    flag = False
    states: NativeStates | None = None
    """None: what was done and measured is Python's."""

    def __init__(self, swap: Swapping, fmu: tuple[Instance, Native], surrogate: tuple[Instance, Native]) -> None:
        self._swap = swap
        self._fmu, self._surrogate = self._sides = _Side(*fmu), _Side(*surrogate)
        self.repeats_exactly = all(side.native.repeats_exactly for side in self._sides)
        self.may_refuse = any(side.native.may_refuse for side in self._sides)
        self._calls: dict[Bundle, NDArray[np.int64]] = {}
        self._references: list[Values] = []
        self._board = np.zeros(hot.BOARD // 8, np.int64)
        self._put(hot.FMU, self._fmu.address)
        self._put(hot.SURROGATE, self._surrogate.address)
        self._put(hot.CLOCK, ctypes.cast(ctypes.CDLL(None).clock_gettime, ctypes.c_void_p).value or 0)
        self._put(hot.WHICH_CLOCK, time.CLOCK_MONOTONIC)
        self.handle: Final = int(self._board.ctypes.data)
        self.do_step: Final = hot.step_address
        self.aim()

    @classmethod
    def of(cls, swap: Swapping, fmu: Instance, surrogate: Instance) -> "NativeSwap | None":
        """That of a swap; None where one of both has no C side, or a validity domain that it does not show."""
        mine, its = native(fmu), native(surrogate)
        if mine is None or its is None or (hasattr(surrogate, "violation") and not _guard(its)):
            return None
        return cls(swap, (fmu, mine), (surrogate, its))

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """One call for a bundle; None where FMU or surrogate hold its values otherwise than the signals do."""
        both = [side.native.calls(bundle) for side in self._sides]
        words: list[int] = []
        for calls in both:
            if calls is None or len(calls) != 1 or calls[0].elements is not None:
                return None
            (call,) = calls
            if call.dtype != bundle.storage.dtype or call.get == 0:
                return None
            self._references.append(call.references)
            words += [call.set, call.get, int(call.references.ctypes.data), call.references.size]
        table = self._calls[bundle] = np.array([*words, 0], np.int64)
        return [NativeCall(hot.get_address, hot.set_address, table, bundle.storage.dtype, bundle.size)]

    def begin(self) -> None:
        """Both are in Step Mode."""
        for side in self._sides:
            side.begin()
        self.aim()

    def aim(self) -> None:
        """Say who is in charge, and up to when nothing is due."""
        swap = self._swap
        newcomer = swap.newcomer
        self._put(hot.INCUMBENT, self._of(swap.incumbent).address)
        self._put(hot.NEWCOMER, 0 if newcomer is None else self._of(newcomer).address)
        self._board[hot.DUE // 8 : hot.REACH // 8 + 1].view(np.float64)[:] = swap.due, swap.shadow_reach
        self._put(hot.GUARD, _guard(self._surrogate.native) if swap.is_guarded else 0)

    def arrived(self, t: float) -> None:
        """The one in charge is at t (s); the other one, which holds the same inputs, is where it stepped last."""
        self._arrive(t, t)
        self.collect()

    def _arrive(self, t: float, before: float) -> None:
        """The one in charge has come to t (s), from `before`, where nobody else has stepped."""
        incumbent = self._of(self._swap.incumbent)
        for side in self._sides:
            if side is incumbent:
                side.native.arrived(t)
            else:
                side.stayed(before)

    def collect(self) -> None:
        """Let the swap know how many steps were made, and what they cost."""
        steps = int(self._board[hot.STEPS // 8])
        self._put(hot.STEPS, 0)
        if steps:
            self._swap.measured(steps, (self._fmu.take_costs(), self._surrogate.take_costs()))

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        """Look at a step from t by h (s), let the swap go on behind it, and tell its outcome."""
        self.collect()
        incumbent = self._of(self._swap.incumbent)
        both = answer.status == hot.LOOK
        result = incumbent.native.answered(answer._replace(status=0) if both else answer, t, h)
        self._arrive(result.time, t)

        def follow(newcomer: Instance) -> StepResult:
            if not both:
                return newcomer.do_step(t, h)
            beside = self._of(newcomer)
            outcome = beside.native.answered(beside.answer, t, h)
            beside.native.arrived(outcome.time)
            return outcome

        self._swap.went_on(result, follow, t, h)
        self.begin()
        return result

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        """Tell which of both gave a status; where the FMU gave a warning, the surrogate is set behind it."""
        if not setting:
            self._of(self._swap.incumbent).native.failed(status, bundle, setting=False)
            return
        if self._board[hot.REFUSED_BY // 8] == self._fmu.address:
            self._fmu.native.failed(status, bundle, setting=True)
            calls = self._calls[bundle]
            there = int(calls.ctypes.data) + hot.CALL
            status = hot.one_call(self._surrogate.address, there, hot.SET, int(calls[hot.VALUES // 8]), bundle.size)
        if status:
            self._surrogate.native.failed(status, bundle, setting=True)

    def _of(self, instance: Instance) -> _Side:
        return self._fmu if instance is self._fmu.instance else self._surrogate

    def _put(self, place: int, value: int) -> None:
        self._board[place // 8] = value


def _guard(surrogate: Native) -> int:
    """Address of a word that is not 0 where the last step left the validity domain; 0 where there is none."""
    return int(getattr(surrogate, "outside", 0))
