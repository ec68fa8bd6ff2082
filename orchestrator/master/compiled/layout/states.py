"""Layout of kept states: a row of words for each component, as `hot.states` reads it."""

from typing import Final

from orchestrator.native import NativeStates

HANDLE: Final = 0
GET: Final = 8
SET: Final = 16
FREE: Final = 24
SLOT: Final = 32
"""Where the pointer to the state lies, 0 where none is kept yet."""
REUSES: Final = 40
"""Not 0 as long as the FMU uses the memory of a state again."""
STATUS: Final = 48
"""What the last call gave."""
STATE_ROW: Final = 56


def state_row(handle: int, states: NativeStates) -> list[int]:
    """The row of a component with a slot of its own."""
    return [handle, states.get, states.set, states.free, states.slot(), 1, 0]
