"""Error control for components that cannot go back: the error of each step decides on the length of the next one."""

from collections.abc import Iterable

import numpy as np

from orchestrator.master.step_control.pi import PiController
from orchestrator.master.step_control.predictor_estimate import Predictor
from orchestrator.master.step_control.predictor_restless import Restless
from orchestrator.master.step_control.predictor_telling import Judged, Telling
from orchestrator.master.step_control.refusals import part_of
from orchestrator.master.stepper import Advance, Stepper
from orchestrator.observer import Event

FIRST = 0.01
"""Part of the step size that the first step is where nothing else is declared: it cannot be taken back either."""

_AIM = 0.5
"""Part of the tolerance that the next step is to err by."""


class PredictorControl:
    """Steps over which no input is further off than a part `tolerance` of the scale of its output, if all goes well.

    Nothing is taken back: a step that errs by more stays, and the next one is shorter. Where inputs are off by at most
    `tolerance` at all times, the error of the run is proportional to it. An output that no shorter step helps, since it
    jumps or is noisy, is left alone for a while.
    """

    def __init__(
        self,
        inner: Stepper,
        predictor: Predictor,
        controller: PiController,
        restless: Restless,
        telling: Telling,
        tolerance: float,
    ) -> None:
        self._inner, self._predictor, self._controller = inner, predictor, controller
        self._restless, self._telling, self._tolerance = restless, telling, tolerance
        self.leaves_grid = True

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t towards t + h by one step."""
        if not self._predictor.begin(t):
            self._begin_anew()
        self._telling.begin(t)
        advance = self._inner.step(t, part_of(h, self._controller.length))
        if advance.outcome.completed and advance.end > t:
            self._judge(t, advance.end)
        return advance

    def _begin_anew(self) -> None:
        """Something happened: inputs are held over the next step, as fast as their outputs were last."""
        self._controller.forget()
        if self._predictor.extrapolates and self._predictor.rate > 0.0:
            self._controller.refused(_AIM * self._tolerance / self._predictor.rate)

    def _judge(self, t: float, end: float) -> None:
        errors = self._predictor.errors(end) / self._tolerance
        new = self._restless.found(errors, end - t, end)
        errors = np.where(self._restless.alone(end), 0.0, errors)
        self._telling.judged(Judged(t, end, errors, new))
        # as if the errors of all went with the same power of h
        power = (self._predictor.least_order + 1) / (self._predictor.orders + 1)
        self._controller.accepted(end - t, float(((errors / _AIM) ** power).max(initial=0.0)))

    def take_events(self) -> Iterable[Event]:
        """What happened since this was asked last."""
        return self._telling.take()
