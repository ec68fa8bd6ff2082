"""KeptRun: a kept state of a Model Exchange FMU, with what its importer knows beside it."""

import struct
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Final

from orchestrator.errors import CapabilityError
from orchestrator.fmi.model_exchange_integration import Integration
from orchestrator.fmi.model_exchange_values import Memory
from orchestrator.fmi.states import KeptState, States
from orchestrator.plain_data import pack, unpack

_HEADER: Final = struct.Struct("<ddBBI")


@dataclass(eq=False)
class KeptRun:
    """The state inside the FMU; time and next time event (s), its mode, and the inputs given last."""

    kept: KeptState
    time: float | None
    next_event: float | None = None
    in_event_mode: bool = True
    terminated: bool = False
    inputs: Memory = field(default_factory=Memory)

    @classmethod
    def of(cls, kept: KeptState, running: Integration | None, inputs: Memory) -> "KeptRun":
        """What is there now; `running` None before the initialization has ended."""
        if running is None:
            return cls(kept, kept.time, inputs=inputs.copy())
        known = (running.time, running.next_event, running.in_event_mode, running.terminated)
        return cls(kept, *known, inputs=inputs.copy())

    def give_back(self, running: Integration) -> None:
        """Put an integration to what was kept, of an FMU that has gone back to its state."""
        running.time = self.time if self.time is not None else 0.0
        running.next_event, running.in_event_mode = self.next_event, self.in_event_mode
        running.terminated = self.terminated
        running.read(nominals_changed=True)

    def serialize(self, states: States) -> bytes:
        """As bytes."""
        times = (nan if time is None else time for time in (self.time, self.next_event))
        inputs = pack(self.inputs.plain())
        head = _HEADER.pack(*times, self.in_event_mode, self.terminated, len(inputs))
        return head + inputs + states.serialize(self.kept)

    @classmethod
    def deserialize(cls, component: str, data: bytes, states: States) -> "KeptRun":
        """From bytes; CapabilityError where they come from another FMU."""
        try:
            time, next_event, in_event_mode, terminated, size = _HEADER.unpack_from(data)
            start = _HEADER.size + size
            inputs = Memory.of(unpack(data[_HEADER.size : start]))
        except (struct.error, ValueError, TypeError) as cause:
            raise CapabilityError(f"'{component}': the bytes are no state of Model Exchange; save it again") from cause
        kept = states.deserialize(data[start:])
        return cls(kept, _number(time), _number(next_event), bool(in_event_mode), bool(terminated), inputs)


def _number(number: float) -> float | None:
    return None if isnan(number) else number
