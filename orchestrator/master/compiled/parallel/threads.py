"""Parallel: macro steps by several threads where that is faster, to the same bits."""

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from orchestrator.master.algorithm import MacroStep
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.made import Steps
from orchestrator.master.compiled.parallel import words as of
from orchestrator.master.compiled.parallel.choice import Choice, Threads, Way
from orchestrator.master.compiled.parallel.crew import Crew, available
from orchestrator.master.compiled.parallel.loading import is_loaded, load
from orchestrator.master.compiled.parallel.split import Levels, levels, split
from orchestrator.master.participant import Participant
from orchestrator.signals import GatherPlan

MOST: Final = 16
"""More threads than this are not taken unasked."""
PATIENCE: Final = 300_000
"""So far (ns) several threads may fall behind one before Python is asked."""
WAKES: Final = 50_000.0
"""What it costs (ns) to wake threads that have slept since the last macro step."""
_DEAR: Final = 1e6
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


class Parallel:
    """Makes macro steps of a program by one thread or by several, as `hot.loop.advance` makes them.

    Call order: 1 `begin`, 2 `advance` or `let` (repeated), where a component ends the run 3 `is_ahead` and
    `why` for those behind it, 4 `close`.
    """

    def __init__(self, program: Program, participants: Sequence[Participant], levels: Levels, threads: Threads) -> None:
        from orchestrator.master.compiled.hot import loop as hot_loop

        self._alone = hot_loop.advance
        self._program, self._levels, self.measured = program, levels, threads.measured
        pinned = [
            number
            for number, each in enumerate(participants)
            if program.natives[number] is None or each.instance.capabilities.once_per_process
        ]
        self._pinned = frozenset(pinned)
        self.crew = Crew(program, levels, threads.most or processors())
        self.choice = Choice(self._share)
        self._pauses, self._each = False, math.inf
        if not threads.measured:
            self.crew.costs[:] = _DEAR
            self._share(1)

    @property
    def _hot(self) -> Any:
        """The compiled functions for several threads."""
        return load()

    def load(self) -> None:
        """Have the compiled functions for several threads, so that no step waits for them."""
        load()

    def begin(self) -> None:
        """The program is at a communication point."""
        self.crew[of.UNDER_WAY] = -1

    def advance(self, until: int) -> int:
        """Make macro steps up to the one numbered `until`, or fewer; why it came back (see `layout.run`)."""
        program, crew, choice = self._program, self.crew, self.choice
        index = program[at.INDEX]
        if crew[of.UNDER_WAY] == index:
            return int(self._hot.advance(crew.address, min(until, index + 1)))
        if not self.measured:
            return self._together(until)
        if choice.way is not Way.ALONE and not is_loaded():
            return int(self._alone(program.address, until))
        last = min(until, index + (choice.steps or until))
        began = perf_counter()
        why = self._by(choice.way, last)
        seconds, come = perf_counter() - began, program[at.INDEX]
        choice.told(come - index, seconds, enough=why == at.DONE and come < last)
        return why

    def let(self, steps: Steps, until: int) -> int:
        """The same where `steps` makes them one by one, with pauses between, which count for nothing."""
        program, crew, choice = self._program, self.crew, self.choice
        index = program[at.INDEX]
        if crew[of.UNDER_WAY] == index:
            return steps(self._hot.advance, crew.address, program.address, min(until, index + 1))
        together = choice.way is Way.TOGETHER or not self.measured
        if together:
            self.wake()
        last = min(until, index + max(1, math.ceil(choice.span / self._each))) if self.measured else until
        self._pauses, crew[of.TOOK] = True, 0
        why = steps(self._hot.advance if together else self._hot.meter, crew.address, program.address, last)
        self._tell(program[at.INDEX] - index, 1e-9 * crew[of.TOOK])
        return why

    def _tell(self, steps: int, seconds: float) -> None:
        """So many macro steps took so long (s), metered where one thread made them."""
        way = self.choice.way
        self.choice.told(steps, seconds)
        self._each = seconds / steps if steps and seconds > 0.0 else self._each
        if way is not Way.METERED:
            self.crew.costs[:] = 0

    def _by(self, way: Way, until: int) -> int:
        if way is Way.TOGETHER:
            return self._together(until)
        if way is Way.METERED:
            return int(self._hot.meter(self.crew.address, until))
        return int(self._alone(self._program.address, until))

    def _together(self, until: int) -> int:
        self.wake()
        return int(self._hot.advance(self.crew.address, until))

    def wake(self) -> None:
        """Several threads make the next steps."""
        crew, measured = self.crew, self.measured
        crew.start()
        crew[of.ALONE] = int(1e9 * self.choice.alone) if measured else 0
        crew[of.PATIENCE] = PATIENCE if measured else 2**62

    def _share(self, steps: int) -> float:
        """Share out by the costs that were metered over so many macro steps; what part of the time is needed then."""
        crew = self.crew
        costs = {number: cost / steps for number, cost in enumerate(crew.costs.tolist())}
        crew.costs[:] = 0
        if not crew.is_idle:
            return 1.0
        shares = [split(level, costs, self._pinned, crew.threads) for level in self._levels]
        crew.share(shares)
        wakes = WAKES if self._pauses else 0.0
        part: float = (sum(each.costs for each in shares) + wakes) / max(sum(costs.values()), 1.0)
        return part

    def is_ahead(self, number: int) -> bool:
        """Whether a component has stepped already, or tried to, in the macro step at which the program is."""
        crew = self.crew
        under_way = crew[of.UNDER_WAY] == self._program[at.INDEX]
        return bool(under_way and crew.ticket(number)[of.LEVEL // at.WORD] <= crew[of.REACHED])

    def why(self, number: int) -> int:
        """Why a component came back that is ahead; the program then is where that component is."""
        ticket, program = self.crew.ticket(number), self._program
        if ticket[of.TICKET_STEP // at.WORD] != self.crew[of.MACRO_STEP]:
            return at.DONE
        program[at.COMPONENT] = program[at.COMPONENTS] + number * at.COMPONENT_ROW
        program[at.STATUS], program[at.CALL] = ticket[[of.TICKET_STATUS // at.WORD, of.TICKET_CALL // at.WORD]]
        return int(ticket[of.WHY // at.WORD])

    def close(self) -> None:
        """End the threads."""
        self.crew.close()


class Ahead:
    """A component that has stepped already when its turn comes: `conclude` looks at what came of that step."""

    plan: GatherPlan = ()

    def __init__(self, conclude: Callable[[float, float], MacroStep]) -> None:
        self._conclude = conclude

    def advance(self, t: float, h: float, *, newest: bool = False) -> MacroStep:  # noqa: ARG002 -- see Steppable
        """Tell the outcome of the step from t by h (s)."""
        return self._conclude(t, h)


def parallel(
    program: Program, participants: Sequence[Participant], threads: Threads, *, newest: bool
) -> Parallel | None:
    """What makes macro steps by several threads; None where there is nothing to gain, or this machine cannot."""
    if not available() or (threads.most or processors()) < 2:
        return None
    found = levels(participants, newest=newest)
    natives = [sum(program.natives[number] is not None for number in level) for level in found]
    return Parallel(program, participants, found, threads) if max(natives, default=0) > 1 else None


def processors() -> int:
    """How many processors this process may use, by its affinity and the quota of its control group; at most `MOST`."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = _QUOTA.read_text("ascii").split()[:2]
        allowed = min(allowed, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):  # no such group, or no quota
        pass
    return min(allowed, MOST)
