"""Error control: steps as long as the coupling error allows, by step doubling and a slope test."""

import logging
from typing import NamedTuple

from orchestrator.errors import FailedStepError, RefusedStepError, StepError
from orchestrator.master.compiled.layout import doubling as at
from orchestrator.master.coupling import Coupling
from orchestrator.master.coupling_order import late_through
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.journey import Arrival, Journey
from orchestrator.master.step_control.judge import Judge, Trial
from orchestrator.master.step_control.jumps import Bracket, Localizer, Path
from orchestrator.master.step_control.refusals import part_of, shorter
from orchestrator.master.stepper import Advance

_log = logging.getLogger(__name__)

_SHOWN = 5
"""Connections that a message names at most."""


class _Again(NamedTuple):
    """The step to try next (s), and where a step of that length leads, where that is known."""

    length: float
    whole: Arrival | None = None


class Tried(NamedTuple):
    """A trial that somebody else has made, as a step of `length` (s), at the end of which everything is."""

    trial: Trial
    length: float


class ErrorControl:
    """Makes a step, takes it back, makes it in two halves and keeps these where both agree.

    The difference estimates the error of the halves, for a coupling of order p by the factor 1 / (2^p - 1). An output
    that jumps need not show in it: where it has an effect from the next step on only, both agree. The slope test finds
    the jump, and it is localized. All components must be able to go back.
    """

    def __init__(self, journey: Journey, judge: Judge, coupling: Coupling) -> None:
        self._journey, self.judge = journey, judge
        self._outputs, self._controller, self._allowed = judge.outputs, judge.controller, judge.allowed
        self._coupling, self._statistics, self._diagnostics = coupling, coupling.statistics, coupling.diagnostics
        allowed = judge.allowed
        self._localizer = Localizer(journey, judge.outputs, coupling.statistics, allowed.tolerance, allowed.smallest)
        self._tried: Tried | None = None
        self.divided = False
        """Whether the last macro step was made in two halves or more parts."""
        self.leaves_grid = True

    @property
    def tolerance(self) -> float:
        """The error that is allowed, in units of the scales of the outputs."""
        return self._allowed.tolerance

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h, by one step or two halves of one."""
        advance = self.path(t, h)[-1].advance
        self._diagnostics.say(MASTER, "step_size", advance.end - t)
        return advance

    def path(self, t: float, h: float) -> Path:
        """The same, with the ends of all the steps that were made for good."""
        tried, self._tried = self._tried, None
        try:
            if tried is None:
                start = self._journey.begin(t)
                self.judge.begin(start.outputs.floats)
                path = self._accepted(start, t + h)
            else:
                start, _, middle, end = tried.trial
                self._journey.resume((start, middle), end)
                path = self._accepted(start, t + h, tried)
            self.judge.leave(path[-1].outputs.floats)
            self.divided = len(path) > 1
            return path
        finally:
            self._journey.end()

    def go_on(self, tried: Tried) -> None:
        """The next step has begun: it goes on with this trial."""
        self._tried = tried

    def _accepted(self, start: Arrival, limit: float, tried: Tried | None = None) -> Path:
        again = _Again(part_of(limit - start.t, self._controller.length) if tried is None else tried.length)
        while True:
            try:
                trial, tried = tried, None
                found = self._attempt(start, again, limit) if trial is None else self._judged(trial.trial, limit)
            except (RefusedStepError, FailedStepError) as refusal:
                length, reached = shorter(refusal, start.t, again.length, self._allowed.smallest)
                self._statistics.rejected[refusal.reason] += 1
                _log.info("%s\nEverything goes back to t = %.9g s and steps by %.3g s", refusal, start.t, length)
                if not reached:
                    self._controller.refused(length)
                found = _Again(length)
            if not isinstance(found, _Again):
                return found
            again = found

    def _attempt(self, start: Arrival, again: _Again, limit: float) -> Path | _Again:
        whole = again.whole or self._journey.go(start, again.length)
        length = whole.t - start.t
        if not whole.outcome.completed or length <= 0.0:
            return [whole]
        middle = self._journey.go(start, length / 2.0)
        if middle.pause or middle.t >= whole.t:
            return [middle]
        middle = self._journey.keep(middle)
        end = self._journey.go(middle, whole.t - middle.t)
        if not end.outcome.completed:
            return [middle, end]
        return self._judged(Trial(start, whole, middle, end), limit)

    def _judged(self, trial: Trial, limit: float) -> Path | _Again:
        verdict = self.judge.of(trial)
        if verdict == at.HALVED:
            return self._halved_for_jump(trial)
        if verdict == at.SHORTENED:
            return self._shortened(trial)
        if verdict == at.IN_FIRST:
            return self._in_first(trial)
        if verdict == at.IN_SECOND:
            return self._in_second(trial, limit)
        if verdict == at.TOO_LARGE:
            raise self._too_large(trial)
        if verdict == at.SMALLEST_JUMP:  # it is known as exactly as that
            self.judge.forget()
        else:
            self.judge.accept()
        return [trial.middle, trial.end]

    def _in_first(self, trial: Trial) -> Path:
        """Something jumps in the first half, and the second shows what that does to the other outputs."""
        wanted = (trial.middle.t - trial.start.t) * self._allowed.tolerance / self.judge.latest
        bracket = Bracket(trial.start, trial.middle, self.judge.slopes, self.judge.first, trial.end.t)
        self._statistics.rejected["jump"] += 1
        return self._localized([], bracket, wanted)

    def _in_second(self, trial: Trial, limit: float) -> Path:
        """Something jumps in the second half; what that does to the other outputs is not seen yet."""
        end = self._journey.keep(trial.end)
        slopes = (trial.middle.outputs.floats - trial.start.outputs.floats) / (trial.middle.t - trial.start.t)
        bracket = Bracket(trial.middle, end, slopes, self.judge.second, limit)
        path = self._localized([trial.middle], bracket, None)
        if path[-1] is end:
            self.judge.accept_jump()
        else:
            self._statistics.rejected["jump"] += 1
        return path

    def _localized(self, path: Path, bracket: Bracket, wanted: float | None) -> Path:
        """The controller goes on after the jump with the steps that it made before."""
        path = [*path, *self._localizer.narrow(bracket, wanted)]
        if path[-1] is not bracket.b:
            self._coupling.forget()
        self.judge.forget()
        return path

    def _shortened(self, trial: Trial) -> _Again:
        self._statistics.rejected["error"] += 1
        length = self.judge.shorten()
        if length == 0.0:
            return self._halved(trial)
        self._journey.drop(trial.middle)
        return _Again(length)

    def _halved_for_jump(self, trial: Trial) -> _Again:
        """It is not known yet where the outputs would be without the jump, or it has had its effect already."""
        self._statistics.rejected["jump"] += 1
        return self._halved(trial)

    def _halved(self, trial: Trial) -> _Again:
        self._journey.drop(trial.middle)
        return _Again(trial.middle.t - trial.start.t, trial.middle)

    def _too_large(self, trial: Trial) -> StepError:
        worst = self.judge.worst
        name, (error, allowed) = self._outputs.names[worst], self.judge.error(worst)
        values = (trial.whole.outputs.floats[worst], trial.end.outputs.floats[worst])
        return StepError(
            f"'{name}': the coupling error of a step from t = {trial.start.t:.9g} s by h = {trial.length:.3g} s, the "
            f"smallest that is tried, is {error:.3g} of its scale ({values[0]:.9g} by one step, "
            f"{values[1]:.9g} by two), not {allowed:.3g}. {self._remedies()}",
            component=name.partition(".")[0],
            time=trial.start.t,
        )

    def _remedies(self) -> str:
        late = late_through(self._coupling)
        if late:
            return (
                "What comes with a delay and passes directly through a component is late by a step, however short "
                f"that is: {', '.join(late[:_SHOWN])}. Leave out 'delay: true', with algorithm: iterative where that "
                "closes a loop, or choose step_control: {method: constant}"
            )
        return (
            "Loosen the tolerance of step_control, tighten that of the solvers inside the components "
            "(experiment.tolerance), or iterate (algorithm: iterative)"
        )

    def remembered(self) -> Remembered:
        """What the outputs did in the last macro step, and their values at its end."""
        return self.judge.remembered()

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self.judge.remember(memory)
