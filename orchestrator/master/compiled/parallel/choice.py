"""Parallel choice: whether several threads are faster than one, found out during the run."""

import math
from collections.abc import Callable, Generator
from enum import Enum, auto
from typing import Final, NamedTuple


class Threads(NamedTuple):
    """How many threads may step components: at most `most`, None for as many as there are processors.

    They are used where that is `measured` to be faster, or always.
    """

    most: int | None = None
    measured: bool = True


ONE_OR_MORE: Final = Threads()
"""As many as are faster."""


class Way(Enum):
    """How macro steps are made: by one thread, by one that measures what components cost, or by several."""

    ALONE = auto()
    METERED = auto()
    TOGETHER = auto()


STRETCH: Final = 0.003
"""Durations are compared over so long (s), or over one macro step that takes longer."""
METERED: Final = 0.0003
FIRST: Final = 0.02
"""When several threads are tried for the first time (s)."""
LEAST: Final = 1e-6
"""Macro steps that take one thread less than this (s) are not shared out: threads that wait for each other need a part
of it."""
PAUSES: Final = (0.1, 10.0)
"""How long (s) one thread goes on after several were no faster, at first and at most."""
GLANCE: Final = 0.1
"""How long (s) several threads that proved faster go on before it is looked whether they are, at most."""
REFRESH: Final = 1.0
"""How often (s) it is looked how fast one thread would be, or as many times what such a look takes:"""
LOOKS: Final = 100
TRIALS: Final = 3
CLEARLY: Final = 0.8
ENOUGH: Final = 0.9
"""Several threads are taken where they need so much of the time of one: at once, or after `TRIALS`."""
HOPELESS: Final = 1.5
LOSS: Final = 0.02
"""Several threads are not tried while that has cost more of the time than this."""

_Course = Generator[Way, float, None]


class Choice:
    """Tells the `way` of the next macro steps, and is `told` what they took.

    `share` shares the components out by the costs that were metered, over a number of macro steps, and gives the part
    of the time that several threads would need of what one does.
    """

    def __init__(self, share: Callable[[int], float]) -> None:
        self._share = share
        self.alone = math.nan
        """What a macro step took one thread when it was measured last (s)."""
        self._elapsed, self._lost, self._end = 0.0, 0.0, 0.0
        self._steps, self._seconds, self._look = 0, 0.0, 0.0
        self._course = self._run()
        self.way = next(self._course)

    @property
    def steps(self) -> int | None:
        """How many macro steps are to be made at most before it is told; None for any number."""
        return max(1, int((METERED - self._seconds) / self.alone)) if self.way is Way.METERED else None

    @property
    def span(self) -> float:
        """How long (s) the present way is to be gone before it is told."""
        return max(self._stretch - self._seconds, self._end - self._elapsed)

    @property
    def _stretch(self) -> float:
        return METERED if self.way is Way.METERED else STRETCH

    def told(self, steps: int, seconds: float, *, enough: bool = False) -> None:
        """So many macro steps took so long (s) in the `way` wished for; `enough` where they came to an end early."""
        self._steps, self._seconds = self._steps + steps, self._seconds + seconds
        if self._steps == 0 or (self._seconds < self._stretch and not enough):
            return
        each = self._seconds / self._steps
        self._elapsed += self._seconds
        if self.way is Way.ALONE:
            self.alone, self._look = each, self._seconds
        elif not math.isnan(self.alone):
            self._lost = max(0.0, self._lost + self._seconds - self._steps * self.alone)
        metered, self._steps, self._seconds = self._steps, 0, 0.0
        if self.way is Way.METERED:
            each = self._share(metered)
        self.way = self._course.send(each)

    def _run(self) -> _Course:
        pause = FIRST
        while True:
            yield from self._by_one(pause)
            if self.alone < LEAST:
                continue
            part = yield Way.METERED
            if part < ENOUGH and (yield from self._is_faster()):
                pause = FIRST
                yield from self._by_several()
            pause = min(max(2.0 * pause, PAUSES[0]), PAUSES[1])

    def _by_one(self, pause: float) -> _Course:
        self._end = self._elapsed + pause
        yield Way.ALONE
        while self._elapsed < self._end or self._lost > LOSS * self._elapsed:
            yield Way.ALONE

    def _is_faster(self) -> Generator[Way, float, bool]:
        alone, together = (yield Way.ALONE), math.inf
        if (yield Way.TOGETHER) < CLEARLY * alone:  # threads wake up, and memory comes to where they are
            return True
        for _ in range(TRIALS):
            together = min(together, (yield Way.TOGETHER))
            if together < CLEARLY * alone:
                return True
            if together > HOPELESS * alone:
                return False
            alone = min(alone, (yield Way.ALONE))
        return together < ENOUGH * alone

    def _by_several(self) -> _Course:
        """Until they were slower than one twice, one after the other."""
        looked, slow = self._elapsed, 0
        while slow < 2:
            self._end = self._elapsed + GLANCE
            together = yield Way.TOGETHER
            slow = slow + 1 if together >= self.alone else 0
            if slow or self._elapsed - looked > max(REFRESH, LOOKS * self._look):
                self._end = 0.0
                alone = yield Way.ALONE
                slow = slow if together >= alone else 0
                looked = self._elapsed
