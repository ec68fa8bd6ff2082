"""Refused steps: all components go back and take a shorter one."""

import logging
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from enum import Enum, auto
from functools import cached_property

from orchestrator.errors import FailedStepError, RefusedStepError, StepError
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Remembered
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.master.statistics import ESTIMATING
from orchestrator.master.step_control.ceiling import Ceiling
from orchestrator.master.stepper import Advance, Stepper
from orchestrator.native import native

_log = logging.getLogger(__name__)
_ROUNDING = 1e-9


Refusal = RefusedStepError | FailedStepError
"""A step that was tried in vain; under error control a failed one is as good as refused."""


class WayBack(Enum):
    """Which components can go back: none (or none has to), some that step before one that cannot, or all.

    Where steps that are made again would not give the bits that they gave before, all is no more than some.
    """

    NONE = auto()
    SOME = auto()
    ALL = auto()


class Retry:
    """Where a component refuses a step (discard), all go back and step to the time that it reached.

    A loop that was not solved counts as a step that is refused.

    Where it got nowhere, half the step is tried; the steps after it grow bit by bit until they are whole again
    (`Ceiling`). A refused step that is not longer than `smallest` (s) is a StepError. So is any where a
    component that has stepped already cannot go back, or where one takes steps of one size only. States are kept of the
    components that step before the first one that cannot go back.

    A step that fails (FailedStepError) is no refused one: of a constant size it was wished for as it is.
    """

    def __init__(self, inner: Stepper, coupling: Coupling, rollback: Rollback, smallest: float) -> None:
        self._inner, self._rollback, self._smallest = inner, rollback.leading(), smallest
        self._statistics = coupling.statistics
        self._unable = [p for p in coupling.participants if p.name in rollback.unable]
        self._goes_back = frozenset(self._rollback.names)
        self._hindrance = hindrance(coupling)
        natives = [(native(participant.instance), participant.is_swept) for participant in coupling.participants]
        self._repeats_exactly = all(each is None or each.repeats_exactly or swept for each, swept in natives)
        solves = bool(coupling.statistics.loops)  # a loop that is not solved
        self._may_be_refused = solves or any(each is None or each.may_refuse for each, _ in natives)
        self._tried: RefusedStepError | None = None
        self._ceiling = Ceiling()
        self.leaves_grid = inner.leaves_grid or self._hindrance is None

    @property
    def calm(self) -> bool:
        """Whether the next step is to be a whole one: no earlier one was refused, or that is over."""
        return self._ceiling.length is None

    @cached_property
    def way_back(self) -> WayBack:
        """How many of the components can go back to where a step began that is refused."""
        if self._hindrance is not None or not self._rollback.able or not self._may_be_refused:
            return WayBack.NONE
        return WayBack.ALL if self._repeats_exactly and not self._unable else WayBack.SOME

    @cached_property
    def repeats(self) -> bool:
        """Whether all can go back, and come to the same again to the bit."""
        return self._hindrance is None and self._repeats_exactly and not self._unable

    @property
    def rollback(self) -> Rollback:
        """What takes back all that can go back."""
        return self._rollback

    def kept(self) -> AbstractContextManager[Snapshot]:
        """A communication point to which `go_back` leads, where all components can."""
        return self._rollback.kept(repeatable=False)

    def go_back(self, point: Snapshot) -> None:
        """Take everything back to a kept point."""
        self._rollback.restore(point)

    def final(self, refusal: RefusedStepError) -> StepError:
        """The error that a refused step is where not all that is needed can go back."""
        why = self._hindrance or _cannot(self._unable[0].name)
        return _final(refusal, f"No shorter step is tried: {why}")

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t by h, or to where none of them refuses."""
        if self._hindrance is not None:
            try:
                return self._inner.step(t, h)
            except RefusedStepError as refusal:
                raise self.final(refusal) from refusal
        part = part_of(h, self._ceiling.length)
        steps = self.steps_for_good()
        with self._rollback.kept(repeatable=False) as start:
            while True:
                try:
                    advance = self._attempt(t, part)
                except RefusedStepError as refusal:
                    if self.steps_for_good() != steps:
                        raise self.final(refusal) from refusal
                    refused, (part, reached) = part, shorter(refusal, t, part, self._smallest)
                    if reached:
                        self._ceiling.forget()
                    else:
                        self._ceiling.refused(refused, part)
                    _log.info("%s; everything goes back and steps to %.9g s", _who(refusal), t + part)
                    self._statistics.rejected[refusal.reason] += 1
                else:
                    self._ceiling.made(advance.end - t)
                    return advance
                self._rollback.restore(start)

    def tried(self, refusal: RefusedStepError) -> None:
        """The next step was tried by who knows how to come here again, was refused, and everything has gone back."""
        self._tried = refusal

    def _attempt(self, t: float, h: float) -> Advance:
        tried, self._tried = self._tried, None
        if tried is not None:
            raise tried
        return self._inner.step(t, h)

    def steps_for_good(self) -> Sequence[int]:
        """The counts of the steps that cannot be taken back, those of estimators too."""
        if not self._unable:
            return ()
        counted = self._statistics.components.items()
        return [each.steps for name, each in counted if name.removesuffix(ESTIMATING) not in self._goes_back]

    def remembered(self) -> Remembered:
        """How long a step may be after one that was refused."""
        return self._ceiling.remembered()

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._ceiling.remember(memory)


def part_of(h: float, longest: float | None) -> float:
    """The step towards a point h (s) away: all of it, or two equal halves, where `longest` (s) leaves only a bit."""
    if longest is None or h <= longest * (1.0 + _ROUNDING):
        return h
    return min(longest, h / 2.0)


def shorter(refusal: Refusal, t: float, h: float, smallest: float) -> tuple[float, bool]:
    """The step (s) to try after a refused one from t by h, and whether it leads to where the component came.

    StepError where none is left.
    """
    if h <= smallest * (1.0 + _ROUNDING):
        raise _final(
            refusal, f"It is the smallest step that is tried, {smallest:.3g} s. Give step_control a smaller `smallest`"
        ) from refusal
    reached = refusal.reached - t
    if math.isfinite(reached) and smallest <= reached < h:
        return reached, True
    return max(h / 2.0, smallest), False


def hindrance(coupling: Coupling) -> str | None:
    """Why a shorter step can never be taken in the place of one that is taken back, None where it may be."""
    fixed = [p.name for p in coupling.participants if p.is_bound]
    if fixed:
        return f"'{fixed[0]}' takes steps of one size only"
    first = next(iter(coupling.participants), None)
    return None if first is None or first.instance.capabilities.get_set_state else _cannot(first.name)


def _cannot(name: str) -> str:
    return f"'{name}' cannot go back, since it does not declare get/set FMU state"


def _who(refusal: RefusedStepError) -> str:
    return "a loop was not solved" if refusal.component is None else f"'{refusal.component}' refused its step"


def _final(refusal: Refusal, why: str) -> StepError:
    return StepError(f"{refusal}. {why}", component=refusal.component, time=refusal.time)
