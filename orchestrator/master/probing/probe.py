"""Probe: everything that is tried out of a coupled system before it runs, within a number of steps."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from orchestrator.errors import CapabilityError, CotwinError, SimulationError
from orchestrator.master.probing.bench import Bench, unable
from orchestrator.master.probing.candidates import STRETCH, Comparison, compared
from orchestrator.master.probing.coupling_map import LoopProbe, probed_loop
from orchestrator.master.probing.growth import Stability, stability
from orchestrator.master.probing.linear_growth import linear_stability
from orchestrator.master.probing.local_error import LocalError, local_error

FoundT = TypeVar("FoundT")

LIMIT = 8000
"""Calls of `do_step` that a probe makes at most, up to the last trial that it has begun."""

MOST_STEPS, FEWEST_STEPS = 40, 12
"""Macro steps over which a small change is followed."""

COURSES_OF_ERROR, COURSES_OF_COMPARISON, COURSES_OF_GROWTH = 7, 36, 6
"""Steps of each component per macro step of a trial, about: of h, h/2, ... together, with iterations."""


class Findings(NamedTuple):
    """What the trials have shown; `problems` say what could not be tried, and why. `do_steps` is what they cost."""

    loops: tuple[LoopProbe, ...] = ()
    stability: Stability | None = None
    error: LocalError | None = None
    problems: tuple[str, ...] = ()
    do_steps: int = 0
    unable: tuple[str, ...] = ()
    comparison: Comparison | None = None


def probe(
    bench: Bench,
    loops: tuple[tuple[str, ...], ...],
    span: float,
    tolerance: float,
    told: Callable[[str], None] = lambda _: None,
) -> Findings:
    """Try everything out that components which can go back allow, for a run over `span` (s).

    `loops` are the components that feed each other in circles, `tolerance` is the local error that is wanted, `told` is
    told what is tried. Nothing goes beyond the end of the run.
    """
    trials = _Trials(bench, span, told)
    maps = tuple(trials.loop(loop) for loop in loops)
    names = unable(bench.coupling)
    growths, error, comparison = None, None, None
    if names:
        trials.problems.append(f"local error and a comparison of algorithms: {_cannot(names)}")
        growths = trials.tried("stability", lambda: linear_stability(bench, span))
    else:
        error = trials.tried("local error", trials.local_error(tolerance))
        comparison = trials.tried("algorithms", trials.comparison())
        growths = trials.tried("stability", trials.stability())
    found = tuple(one for one in maps if one is not None)
    return Findings(found, growths, error, tuple(trials.problems), bench.steps_made, names, comparison)


class _Trials:
    """Trials one after the other; none follows an error of a component, which may be out of order then.

    None goes beyond the end of the run, `span` (s) from its start.
    """

    def __init__(self, bench: Bench, span: float, told: Callable[[str], None]) -> None:
        self._bench, self._told = bench, told
        self._components = len(bench.coupling.participants)
        self._within = max(int(span / bench.step_size * (1.0 + 1e-9)), 1)
        self._span = span
        self._broken: str | None = None
        self.problems: list[str] = []

    def loop(self, loop: tuple[str, ...]) -> LoopProbe | None:
        """The coupling map of a loop, where something tells how each of its components responds."""
        about, bench = f"loop {' <-> '.join(loop)}", self._bench
        if bench.steps_made > LIMIT:
            self.problems.append(f"{about}: left out, since {bench.steps_made} steps were made already")
            return None
        return self.tried(about, lambda: probed_loop(bench, loop, bench.step_size))

    def local_error(self, tolerance: float) -> Callable[[], LocalError | None]:
        """Over one macro step, or one period of the components that step less often."""
        period = self._period("local error", 1, COURSES_OF_ERROR)
        return lambda: local_error(self._bench, tolerance, period)

    def comparison(self) -> Callable[[], Comparison | None]:
        """Over a few macro steps, or one period of the components that step less often."""
        period = self._period("algorithms", 1, COURSES_OF_COMPARISON)
        left = max(LIMIT - self._bench.steps_made, 0) // (COURSES_OF_COMPARISON * self._components)
        steps = min(max(min(STRETCH, left, self._within) // period, 1) * period, self._longest(period))
        if left < 1:
            return self._too_many
        return lambda: compared(self._bench, self._bench.plan.solving.algorithm, steps)

    def stability(self) -> Callable[[], Stability | None]:
        """Over a few dozen macro steps, or a dozen periods of the components that step less often."""
        bench = self._bench
        period = self._period("stability", FEWEST_STEPS, COURSES_OF_GROWTH)
        left = max(LIMIT - bench.steps_made, 0) // (8 * self._components)
        steps = min(max(left // period, FEWEST_STEPS), MOST_STEPS) * period
        steps = min(steps, self._within // period * period, self._longest(period))
        return lambda: stability(bench, self._span, steps, self._told, LIMIT, period)

    def _too_many(self) -> None:
        raise CapabilityError(f"left out, since all of them would take more than the {LIMIT} steps of a probe")

    def _period(self, about: str, least: int, courses: int) -> int:
        """Macro steps after which all components have stepped, or 1 where `least` such periods take too long."""
        slow = self._bench.slow
        period = math.lcm(*slow.values())
        steps = least * period
        if period > 1 and (steps > self._within or steps * courses * self._components > LIMIT):
            self.problems.append(f"{about}: that of the other components alone, since {_rarely(slow)}")
            return 1
        return period

    def _longest(self, period: int) -> int:
        """Macro steps until the first component steps that the period does not know of."""
        slow = self._bench.slow.values()
        return min(slow) - 1 if slow and period == 1 else self._within

    def tried(self, about: str, trial: Callable[[], FoundT | None]) -> FoundT | None:
        """What a trial finds, None where it finds nothing; `problems` say why."""
        if self._broken is not None:
            self.problems.append(f"{about}: left out, since {self._broken} has failed")
            return None
        self._told(about)
        try:
            found = trial()
        except CotwinError as error:
            if isinstance(error, SimulationError) and error.component is not None:
                self._broken = f"'{error.component}'"
            self.problems.append(f"{about}: {error}")
            return None
        if found is None:
            self.problems.append(f"{about}: the steps at the start tell nothing about it, or end before their time")
        return found


def _cannot(names: tuple[str, ...]) -> str:
    stuck = ", ".join(f"'{name}'" for name in names)
    return f"{stuck} cannot go back, without get/set FMU state"


def _rarely(slow: Mapping[str, int]) -> str:
    each = [
        f"'{name}' steps once in {count} macro steps and holds its outputs until then" for name, count in slow.items()
    ]
    return ", ".join(each)
