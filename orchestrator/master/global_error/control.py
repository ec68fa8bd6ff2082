"""Global error: an estimate of how far a run is off, from a second run by longer steps beside it."""

from collections.abc import Iterable, Sequence

import numpy as np

from orchestrator.errors import SimulationError
from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.global_error.inputs import Made, mean
from orchestrator.master.global_error.second_run import SecondRun
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.doubling import ErrorControl
from orchestrator.master.step_control.outputs import Floats, Outputs, Watched, differ
from orchestrator.master.stepper import Advance, Stepper
from orchestrator.observer import Event

_APART = 3.0
"""Both runs get apart in one step by at most so many tolerances, unless one of them jumps."""


class GlobalError:
    """Lets a second run make one step for two of the first; their distance tells how far the first is off.

    With errors that go like h^p those of the second run are 2^p times as large, so that the distance, divided by
    2^p - 1, is the error of the first. Where a step `control` makes its steps in two halves, the second run makes them
    whole; otherwise two macro steps are a pair.

    At an event, at a parameter that is written, where a component fails in the second run, and where under error
    control only one of the two has jumped yet, the second run begins anew from the first, and the error up to there is
    added as it was. The error of steps without a pair is not seen; there is no estimate (NaN) where these are more than
    half of the time, and none any more after two failures in a row.
    """

    def __init__(
        self,
        first: Stepper,
        second: SecondRun,
        outputs: Outputs,
        coupling: Coupling,
        order: int,
        control: ErrorControl | None = None,
    ) -> None:
        self._first, self._second, self._outputs, self._control = first, second, outputs, control
        self._factor = 1.0 / (2**order - 1)
        self._changes, self._diagnostics = coupling.changes, coupling.diagnostics
        self._counted = coupling.statistics.of_global_error()
        self._known = self._changes.count
        self._steps: list[Made] = []
        zeros = np.zeros(len(outputs.names))
        self._carried, self._errors = zeros, zeros
        self._seen, self._unseen = 0.0, 0.0
        self._failed, self._lost = False, ""
        self._events: list[Event] = []
        self.leaves_grid = first.leaves_grid

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h as the first run does."""
        if self._lost:
            return self._first.step(t, h)
        self._begin(t)
        given = self._second.given()
        advance = self._first.step(t, h)
        if advance.outcome.completed and advance.end > t:
            self._arrived(Made(t, advance.end, given))
        return advance

    def take_events(self) -> Iterable[Event]:
        """What happened since this was asked last."""
        events, self._events = self._events, []
        return events

    def _begin(self, t: float) -> None:
        if not self._second.is_there:
            self._outputs.see(self._outputs.now().floats)
            self._second.begin(t)
        elif self._changes.count != self._known:
            self._anew(t)

    def _arrived(self, step: Made) -> None:
        now = self._outputs.now()
        self._outputs.see(now.floats)
        self._steps.append(step)
        if self._control is not None or len(self._steps) == 2:
            self._follow(self._steps, now)
        self._known = self._changes.count
        self._say(step.end)

    def _follow(self, steps: list[Made], now: Watched) -> None:
        """Let the second run come to the end of these steps, where the first is now; by one step where possible."""
        alike = all(step.given.agrees(steps[0].given) for step in steps)
        parts = [Made(steps[0].start, steps[-1].end, mean(steps))] if alike else steps
        paired = alike if self._control is None else self._control.divided
        reached: Watched | None = None
        try:
            for part in parts:
                reached = self._second.follow(part.end, part.given)
                if reached is None:
                    break
        except SimulationError as error:
            self._fail(steps[-1].end, error)
            return
        self._failed = False
        if reached is None or self._jumped(reached, now):
            self._anew(steps[-1].end)
        else:
            self._errors, self._steps = self._estimate(reached, now), []
            self._count(steps, seen=paired)

    def _estimate(self, reached: Watched, now: Watched) -> Floats:
        return np.asarray(self._carried + self._factor * (reached.floats - now.floats))

    def _jumped(self, reached: Watched, now: Watched) -> bool:
        """Whether only one of both has jumped: in one step they got apart by far more than what it may err by."""
        if self._control is None:
            return False
        scales, change = self._outputs.scales(now.floats), self._estimate(reached, now) - self._errors
        apart, before = (float((np.abs(each) / scales).max(initial=0.0)) for each in (change, self._errors))
        return differ(reached, now) or apart > before + _APART * self._control.tolerance

    def _anew(self, t: float) -> None:
        """The second run begins at t (s) from the first, as far off as it was known to be."""
        self._count(self._steps, seen=False)
        self._steps = []
        self._carried = self._errors
        self._counted.renewed += 1
        self._second.begin(t)
        self._known = self._changes.count

    def _count(self, steps: Sequence[Made], *, seen: bool) -> None:
        length = sum(step.end - step.start for step in steps)
        if seen:
            self._seen += length
        else:
            self._unseen += length

    def _fail(self, t: float, error: SimulationError) -> None:
        """What cannot be done once may be close to a jump; what cannot be done again is no estimate."""
        if not self._failed:
            self._failed = True
            self._anew(t)
            return
        self._lost = str(error)
        self._second.leave()
        message = f"no estimate of the global error from here: the second run, by longer steps, fails. {error}"
        self._events.append(Event(t, error.component or "", "global_error_lost", message))

    def _say(self, t: float) -> None:
        """Tell the largest estimated error at t (s), in units of the scales of the outputs."""
        if self._lost or self._unseen > self._seen:
            self._diagnostics.say(MASTER, "global_error", np.nan)
            self._counted.last, self._counted.lost = None, self._lost
            return
        # an output that holds its value until it jumps is wrong altogether, or right
        errors = np.where(self._outputs.stepped, 0.0, np.abs(self._errors))
        relative = errors / self._outputs.scales(self._outputs.now().floats)
        self._diagnostics.say(MASTER, "global_error", float(relative.max(initial=0.0)))
        self._counted.take(self._outputs.names, self._errors, relative, t)

    def remembered(self) -> Remembered:
        """Where the second run is, what is known of the errors, and the steps that it has still to make."""
        return {
            "second": dict(self._second.remembered()),
            "outputs": dict(self._outputs.remembered()),
            "steps": [step.remembered() for step in self._steps],
            "carried": self._carried.copy(),
            "errors": self._errors.copy(),
            "seen": self._seen,
            "unseen": self._unseen,
            "failed": self._failed,
            "lost": self._lost,
            "changed": self._changes.count != self._known,
        }

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._second.remember(memory["second"])
        self._outputs.remember(memory["outputs"])
        self._steps = [Made.of(data) for data in memory["steps"]]
        self._carried, self._errors = memory["carried"].copy(), memory["errors"].copy()
        self._failed, self._lost = memory["failed"], memory["lost"]
        self._seen, self._unseen = memory["seen"], memory["unseen"]
        self._known = self._changes.count - int(memory["changed"])
        self._events = []
