"""PI controller: the length of the next step from the errors of the last two."""

from typing import Any, Final

import numpy as np

from orchestrator.master.compiled.layout import doubling as at
from orchestrator.master.memory import Remembered


class PiController:
    """Proposes steps of `length` (s), from `smallest` to `largest`, for errors that go like h^`order`; see `hot.pi`.

    `address` is where compiled functions find it.
    """

    def __init__(self, order: float, smallest: float, largest: float, first: float | None = None) -> None:
        from orchestrator.master.compiled.hot import pi as hot_pi  # compiled, or loaded, when it is first needed

        self._hot: Any = hot_pi
        self._memory = np.full(at.PI_CONTROLLER // 8, np.nan)
        self._memory[: at.PI_LENGTH // 8] = order, smallest, largest
        self._memory[at.PI_CLEAR // 8] = hot_pi.clear(order)
        self._changing = self._memory[at.PI_LENGTH // 8 : at.PI_CLEAR // 8]
        self.address: Final = int(self._memory.ctypes.data)
        hot_pi.propose(self.address, float(first or largest))

    @property
    def length(self) -> float:
        """The step (s) to try next."""
        return float(self._memory[at.PI_LENGTH // 8])

    def accepted(self, h: float, error: float) -> None:
        """A step of h (s) was made with this error; a short one, to meet a point, does not shorten what follows."""
        self._hot.accepted(self.address, h, error)

    def refused(self, length: float) -> None:
        """A step could not be made; one of `length` (s) is tried in its place, and longer ones only bit by bit."""
        self._hot.refused(self.address, length)

    def forget(self) -> None:
        """Something jumped: the last error says nothing about the next one."""
        self._memory[at.PI_BEFORE // 8] = np.nan

    def remembered(self) -> Remembered:
        """The proposal, the last error, and how long a step may be after one that could not be made."""
        length, before, ceiling = self._changing.tolist()
        return {"length": length, "before": _known(before), "ceiling": _known(ceiling)}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        values = (memory[name] for name in ("length", "before", "ceiling"))
        self._changing[:] = [np.nan if value is None else value for value in values]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
