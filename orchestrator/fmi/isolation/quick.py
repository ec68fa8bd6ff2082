"""Quick: steps of a component in its process, by the addresses of its functions.

Most steps set the same bundles as the one before, and read the same ones. Where a step has gone well in Python, those
that follow with the same lists call the functions of the FMU alone, with arguments made once, and values that they find
and leave in the mailbox. A status, or anything else that is said, is told as Python would tell it.
"""

from collections.abc import Callable
from ctypes import CFUNCTYPE, c_double, c_int, c_size_t, c_void_p
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from orchestrator.fmi.isolation import mailbox as box
from orchestrator.fmi.isolation.mailbox import Layout, Mailbox
from orchestrator.instance import Bundle, Instance, Status
from orchestrator.native import Native, NativeAnswer, native

_VALUES: Final = CFUNCTYPE(c_int, c_void_p, c_void_p, c_size_t, c_void_p, c_size_t)
_STEP: Final = CFUNCTYPE(c_int, c_void_p, c_double, c_double, c_int, c_void_p, c_void_p, c_void_p, c_void_p)


class Calls(NamedTuple):
    """What sets a bundle, and reads it; `memory` is what they know it by."""

    bundle: Bundle
    set: Callable[[], int]
    get: Callable[[], int]
    memory: object


class Quick:
    """Steps with the same lists again and again: 1 `learn` one that Python has made, 2 `knows` and `step`, repeated.

    Before Python does anything else with the instance 3 `settle`.
    """

    def __init__(self, instance: Instance, mailbox: Mailbox, layout: Layout) -> None:
        self._mailbox, self._layout = mailbox, layout
        self._native: Native | None = native(instance)
        self._bundles: list[Calls | None] = []
        self._known: tuple[list[int], list[int]] | None = None
        self._sets: list[Calls] = []
        self._reads: list[Calls] = []
        self._answers = np.zeros(2, np.int64)
        self._said = self._answers.data
        self._reached = self._answers.view(np.float64).data
        self._begun = False
        self._time = 0.0
        if self._native is not None:
            first = self._answers.ctypes.data
            self._step = partial(_STEP(self._native.do_step), self._native.handle)
            self._places = first, first + 1, first + 2, first + 8

    def add(self, bundle: Bundle | None) -> None:
        """The next slot is one for a bundle, or something else (None)."""
        self._bundles.append(None if bundle is None or self._native is None else self._calls(bundle, self._native))

    def learn(self, sets: list[int], reads: list[int]) -> None:
        """Python has made a step with these lists of slots."""
        given, taken = ([self._bundles[number] for number in numbers] for numbers in (sets, reads))
        if self._native is not None and None not in given and None not in taken:
            self._sets, self._reads = ([each for each in calls if each] for calls in (given, taken))
            self._known = sets, reads

    def knows(self, sets: list[int], reads: list[int]) -> bool:
        """Whether the step before had the same lists."""
        return self._known is not None and self._known == (sets, reads)

    def step(self) -> int:
        """Make the step that the mailbox asks for; how it ended."""
        assert self._native is not None
        numbers = self._mailbox.numbers
        t, h = numbers[box.TIME], numbers[box.STEP]
        if not self._begun:
            self._native.begin()
            self._flag, self._begun = self._native.flag, True
        try:
            return self._made(self._native, t, h)
        except BaseException:
            self._begun = False
            raise

    def settle(self) -> None:
        """Let the methods of the instance know of the steps that were made."""
        if self._begun and self._native is not None:
            self._native.arrived(self._time)
            self._begun = False

    def _made(self, found: Native, t: float, h: float) -> int:
        for each in self._sets:
            if status := each.set():
                found.arrived(t)
                found.failed(status, each.bundle, setting=True)
        said = self._said
        said[0] = 0
        status = self._step(t, h, self._flag, *self._places)
        self._time = t + h
        if status or said[0]:
            event, terminate, early = (bool(said[0] >> shift & 255) for shift in (0, 8, 16))
            result = found.answered(NativeAnswer(status, event, terminate, early, self._reached[1]), t, h)
            self._time = result.time
            self._mailbox.tell(result)
            if result.status is Status.DISCARD:
                return box.DISCARDED
        else:
            self._mailbox.numbers[box.REACHED], self._mailbox.words[box.FLAGS] = self._time, 0
        for each in self._reads:
            if status := each.get():
                found.arrived(self._time)
                found.failed(status, each.bundle, setting=False)
        return box.DONE

    def _calls(self, bundle: Bundle, found: Native) -> Calls | None:
        """One call each way for values as they lie in the mailbox; None where it takes more."""
        calls = found.calls(bundle)
        if calls is None or len(calls) != 1:
            return None
        selection = self._layout.selection(bundle)
        if not isinstance(selection, slice):
            return None
        (call,), storage = calls, bundle.storage
        if call.elements is not None or call.dtype != storage.dtype or call.get == 0:
            return None
        values = self._mailbox.address + self._layout.starts[storage] + storage.dtype.itemsize * selection.start
        references = call.references
        arguments = found.handle, references.ctypes.data, references.size, values, call.size
        put, take = (partial(_VALUES(function), *arguments) for function in (call.set, call.get))
        return Calls(bundle, put, take, references)
