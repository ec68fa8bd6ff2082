"""Iteration: one method applied to the unknowns of one loop, until they are solved for or clearly will not be."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from orchestrator.by_address import address_of
from orchestrator.errors import FailedStepError, StepError
from orchestrator.master.algorithm import MacroStep
from orchestrator.master.loops import failures
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_iteration import begin, following, put
from orchestrator.master.loops.hot_methods import aitken, anderson, fixed_point
from orchestrator.master.loops.hot_newton import newton
from orchestrator.master.loops.hot_slopes import invert, learn, ready
from orchestrator.master.loops.slopes import Slopes
from orchestrator.master.loops.unknowns import Discrete, Unknowns
from orchestrator.master.loops.workspace import Vector, Workspace
from orchestrator.master.memory import Remembered
from orchestrator.master.statistics import LoopStatistics, Solved
from orchestrator.system.solving import LoopSolver

Sweep = Callable[[Callable[[], None]], MacroStep]
"""Takes the components back, calls what puts the values of the unknowns into the signals, and steps the components."""

_METHODS: Final = {
    "fixed_point": (at.FIXED_POINT, fixed_point),
    "aitken": (at.AITKEN, aitken),
    "anderson": (at.ANDERSON, anderson),
    "newton": (at.NEWTON, newton),
}

_MOST_DIFFERENCES: Final = 20
"""What is kept of Anderson's method for each macro step, beside two for each unknown: more say the same."""


class Circle(NamedTuple):
    """A loop: its name for messages, and whether direct feedthrough closes it, so that it is as strong in any step."""

    name: str
    algebraic: bool


