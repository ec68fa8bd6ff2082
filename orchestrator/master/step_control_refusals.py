"""Refused steps: all components go back and take a shorter one."""

import logging
import math

from orchestrator.errors import RefusedStepError, StepError
from orchestrator.instance import StateWrite
from orchestrator.master.coupling import Coupling
from orchestrator.master.memory import Remembered
from orchestrator.master.snapshot import Rollback
from orchestrator.master.stepper import Advance, Stepper

_log = logging.getLogger(__name__)
_ROUNDING = 1e-9


class Retry:
    """Where a component refuses a step (discard), all go back and step to the time that it reached.

    A loop that was not solved counts as a step that is refused.

    Where it got nowhere, half the step is tried; the steps after it are at most twice as long as the one before until
    they are whole again. A refused step that is not longer than `smallest` (s) is a StepError. So is any where a
    component cannot go back, or takes steps of one size only; no state is kept then.
    """

    def __init__(self, inner: Stepper, coupling: Coupling, rollback: Rollback, smallest: float) -> None:
        self._inner, self._rollback, self._smallest = inner, rollback, smallest
        self._statistics = coupling.statistics
        self._hindrance = hindrance(coupling, rollback) or _disturbance(coupling)
        self._longest: float | None = None
        self.leaves_grid = inner.leaves_grid or self._hindrance is None

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t by h, or to where none of them refuses."""
        if self._hindrance is not None:
            try:
                return self._inner.step(t, h)
            except RefusedStepError as refusal:
                raise _final(refusal, f"No shorter step is tried: {self._hindrance}") from refusal
        part = part_of(h, self._longest)
        with self._rollback.kept() as start:
            while True:
                try:
                    advance = self._inner.step(t, part)
                except RefusedStepError as refusal:
                    part, reached = shorter(refusal, t, part, self._smallest)
                    self._longest = None if reached else part
                    _log.info("%s; everything goes back and steps to %.9g s", _who(refusal), t + part)
                    self._statistics.rejected[refusal.reason] += 1
                else:
                    self._longest = None if self._longest is None or part >= h else 2.0 * part
                    return advance
                self._rollback.restore(start)

    def remembered(self) -> Remembered:
        """How long a step may be after one that was refused."""
        return {"longest": self._longest}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._longest = memory["longest"]


def part_of(h: float, longest: float | None) -> float:
    """The step towards a point h (s) away: all of it, or two equal halves, where `longest` (s) leaves only a bit."""
    if longest is None or h <= longest * (1.0 + _ROUNDING):
        return h
    return min(longest, h / 2.0)


def shorter(refusal: RefusedStepError, t: float, h: float, smallest: float) -> tuple[float, bool]:
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


def hindrance(coupling: Coupling, rollback: Rollback) -> str | None:
    """Why a shorter step cannot be taken in the place of one that is taken back, None where it can."""
    fixed = [p.name for p in coupling.participants if not p.instance.capabilities.variable_step]
    if fixed:
        return f"'{fixed[0]}' takes steps of one size only"
    if rollback.unable:
        return f"'{rollback.unable[0]}' cannot go back, since it does not declare get/set FMU state"
    return None


def _disturbance(coupling: Coupling) -> str | None:
    """Why no state is kept in case of a refusal: that of a Model Exchange FMU makes its solver begin anew."""
    exchanged = [
        p.name for p in coupling.participants if p.instance.capabilities.state_write is StateWrite.CONTINUOUS_STATES
    ]
    return f"'{exchanged[0]}' is a Model Exchange FMU, whose solver begins anew at kept states" if exchanged else None


def _who(refusal: RefusedStepError) -> str:
    return "a loop was not solved" if refusal.component is None else f"'{refusal.component}' refused its step"


def _final(refusal: RefusedStepError, why: str) -> StepError:
    return StepError(f"{refusal}. {why}", component=refusal.component, time=refusal.time)
