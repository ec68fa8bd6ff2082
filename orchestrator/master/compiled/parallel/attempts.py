"""Parallel attempts: steps of a system that may be taken back, by several threads where that is faster."""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.parallel.choice import Threads, Way
from orchestrator.master.compiled.parallel.kernel import address_of
from orchestrator.master.compiled.parallel.loading import ATTEMPTS, is_loaded, load
from orchestrator.master.compiled.parallel.threads import Parallel, parallel
from orchestrator.master.participant import Participant


class By(NamedTuple):
    """Addresses for `layout.control.SEVERAL` and `CREW`: by what the next steps are made; 0 where one thread does."""

    function: int
    crew: int


_ONE = By(0, 0)


class Attempts:
    """Call order: 1 `by`, with `most` for how many steps, 2 `told` what they took, both repeated, 3 `close`."""

    def __init__(self, inside: Parallel) -> None:
        self._inside = inside
        self._waits = False

    def load(self) -> None:
        """Have the compiled functions for several threads, so that no step waits for them."""
        load(ATTEMPTS)

    @property
    def most(self) -> int | None:
        """How many steps of the system are made before it is told; None for any number."""
        return self._inside.choice.steps if self._inside.measured else None

    def by(self) -> By:
        """By what the next steps of the system are made."""
        inside = self._inside
        way = inside.choice.way if inside.measured else Way.TOGETHER
        self._waits = inside.measured and way is not Way.ALONE and not is_loaded(ATTEMPTS)
        if way is Way.ALONE or self._waits:
            return _ONE
        hot = load(ATTEMPTS)
        if way is Way.TOGETHER:
            inside.wake()
        return By(address_of(hot.attempt if way is Way.TOGETHER else hot.meter_attempt), inside.crew.address)

    def told(self, steps: int, seconds: float) -> None:
        """So many steps of the system took so long (s)."""
        if steps and self._inside.measured and not self._waits:
            self._inside.choice.told(steps, seconds)

    def close(self) -> None:
        """End the threads."""
        self._inside.close()


def attempts(
    program: Program, participants: Sequence[Participant], threads: Threads, *, newest: bool
) -> Attempts | None:
    """None where there is nothing to gain, or a loop or what a component remembers ties threads together."""
    if program.loops or program.ways:
        return None
    inside = parallel(program, participants, threads, newest=newest)
    return None if inside is None else Attempts(inside)
