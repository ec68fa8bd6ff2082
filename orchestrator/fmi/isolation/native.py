"""The C side of a component in a process of its own, for a compiled loop."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.isolation import hot
from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.instance import IsolatedInstance
from orchestrator.fmi.isolation.named_slot import NamedSlot
from orchestrator.instance import Bundle, StepResult, Values
from orchestrator.native import NativeAnswer, NativeCall, NativeSlopes, NativeStates
from orchestrator.system.connector import Storage


class _Slot:
    """The memory of a slot as compiled functions know it, in one of its arrays: words and its table of runs.

    `next_order` is the same of the derivatives of the next order.
    """

    def __init__(self, slot: NamedSlot, array: Values, next_order: "_Slot | None" = None) -> None:
        self.number = slot.number
        runs = [(array.ctypes.data + array.itemsize * first, count) for first, count in _runs(slot)]
        self._runs, self._next_order = np.array(runs, np.int64), next_order
        ends = self._runs.ctypes.data, self._runs.ctypes.data + self._runs.nbytes
        further = 0 if next_order is None else next_order.address
        self.words = np.array([slot.number, box.MAX_SLOTS, array.itemsize, 0, *ends, further], np.int64)
        self.address: int = int(self.words.ctypes.data)


class NativeIsolated:
    """`Native` of an `IsolatedInstance`, which finishes what compiled functions do not do themselves."""

    may_refuse = True
    flag = False

    def __init__(self, instance: IsolatedInstance, waiting: NDArray[np.int64], *, repeats_exactly: bool) -> None:
        self._instance = instance
        self.repeats_exactly = repeats_exactly
        self._board = np.zeros(hot.BOARD // 8, np.int64)
        self._board[hot.WAITING // 8] = waiting.ctypes.data
        self._slots: dict[int, _Slot] = {}
        self.handle: Final = int(self._board.ctypes.data)
        self.do_step: Final = hot.step_address
        can = repeats_exactly and instance.capabilities.get_set_state
        self.states: NativeStates | None = IsolatedStates(self, instance, int(waiting[0])) if can else None

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """One call for a bundle, None for text and bytes; in the place of references it is a slot."""
        if bundle.storage in (Storage.STRING, Storage.BINARY):
            return None
        mine = self._slot(self._instance.slot(bundle))
        if mine is None:
            return None
        dtype = bundle.storage.dtype
        return [NativeCall(hot.get_address, hot.set_address, mine.words, dtype, bundle.size)]

    def slopes(self, bundle: Bundle, *, give: bool) -> NativeSlopes | None:
        """The call that gives the derivatives of inputs, or reads those of outputs; None where there are too many."""
        mine = self._slot(self._instance.slot(bundle, slopes=True))
        if mine is None:
            return None
        function = hot.give_slopes_address if give else hot.read_slopes_address
        return NativeSlopes(function, self.handle, mine.words)

    def _slot(self, slot: NamedSlot) -> _Slot | None:
        mine = self._slots.get(slot.number)
        if mine is None and len(self._slots) < box.MOST_SLOTS and slot.array is not None:
            second = None if slot.curvatures is None else _Slot(slot, slot.curvatures)
            mine = self._slots[slot.number] = _Slot(slot, slot.array, second)
        return mine

    @property
    def time(self) -> float | None:
        """Where the component is (s)."""
        return self._instance.time

    @property
    def reads(self) -> list[int]:
        """The slots that are read after each step."""
        return self._listed(hot.READS)

    def begin(self) -> None:
        """Put what waits to be set, and what was read last, on the board; CapabilityError where the process is gone."""
        waits, read = self._instance.lend()
        self._board[hot.ANSWERED // 8] = -1
        self._board[hot.SETS // 8] = 0
        for number in waits:
            hot.list_once(self.handle + hot.SETS, number)
        for number in read:
            self._read(number)

    def arrived(self, t: float) -> None:
        """The component is at t (s); what it was given since then waits for its next step."""
        self._instance.take_back(t, self._listed(hot.SETS), self.reads)
        self._board[hot.SETS // 8] = 0

    @property
    def outcome(self) -> int:
        """How waiting for the last answer ended."""
        return int(self._board[hot.OUTCOME // 8])

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:  # noqa: ARG002
        """Wait on where that takes long, and tell the outcome of the step from t by h (s)."""
        return self._instance.finish_step(self.outcome, t, h, tuple(self.reads))

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:  # noqa: ARG002
        """Read a bundle that was not read after the step: only from the next one on the process knows that it is to."""
        slot = self._instance.slot(bundle)
        mine = self._slots[slot.number]
        self._read(slot.number)
        self._instance.read(slot)
        hot.take(mine.address, int(mine.words[hot.WANTED // 8]))

    def _listed(self, place: int) -> list[int]:
        first = place // 8 + 1
        return [int(number) for number in self._board[first : first + int(self._board[first - 1])]]

    def _read(self, number: int) -> None:
        """Have a slot read after each step from now on."""
        mine = self._slots.get(number)
        if mine is not None and mine.words[hot.PLACE // 8] == box.MAX_SLOTS:
            mine.words[hot.PLACE // 8] = self._board[hot.READS // 8]
            hot.list_once(self.handle + hot.READS, number)


class IsolatedStates:
    """`NativeStates` of a component, which its process keeps by numbers; `mailbox` is an address."""

    def __init__(self, found: NativeIsolated, instance: IsolatedInstance, mailbox: int) -> None:
        self._found, self._instance = found, instance
        self.get, self.set, self.free = hot.keep_address, hot.go_back_address, hot.release_address
        self.counted: Final = mailbox + 8 * box.LOGGED
        self._slots: list[NDArray[np.int64]] = []

    def slot(self) -> int:
        """Address of the number of one kept state, 0 at first."""
        self._slots.append(np.zeros(1, np.int64))
        return int(self._slots[-1].ctypes.data)

    def adopt(self, slot: int, t: float) -> object:  # noqa: ARG002
        """The state in a slot as one that the instance keeps; the slot is empty then."""
        place = next(each for each in self._slots if each.ctypes.data == slot)
        number, place[0] = int(place[0]), 0
        return self._instance.adopt(number)

    def forget(self, count: int) -> None:  # noqa: ARG002
        """Hand on none of the messages of what is taken back: whoever makes it once more gives them again."""
        self._instance.forget_messages()

    def failed(self, status: int, *, setting: bool) -> None:  # noqa: ARG002
        """Raise what went wrong as a state was kept, or gone back to; messages alone are handed on."""
        self._instance.finish_state(self._found.outcome, setting=setting)


def _runs(slot: NamedSlot) -> list[tuple[int, int]]:
    """Which values of its array a slot has: where each run of neighbours begins, and how many they are."""
    if isinstance(slot.selection, slice):
        return [(slot.selection.start, slot.selection.stop - slot.selection.start)]
    places = slot.selection.tolist()
    begins = [index for index, place in enumerate(places) if index == 0 or place != places[index - 1] + 1]
    return [(places[first], end - first) for first, end in zip(begins, [*begins[1:], len(places)], strict=True)]
