"""Iteration: one method applied to the unknowns of one loop, until they are solved for or clearly will not be."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from orchestrator.errors import FailedStepError, StepError
from orchestrator.master.algorithm import MacroStep
from orchestrator.master.loops import failures
from orchestrator.master.loops.anderson import Anderson
from orchestrator.master.loops.fixed_point import Aitken, FixedPoint
from orchestrator.master.loops.method import Method, Situation, Trial, Trials, Vector
from orchestrator.master.loops.newton import Newton
from orchestrator.master.loops.slopes import Slopes
from orchestrator.master.loops.unknowns import Discrete, Unknowns
from orchestrator.master.memory import Remembered
from orchestrator.master.statistics import LoopStatistics
from orchestrator.system.solving import LoopSolver

Sweep = Callable[[Vector, Discrete], MacroStep]
"""Takes the components back and steps them one after the other, with these values of the unknowns."""


class Circle(NamedTuple):
    """A loop: its name for messages, and whether direct feedthrough closes it, so that it is as strong in any step."""

    name: str
    algebraic: bool


class Iteration:
    """Solves the unknowns of a loop as `settings` say; `statistics` counts."""

    def __init__(
        self, circle: Circle, unknowns: Unknowns, slopes: Slopes, settings: LoopSolver, statistics: LoopStatistics
    ) -> None:
        self._name, self._algebraic = circle
        self._unknowns, self._settings, self._statistics = unknowns, settings, statistics
        self._method = _method(settings)
        self._slopes = slopes
        self._learns = settings.method == "newton"

    def solve(self, t: float, h: float, sweep: Sweep) -> MacroStep:
        """Sweep until no unknown differs from what comes out by more than the tolerance; the outcome of the last sweep.

        An incomplete sweep ends it at once. The values will hold at t + h (s). LoopError where there is no solution to
        be found.
        """
        end = t + h
        self._slopes.begin(h)
        unknowns, attempt = self._unknowns, _Attempt(self._unknowns.largest)
        trials: Trials | None = None
        trial, discrete = Trial(unknowns.read()), unknowns.read_discrete()
        while True:
            self._require_finite(trial.values, end)
            outcome = self._made(sweep, trial, discrete, end, first=attempt.iterations == 0)
            self._statistics.evaluations += 1
            if not outcome.completed:
                return outcome
            if self._learns:
                self._slopes.take()
            found, after = unknowns.read(), unknowns.read_discrete()
            moved = unknowns.moved(discrete, after)
            attempt.take(trial, found - trial.values, unknowns.scale(trial.values, found))
            if not moved and attempt.worst <= self._settings.tolerance:
                self._accept(attempt, found, end)
                return outcome
            self._check(attempt, moved, end)
            if moved:
                trials, discrete = None, after
                attempt.forget()
            if trials is None:
                situation = Situation(
                    trial.values,
                    attempt.residual,
                    attempt.weights,
                    self._slopes.matrix,
                    unknowns.bounds,
                    teaches=self._learns,
                )
                trials = self._method.trials(situation)
                trial = next(trials)
            else:
                trial = trials.send(attempt.residual)

    def _made(self, sweep: Sweep, trial: Trial, discrete: Discrete, end: float, *, first: bool) -> MacroStep:
        """A sweep; where a component fails with values that nobody but the method asked for, the loop is not solved."""
        try:
            return sweep(trial.values, discrete)
        except FailedStepError as failure:
            if first:
                raise
            raise failures.failed(self._name, self._settings.method, end, failure) from failure

    def remembered(self) -> Remembered:
        """What the method learnt, and the magnitudes that it measures by."""
        return {
            "method": self._method.remembered(),
            "slopes": self._slopes.remembered(),
            "largest": self._unknowns.largest.copy(),
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to what was learnt then."""
        self._method.remember(memory["method"])
        self._slopes.remember(memory["slopes"])
        self._unknowns.largest = memory["largest"].copy()

    def _accept(self, attempt: "_Attempt", found: Vector, end: float) -> None:
        self._method.accept()
        if not self._settings.reuse:
            self._slopes.forget()
        self._unknowns.accept(found)
        worst, names = attempt.worst, self._unknowns.names
        name = names[attempt.worst_index] if names else ""
        self._statistics.take(attempt.iterations, worst, name, end)

    def _check(self, attempt: "_Attempt", moved: tuple[str, ...], end: float) -> None:
        """Raise where it is clear that it does not end, or takes too long."""
        settings = self._settings
        if attempt.iterations >= settings.max_iterations:
            raise self._given_up(attempt, moved, end)
        if self._method.refuses_growth and not moved and attempt.grows:
            reached = failures.Reached(attempt.iterations, self._listed(attempt), attempt.growth)
            raise failures.grows(self._name, settings, end, reached, algebraic=self._algebraic)

    def _given_up(self, attempt: "_Attempt", moved: tuple[str, ...], end: float) -> StepError:
        if moved:
            return failures.not_at_rest(self._name, end, attempt.iterations, moved)
        reached = failures.Reached(attempt.iterations, self._listed(attempt), attempt.growth)
        return failures.not_solved(self._name, self._settings, end, reached)

    def _listed(self, attempt: "_Attempt") -> str:
        return failures.listed(self._unknowns.names, attempt.residual, attempt.scale, self._unknowns.declared)

    def _require_finite(self, values: Vector, end: float) -> None:
        for index in np.flatnonzero(~np.isfinite(values)):
            name, value = self._unknowns.names[index], float(values[index])
            raise failures.not_finite(self._name, end, name, value, self._settings.method)


