"""Layout: loops that the compiled loop solves, as offsets in bytes; see `layout` for the words of a program.

Its components have rows of their own, behind each other in the order in which they step. In the table of components the
row of the first of them stands for the loop, and tells its table in the place of an own way; the others are passed by.
"""

from typing import Final

ITERATION: Final = 0
"""The words of its solver."""
MEMBERS: Final = 8
"""The rows of its components."""
MEMBERS_END: Final = 16
STATES: Final = 24
"""Kept states of the components; see `hot.states`."""
STATES_END: Final = 32
FLOATS: Final = 40
"""Floats that come out of the components: (from, words)."""
FLOATS_END: Final = 48
FLOAT_ROW: Final = 16
UNKNOWNS: Final = 56
"""What has to be known before the components step, as it was when the macro step began: floats, then the others."""
NUMBERS: Final = 64
"""Which components they are, in the order of their rows."""
RESTS: Final = 72
"""Not 0 where Python solves the loop."""
WHY: Final = 80
"""What ended the sweep in which the last attempt came to nothing, as the hot loop says it; DONE where none did.

BEGINS where nothing was done at all, LEFT where a component could not keep its state.
"""
MEMBER: Final = 88
"""Row of the component with which it ended."""
MESSAGES: Final = 96
"""How many messages the components have logged: (where that is counted, their number when the macro step began)."""
MESSAGES_END: Final = 104
MESSAGES_ROW: Final = 16
REMEMBERED: Final = 112
"""What components remember that step in a way of their own: (where, as it was when the macro step began, words)."""
REMEMBERED_END: Final = 120
REMEMBERED_ROW: Final = 24
WAYS: Final = 128
"""The components that do: (their table, the steps that were counted when the macro step began)."""
WAYS_END: Final = 136
WAYS_ROW: Final = 16
STATE_COSTS: Final = 144
"""How long (ns) it took to keep states of each component of the program, and how many; 0 where that is not measured."""
LOOP: Final = 152
"""Size of the table."""
