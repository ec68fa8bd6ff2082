"""States: kept FMU states, and their bytes.

A state that is no longer needed is not freed at once: GetFMUState may be given a state from before, whose memory it
then uses again and which it gives back with the present values (FMI 2.0.4, section 2.1.8; so in FMI 3.0).
Where an FMU answers with another pointer instead, nothing says whether the memory of the first one is still there. It
is left alone then, and this FMU is given none again.
"""

import struct
from collections.abc import Callable
from ctypes import addressof, byref, c_char, c_size_t, c_void_p, create_string_buffer
from dataclasses import dataclass
from hashlib import sha256
from math import nan
from typing import Final

from orchestrator.errors import CapabilityError
from orchestrator.fmi.function_table import FATAL, OK, FunctionTable
from orchestrator.fmi.variables import ModelInfo
from orchestrator.native import HAPPENINGS

_HEADER: Final = struct.Struct("<8s16sBd")
_MAGIC: Final = b"cotwin-1"

_SPARE: Final = 4
"""States that are held for later use by one instance at most; those of an FMU may be large."""


@dataclass(eq=False)
class KeptState:
    """A state inside the FMU, with the phase and time (s) that belong to it; `reusable` where the FMU copied it."""

    pointer: c_void_p
    phase: int
    time: float | None
    reusable: bool = True


class States:
    """The kept states of one instance; `check` raises on a bad status of the named function."""

    def __init__(
        self, name: str, model: ModelInfo, kind: str, functions: FunctionTable, check: Callable[[int, str], None]
    ) -> None:
        self._name = name
        self._model = model
        self._capabilities = model.interface(kind).capabilities
        self._functions = functions
        self._check = check
        self._kept: set[KeptState] = set()
        self._spare: list[c_void_p] = []
        self._slots: list[c_void_p] = []
        self._reuses = True
        self._none_kept = True

    @property
    def none_kept(self) -> bool:
        """Whether no state is kept, so that nothing before the current communication point can come back.

        Those that are held for later use cannot, nor those in slots, of which who asked for the slot knows.
        """
        return self._none_kept

    @none_kept.setter
    def none_kept(self, none: bool) -> None:
        self._none_kept = none
        HAPPENINGS.count += 1

    def save(self, phase: int, time: float | None) -> KeptState:
        """Keep the present state."""
        if not self._capabilities.get_set_state:
            raise CapabilityError(
                f"'{self._name}' cannot keep its state: {self._model.path.name} does not declare get/set FMU state. "
                "Export it with that capability, or use an algorithm and step size without rollback"
            )
        spare = self._spare.pop() if self._spare else c_void_p()
        pointer = c_void_p(spare.value)
        status = self._functions.get_state(byref(pointer))
        if spare.value is not None and pointer.value != spare.value:
            self._reuses = False
        try:
            self._check(status, "GetFMUState")
        except BaseException:
            if spare.value is not None and pointer.value == spare.value:
                self._spare.append(spare)
            raise
        return self._keep(KeptState(pointer, phase, time))

    def restore(self, state: object) -> KeptState:
        """Go back to a kept state."""
        kept = self._own(state)
        self._check(self._functions.set_state(kept.pointer), "SetFMUState")
        return kept

    def free(self, state: object) -> None:
        """Release a kept state."""
        kept = self._own(state)
        self._kept.discard(kept)
        self.none_kept = not self._kept
        if self._reuses and kept.reusable and kept.pointer.value is not None and len(self._spare) < _SPARE:
            self._spare.append(kept.pointer)
        else:
            self._check(self._functions.free_state(byref(kept.pointer)), "FreeFMUState")

    def free_all(self) -> int:
        """Release every state there is, whatever the FMU says to it short of Fatal; the worst status."""
        slots = [slot for slot in self._slots if slot.value is not None]
        pointers, status = [kept.pointer for kept in self._kept] + self._spare + slots, OK
        while pointers and status != FATAL:
            status = max(status, self._functions.free_state(byref(pointers.pop())))
        for slot in self._slots:
            slot.value = None
        self._kept.clear()
        self._spare.clear()
        self.none_kept = True
        return status

    def slot(self) -> int:
        """Address of a pointer for a state that compiled functions keep, none at first; freed with all others."""
        slot = c_void_p()
        self._slots.append(slot)
        return addressof(slot)

    def adopt(self, slot: int, phase: int, time: float) -> KeptState:
        """The state in a slot, of this phase and time (s), as a kept one; the slot is empty then."""
        place = c_void_p.from_address(slot)
        pointer, place.value = c_void_p(place.value), None
        return self._keep(KeptState(pointer, phase, time))

    def failed(self, status: int, *, setting: bool) -> None:
        """Compiled functions got this status, which is not OK, as they kept a state or were `setting` one."""
        self._check(status, "SetFMUState" if setting else "GetFMUState")

    def serialize(self, state: object) -> bytes:
        """The bytes of a kept state behind a header that names the FMU."""
        self._require_serialization()
        kept = self._own(state)
        size = c_size_t()
        self._check(self._functions.state_size(kept.pointer, byref(size)), "SerializedFMUStateSize")
        buffer = create_string_buffer(size.value)
        self._check(self._functions.serialize(kept.pointer, buffer, size.value), "SerializeFMUState")
        time = nan if kept.time is None else kept.time
        return _HEADER.pack(_MAGIC, self._fingerprint(), kept.phase, time) + buffer.raw

    def deserialize(self, data: bytes) -> KeptState:
        """Keep the state that the bytes hold; CapabilityError where they are of another FMU."""
        self._require_serialization()
        if len(data) < _HEADER.size or not data.startswith(_MAGIC):
            raise CapabilityError(f"'{self._name}': these {len(data)} bytes are no serialized state; save it again")
        _, fingerprint, phase, time = _HEADER.unpack_from(data)
        if fingerprint != self._fingerprint():
            raise CapabilityError(
                f"'{self._name}': the serialized state is of another FMU than {self._model.path.name} "
                f"({self._model.token}); use the FMU that it was saved with"
            )
        body = (c_char * (len(data) - _HEADER.size)).from_buffer_copy(data, _HEADER.size)
        pointer = c_void_p()
        status = self._functions.deserialize(addressof(body), len(body), byref(pointer))
        self._check(status, "DeserializeFMUState")
        return self._keep(KeptState(pointer, phase, None if time != time else time, reusable=False))

    def _keep(self, kept: KeptState) -> KeptState:
        self._kept.add(kept)
        self.none_kept = False
        return kept

    def _own(self, state: object) -> KeptState:
        if not isinstance(state, KeptState) or state not in self._kept:
            raise CapabilityError(
                f"'{self._name}': the state was freed, or belongs to another instance; save a new one"
            )
        return state

    def _require_serialization(self) -> None:
        if not self._capabilities.serialize_state:
            raise CapabilityError(
                f"'{self._name}' cannot turn its state into bytes: {self._model.path.name} does not declare the "
                "serialization of FMU states. Export it with that capability"
            )

    def _fingerprint(self) -> bytes:
        return sha256(f"{self._model.fmi_version} {self._model.name} {self._model.token}".encode()).digest()[:16]
