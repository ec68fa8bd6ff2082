"""Layout: what the solver of a loop keeps in memory, as offsets in bytes; the address of its words is its handle.

Words have 8 bytes. Vectors (n doubles, an entry for each unknown) and tables are given by their addresses, ranges of
rows by the address of the first and that behind the last one. See `orchestrator.master.loops.iteration`.
"""

from typing import Final

WORD: Final = 8

# What `begin` and `following` say.
SOLVED: Final = 0
"""The loop is solved by the values of the last sweep."""
AGAIN: Final = 1
"""All components have to go back and step again, with the values that are in the signals now."""
ASKS: Final = 2
"""Python has to tell directional derivatives, of the responses that ask; then `following` goes on."""
GIVEN_UP: Final = 3
"""The iterations are used up."""
GROWS: Final = 4
"""The residual of a plain fixed-point iteration grows steadily."""
INFINITE: Final = 5
"""A value that is to be tried is not finite."""

# The methods.
FIXED_POINT: Final = 0
AITKEN: Final = 1
ANDERSON: Final = 2
NEWTON: Final = 3

# What is solved for, and how.
COUNT: Final = 0
"""The number n of unknowns."""
METHOD: Final = 8
TOLERANCE: Final = 16
"""A double, as is `RELAXATION`."""
MAX_ITERATIONS: Final = 24
RELAXATION: Final = 32
REUSE: Final = 40
"""Earlier macro steps whose differences are used."""
PLACES: Final = 48
"""Addresses (n words) of the unknowns in the signals."""
NOMINALS: Final = 56
"""Declared nominal values, NaN where none is declared."""
LOW: Final = 64
"""Declared least and largest values, infinite where none are."""
HIGH: Final = 72
DISCRETE: Final = 80
"""Values that only have to come to rest: (in the signals, as they were tried, bytes 1 or 8)."""
DISCRETE_END: Final = 88
DISCRETE_ROW: Final = 24
PARTS: Final = 96
"""Addresses of the components, in the order in which they step; none where nothing is learnt of them."""
PARTS_END: Final = 104

# Compiled functions, by their addresses, so that each is compiled by itself, and only where it is used.
CHOOSES: Final = 472
"""The method: the next values to be tried, int f(iteration): AGAIN or INFINITE."""
LEARNS_FROM: Final = 480
"""Learns of the components after a sweep, int f(iteration): 0 where Python is asked; 0 where nothing is learnt."""
READIES: Final = 488
"""The same, before slopes are wanted."""
INVERTS: Final = 496
"""The inverse of what Newton's method has, int f(iteration)."""

# What is learnt from macro step to macro step.
LEARNT: Final = 112
"""(where, its copy, words)."""
LEARNT_END: Final = 120
LEARNT_ROW: Final = 24
LARGEST: Final = 128
"""The nominal values where they are declared, else the largest magnitudes accepted in this run, 0 at first."""
COUNTS: Final = 136
"""What was counted; the words follow below."""
HISTORY: Final = 144
"""Differences between trials, oldest first: of the values and of the residual (2 n doubles), and their copy."""
HISTORY_COPY: Final = 152
HISTORY_ROOM: Final = 160
"""The number of them that there is room for."""
SPANS: Final = 168
"""How many differences there are of this macro step, then of the last ones that are used, newest first."""

# A macro step that is being made.
END_TIME: Final = 176
"""Its end (s), a double."""
TRIAL: Final = 184
"""The values of the last sweep, or the next one."""
RESIDUAL: Final = 192
SCALE: Final = 200
"""What residuals are measured by."""
SEEN: Final = 208
"""The largest scales; `WEIGHTS` are the same, 1 where nothing is known."""
WEIGHTS: Final = 216
LAST: Final = 224
"""The residual of the last iteration, if there was one."""
HAS_LAST: Final = 232
ITERATIONS: Final = 240
PROBE: Final = 248
"""Not 0 where the trial only tells how the residual depends on the values: no iteration."""
WORST: Final = 256
"""The largest residual in units of its scale, a double, and which unknown has it."""
WORST_UNKNOWN: Final = 264
RATIOS: Final = 272
"""How many ratios of residuals there are from iteration to iteration; the last three, newest first, are doubles."""
LAST_RATIO: Final = 280
MOVED: Final = 304
"""Not 0 where discrete values changed in the last sweep; `MOVED_BESIDE` says so of those that Python looks after."""
MOVED_BESIDE: Final = 312
PHASE: Final = 320
"""What `following` does next, see there."""
STAGE: Final = 328
"""Where the method is; 0 where it has not begun."""
TOLD_STAGE: Final = 2
"""Newton's method steps with slopes that the components told."""

