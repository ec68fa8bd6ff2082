"""Machine: one instance of a surrogate as its C code knows it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from surrogates.library import Library

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

OK, OTHER_STEP, NOT_FINITE = range(3)
"""What a step answers; where it is not OK nothing has changed."""

_OUTSIDE, _STEPS = 6, 7
"""Words of an instance, as in c/zone_step.c, behind six pointers."""


class Machine:
    """An instance in memory: its `values`, of which `inputs` and `outputs` are places, and its state in arrays.

    `state` are arrays that the code changes, fields and lumps; `held` are the scalars of the last step.
    """

    def __init__(
        self,
        library: Library,
        values: Floats,
        places: tuple[Places, Places],
        state: Sequence[Floats],
        held: Floats,
    ) -> None:
        self.functions: Final = library
        self._places = tuple(np.ascontiguousarray(each, np.int64) for each in places)
        self.state: Final = tuple(np.array(each, np.float64) for each in state)
        self.held: Final = held
        self._kept_alive = arrays = (values, *self._places, *self.state, held)
        self._words = np.array([*(each.ctypes.data for each in arrays), 0, 0], np.int64)
        self.address: Final = int(self._words.ctypes.data)
        self.outside_address: Final = self.address + 8 * _OUTSIDE

    def step(self, t: float, h: float) -> int:
        """One macro step from t by h (s); how it ended."""
        return self.functions.do_step(self.address, t, h)

    @property
    def steps(self) -> int:
        """Steps made so far."""
        return int(self._words[_STEPS])

    @property
    def outside(self) -> bool:
        """Whether the last step left the validity domain."""
        return bool(self._words[_OUTSIDE])

    def put(self, state: Sequence[Floats], *, outside: bool) -> None:
        """Be in another state."""
        for mine, other in zip(self.state, state, strict=True):
            mine[:] = other
        self._words[_OUTSIDE] = outside
