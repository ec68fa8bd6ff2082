"""Layout of controlled steps: steps of a lowered system that are made twice and judged, as offsets in bytes."""

from typing import Final

PROGRAM: Final = 0
"""The program of the components, and what step doubling knows (`layout.doubling`)."""
DOUBLING: Final = 8
PLACES: Final = 16
"""Addresses of the watched floats in the signals."""
OTHERS: Final = 24
"""Other values that are watched: (in the signals, bytes, at the start, in the middle)."""
OTHERS_END: Final = 32
OTHER_ROW: Final = 32
START_STATES: Final = 40
"""States of the components (`hot.states`) at the start and in the middle of a step, tables of rows."""
START_STATES_END: Final = 48
MIDDLE_STATES: Final = 56
MIDDLE_STATES_END: Final = 64
KEPT: Final = 72
"""What goes back with the components: (from, kept at the start, words, kept in the middle)."""
KEPT_END: Final = 80
KEPT_ROW: Final = 32
WAYS: Final = 88
"""Components that step in a way of their own: (its table, steps counted at the start of the macro step)."""
WAYS_END: Final = 96
WAY_ROW: Final = 16
SAID: Final = 104
"""Where the length of a step is said; 0 where it is not."""
INDEX: Final = 112
"""The point of the grid that was passed last."""
BETWEEN: Final = 120
"""Where the run is behind it (s), a double; NaN at that point."""
NOW: Final = 128
"""Where the macro step under way began (s), and the step within it: its start and length (s), doubles."""
STEP_START: Final = 136
STEP_LENGTH: Final = 144
AWAY: Final = 152
"""Not 0 where the system is not at the start of the macro step."""
CAUTION: Final = 160
"""Length, error and ceiling of the controller at the start of the macro step, doubles."""
COUNTED: Final = 184
"""The counts at the start of the macro step, in the order of those that follow."""
STEPS: Final = 224
"""Steps of the system; states kept of each component, returns to them; steps taken back for their error, for jumps."""
SAVES: Final = 232
RESTORES: Final = 240
BY_ERROR: Final = 248
BY_JUMP: Final = 256
COUNTS: Final = 5
MACRO_STEPS: Final = 264
"""Macro steps made, the shortest and the longest of them (s), doubles."""
SHORTEST: Final = 272
LONGEST: Final = 280
MESSAGES: Final = 288
"""How many messages the components have logged: (where that is counted, their number at the start)."""
MESSAGES_END: Final = 296
MESSAGES_ROW: Final = 16
ATTEMPT: Final = 304
"""The length (s) of the step that is tried as a whole, and where that led (s), doubles."""
WHOLE_TIME: Final = 312
STATE_COSTS: Final = 320
"""What it took to keep a state of each component: (ns, how many)."""
STATUS: Final = 328
"""The status of keeping states, or of going back to them, that was asked for last."""
WHY: Final = 336
"""Why the macro step was not made that is `LOST`."""
LOOPS: Final = 344
"""Loops that are solved: (the words of its solver, what it had counted at the start of the macro step)."""
LOOPS_END: Final = 352
LOOPS_ROW: Final = 16
SEVERAL: Final = 360
"""Address of the function by which several threads make a step of the system, or one that meters; 0 where one does."""
CREW: Final = 368
"""What that function is called with."""
CONTROL: Final = 376

# Why the steps ended, beside `layout.DONE` and `layout.FULL`.
BACK: Final = 32
"""Python has to make the next macro step; everything is where that begins."""
LOST: Final = 33
"""A component cannot be called again, or cannot go back; the signals are those of the start of the macro step."""
JUDGED: Final = 37
"""Python has to go on with a trial that was judged, and finish the macro step: everything is at its end."""
EVENT: Final = 38
"""A macro step is made, and an event happens at its end; nothing is recorded of it."""

# Why a macro step was not made, beside the reasons of `layout`.
KEEPING: Final = 34
"""A component could not keep its state, or not go back to it."""
RETURNING: Final = 35
OTHERWISE: Final = 36
"""Something else."""
