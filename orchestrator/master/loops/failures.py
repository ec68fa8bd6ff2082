"""Failures: what is said where a loop between components has no solution that can be found."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from orchestrator.errors import CapabilityError, FailedStepError, LoopError, StepError
from orchestrator.master.algorithm import EarlyReturn
from orchestrator.master.loops.workspace import Vector
from orchestrator.system.connections.resolution import Link
from orchestrator.system.solving import LoopSolver

_SHOWN = 10

_REMEDIES = {
    "fixed_point": "Choose method: anderson or newton",
    "aitken": "Choose method: anderson or newton",
    "anderson": "Choose method: newton, or a relaxation below 1",
    "newton": "Choose a smaller step size",
}


def shown(names: Sequence[str]) -> str:
    """The components of a loop for messages, with the first ones and the last of many."""
    if len(names) <= _SHOWN:
        return " <-> ".join(names)
    return f"{' <-> '.join(names[:3])} <-> ... <-> {names[-1]} ({len(names)} components)"


class Reached(NamedTuple):
    """How far an iteration came: residuals as `listed` gives them, and what each iteration multiplied them by."""

    iterations: int
    residuals: str
    growth: float | None


def not_solved(loop: str, settings: LoopSolver, t: float, reached: Reached) -> LoopError:
    """The iterations are used up."""
    rate = ""
    if reached.growth is not None:
        rate = f" At the end each iteration multiplied the residual by about {reached.growth:.3g}."
    return LoopError(
        f"loop {loop}: {reached.iterations} iterations of {settings.method} did not solve it for t = {t:.9g} s. "
        f"Residuals in units of the nominal value, of which {settings.tolerance:.3g} are allowed, worst first: "
        f"{reached.residuals}.{rate} {_REMEDIES[settings.method]}, raise max_iterations, loosen the tolerance of "
        "'loops', or declare 'delay: true' on one of its connections",
        time=t,
    )


def grows(loop: str, settings: LoopSolver, t: float, reached: Reached, *, algebraic: bool) -> StepError:
    """The residual of a plain fixed-point iteration grows steadily; an algebraic loop does so over any step."""
    message = (
        f"loop {loop}: fixed-point iteration goes away from the solution for t = {t:.9g} s: each iteration multiplies "
        f"the residual by {reached.growth:.4g}; worst first: {reached.residuals}. Choose method: aitken, anderson or "
        f"newton, or a relaxation below {settings.relaxation:g}"
    )
    return StepError(message, time=t) if algebraic else LoopError(message, time=t)


def not_at_rest(loop: str, t: float, iterations: int, moved: Sequence[str]) -> LoopError:
    """Discrete values still change from iteration to iteration."""
    return LoopError(
        f"loop {loop}: discrete values do not come to rest for t = {t:.9g} s within {iterations} iterations; still "
        f"changing: {', '.join(moved[:_SHOWN])}. Give the switch a dead band, or declare 'delay: true' on one of the "
        "connections of the loop",
        time=t,
    )


def not_finite(loop: str, t: float, name: str, value: float, method: str) -> LoopError:
    """The next value to be tried is none."""
    return LoopError(
        f"loop {loop}: {method} came to '{name}' = {value} for t = {t:.9g} s. {_REMEDIES[method]}, or look at the "
        "gains on its path",
        time=t,
    )


def failed(loop: str, method: str, t: float, failure: FailedStepError) -> LoopError:
    """A component failed with values that were only tried."""
    return LoopError(
        f"loop {loop}: {failure}\nThe values that it was given there for t = {t:.9g} s are a trial of {method}. "
        "Declare min and max of the variables of the loop, within which newton stays, or choose a smaller step size",
        time=t,
    )


def ever_earlier(loop: str, early: EarlyReturn, times: int) -> StepError:
    """A component returns early again and again, however short the step is."""
    return StepError(
        f"loop {loop}: '{early.component}' returned early {times} times in the same macro step, at last at "
        f"t = {early.time:.9g} s, each time before the end of the step that was tried. Its events follow the values of "
        "the loop: declare 'delay: true' on one of its connections",
        component=early.component,
        time=early.time,
    )


def listed(names: Sequence[str], residual: Vector, scale: Vector, declared: Iterable[bool]) -> str:
    """Residuals by name, worst first, each with the value that it is measured by."""
    relative = np.abs(residual) / np.where(scale > 0.0, scale, 1.0)
    known = list(declared)
    order = np.argsort(-relative, kind="stable")[:_SHOWN]
    shown = [
        f"'{names[index]}' {relative[index]:.3g} ("
        f"{'nominal' if known[index] else 'no nominal declared, largest magnitude'} {scale[index]:.4g})"
        for index in order
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def cannot_go_back(component: str, links: Iterable[Link], loop: Sequence[str]) -> CapabilityError:
    """A component in a loop has to repeat steps, which it cannot."""
    return CapabilityError(
        f"loop {_path(component, links, loop)}: solving it repeats the steps of all its components, but '{component}' "
        "cannot go back: it does not declare get/set FMU state. Export it with that capability, declare 'delay: true' "
        f"on one of these connections, or give '{component}' an 'estimator': another file with the same connectors "
        "that can"
    )


def _path(component: str, links: Iterable[Link], loop: Sequence[str]) -> str:
    """The shortest way from a component back to itself, by the connectors on it."""
    inside = [link for link in links if {link.source.component, link.destination.component} <= set(loop)]
    inside = [link for link in inside if not link.delay]
    ways: list[list[Link]] = [[link] for link in inside if link.source.component == component]
    reached: set[str] = set()
    while ways and not any(way[-1].destination.component == component for way in ways):
        ends = {way[-1].destination.component: way for way in reversed(ways)}
        reached |= ends.keys()
        ways = [
            [*ends[link.source.component], link]
            for link in inside
            if link.source.component in ends and link.destination.component not in reached
        ]
    way = next(way for way in ways if way[-1].destination.component == component)
    return ", ".join(f"{link.source.component}.{link.source.connector} -> {_end(link)}" for link in way)


def _end(link: Link) -> str:
    return f"{link.destination.component}.{link.destination.connector}"
