"""Probe: everything that is tried out of a coupled system before it runs, within a number of steps."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from orchestrator.errors import CotwinError
from orchestrator.master.probing.bench import Bench, unable
from orchestrator.master.probing.coupling_map import FULL, LoopProbe, probed_loop
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
    told what is tried.
    """
    problems: list[str] = []
    names = unable(bench.coupling)
    maps = tuple(_mapped(bench, loop, told, problems) for loop in loops)
    growths, error = None, None
    if names:
        stuck = ", ".join(f"'{name}'" for name in names)
        problems.append(f"stability and local error: {stuck} cannot go back, without get/set FMU state")
    else:
        error = _tried(lambda: local_error(bench, tolerance), "local error", told, problems)
        growths = _tried(lambda: stability(bench, span, _steps(bench), told, LIMIT), "stability", told, problems)
    return Findings(
        tuple(one for one in maps if one is not None),
        growths,
        error,
        tuple(problems),
        bench.steps_made,
        names,
    )


def _mapped(bench: Bench, loop: tuple[str, ...], told: Callable[[str], None], problems: list[str]) -> LoopProbe | None:
    about = f"loop {' <-> '.join(loop)}"
    names = unable(bench.coupling, loop)
    if names:
        stuck = ", ".join(f"'{name}'" for name in names)
        problems.append(f"{about}: {stuck} cannot go back, without get/set FMU state")
        return None
    if bench.steps_made + len(loop) * FULL > LIMIT:
        problems.append(f"{about}: left out, since {LIMIT} steps were made already")
        return None
    return _tried(lambda: probed_loop(bench, loop, bench.step_size), about, told, problems)


def _steps(bench: Bench) -> int:
    """Macro steps over which a change is followed, so that a few step sizes fit into the limit."""
    left = max(LIMIT - bench.steps_made, 0)
    return min(max(left // (8 * len(bench.coupling.participants)), FEWEST_STEPS), MOST_STEPS)


def _tried(
    trial: Callable[[], FoundT | None], about: str, told: Callable[[str], None], problems: list[str]
) -> FoundT | None:
    told(about)
    try:
        found = trial()
    except CotwinError as error:
        problems.append(f"{about}: {error}")
        return None
    if found is None:
        problems.append(f"{about}: the steps at the start tell nothing about it, or end before their time")
    return found
