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
COMPONENTS: Final = 80
"""First row of the table of components, and the address behind the last one."""
COMPONENTS_END: Final = 88
VIEWS: Final = 96
"""A gather at the end of a step."""
FLOATS: Final = 144
"""What came out of the components: (from, four places, words); first the floats, which are checked.

The places take the values of the communication points in turn; those of two points, and of one that fails, are needed.
"""
KEPT: Final = 152
KEPT_END: Final = 160
KEPT_SIZE: Final = 40
KEPT_ROW: Final = 48
RECORD: Final = 168
"""Columns of a row that is recorded at the end of a step: (source, chunk, bytes of a row there), rows of 3 words."""
RECORD_BYTES: Final = 176
"""The first of the columns that are bytes."""
RECORD_END: Final = 184
TIMES: Final = 192
"""Where the times of the recorded rows go; 0 where nothing is recorded."""
ROWS: Final = 200
"""Rows that are recorded."""
ROWS_END: Final = 208
"""Rows that there is room for."""
PREPARED: Final = 216
"""Addresses of the tables of components that step in a way of their own, which begin with the macro steps."""
PREPARED_END: Final = 224
ASKS: Final = 232
"""Python is asked at the beginning of each so many-th macro step, of none where 0; `ASKED` is the last such one."""
ASKED: Final = 240
WHOLE: Final = 248
"""All values, and where they are kept when the loop is entered: (from, to, words)."""
WHOLE_END: Final = 256
ENTERED: Final = 264
"""Not 0 where they are to be kept first."""
# Where a run of the loop is, and why it came back.
INDEX: Final = 272
"""The macro step that is under way, counted from the start."""
COMPONENT: Final = 280
"""Row of the component that is next, or that something is to be done about."""
STATUS: Final = 288
CALL: Final = 296
"""Row of the call that gave the status."""
METER: Final = 304
"""The meter; 0 where there is none."""
SAMPLE: Final = 312
"""Where the durations of this macro step go; 0 where they are not taken."""
SAMPLE_AFTER: Final = 320
"""The macro step behind that whose durations are taken next; 0 where none is."""
PREPARING: Final = 328
"""Which of the prepared components is next."""
RECORD_RUNS: Final = 336
"""The first of the runs of neighbouring columns that are recorded: as columns, and the number of words."""
EVENTFUL: Final = 344
"""Not 0 where events may happen at communication points."""
LOOKS: Final = 352
"""Not 0 where Python has to look for them at each of these."""
NEXT_EVENT: Final = 360
"""The time (s) of the first event that is known; it happens at a point that it misses by `SNAP` (s). Doubles."""
SNAP: Final = 368
BETWEEN: Final = 376
"""A gather of everything that flows, at communication points where events may happen."""
CHANGES: Final = 424
"""Inputs that change at events only: (in the signals, as they were given last, the form there)."""
CHANGES_END: Final = 432
CHANGE_ROW: Final = 24
PACE: Final = 440
"""Which points are recorded: start, interval and last k as `hot.pace` has them; 0 where all are."""
TIGHT: Final = 448
"""Rows of the components for `hot.tight`; 0 where that cannot make steps. What flows between them: (from, to)."""
TIGHT_END: Final = 456
PAIRS: Final = 464
TIGHT_ANSWERS: Final = 472
"""Where components answer beside their status, all in the same place: two words."""
ROLLING: Final = 488
"""States that are kept at the beginning of each macro step (`hot.states`), none where nothing is; the last such one."""
ROLLING_END: Final = 496
ROLLED: Final = 504
ROLLING_MEMORY: Final = 512
"""What is kept with them: (from, to, words)."""
ROLLING_MEMORY_END: Final = 520
TIGHT_KIND: Final = 528
"""Which of these rows they are."""
ANY_KIND: Final = 0
AT_ONCE: Final = 1
"""All calls are there, nothing but words flows, before the first component, and no doStep takes a place for answers."""
IN_TURN: Final = 2
"""The same, where words flow to each component before its step."""
AT_ONCE_WITH_ANSWERS: Final = 3
IN_TURN_WITH_ANSWERS: Final = 4
NARROWED: Final = 536
"""Calls of `hot.tight` that set those inputs alone to which something flows: (number of the component, call)."""
NARROWED_END: Final = 544
NARROWED_ROW: Final = 48
SET_WHOLE: Final = 552
"""The macro step in which all inputs are to be set, where in others those alone are to which something flows."""
CLIPPED: Final = 560
"""The first macro step that ends before its whole length, at the stop."""
NOTHING: Final = 568
"""Address of a function that does nothing, in the place of a call that sets or gets."""
PROGRAM: Final = 576
"""Size of a program."""

