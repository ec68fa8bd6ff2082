"""Telling: what error control without going back has to say, in the statistics and as events of the run."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from orchestrator.master.coupling import Coupling
from orchestrator.master.diagnostics import MASTER
from orchestrator.master.memory import Remembered
from orchestrator.master.step_control.jumps import Mask
from orchestrator.master.step_control.outputs import Floats
from orchestrator.observer import Event


def estimate_of(unable: Sequence[str]) -> str:
    """Where the error of a step comes from where these components cannot go back."""
    names = ", ".join(f"'{name}'" for name in unable)
    return f"embedded predictor, since {names} cannot go back: a step with a too large error stays"


class Judged(NamedTuple):
    """A step between two times (s) and the errors (n,) of the outputs in units of the tolerance.

    `restless` (n,) are those that were found to jump or to be noisy.
    """

    start: float
    end: float
    errors: Floats
    restless: Mask


class Telling:
    """Counts all steps that err by more than the tolerance, and tells the first in a row, and what jumps once."""

    def __init__(self, names: Sequence[str], unable: Sequence[str], tolerance: float, coupling: Coupling) -> None:
        self._names, self._unable, self._tolerance = names, unable, tolerance
        self._statistics, self._diagnostics = coupling.statistics, coupling.diagnostics
        self._events: list[Event] = []
        self._begun = self._exceeding = False
        self._restless: set[str] = set()

    def begin(self, t: float) -> None:
        """The run is at t (s); says where the estimate comes from, once."""
        if not self._begun:
            self._begun = True
            self._statistics.estimate = estimate_of(self._unable)
            message = f"step_control: error by an {self._statistics.estimate}"
            self._events.append(Event(t, self._unable[0], "embedded_estimate", message))

    def judged(self, step: Judged) -> None:
        """A step was made."""
        self._diagnostics.say(MASTER, "step_size", step.end - step.start)
        self._tell_restless(step)
        worst = int(np.argmax(step.errors)) if step.errors.size else -1
        exceeding = worst >= 0 and bool(step.errors[worst] > 1.0)
        if exceeding:
            error, name = float(step.errors[worst]), self._names[worst]
            self._statistics.exceed(error, name, step.end)
            if not self._exceeding:
                self._events.append(Event(step.end, name.partition(".")[0], "large_error", self._large(step, worst)))
        self._exceeding = exceeding

    def take(self) -> Iterable[Event]:
        """Events since this was asked last."""
        events, self._events = self._events, []
        return events

    def _large(self, step: Judged, worst: int) -> str:
        return (
            f"'{self._names[worst]}': the inputs that it feeds were off by {step.errors[worst] * self._tolerance:.3g} "
            f"of its scale at the end of the step from t = {step.start:.9g} s by {step.end - step.start:.3g} s, more "
            f"than {self._tolerance:.3g}. The step stays, since '{self._unable[0]}' cannot go back; shorter ones follow"
        )

    def _tell_restless(self, step: Judged) -> None:
        for index in np.flatnonzero(step.restless).tolist():
            name = self._names[index]
            if name not in self._restless:
                self._restless.add(name)
                message = (
                    f"'{name}' jumps, or is noisy: shorter steps do not make its error smaller. It has no part in the "
                    "estimate for one step_size, whenever that is found again"
                )
                self._events.append(Event(step.end, name.partition(".")[0], "restless_output", message))

    def remembered(self) -> Remembered:
        """What was told already."""
        return {"begun": self._begun, "exceeding": self._exceeding, "restless": sorted(self._restless)}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self._begun, self._exceeding = memory["begun"], memory["exceeding"]
        self._restless, self._events = set(memory["restless"]), []
