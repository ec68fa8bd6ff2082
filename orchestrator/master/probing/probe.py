"""Probe: everything that is tried out of a coupled system before it runs, within a number of steps."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from orchestrator.errors import CotwinError, SimulationError
from orchestrator.master.probing.bench import Bench, unable
from orchestrator.master.probing.coupling_map import LoopProbe, probed_loop
from orchestrator.master.probing.growth import Stability, stability
from orchestrator.master.probing.local_error import LocalError, local_error

FoundT = TypeVar("FoundT")

LIMIT = 8000
"""Calls of `do_step` that a probe makes at most, up to the last trial that it has begun."""

MOST_STEPS, FEWEST_STEPS = 40, 12
"""Macro steps over which a small change is followed."""


class Findings(NamedTuple):
    """What the trials have shown; `problems` say what could not be tried, and why. `do_steps` is what they cost."""

    loops: tuple[LoopProbe, ...] = ()
    stability: Stability | None = None
    error: LocalError | None = None
    problems: tuple[str, ...] = ()
    do_steps: int = 0
    unable: tuple[str, ...] = ()


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
    trials = _Trials(bench, told)
    maps = tuple(trials.loop(loop) for loop in loops)
    names = unable(bench.coupling)
    growths, error = None, None
    if names:
        trials.problems.append(f"stability and local error: {_cannot(names)}")
    else:
        steps = min(_steps(bench), int(span / bench.step_size * (1.0 + 1e-9)))
        error = trials.tried("local error", lambda: local_error(bench, tolerance))
        growths = trials.tried("stability", lambda: stability(bench, span, steps, told, LIMIT))
    found = tuple(one for one in maps if one is not None)
    return Findings(found, growths, error, tuple(trials.problems), bench.steps_made, names)


class _Trials:
    """Trials one after the other; none follows an error of a component, which may be out of order then."""

    def __init__(self, bench: Bench, told: Callable[[str], None]) -> None:
        self._bench, self._told = bench, told
        self._broken: str | None = None
        self.problems: list[str] = []

    def loop(self, loop: tuple[str, ...]) -> LoopProbe | None:
        """The coupling map of a loop, where all of its components can go back."""
        about, bench = f"loop {' <-> '.join(loop)}", self._bench
        names = unable(bench.coupling, loop)
        if names:
            self.problems.append(f"{about}: {_cannot(names)}")
            return None
        if bench.steps_made > LIMIT:
            self.problems.append(f"{about}: left out, since {bench.steps_made} steps were made already")
            return None
        return self.tried(about, lambda: probed_loop(bench, loop, bench.step_size))

    def tried(self, about: str, trial: Callable[[], FoundT | None]) -> FoundT | None:
        """What a trial finds, None where it finds nothing; `problems` say why."""
        if self._broken is not None:
            self.problems.append(f"{about}: left out, since {self._broken} has failed")
            return None
        self._told(about)
        try:
            found = trial()
        except CotwinError as error:
            if isinstance(error, SimulationError):
                self._broken = f"'{error.component}'" if error.component else "a component"
            self.problems.append(f"{about}: {error}")
            return None
        if found is None:
            self.problems.append(f"{about}: the steps at the start tell nothing about it, or end before their time")
        return found


def _cannot(names: tuple[str, ...]) -> str:
    stuck = ", ".join(f"'{name}'" for name in names)
    return f"{stuck} cannot go back, without get/set FMU state"


def _steps(bench: Bench) -> int:
    """Macro steps over which a change is followed, so that a few step sizes fit into the limit."""
    left = max(LIMIT - bench.steps_made, 0)
    return min(max(left // (8 * len(bench.coupling.participants)), FEWEST_STEPS), MOST_STEPS)