# A gather: runs of words (from, to, number), single words (from, to), scaled doubles (from, to, factor, offset), bytes
# (from, to), and conversions. Each kind begins where the one before ends.
RUNS: Final = 0
RUNS_END: Final = 8
COPIES_END: Final = 16
SCALED_END: Final = 24
BYTES_END: Final = 32
CONVERTED_END: Final = 40
RUN_ROW: Final = 24
COPY_ROW: Final = 16
SCALED_ROW: Final = 32

# A conversion: from and to, the form of the value there and here, a table of what takes the place of what, whether no
# other value passes, the largest that does (0: no limit), and factor and offset where it is scaled.
FORM_FROM: Final = 16
FORM_TO: Final = 24
PLACES: Final = 32
PLACES_END: Final = 40
TOTAL: Final = 48
LIMIT: Final = 56
IS_SCALED: Final = 64
FACTOR: Final = 72
OFFSET: Final = 80
CONVERSION_ROW: Final = 88
WHOLE_FORM: Final = 0
TRUTH_FORM: Final = 1
NUMBER_FORM: Final = 2

# A component.
GATHER: Final = 0
NATIVE: Final = 48
"""How the component is stepped: 0 by Python, otherwise by addresses."""
BY_CALLS: Final = 1
BY_THREE: Final = 2
"""By one call each, or none, to set and to get as values lie, and doStep between; nothing is gathered before it."""
GATHERED: Final = 3
"""The same, behind a gather."""
LOOP: Final = 4
"""It stands for a loop of components, whose table (`layout.loops`) takes the place of that of an own way."""
PASSED: Final = 5
"""Not at all: it belongs to a loop that stands before it."""
SLOWLY: Final = 6
"""By Python at the end of its period, of which the number of macro steps takes the place of the own way."""
SETS: Final = 56
SETS_END: Final = 64
DO_STEP: Final = 72
HANDLE: Final = 80
KEEPS_NO_STATE: Final = 88
ANSWERS: Final = 96
GETS: Final = 104
GETS_END: Final = 112
OWN_WAY: Final = 120
"""The table of a component that steps in a way of its own, at another rate or on inputs with courses; 0 elsewhere."""
COMPONENT_ROW: Final = 128

# A component once more, with the arguments of its three calls: where the pairs for it end, 0 where more flows to it,
# and its row above; calls that set and get begin as rows of calls do.
TIGHT_PAIRS_END: Final = 0
TIGHT_PLAN: Final = 8
TIGHT_SET: Final = 16
TIGHT_DO_STEP: Final = 56
TIGHT_HANDLE: Final = 64
TIGHT_KEEPS_NO_STATE: Final = 72
TIGHT_GET: Final = 80
TIGHT_IS_PLAIN: Final = 120
"""Not 0 where doStep takes no place for answers."""
TIGHT_ROW: Final = 128
"""Two lines of a cache."""

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

# A meter: samples of what components cost, each a table of (set, doStep, get) in ns with a row for each component.
CLOCK: Final = 0
"""Address of clock_gettime, and the clock that it is to read."""
WHICH_CLOCK: Final = 8
ROOM: Final = 16
"""Where the next sample goes."""
ROOM_END: Final = 24
SAMPLE_BYTES: Final = 32
SAMPLE_EVERY: Final = 40
"""From one macro step whose durations are taken to the next."""
METER_BYTES: Final = 48
SAMPLE_ROW: Final = 24

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
BEGINS: Final = 7
"""A macro step begins of which Python does a part."""
REFUSED: Final = 8
"""A value does not pass the gather at the beginning of a macro step."""
LEFT: Final = 9
"""Python has to begin a macro step for the component whose table is next among those that are prepared."""
UNKEPT: Final = 11
"""A state cannot be kept without Python at the beginning of a macro step."""
ARRIVED: Final = 10
"""The step is made, but an event happens at its end, or Python has to look whether one does; nothing is kept."""