# What a method keeps within a macro step.
BEFORE: Final = 336
"""The residual before the last step, or where Newton's method steps from: `X` and this residual."""
X: Final = 344
STEP: Final = 352
RELAXED: Final = 360
"""The relaxation that Aitken's method came to, a double."""
NUMBER: Final = 368
"""Of a probe, of halvings, or of steps in a row that were slow."""
BASIS: Final = 376
"""Orthonormal columns of Anderson's method (n, n), by rows of memory; the triangle; which differences they are of."""
TRIANGLE: Final = 384
USED: Final = 392
PARTS_ALONG: Final = 400
"""A vector: the parts of a residual along the columns, then what they are taken times."""
COLUMN: Final = 408
"""A vector to work on."""
JACOBIAN: Final = 416
"""dG/dx (n, n), row by row, as Newton's method found it by itself; `SLOPES` is what is known of the components."""
SLOPES: Final = 424
MATRIX: Final = 432
"""Two matrices to work on, and the inverse of I - dG/dx in units of the weights."""
OTHER: Final = 440
INVERSE: Final = 448
ORDER: Final = 456
"""n words to work on."""
NEXT: Final = 464
"""A vector: the Newton step that would follow."""
INVERTED: Final = 504
"""The matrix that `INVERSE` is of, if `HAS_INVERSE`."""
HAS_INVERSE: Final = 512
ITERATION: Final = 520
"""Size of the words."""

# What was counted since Python took it: steps, iterations and evaluations as in `LoopStatistics`.
STEPS_SOLVED: Final = 0
STEP_ITERATIONS: Final = 8
EVALUATIONS: Final = 16
MOST_ITERATIONS: Final = 24
WORST_RESIDUAL: Final = 32
"""Of accepted macro steps: a double, the unknown, and the time (s), a double."""
WORST_INDEX: Final = 40
WORST_TIME: Final = 48
COUNTED: Final = 56

# A component of which is learnt how its p outputs follow its m inputs.
GIVEN: Final = 0
"""Addresses (m words) of its inputs in the signals, and (p words) of its outputs."""
INPUTS: Final = 8
GIVES: Final = 16
OUTPUTS: Final = 24
LEARNS: Final = 32
"""Not 0 where there is anything to learn beside what it tells."""
TELLS: Final = 40
"""How it tells directional derivatives: not at all, by Python, or by a call."""
BY_PYTHON: Final = 1
BY_CALL: Final = 2
PASSES: Final = 48
"""The inputs that an output depends on directly (numbers), and how many."""
PASSES_COUNT: Final = 56
GROWS_WITH_STEP: Final = 64
"""Not 0 for outputs (p) of which the learnt part goes with the length of the step."""
REST: Final = 72
"""What was learnt (p, m), the largest inputs (m) and outputs (p) seen, and 1 where anything was learnt, a double."""
SIZES: Final = 80
FOUND: Final = 88
KNOWN: Final = 96
FACTOR: Final = 104
"""What the learnt part is multiplied by (p)."""
DIRECT: Final = 112
"""What it tells (p, m) at the end of the last sweep; `IS_DIRECT`: it is told already; `ASKED`: by Python, please."""
IS_DIRECT: Final = 120
ASKED: Final = 128
HAS_BEFORE: Final = 136
"""Whether there was a sweep in this macro step to compare with: inputs (m), outputs (p) and what it told (p, m)."""
BEFORE_GIVEN: Final = 144
BEFORE_GIVES: Final = 152
BEFORE_DIRECT: Final = 160
CHANGES: Final = 168
"""Changes of inputs in this macro step that taught something (at most m, with m entries), and how many."""
CHANGES_COUNT: Final = 176
NOTES: Final = 184
"""Not 0 where what comes next is to be compared with the last sweep."""
CHANGED: Final = 192
"""Not 0 where something else is known than when slopes were found last."""
CHANGE: Final = 200
"""To work on: the change of inputs (m), in units (m), what is new of it (m), what is missing of the outputs (p), what
is explained (p), and a basis (m, m)."""
ALONG: Final = 208
NEW: Final = 216
MISSING: Final = 224
EXPLAINED: Final = 232
CHANGES_BASIS: Final = 240
FUNCTION: Final = 248
"""Address of GetDirectionalDerivative, and nine words of arguments with the seed and the result in them."""
ARGUMENTS: Final = 256
SEED: Final = 328
"""The seed (m) and the result (p) of a call."""
RESULT: Final = 336
FEEDS: Final = 344
"""Inputs that the loop feeds: (number of the input, factor, slopes of the source, unknown that the source is).

The slopes are an address (n doubles), 0 where the source is an unknown by itself."""
FEEDS_END: Final = 352
FEED_ROW: Final = 32
SEEDS: Final = 360
"""Slopes of the inputs by the unknowns (m, n), and of the outputs (p, n)."""
FOLLOWS: Final = 368
COLUMNS: Final = 376
"""Of each output (p) the unknown that it is, -1 where it is none."""
LENGTH: Final = 384
"""The length (s) of the macro step that `FACTOR` is for, a double."""
PART: Final = 392
"""Size of the words of a component."""
