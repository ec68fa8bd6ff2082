"""Initial loops: loops of direct feedthrough, solved in Initialization Mode by Newton's method.

The standard allows to set inputs and get outputs there as often as wanted (FMI 2.0.4 section 4.2.4, FMI 3.0.2 section
2.3.3). Values that are no floats, or change at events only, are passed around until they rest.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from orchestrator.errors import InitializationError
from orchestrator.graph.schedule import InitialStage
from orchestrator.instance import Bundle
from orchestrator.master.initial.equations import InitialEquations
from orchestrator.master.initial.naming import naming
from orchestrator.master.initial.newton import End, Solution, solve
from orchestrator.master.participant import Participant
from orchestrator.signals import Signals, gather
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Storage, Variability
from orchestrator.system.solving import Initialization

_SHOWN: Final = 5


class InitialLoop:
    """One loop: the `links` on it, and how the values along them are found at t (s)."""

    def __init__(
        self,
        participants: Mapping[str, Participant],
        signals: Signals,
        stage: InitialStage,
        links: Sequence[Link],
        settings: Initialization,
        t: float,
    ) -> None:
        self._participants, self._signals, self._settings, self._t = participants, signals, settings, t
        outputs, inputs = set(stage.outputs), set(stage.loop)
        self.links = tuple(one for one in links if one.source[:2] in outputs and one.destination[:2] in inputs)
        floats = [link for link in self.links if is_continuous(link, signals)]
        self._equations = InitialEquations(participants, signals, floats, t)
        self._discrete = tuple(link for link in self.links if link not in floats)
        self._plan = signals.plan(self._discrete)

    def solve(self) -> None:
        """Find the values; all else that the components need is set. InitializationError with what does not fit."""
        limit = self._settings.max_iterations
        for _ in range(limit):
            self._solve_floats()
            changed = self._pass_on()
            if not changed:
                return
        names = ", ".join(f"'{name}'" for name in changed[:_SHOWN])
        raise InitializationError(
            f"{names} of a loop did not come to rest at t = {self._t:.9g} s: values that are no numbers, or change at "
            f"events only, still changed after they were passed around {limit} times. Break the loop with "
            "'delay: true' on a connection of it, or give other start values",
            time=self._t,
        )

    def _solve_floats(self) -> None:
        equations, settings = self._equations, self._settings
        if not equations.names:
            return
        solution = solve(
            equations,
            equations.start(),
            equations.bounds,
            tolerance=settings.tolerance,
            iterations=settings.max_iterations,
        )
        if solution.end is not End.SOLVED:
            raise refusal("the loop", equations.names, solution, self._t)

    def _pass_on(self) -> list[str]:
        """Pass the values that are no floats, and name the inputs that changed."""
        if not self._discrete:
            return []
        for name in dict.fromkeys(link.source.component for link in self._discrete):
            self._read(self._participants[name])
        before = [self._value(link) for link in self._discrete]
        gather(self._plan)
        for name in dict.fromkeys(link.destination.component for link in self._discrete):
            with naming(self._participants[name], self._t):
                self._participants[name].set_initial()
        after = [self._value(link) for link in self._discrete]
        changed = [link for link, one, other in zip(self._discrete, before, after, strict=True) if one != other]
        return [f"{link.destination.component}.{link.destination.connector}" for link in changed]

    def _read(self, participant: Participant) -> None:
        names = dict.fromkeys(
            one.source.connector for one in self._discrete if one.source.component == participant.name
        )
        for name in names:
            if participant.events is None or participant.events.has_value(name):
                place = self._signals.place(participant.name, name)
                with naming(participant, self._t):
                    participant.instance.get(Bundle.of([place.connector]), self._signals.view(place))

    def _value(self, link: Link) -> object:
        return self._signals.view(self._signals.place(*link.destination))[0]


def is_continuous(link: Link, signals: Signals) -> bool:
    """Whether what flows is a float that may take any value."""
    ends = [signals.place(*slot[:2]).connector for slot in (link.source, link.destination)]
    floats = all(connector.storage is Storage.FLOAT64 for connector in ends)
    return floats and link.mapping is None and all(one.variability is not Variability.DISCRETE for one in ends)


def refusal(what: str, names: Sequence[str], solution: Solution, t: float, more: str = "") -> InitializationError:
    """The error for what Newton's method did not solve: why, the residuals by name, the remedy, and `more` of it."""
    about = listed([names[index] for index in solution.about])
    finite = np.where(np.isfinite(solution.residuals), np.abs(solution.residuals), np.inf)
    worst = [index for index in np.argsort(-finite)[:_SHOWN] if finite[index] > 0.0]
    residuals = ", ".join(f"{names[index]}: {solution.residuals[index]:.3g}" for index in worst)
    after = f"after {solution.iterations} iteration{'s' if solution.iterations != 1 else ''}"
    why, remedy = _WHY[solution.end]
    if solution.end is End.STUCK and solution.about:
        why, remedy = (
            "{about} came to a bound (min or max of an input or state), and no solution was found within",
            ("Correct min and max where they are wrong, or give start values nearer to the solution"),
        )
    told = f"; residuals in units of the nominal values: {residuals}" if residuals else ""
    message = (
        f"{what} has no solution that was found at t = {t:.9g} s {after}: {why.format(about=about)}{told}. {remedy}"
    )
    return InitializationError(message + more, time=t)


_STARTS: Final = "Give start values nearer to the solution"
_WHY: Final[Mapping[End, tuple[str, str]]] = {
    End.SINGULAR: (
        "a change of {about} changes nothing in what has to hold (the Jacobian is singular)",
        "Where the connections leave them open, leave one out or break the loop with 'delay: true'; else give other "
        "start values",
    ),
    End.STUCK: ("no step makes the residual smaller", _STARTS),
    End.UNFINISHED: (
        "the residual is not small enough",
        f"{_STARTS}, loosen the tolerance of 'initialization', or raise its max_iterations",
    ),
    End.UNDEFINED: ("{about} has a value that is not finite", _STARTS),
}


def listed(names: Sequence[str]) -> str:
    """Names for people, the first ones where there are many."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:_SHOWN]) + more
