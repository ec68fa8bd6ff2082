"""Counts: how many steps the compiled loop made."""

from collections.abc import Sequence

from orchestrator.master.compiled.samples import Samples
from orchestrator.master.participant import Participant


class Counts:
    """Counts steps of the components `counted`, by number: 1 `begin` at a macro step, 2 `come_to`, or `made`, repeated.

    Others count theirs themselves.
    """

    def __init__(self, participants: Sequence[Participant], counted: Sequence[int], samples: Samples | None) -> None:
        self._statistics = {number: participants[number].statistics for number in counted}
        self._samples = samples
        self._index = self._number = 0

    def begin(self, index: int, number: int = 0) -> None:
        """All up to this macro step, and of it those of the components before this one, are counted."""
        self._index, self._number = index, number

    def come_to(self, index: int, number: int) -> None:
        """The loop is at this macro step and this component."""
        whole, first = index - self._index, self._number
        if number == first:
            for each in self._statistics.values():
                each.steps += whole
            if self._samples is not None:
                self._samples.steps[list(self._statistics)] += whole
        else:
            for component in self._statistics:
                self.made(component, whole + (component < number) - (component < first))
        self._index, self._number = index, number

    def made(self, number: int, steps: int) -> None:
        """A component made so many steps."""
        self._statistics[number].steps += steps
        if self._samples is not None:
            self._samples.steps[number] += steps
