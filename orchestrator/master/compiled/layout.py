"""Layout: the program of a compiled loop in memory, as offsets in bytes.

A program is a row of words (8 bytes each) that points to tables, whose rows are words too. Ranges of rows are given by
the address of the first and the address behind the last one.
"""

from typing import Final

WORD: Final = 8

# The program.
START: Final = 0
"""Times (s) as doubles: the start, the step size and the stop of the grid; `COUNT` is its number of steps."""
STEP_SIZE: Final = 8
STOP: Final = 16
COUNT: Final = 24
ALL_AT_ONCE: Final = 32
"""A gather that comes before the first component."""
COMPONENTS: Final = 72
"""First row of the table of components, and the address behind the last one."""
COMPONENTS_END: Final = 80
VIEWS: Final = 88
"""A gather at the end of a step."""
FLOATS: Final = 128
"""What came out of the components: (from, one place, another place, words); first the floats, which are checked."""
KEPT: Final = 136
KEPT_END: Final = 144
KEPT_ROW: Final = 32
RECORD: Final = 152
"""Columns of a row that is recorded at the end of a step: (source, chunk, bytes of a row there), rows of 3 words."""
RECORD_BYTES: Final = 160
"""The first of the columns that are bytes."""
RECORD_END: Final = 168
TIMES: Final = 176
"""Where the times of the recorded rows go; 0 where nothing is recorded."""
ROWS: Final = 184
"""Rows that are recorded."""
ROWS_END: Final = 192
"""Rows that there is room for."""
# Where a run of the loop is, and why it came back.
INDEX: Final = 200
"""The macro step that is under way, counted from the start."""
COMPONENT: Final = 208
"""Row of the component that is next, or that something is to be done about."""
STATUS: Final = 216
CALL: Final = 224
"""Row of the call that gave the status."""
PROGRAM: Final = 232
"""Size of a program."""

# A gather: runs of words (from, to, number), single words (from, to), scaled doubles (from, to, factor, offset), and
# bytes (from, to). Each kind begins where the one before ends.
RUNS: Final = 0
RUNS_END: Final = 8
COPIES_END: Final = 16
SCALED_END: Final = 24
BYTES_END: Final = 32
RUN_ROW: Final = 24
COPY_ROW: Final = 16
SCALED_ROW: Final = 32

# A component.
GATHER: Final = 0
NATIVE: Final = 40
"""Not 0 where the component is stepped by addresses."""
SETS: Final = 48
SETS_END: Final = 56
DO_STEP: Final = 64
HANDLE: Final = 72
KEEPS_NO_STATE: Final = 80
ANSWERS: Final = 88
GETS: Final = 96
GETS_END: Final = 104
COMPONENT_ROW: Final = 112

# A call that sets or gets: its arguments, and the elements that are put into another form before or after it.
FUNCTION: Final = 0
REFERENCES: Final = 8
NUMBER: Final = 16
VALUES: Final = 24
SIZE: Final = 32
ELEMENTS: Final = 40
ELEMENTS_END: Final = 48
CALL_ROW: Final = 56

# An element in another form: its place in the signals, its place in the memory of the call, and the form there.
SIGNAL: Final = 0
ELEMENT: Final = 8
FORM: Final = 16
ELEMENT_ROW: Final = 24

# What the loop says when it comes back.
DONE: Final = 0
"""The steps asked for are made."""
FULL: Final = 1
"""There is no room for another row."""
PYTHON: Final = 2
"""The component has to be gathered and stepped by Python; nothing of it is done."""
SET: Final = 3
"""A call that sets gave a status."""
STEPPED: Final = 4
"""doStep gave a status, or an answer beside it."""
GOT: Final = 5
"""A call that gets gave a status."""
INFINITE: Final = 6
"""A value is not finite."""
