"""Layout: what an instance for Model Exchange shares with its compiled functions, as offsets of words in bytes.

The words lie in one piece of memory (`exchange_shared`); those that are times, tolerances and the like are doubles.
"""

from typing import Final

WORD: Final = 8

TIME, FMU_TIME, NEXT_EVENT, HAS_NEXT_EVENT, IN_EVENT_MODE, TERMINATED, FRESH = range(0, 56, WORD)
"""Of the integration: its time (s), that for messages, the next time event (s), and where the FMU and the solver are.
`FRESH`: the solver goes on from where it is."""

VERSION, HANDLE_AT = range(56, 72, WORD)
"""The version of FMI, and where the pointer to the instance lies."""

SET_TIME, SET_STATES, GET_STATES, DERIVATIVES, INDICATORS, NOMINALS = range(72, 120, WORD)
ENTER_EVENT_MODE, ENTER_CONTINUOUS_TIME, UPDATE, COMPLETED, DIRECTIONAL = range(120, 160, WORD)
"""Addresses of the functions of the FMU; 0 where it has none, or need not be told."""

STATES, INDICATOR_COUNT, X, NOMINAL_VALUES, ANSWERS = range(160, 200, WORD)
"""Sizes, and addresses of the state vector, of the nominals, and of 128 bytes for what the FMU answers."""

MATRIX, UNKNOWNS, UNKNOWN_COUNT, RESULT, COLOURS, COLOURS_END = range(200, 248, WORD)
"""The Jacobian: addresses of the matrix, of the references of the derivatives, of a vector, and a table of colours."""

COURSE_SET, COURSE_REFERENCES, COURSE_COUNT, COURSE_VALUES, COURSE_NOW, COURSE_BASE, COURSE_START = range(
    248, 304, WORD
)
COURSE_SLOPES, COURSE_CURVATURES = range(304, 320, WORD)
"""Inputs on courses: the function that sets them, 0 where there are none, its arguments, and the vectors."""

STATUS, CALLED, TROUBLE, TROUBLE_TIME, TROUBLE_INDEX, TROUBLE_VALUE = range(320, 368, WORD)
"""Of the evaluation that failed last: status and call; what the trouble was, at which time (s), with which value."""

CVODE_MEMORY, CVODE_VECTOR, CVODE_TOLERANCES, CVODE_ABSOLUTE, CVODE_TOLERANCE = range(368, 408, WORD)
CVODE_SET_TOLERANCES, CVODE_RESTART, CVODE_SET_STOP, CVODE_STEP, CVODE_DATA, CVODE_MATRIX = range(408, 456, WORD)
"""CVODE: its objects, the vector of absolute tolerances, the relative one, and its functions."""

REACHED, CROSSED, FLAG = range(456, 480, WORD)
"""Where its step ended (s), whether at a root, and what it said."""

END, KEEPS_NO_STATE, EVENTS, STEPS, EVENT = range(480, 520, WORD)
"""The step under way: its end (s), whether it is kept, the number of events at once and of solver steps."""

FAILED, FAILED_STATUS = range(528, 544, WORD)
"""The call that failed outside of evaluations, and its status."""

LOG, LOGGED, STAMP = range(544, 568, WORD)
"""Warnings: a table of (call, time), and their number. The number of bundles that were given other values."""

STAGES, STEP, NODES, WEIGHTS, RATES, STAGE, BEFORE = range(568, 624, WORD)
Z, POSITIVE, KNOWN, STEP_TIME = range(624, 656, WORD)
"""Of an explicit method, whose number of stages is 0 where there is none: its step (s), nodes and weights, the rates of
the stages, vectors, and whether the domains of the indicators are known."""

COURSE_WANTED, COURSE_GIVEN_SLOPES, COURSE_GIVEN_CURVATURES = range(656, 680, WORD)
"""Inputs on courses: the values and derivatives that hold for the next step."""

GET_STATE, SET_STATE, FREE_STATE, COURSE_GET = range(680, 712, WORD)
"""Functions that keep states of the FMU, 0 where it cannot; the one that reads inputs on courses."""

