"""Layout of what components do that step in a way of their own: at another rate, or on inputs with courses.

As in `layout.run`: offsets in bytes of words that hold numbers, doubles or addresses.
"""

from typing import Final

# The own way of a component.
SUB_STEP: Final = 0
"""The longest step (s) as a double, 0 where there is one step in each macro step."""
PERIOD: Final = 8
"""Macro steps from one of its communication points to the next, 0 where these are those of the system."""
SAMPLES: Final = 16
"""Not 0 where its step is made on the inputs of the beginning of its period."""
IN_LOOP: Final = 24
"""Not 0 where its outputs are read while its period goes on, too."""
GATHER: Final = 32
"""The gather at the beginning of its period."""
INPUTS: Final = 80
"""Its inputs: (in the signals, at the beginning of the period, the newest, bytes)."""
INPUTS_END: Final = 88
INPUT_ROW: Final = 32
COURSES: Final = 96
"""The courses of its inputs, 0 where they are held."""
START: Final = 104
"""The step under way: its start and its length (s) as doubles, its parts and the one that is next."""
LENGTH: Final = 112
PARTS: Final = 120
PART: Final = 128
STEPS: Final = 136
"""Steps made since Python counted them."""
GRID_START: Final = 144
"""Start and step size of the grid (s), doubles."""
GRID_SIZE: Final = 152
GIVEN: Final = 160
"""What is given to a component with events: (in the signals, what is given, bytes)."""
GIVEN_END: Final = 168
GIVEN_ROW: Final = 24
OWN_WAY: Final = 176
"""Size of the table."""

# The courses of the inputs of a component; arrays are over the elements that have one.
NUMBER: Final = 48
"""Their number, behind the gather of what flows into them."""
ORDER: Final = 56
SMOOTHING: Final = 64
NEWEST: Final = 72
"""Not 0 where values of components that have stepped already count."""
PLACES: Final = 80
"""Addresses of the values in the signals."""
COEFFICIENTS: Final = 88
"""Three arrays behind each other."""
MEANS: Final = 96
LAST: Final = 104
MISSING: Final = 112
BEFORE: Final = 120
"""The newest values, while others are set."""
FOLLOWS: Final = 128
PASSES: Final = 136
UNDER_WAY: Final = 144
"""Not 0 where there is a course; it goes from `BASE` to `END` (s), doubles."""
BASE: Final = 152
END: Final = 160
INFLOWS: Final = 168
INFLOWS_END: Final = 176
SLOPES: Final = 184
"""How derivatives are handed over, 0 where they are not."""
COURSES_SIZE: Final = 192

# An inflow: elements of one origin.
AHEAD: Final = 0
SOURCE_PERIOD: Final = 8
RANKS: Final = 16
"""Which of the elements with a course they are."""
SIZE: Final = 24
POINTS: Final = 32
"""How many communication points are remembered; their times, values, slopes, and whether there are slopes."""
TIMES: Final = 40
VALUES: Final = 48
SLOPES_KNOWN: Final = 56
HAS_SLOPES: Final = 64
DERIVATIVES: Final = 72
DERIVATIVES_END: Final = 80
NODES: Final = 88
"""Points that a polynomial goes through: (time, address of the values), room for four."""
NEWEST_VALUES: Final = 96
INFLOW_ROW: Final = 104
NODE_ROW: Final = 16

# A call for derivatives of outputs or inputs, and where each of them goes.
FUNCTION: Final = 0
HANDLE: Final = 8
REFERENCES: Final = 16
COUNT: Final = 24
ORDERS: Final = 32
NUMBERS: Final = 40
TARGETS: Final = 48
"""Of outputs: (place among the numbers, place in the inflow, factor). Of inputs: (place, element with a course)."""
TARGETS_END: Final = 56
DEGREE: Final = 64
WIDTH: Final = 72
DERIVATIVES_ROW: Final = 80
TARGET_ROW: Final = 24
