"""Hot PI controller: the length of the next step from the errors of the last two, as compiled functions.

h[n+1] = 0.9 h[n] (1 / e[n])^(0.7/q) e[n-1]^(0.4/q) for errors e in units of what is allowed, which go like h^q.
Gustafsson, ACM Trans. Math. Softw. 17:533-554 (1991), with the factors of Hairer and Wanner II, IV.2. The readable
master calls these too: `layout_doubling` says what lies at the address of a controller.
"""

from typing import Final

import numpy as np

from orchestrator.by_address import compiled, load_double, store_double
from orchestrator.master.compiled.layout import doubling as at

_SAFETY: Final = 0.9
_PROPORTIONAL: Final = 0.4
_INTEGRAL: Final = 0.3
_GROWTH: Final = 5.0
_CUT: Final = 0.1
_RECOVERY: Final = 1.5
_NO_ERROR: Final = 1e-10
_CLEARLY: Final = 1.1


@compiled
def clear(order: float) -> float:
    """What e[n]^7 / e[n-1]^4 is at most where the next step is to be longer by the factor `_CLEARLY` at least.

    That is 0.9 (1 / e[n])^(0.7/q) e[n-1]^(0.4/q) >= f to the power of 10 q, and needs no roots.
    """
    return float((_SAFETY / _CLEARLY) ** (10.0 * order))


@compiled
def _is_longest(pi: int, h: float, error: float, before: float) -> bool:
    """Whether the step after one of h (s) is as long as any may be; False where that is not clear."""
    if h * _CLEARLY < load_double(pi + at.PI_LARGEST):
        return False
    seventh, fourth = error * error * error * error * error * error * error, before * before * before * before
    return bool(seventh <= load_double(pi + at.PI_CLEAR) * fourth)


@compiled
def propose(pi: int, length: float) -> None:
    """Let this be the length (s) of the next step, as far as it may be."""
    ceiling, largest = load_double(pi + at.PI_CEILING), load_double(pi + at.PI_LARGEST)
    if ceiling < largest:
        largest = ceiling
    store_double(pi + at.PI_LENGTH, min(max(length, load_double(pi + at.PI_SMALLEST)), largest))


@compiled
def accepted(pi: int, h: float, error: float) -> None:
    """A step of h (s) was made with this error; a short one, to meet a point, does not shorten what follows."""
    ceiling, order, length = (
        load_double(pi + at.PI_CEILING),
        load_double(pi + at.PI_ORDER),
        load_double(pi + at.PI_LENGTH),
    )
    store_double(pi + at.PI_CEILING, np.nan if ceiling >= load_double(pi + at.PI_LARGEST) else _RECOVERY * ceiling)
    error = max(error, _NO_ERROR)
    before = load_double(pi + at.PI_BEFORE)
    if np.isnan(before):
        before = error
    store_double(pi + at.PI_BEFORE, error)
    if _is_longest(pi, h, error, before):
        propose(pi, load_double(pi + at.PI_LARGEST))
        return
    factor = _SAFETY * error ** (-(_PROPORTIONAL + _INTEGRAL) / order) * before ** (_PROPORTIONAL / order)
    proposal = h * min(max(factor, _CUT), _GROWTH)
    clipped = h < 0.9 * length and error <= 1.0
    propose(pi, max(proposal, length) if clipped else proposal)


@compiled
def rejected(pi: int, h: float, error: float) -> float:
    """A step of h (s) had an error above 1 and is taken back; the step (s) to try in its place."""
    store_double(pi + at.PI_BEFORE, np.nan)
    propose(pi, h * max(_CUT, _SAFETY * error ** (-1.0 / load_double(pi + at.PI_ORDER))))
    length: float = load_double(pi + at.PI_LENGTH)
    return length


@compiled
def refused(pi: int, length: float) -> None:
    """A step could not be made; one of `length` (s) is tried in its place, and longer ones only bit by bit."""
    store_double(pi + at.PI_BEFORE, np.nan)
    ceiling = min(length, load_double(pi + at.PI_LENGTH))
    store_double(pi + at.PI_CEILING, ceiling)
    propose(pi, ceiling)
