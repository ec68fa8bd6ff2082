"""States: kept FMU states, and their bytes."""

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

_HEADER: Final = struct.Struct("<8s16sBd")
_MAGIC: Final = b"cotwin-1"


@dataclass(eq=False)
class KeptState:
    """A state inside the FMU, with the phase and time (s) that belong to it."""

    pointer: c_void_p
    phase: int
    time: float | None


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
        self.none_kept = True
        """Whether no state is kept, so that nothing before the current communication point can come back."""

    def save(self, phase: int, time: float | None) -> KeptState:
        """Keep the present state."""
        if not self._capabilities.get_set_state:
            raise CapabilityError(
                f"'{self._name}' cannot keep its state: {self._model.path.name} does not declare get/set FMU state. "
                "Export it with that capability, or use an algorithm and step size without rollback"
            )
        pointer = c_void_p()
        self._check(self._functions.get_state(byref(pointer)), "GetFMUState")
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
        self._check(self._functions.free_state(byref(kept.pointer)), "FreeFMUState")

    def free_all(self) -> int:
        """Release every kept state, whatever the FMU says to it short of Fatal; the worst status."""
        status = OK
        while self._kept and status != FATAL:
            status = max(status, self._functions.free_state(byref(self._kept.pop().pointer)))
        self._kept.clear()
        self.none_kept = True
        return status

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
        return self._keep(KeptState(pointer, phase, None if time != time else time))

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
