"""Hot pace: which communication points are recorded, as a compiled function over addresses."""

from typing import Any

import numpy as np
from numba import njit

from orchestrator.by_address import load_double, store_double


def _due(pace: int, t: float) -> bool:
    """Whether the point at t (s) is recorded; `pace` is the address of start, interval and last k."""
    intervals = (t - load_double(pace)) / load_double(pace + 8)
    passed = np.floor(intervals + (1e-9 + 1e-15 * intervals))
    if passed <= load_double(pace + 16):
        return False
    store_double(pace + 16, passed)
    return True


due: Any = njit("boolean(int64, float64)", cache=True, nogil=True, error_model="numpy")(_due)
