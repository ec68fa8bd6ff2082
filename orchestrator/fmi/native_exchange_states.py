"""Kept states of an FMU for Model Exchange, for a compiled loop."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.exchange_states import state_addresses
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.function_table import OK
from orchestrator.fmi.model_exchange_kept import KeptRun
from orchestrator.fmi.model_exchange_values import Memory
from orchestrator.fmi.native_exchange_bundles import NativeBundle, NativeBundles

_Words = NDArray[np.int64]


class _State:
    """The memory of one kept state: its words, its pointer to that of the FMU, what each bundle was given."""

    def __init__(self, pointer: int) -> None:
        self.pointer: Final = pointer
        self.words: Final[_Words] = np.zeros(at.KEPT_STATE // at.WORD, np.int64)
        self.words[[at.POINTER // at.WORD, at.REUSES // at.WORD]] = pointer, 1
        self.slot: Final[_Words] = np.array([0, self.words.ctypes.data], np.int64)
        self._bundles: list[tuple[NativeBundle, _Words]] = []
        self._rows: _Words = np.zeros(0, np.int64)

    def hold(self, bundles: list[NativeBundle]) -> None:
        """Keep what these bundles are given, too, from the next time on."""
        self._bundles = [(each, np.zeros(2 + -(-each.kept.nbytes // at.WORD), np.int64)) for each in bundles]
        rows = [(each.address, kept.ctypes.data, each.kept.nbytes) for each, kept in self._bundles]
        self._rows = np.array(rows, np.int64).reshape(-1)
        first = int(self._rows.ctypes.data)
        self.words[[at.KEPT_BUNDLES // at.WORD, at.KEPT_BUNDLES_END // at.WORD]] = first, first + self._rows.nbytes

    def memory(self, before: Memory, since: int) -> Memory:
        """The values that the FMU was given last, where they were those of `before` as the gift `since` was made."""
        memory = before.copy()
        given = [(int(kept[1]), each, kept) for each, kept in self._bundles if kept[0] and kept[1] > since]
        for _, each, kept in sorted(given, key=lambda gift: gift[0]):
            values = kept[2:].view(each.kept.dtype)[: each.kept.size]
            memory.keep(each.bundle, each.in_order(values))
        return memory

    def word(self, place: int) -> int:
        """One of the words that go back with the integration."""
        return int(self.words[(at.KEPT_WORDS + place - at.TIME) // at.WORD])

    def number(self, place: int) -> float:
        """The double there."""
        return float(self.words.view(np.float64)[(at.KEPT_WORDS + place - at.TIME) // at.WORD])


class ExchangeStates:
    """`NativeStates` of an FMU for Model Exchange; `inputs` tells what Python knows that it was given last.

    `tell` raises what a call means that failed; see `NativeExchange`.
    """

    def __init__(
        self, fmu: Fmu, shared: Shared, bundles: NativeBundles, inputs: Callable[[], Memory], tell: Callable[[], None]
    ) -> None:
        self._fmu, self._shared, self._bundles, self._inputs, self._tell = fmu, shared, bundles, inputs, tell
        self.get, self.quiet, self.set, self.free = state_addresses
        self.counted: Final = fmu.library.messages.counted
        self.forget: Final = fmu.library.messages.forget
        self._states: dict[int, _State] = {}
        self._held = -1

    def slot(self) -> int:
        """Address of a pointer for one kept state, none at first."""
        state = _State(self._fmu.states.slot())
        state.hold(self._bundles.given)
        address = int(state.slot.ctypes.data)
        self._states[address] = state
        return address

    def begin(self) -> None:
        """Steps are about to be made, for which bundles may be known that were not before; no state is kept yet."""
        given = self._bundles.given
        if len(given) != self._held:
            for state in self._states.values():
                state.hold(given)
            self._held = len(given)

    def adopt(self, slot: int, t: float) -> KeptRun:
        """The state in a slot as one that the instance knows."""
        state = self._states[slot]
        state.slot[0] = 0
        kept = self._fmu.states.adopt(state.pointer, self._fmu.phase, t)
        return KeptRun(
            kept,
            state.number(at.TIME),
            state.number(at.NEXT_EVENT) if state.word(at.HAS_NEXT_EVENT) else None,
            bool(state.word(at.IN_EVENT_MODE)),
            bool(state.word(at.TERMINATED)),
            state.memory(self._inputs(), self._bundles.collected),
        )

    def failed(self, status: int, *, setting: bool) -> None:  # noqa: ARG002
        """Raise what made keeping a state fail, or going back to one."""
        if status != OK:
            self._tell()