SIZE: Final = 712

# Calls of the FMU that may fail or warn; larger numbers are addresses of bundles.
NO_CALL: Final = 0
CALL_SET_TIME: Final = 1
CALL_COURSE: Final = 2
CALL_SET_STATES: Final = 3
CALL_DERIVATIVES: Final = 4
CALL_INDICATORS: Final = 5
CALL_DIRECTIONAL: Final = 6
CALL_ENTER_EVENT_MODE: Final = 7
CALL_UPDATE: Final = 8
CALL_ENTER_CONTINUOUS_TIME: Final = 9
CALL_GET_STATES: Final = 10
CALL_NOMINALS: Final = 11
CALL_COMPLETED: Final = 12
CALL_GET_STATE: Final = 13
CALL_SET_STATE: Final = 14
CALL_GET_COURSE: Final = 15
WAS_SET: Final = 0
WAS_GOT: Final = 1
"""Added to the address of a bundle."""

# Kinds of trouble.
NO_TROUBLE: Final = 0
BAD_STATUS: Final = 1
RATE_NOT_FINITE: Final = 2
MATRIX_NOT_FINITE: Final = 3

LOG_ROWS: Final = 512
"""Warnings that there is room for: more than those of all calls between two looks at them."""

# A colour of the Jacobian: its arguments, and the table of (place in the result, place in the matrix), in bytes.
COLOUR_KNOWNS: Final = 0
COLOUR_COUNT: Final = 8
COLOUR_SEED: Final = 16
COLOUR_SIZE: Final = 24
COLOUR_ENTRIES: Final = 32
COLOUR_ENTRIES_END: Final = 40
COLOUR_ROW: Final = 48

# A bundle: the values given last, their number and form, and the calls (function, references, number, offset, size).
KEPT: Final = 0
GIVEN: Final = 8
"""Whether the FMU has been given values at all."""
STAMPED: Final = 16
"""The number of the gift."""
ELEMENTS: Final = 24
WIDTH: Final = 32
"""Bytes of an element; 0 for doubles."""
REFUSED: Final = 40
"""Whether it cannot be set between steps."""
PLACES: Final = 48
"""Where its values go among those of the inputs on courses; 0 where they are held."""
CALLS_END: Final = 56
CALLS: Final = 64
CALL_GETTER: Final = 0
CALL_SETTER: Final = 8
CALL_REFERENCES: Final = 16
CALL_NUMBER: Final = 24
CALL_OFFSET: Final = 32
CALL_SIZE: Final = 40
CALL_ROW: Final = 48

# A kept state: where the pointer to that of the FMU lies, and whether the FMU uses its memory again; the words that
# belong to it, from the first of the integration on; and the bundles: (bundle, what it was given, bytes).
POINTER: Final = 0
REUSES: Final = 8
KEPT_WORDS: Final = 16
KEPT_WORDS_END: Final = 64
KEPT_BUNDLES: Final = 64
KEPT_BUNDLES_END: Final = 72
KEPT_STATE: Final = 80
KEPT_BUNDLE_ROW: Final = 24
BUNDLE_VALUES: Final = 16
"""What a bundle was given, behind `GIVEN` and `STAMPED`."""

# What a compiled step answers. What compiled loops are told is negative as long as the FMU may be called again.
DONE: Final = 0
UNFINISHED: Final = 101
"""It is under way: there are warnings to be logged, or it takes long; go on with `resume`."""
AWAY: Final = 102
"""The FMU is not where the step begins; nothing is done."""
RESTLESS: Final = 103
"""Too many events at once, or steps of the solver."""
ENDLESS_EVENT: Final = 104
"""Too many updates of one event."""
NO_START: Final = 105
"""The solver could not start anew."""
NO_WAY_ON: Final = 106
"""The solver gave up."""
NO_PLACE: Final = 107
"""The FMU could not be put to where the solver came."""
CALL_FAILED: Final = 108
"""A call failed that is no evaluation."""