class Iteration:
    """Solves the unknowns of a loop as `settings` say; `statistics` counts.

    The unknowns x solve G(x) = x, G(x) being what a sweep through the components of the loop makes of x; the residual
    is r = G(x) - x. The mathematics are in compiled functions over memory (`hot_iteration`), which a compiled loop
    calls as well; here sweeps are made, and what went wrong is told.
    """

    def __init__(
        self, circle: Circle, unknowns: Unknowns, slopes: Slopes, settings: LoopSolver, statistics: LoopStatistics
    ) -> None:
        self._name, self._algebraic = circle
        self._unknowns, self._settings, self._statistics = unknowns, settings, statistics
        self._slopes = slopes
        self._objects: Discrete = ()
        self._memory = Workspace(at.ITERATION, slopes.learnt)
        self._lay_out()

    @property
    def address(self) -> int:
        """What compiled functions know it by."""
        return self._memory.address

    @property
    def workspaces(self) -> Sequence[Workspace]:
        """The memory of the solver, then that of what it learns of each component."""
        return (self._memory, *(response.memory for response in self._slopes.responses.values()))

    @property
    def changing(self) -> Sequence[Vector]:
        """The arrays in it that hold what macro steps taught, for the next ones."""
        return (*self._memory.learnt.arrays, self._history)

    @property
    def names(self) -> tuple[str, ...]:
        """What is solved for, as `component.variable`."""
        return self._unknowns.names

    @property
    def by_address(self) -> bool:
        """Whether a compiled loop can solve it: nothing in it is told or looked at by Python."""
        return self._unknowns.by_address and self._slopes.by_address

    def solve(self, t: float, h: float, sweep: Sweep) -> MacroStep:
        """Sweep until no unknown differs from what comes out by more than the tolerance; the outcome of the last sweep.

        An incomplete sweep ends it at once. The values will hold at t + h (s). LoopError where there is no solution to
        be found.
        """
        try:
            return self._solve(t, h, sweep)
        finally:
            self.count()

    @property
    def unknowns(self) -> int:
        """How many there are, with those that only have to come to rest."""
        memory = self._memory
        return memory[at.COUNT] + (memory[at.DISCRETE_END] - memory[at.DISCRETE]) // at.DISCRETE_ROW

    def count(self) -> int:
        """Take over into the statistics what was counted since the last time; how many macro steps were solved."""
        counts = self._counts
        solved, iterations, evaluations, most, _, index, _ = counts.tolist()
        self._statistics.evaluations += evaluations
        if solved:
            _, _, _, _, worst, _, time = counts.view(np.float64).tolist()
            names = self._unknowns.names
            self._statistics.take(Solved(solved, iterations, most, worst, names[index] if names else "", time))
        counts[:] = 0
        return int(solved)

    def remembered(self) -> Remembered:
        """What was learnt in earlier macro steps, and the magnitudes that residuals are measured by."""
        return {
            "largest": self._largest.copy(),
            "responses": self._slopes.remembered(),
            "differences": self._history[: self._used_history].copy(),
            "spans": self._spans.copy(),
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to what was learnt then."""
        self._largest[:] = memory["largest"]
        self._slopes.remember(memory["responses"])
        self._spans[:] = memory["spans"]
        self._history[: self._used_history] = memory["differences"]

    @property
    def _used_history(self) -> int:
        return 2 * self._largest.size * int(self._spans.sum())

    def _solve(self, t: float, h: float, sweep: Sweep) -> MacroStep:
        end, first = t + h, True
        status = begin(self.address, t, h)
        self._objects = self._unknowns.read_objects()
        before = found = self._unknowns.read_discrete()
        while status == at.AGAIN:
            outcome = self._made(sweep, end, first=first)
            first = False
            if not outcome.completed:
                self._statistics.evaluations += 1
                return outcome
            before, found = found, self._unknowns.read_discrete()
            status = self._following()
            if status == at.SOLVED:
                return outcome
        raise self._failure(status, self._unknowns.moved(before, found), end)

    def _made(self, sweep: Sweep, end: float, *, first: bool) -> MacroStep:
        """A sweep; where a component fails with values that nobody but the method asked for, the loop is not solved."""
        try:
            return sweep(self._put)
        except FailedStepError as failure:
            if first:
                raise
            raise failures.failed(self._name, self._settings.method, end, failure) from failure

    def _put(self) -> None:
        """Write the values to be tried into the signals."""
        put(self.address)
        self._unknowns.put_objects(self._objects)

    def _following(self) -> int:
        """What compiled functions say after a sweep, with all that Python has to tell them."""
        if not self._unknowns.by_address:
            before, self._objects = self._objects, self._unknowns.read_objects()
            self._memory[at.MOVED_BESIDE] = int(
                any(np.any(one != other) for one, other in zip(before, self._objects, strict=True))
            )
        status = following(self.address)
        while status == at.ASKS:
            self._slopes.tell()
            status = following(self.address)
        return status

    def _failure(self, status: int, moved: tuple[str, ...], end: float) -> StepError:
        """Why the loop is not solved."""
        memory, settings = self._memory, self._settings
        if status == at.INFINITE:
            index = int(np.flatnonzero(~np.isfinite(self._trial))[0])
            name, value = self._unknowns.names[index], float(self._trial[index])
            return failures.not_finite(self._name, end, name, value, settings.method)
        if status == at.GIVEN_UP and moved:
            return failures.not_at_rest(self._name, end, memory[at.ITERATIONS], moved)
        listed = failures.listed(self._unknowns.names, self._residual, self._scale, self._unknowns.declared)
        reached = failures.Reached(memory[at.ITERATIONS], listed, self._growth)
        if status == at.GROWS:
            return failures.grows(self._name, settings, end, reached, algebraic=self._algebraic)
        return failures.not_solved(self._name, settings, end, reached)

    @property
    def _growth(self) -> float | None:
        """What the residual was multiplied by in each of the last three iterations, None before the second."""
        number = min(self._memory[at.RATIOS], 3)
        last = [self._memory.number(at.LAST_RATIO + at.WORD * k) for k in range(number)]
        return float(np.prod(last) ** (1.0 / number)) if last else None

    def _lay_out(self) -> None:
        memory, settings = self._memory, self._settings
        method, chooses = _METHODS[settings.method]
        memory[at.METHOD], memory[at.CHOOSES] = method, address_of(chooses, 1)
        memory[at.MAX_ITERATIONS], memory[at.REUSE] = settings.max_iterations, settings.reuse
        memory.put_number(at.TOLERANCE, settings.tolerance)
        memory.put_number(at.RELAXATION, settings.relaxation)
        self._largest = self._unknowns.lay_out(memory)
        count = self._largest.size
        self._trial, self._residual = memory.vector(at.TRIAL, count), memory.vector(at.RESIDUAL, count)
        self._scale = memory.vector(at.SCALE, count)
        for place in (at.SEEN, at.WEIGHTS, at.LAST, at.BEFORE, at.X, at.STEP, at.NEXT, at.PARTS_ALONG, at.COLUMN):
            memory.vector(place, count)
        self._spans = memory.keep_learnt(at.SPANS, np.zeros(settings.reuse + 1)).view(np.int64)
        self._history = self._lay_out_history(count) if method == at.ANDERSON else np.zeros(0)
        if method == at.NEWTON:
            self._lay_out_newton(count)
        self.learnt = (*memory.learnt.up_to_here(), self._history)
        """What goes back with the components: all that was learnt, but not the counts."""
        self._counts = memory.keep_learnt(at.COUNTS, np.zeros(at.COUNTED // at.WORD)).view(np.int64)
        memory.table(at.LEARNT, memory.learnt.rows())

    def _lay_out_history(self, count: int) -> Vector:
        """The memory of Anderson's method."""
        memory, settings = self._memory, self._settings
        room = (settings.reuse + 1) * min(settings.max_iterations, 2 * count + _MOST_DIFFERENCES)
        memory[at.HISTORY_ROOM] = room
        memory.vector(at.HISTORY_COPY, 2 * count * room)
        memory.vector(at.BASIS, count * count)
        memory.vector(at.TRIANGLE, count * count)
        memory.keep_words(at.USED, [0] * count)
        return memory.vector(at.HISTORY, 2 * count * room)

    def _lay_out_newton(self, count: int) -> None:
        """The memory of Newton's method."""
        memory = self._memory
        for place in (at.JACOBIAN, at.SLOPES, at.MATRIX, at.OTHER, at.INVERSE, at.INVERTED):
            memory.vector(place, count * count)
        memory.keep_words(at.ORDER, [0] * count)
        memory[at.LEARNS_FROM], memory[at.READIES] = address_of(learn, 1), address_of(ready, 1)
        memory[at.INVERTS] = address_of(invert, 1)
        memory.table(at.PARTS, [[each.address] for each in self._slopes.responses.values()])
