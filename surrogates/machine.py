"""Machine: one instance of a surrogate as its C code knows it."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from surrogates.library import Library

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

OK, OTHER_STEP, NOT_FINITE, NO_MEMORY = range(4)
"""What a step, a restart and who keeps a state answer; where it is not OK nothing has changed."""

_OUTSIDE, _STEPS = 6, 7
"""Words of an instance, as in c/zone_step.h, behind six pointers."""


class KeptArrays(NamedTuple):
    """A kept state: its arrays, the scalars held in its last step, all values, and whether it is outside the domain."""

    state: tuple[Floats, ...]
    held: Floats
    values: Floats
    outside: bool


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
        self.values: Final = values
        self._places = tuple(np.ascontiguousarray(each, np.int64) for each in places)
        self.state: Final = tuple(np.array(each, np.float64) for each in state)
        self.held: Final = held
        self._kept_alive = arrays = (values, *self._places, *self.state, held)
        self._words = np.array([*(each.ctypes.data for each in arrays), 0, 0, values.size], np.int64)
        self._slots: dict[int, Places] = {}
        self.address: Final = int(self._words.ctypes.data)
        self.outside_address: Final = self.address + 8 * _OUTSIDE

    def step(self, t: float, h: float) -> int:
        """One macro step from t by h (s); how it ended."""
        return self.functions.do_step(self.address, t, h)

    def restart(self) -> int:
        """Restrict the values of the states; how it ended."""
        return self.functions.restart(self.address)

    @property
    def steps(self) -> int:
        """Steps and restarts made so far."""
        return int(self._words[_STEPS])

    @property
    def outside(self) -> bool:
        """Whether the last step left the validity domain."""
        return bool(self._words[_OUTSIDE])

    def slot(self) -> int:
        """Address of a pointer for a state that the code keeps, none at first; `close` frees it."""
        slot = np.zeros(1, np.int64)
        address = int(slot.ctypes.data)
        self._slots[address] = slot
        return address

    def taken(self, slot: int) -> KeptArrays:
        """What the state in a slot holds, which is empty then."""
        sizes = [array.size for array in (*self.state, self.held)]
        whole = self.functions.doubles(int(self._slots[slot][0]), sum(sizes) + 1 + self.values.size)
        *arrays, outside, values = np.split(whole, np.cumsum([*sizes, 1]))
        shaped = [array.reshape(mine.shape) for array, mine in zip(arrays, (*self.state, self.held), strict=True)]
        self.functions.release(self.address, slot)
        return KeptArrays(tuple(shaped[:-1]), shaped[-1], values, outside=bool(outside.view(np.int64)[0]))

    def close(self) -> None:
        """Free the states in slots."""
        for slot in self._slots:
            self.functions.release(self.address, slot)

    def put(self, state: Sequence[Floats], *, outside: bool) -> None:
        """Be in another state."""
        for mine, other in zip(self.state, state, strict=True):
            mine[:] = other
        self._words[_OUTSIDE] = outside
