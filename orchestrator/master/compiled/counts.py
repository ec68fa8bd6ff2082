"""Counts: how many steps the compiled loop made."""

from collections.abc import Sequence

import numpy as np

from orchestrator.master.compiled.samples import Samples
from orchestrator.master.coupling import Coupling


class Counts:
    """Counts steps of the components `counted`, by number: 1 `begin` at a macro step, 2 `come_to`, or `made`, repeated.

    Others count theirs themselves.
    """

    def __init__(self, coupling: Coupling, counted: Sequence[int], samples: Samples | None) -> None:
        self._book = coupling.statistics.book
        self._each = {number: coupling.participants[number].statistics for number in counted}
        self._numbers = np.array(counted, np.intp)
        for each in self._each.values():
            each.follow()
        self._samples = samples
        self._index = self._number = 0

    def begin(self, index: int, number: int = 0) -> None:
        """All up to this macro step, and of it those of the components before this one, are counted."""
        self._index, self._number = index, number

    def come_to(self, index: int, number: int) -> None:
        """The loop is at this macro step and this component."""
        whole, first = index - self._index, self._number
        if whole:
            self._book.together += whole
            if self._samples is not None:
                self._samples.steps[self._numbers] += whole
        for component in range(min(first, number), max(first, number)):
            if component in self._each:
                self.made(component, 1 if number > first else -1)
        self._index, self._number = index, number

    def made(self, number: int, steps: int) -> None:
        """A component made so many steps."""
        self._each[number].steps += steps
        if self._samples is not None:
            self._samples.steps[number] += steps
