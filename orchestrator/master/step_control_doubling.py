"""Error control: steps as long as the coupling error allows, by step doubling and a slope test."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orchestrator.errors import FailedStepError, RefusedStepError, StepError
from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control_journey import Arrival, Journey
from orchestrator.master.step_control_jumps import Bracket, Halves, Jumps, Localizer, Mask, Past, Path, find_jumps
from orchestrator.master.step_control_outputs import Floats, Outputs
from orchestrator.master.step_control_pi import PiController
from orchestrator.master.step_control_refusals import part_of, shorter
from orchestrator.master.stepper import Advance

_log = logging.getLogger(__name__)
_ROUNDING = 1e-9

_LEAST_PART = 1e-3
"""A step that is a smaller part of the step size may err as much as one of this length: solvers are not exact."""

_HALVABLE = 0.35
"""A rejected step is halved, which uses its first half again, unless it must be shorter than this part of it."""


@dataclass(frozen=True)
class Allowed:
    """What is allowed, in units of the scales of the outputs: an error of `tolerance` that comes up in `step_size` (s).

    Outputs that are `fleeting`, since inputs pass directly through them, do not hand on their errors: those may be
    `tolerance` in every step. `order` is that of the coupling; no step is shorter than `smallest` (s) but to meet a
    point.
    """

    tolerance: float
    step_size: float
    smallest: float
    order: int = 1

    def of(self, h: float, fleeting: Mask) -> Floats:
        """The errors (n,) that a step of h (s) may make."""
        return self.tolerance * np.where(fleeting, 1.0, max(h / self.step_size, _LEAST_PART))


class _Trial(NamedTuple):
    """One step of full length (its end), and the same in two halves."""

    start: Arrival
    whole: Arrival
    middle: Arrival
    end: Arrival

    @property
    def length(self) -> float:
        return self.end.t - self.start.t


class _Again(NamedTuple):
    """The step to try next (s), and where a step of that length leads, where that is known."""

    length: float
    whole: Arrival | None = None


class ErrorControl:
    """Makes a step, takes it back, makes it in two halves and keeps these where both agree.

    The difference estimates the error of the halves, for a coupling of order p by the factor 1 / (2^p - 1). An output
    that jumps need not show in it: where it has an effect from the next step on only, both agree. The slope test finds
    the jump, and it is localized. All components must be able to go back.
    """

    def __init__(
        self, journey: Journey, outputs: Outputs, controller: PiController, allowed: Allowed, coupling: Coupling
    ) -> None:
        self._journey, self._outputs, self._controller, self._allowed = journey, outputs, controller, allowed
        self._coupling, self._statistics, self._diagnostics = coupling, coupling.statistics, coupling.diagnostics
        self._localizer = Localizer(journey, outputs, coupling.statistics, allowed.tolerance, allowed.smallest)
        self._past: Past | None = None
        self._left: Floats | None = None
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
        try:
            start = self._journey.begin(t)
            self._begin(start)
            path = self._accepted(start, t + h)
            self._left = path[-1].outputs.floats
            self._outputs.see(self._left)
            self.divided = len(path) > 1
            return path
        finally:
            self._journey.end()

    def _begin(self, start: Arrival) -> None:
        self._outputs.see(start.outputs.floats)
        if self._left is None or not np.array_equal(self._left, start.outputs.floats):
            # an event, or something written, in between
            self._past = None
            self._controller.forget()

    def _accepted(self, start: Arrival, limit: float) -> Path:
        again = _Again(part_of(limit - start.t, self._controller.length))
        while True:
            try:
                found = self._attempt(start, again, limit)
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
        return self._judge(_Trial(start, whole, middle, self._journey.keep(end)), limit)

    def _judge(self, trial: _Trial, limit: float) -> Path | _Again:
        whole, end = trial.whole.outputs.floats, trial.end.outputs.floats
        scales = self._outputs.scales(trial.start.outputs.floats, whole, end)
        errors = np.abs(whole - end) / ((2**self._order - 1) * scales)
        relative = errors / self._allowed.of(trial.length, self._outputs.fleeting)
        jumps = self._jumps(trial, self._allowed.tolerance * scales)
        error = float(relative.max(initial=0.0))
        tiny = trial.length <= self._allowed.smallest * (1.0 + _ROUNDING)
        if jumps.in_first and not tiny:
            late = jumps.late
            if late is None:
                return self._halved_for_jump(trial)
            largest = float(np.maximum(late / scales, np.where(jumps.first, 0.0, errors)).max(initial=0.0))
            if largest > self._allowed.tolerance:
                return self._in_first(trial, jumps, largest)
        if error <= 1.0:
            return self._in_second(trial, jumps, limit, error) if jumps.in_second else self._whole(trial, error)
        if tiny:
            return self._at_smallest(trial, jumps, relative)
        return self._halved_for_jump(trial) if jumps.in_second else self._shortened(trial, error)

    @property
    def _order(self) -> int:
        """That of the step, which knows no past after a jump: inputs are held over its beginning, an error of h^2."""
        return self._allowed.order if self._past is not None else min(self._allowed.order, 2)

    def _jumps(self, trial: _Trial, least: Floats) -> Jumps:
        half = trial.middle.t - trial.start.t
        halves = Halves(trial.start.outputs, trial.middle.outputs, trial.end.outputs, half, self._past)
        return find_jumps(halves, least, self._outputs.stepped)

    def _whole(self, trial: _Trial, error: float) -> Path:
        """Keep the two halves."""
        self._journey.back(trial.end)
        self._controller.accepted(trial.length, error)
        slopes, half = _slopes(trial.middle, trial.end), trial.end.t - trial.middle.t
        self._past = Past(slopes, (slopes - _slopes(trial.start, trial.middle)) / half, half)
        return [trial.middle, trial.end]

    def _in_first(self, trial: _Trial, jumps: Jumps, late: float) -> Path:
        """Something jumps in the first half, and the second shows what that does to the other outputs."""
        assert self._past is not None
        wanted = (trial.middle.t - trial.start.t) * self._allowed.tolerance / late
        bracket = Bracket(trial.start, trial.middle, self._past.slopes, jumps.first, trial.end.t)
        self._statistics.rejected["jump"] += 1
        return self._localized([], bracket, wanted)

    def _in_second(self, trial: _Trial, jumps: Jumps, limit: float, error: float) -> Path:
        """Something jumps in the second half; what that does to the other outputs is not seen yet."""
        slopes = _slopes(trial.start, trial.middle)
        bracket = Bracket(trial.middle, trial.end, slopes, jumps.second, limit)
        path = self._localized([trial.middle], bracket, None)
        if path[-1] is trial.end:
            self._controller.accepted(trial.length, error)
            slopes = np.where(jumps.second, slopes, _slopes(trial.middle, trial.end))
            self._past = Past(slopes, np.full(slopes.size, np.nan), trial.end.t - trial.middle.t)
        else:
            self._statistics.rejected["jump"] += 1
        return path

    def _at_smallest(self, trial: _Trial, jumps: Jumps, errors: Floats) -> Path:
        """Nothing shorter is tried: a jump is known as exactly as that."""
        if not (jumps.in_first or jumps.in_second):
            raise self._too_large(trial, errors)
        self._journey.back(trial.end)
        self._past = None
        self._controller.forget()
        return [trial.middle, trial.end]

    def _localized(self, path: Path, bracket: Bracket, wanted: float | None) -> Path:
        """The controller goes on after the jump with the steps that it made before."""
        path = [*path, *self._localizer.narrow(bracket, wanted)]
        if path[-1] is not bracket.b:
            self._coupling.forget()
        self._past = None
        self._controller.forget()
        return path

    def _shortened(self, trial: _Trial, error: float) -> _Again:
        self._statistics.rejected["error"] += 1
        length = self._controller.rejected(trial.length, error)
        if length >= _HALVABLE * trial.length:
            return self._halved(trial)
        for point in (trial.middle, trial.end):
            self._journey.drop(point)
        return _Again(length)

    def _halved_for_jump(self, trial: _Trial) -> _Again:
        """It is not known yet where the outputs would be without the jump, or it has had its effect already."""
        self._statistics.rejected["jump"] += 1
        return self._halved(trial)

    def _halved(self, trial: _Trial) -> _Again:
        for point in (trial.middle, trial.end):
            self._journey.drop(point)
        return _Again(trial.middle.t - trial.start.t, trial.middle)

    def _too_large(self, trial: _Trial, errors: Floats) -> StepError:
        worst = int(np.argmax(errors))
        name, h = self._outputs.names[worst], trial.length
        allowed = self._allowed.of(h, self._outputs.fleeting)[worst]
        values = (trial.whole.outputs.floats[worst], trial.end.outputs.floats[worst])
        return StepError(
            f"'{name}': the coupling error of a step from t = {trial.start.t:.9g} s by h = {h:.3g} s, the smallest "
            f"that is tried, is {errors[worst] * allowed:.3g} of its scale ({values[0]:.9g} by one step, "
            f"{values[1]:.9g} by two), not {allowed:.3g}. Loosen the tolerance of step_control, tighten that of the "
            "solvers inside the components (experiment.tolerance), or iterate (algorithm: iterative)",
            component=name.partition(".")[0],
            time=trial.start.t,
        )

    def remembered(self) -> Remembered:
        """What the outputs did in the last macro step, and their values at its end."""
        past = None if self._past is None else self._past._asdict()
        return {"past": past, "left": None if self._left is None else self._left.copy()}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        past, left = memory["past"], memory["left"]
        self._past = None if past is None else Past(**past)
        self._left = None if left is None else left.copy()


def _slopes(one: Arrival, other: Arrival) -> Floats:
    return np.asarray((other.outputs.floats - one.outputs.floats) / (other.t - one.t))