class _Attempt:
    """The iterations over one loop in one macro step.

    `weights` are the sizes of the unknowns, 1 where nothing is known; they grow with what is tried, in place.
    """

    def __init__(self, largest: Vector) -> None:
        self._seen = largest.copy()
        self.weights: Vector = np.where(self._seen > 0.0, self._seen, 1.0)
        self.iterations = 0
        self.residual: Vector = np.zeros_like(largest)
        self.scale: Vector = np.zeros_like(largest)
        self._relative: Vector = np.zeros_like(largest)
        self._ratios: list[float] = []
        self._last: Vector | None = None

    def take(self, trial: Trial, residual: Vector, scale: Vector) -> None:
        """A sweep gave this residual, to be measured by `scale`."""
        self.residual, self.scale = residual, scale
        # a residual that is not 0 has a scale that is not 0, being the difference of two magnitudes in it
        self._relative = np.abs(residual) / np.where(scale > 0.0, scale, 1.0)
        np.maximum(self._seen, scale, out=self._seen)
        np.copyto(self.weights, np.where(self._seen > 0.0, self._seen, 1.0))
        if trial.probe:
            return
        self.iterations += 1
        if self._last is not None:
            before = self._size(self._last)
            self._ratios.append(self._size(residual) / before if before > 0.0 else 1.0)
        self._last = residual

    def forget(self) -> None:
        """Discrete values changed: what comes next has nothing to do with what was before."""
        self._last = None
        self._ratios.clear()

    @property
    def worst_index(self) -> int:
        """The unknown with the largest residual in units of its scale."""
        return int(np.argmax(self._relative))

    @property
    def worst(self) -> float:
        """That residual, 0 where there are no unknowns."""
        return float(self._relative.max(initial=0.0))

    @property
    def growth(self) -> float | None:
        """What the residual was multiplied by in each of the last three iterations, None before the second."""
        last = self._ratios[-3:]
        return float(np.prod(last) ** (1.0 / len(last))) if last else None

    @property
    def grows(self) -> bool:
        """Whether it grew in three iterations, in the last two by the same factor: no transient of a stable one."""
        if len(self._ratios) < 3 or min(self._ratios[-3:]) < 1.0 - 1e-6:
            return False
        before, last = self._ratios[-2:]
        return abs(last - before) <= 0.1 * before

    def _size(self, residual: Vector) -> float:
        return float(np.linalg.norm(residual / self.weights))


def _method(settings: LoopSolver) -> Method:
    if settings.method == "fixed_point":
        return FixedPoint(settings.relaxation)
    if settings.method == "aitken":
        return Aitken(settings.relaxation)
    if settings.method == "newton":
        return Newton(reuse=settings.reuse > 0)
    return Anderson(settings.relaxation, settings.reuse)
