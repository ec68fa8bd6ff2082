"""Layout of what step doubling knows, in memory that compiled functions and the readable master share, in bytes.

`n` is the number of floats that are watched; arrays of them are given by their address.
"""

from typing import Final

# A PI controller: what it was given and what it remembers, all of them doubles; NaN where there is none.
PI_ORDER: Final = 0
PI_SMALLEST: Final = 8
PI_LARGEST: Final = 16
PI_LENGTH: Final = 24
"""The length (s) of the step to try next."""
PI_BEFORE: Final = 32
"""The error of the step before, in units of what is allowed."""
PI_CEILING: Final = 40
"""How long (s) a step may be after one that could not be made."""
PI_CLEAR: Final = 48
"""What e[n]^7 has to be below, in units of e[n-1]^4, for the next step to be clearly longer; see `hot.pi`."""
PI_CONTROLLER: Final = 56

# The scales of the outputs.
NUMBER: Final = 0
NOMINALS: Final = 8
"""Declared nominal values, 0 where there is none; the largest absolute values since the start, if `HAS_SEEN` any."""
SEEN: Final = 16
HAS_SEEN: Final = 24
STEPPED: Final = 32
"""Words that are not 0 for floats that hold their value until they jump, and for those that inputs pass through."""
FLEETING: Final = 40

# Step doubling.
OUTPUTS: Final = 0
"""Addresses of the scales and of the controller."""
CONTROLLER: Final = 8
TOLERANCE: Final = 16
"""Doubles: the error that is allowed in units of the scales, and in which time (s); the smallest step (s)."""
STEP_SIZE: Final = 24
SMALLEST: Final = 32
ORDER: Final = 40
"""That of the coupling."""
HAS_LEFT: Final = 48
"""Whether there are floats at the end of the step before, and what they were."""
LEFT: Final = 56
HAS_PAST: Final = 64
"""Whether slopes (1/s) in the second half of the step before are known; curvatures (1/s^2), NaN where they are not."""
SLOPES: Final = 72
CURVATURES: Final = 80
HALF: Final = 88
"""The length (s) of that half, a double."""
AT_START: Final = 96
"""The floats of a trial: at its start, after one whole step, in the middle and at the end of the two halves."""
AT_WHOLE: Final = 104
AT_MIDDLE: Final = 112
AT_END: Final = 120
START_TIME: Final = 128
"""Times (s) of these, doubles."""
MIDDLE_TIME: Final = 136
END_TIME: Final = 144
OTHERS_IN_FIRST: Final = 152
"""Whether a value that is no float changed in each half."""
OTHERS_IN_SECOND: Final = 160
SCALES: Final = 168
"""What was found: the scales, the errors in units of what is allowed, and words: what jumps in each half."""
ERRORS: Final = 176
FIRST: Final = 184
SECOND: Final = 192
ERROR: Final = 200
"""Doubles: the largest of the errors, and the largest late change in units of the scales."""
LATEST: Final = 208
DOUBLING: Final = 216

# What is to become of a trial.
ACCEPTED: Final = 0
SHORTENED: Final = 1
"""Its error is too large."""
HALVED: Final = 2
"""Something jumps, and it is not known where the outputs would be without it, or the error is too large too."""
IN_FIRST: Final = 3
"""Something jumps in the first half, which the other outputs show in the second one."""
IN_SECOND: Final = 4
"""Something jumps in the second half; what that does is not seen yet."""
SMALLEST_JUMP: Final = 5
"""Something jumps, and nothing shorter is tried."""
TOO_LARGE: Final = 6
"""The error is too large, and nothing shorter is tried."""
