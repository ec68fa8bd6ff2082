"""A component as a master works with it: its instance, its places in the signals, and what flows into it."""

import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from orchestrator.errors import FailedStepError, RefusedStepError, SimulationError, StepError
from orchestrator.instance import Instance, Status, StepResult, event_mode
from orchestrator.master.algorithm import COMPLETED, EarlyReturn, MacroStep, Steppable
from orchestrator.master.events_participant import EventParticipant
from orchestrator.master.input_courses import InputCourses, Span
from orchestrator.master.memory import Remembered
from orchestrator.master.ranges import Ranges
from orchestrator.master.rates import Part, SlowPace, SubSteps
from orchestrator.master.statistics import ComponentStatistics
from orchestrator.signals import Block, Direction, GatherPlan, Signals, gather
from orchestrator.system.connector import Storage

_TIME_TOLERANCE = 1e-6
"""Part of a step by which the time that a component reports may miss t + h."""


class Participant:
    """One component between two communication points."""

    def __init__(
        self, instance: Instance, signals: Signals, plan: GatherPlan, statistics: ComponentStatistics | None = None
    ) -> None:
        self.name = instance.name
        self.statistics = statistics or ComponentStatistics()
        self.instance = instance
        self.plan = plan
        self.inputs = signals.blocks(self.name, Direction.INPUT)
        self.initial = signals.blocks(self.name, Direction.INITIAL)
        self.outputs = signals.blocks(self.name, Direction.OUTPUT)
        self.observed = signals.blocks(self.name, Direction.OBSERVED)
        self._read = self.outputs + self.observed
        events = event_mode(instance)
        self.events = None if events is None else EventParticipant(instance, events, self.inputs, self._read)
        self.ranges: Ranges | None = None
        """Given to check inputs, outputs and observed variables against their min and max."""
        self.courses: InputCourses | None = None
        """Where inputs are not simply held at their newest value."""
        self.pace: SubSteps | SlowPace | None = None
        """Where the component steps more or less often than the system."""
        self.is_plain = self._lacks_events
        self.ahead: float | None = None
        """Where the component is (s) after an early return, until the others have come there."""
        self.is_swept = False
        """Whether each of its macro steps begins with a state that is kept, as in a loop."""

    def advance(self, t: float, h: float, *, newest: bool = False) -> MacroStep:
        """Set the gathered inputs, step from t by h (s) and read what is valid at t + h.

        With `newest` the inputs are those of components that have stepped already, where they have.

        Raises RefusedStepError where the step was refused, another StepError where it ended early, failed or gave a
        value that is not finite. A component that ends the run before t + h is no error: the outcome is not completed,
        and nothing is read. Nor is an early return of one that declares it.
        """
        now = t
        if isinstance(self.pace, SlowPace):
            if not self.pace.period.ends(t, t + h):
                return self._stay(t, in_loop=self.pace.in_loop)
            t, h = self.span(t, h)
        self._check_ranges(self.inputs, t, FailedStepError)
        try:
            if self.is_plain:
                self.statistics.steps += 1
                self.set_inputs()
                result = self.instance.do_step(t, h)
            else:
                result = self._step(Span(t, t + h, now), h, newest=newest)
        except Exception as error:
            raise self.named(error, StepError, t) from error
        return self.conclude(result, t, h)

    def conclude(self, result: StepResult, t: float, h: float) -> MacroStep:
        """Read what is valid at t + h after a step from t by h (s) with this result; see `advance`."""
        try:
            # FMI 2.0 can express the wish to end the run by Discard only, at the end of a complete step too.
            complete = result.status is Status.OK or result.terminate_requested
            reached = complete and _reached(result.time, t, h)
            if result.terminate_requested and not reached:
                return MacroStep(completed=False, terminate_requested_by=(self.name,))
            if not reached and self._may_end(result, t):
                self.ahead = result.time
                return MacroStep(completed=False, early_return=EarlyReturn(self.name, result.time))
            if not reached:
                raise self._not_reached(result, t, h)
            self.read()
        except Exception as error:
            raise self.named(error, StepError, t) from error
        self.check_outputs(t + h, FailedStepError)
        if not (result.terminate_requested or result.event_needed):
            return COMPLETED
        requests = (self.name,) if result.terminate_requested else ()
        return MacroStep(terminate_requested_by=requests, event_needed=result.event_needed)

    def remembered(self) -> Remembered:
        """Where the component is after an early return, and what its inputs and events remember."""
        return {
            "ahead": self.ahead,
            "events": None if self.events is None else self.events.remembered(),
            "courses": None if self.courses is None else self.courses.remembered(),
            "pace": self.pace.remembered() if isinstance(self.pace, SlowPace) else None,
        }

    def remember(self, memory: Remembered) -> None:
        """Go back to an earlier communication point."""
        self.ahead = memory["ahead"]
        if self.events is not None:
            self.events.remember(memory["events"])
        if self.courses is not None:
            self.courses.remember(memory["courses"])
        if isinstance(self.pace, SlowPace):
            self.pace.remember(memory["pace"])

    def begin(self, t: float) -> None:
        """A macro step begins at t (s), and all components are there: the signals hold the outputs valid there."""
        if isinstance(self.pace, SlowPace):
            if not self.pace.period.starts(t):
                return
            self.pace.begin()
        if self.courses is not None:
            self.courses.begin(t)

    def follow(self, pace: SubSteps | SlowPace | None, courses: InputCourses | None) -> None:
        """Step at a pace of its own, on inputs with courses, where there are such."""
        self.pace, self.courses = pace, courses
        self.is_plain = self._lacks_events and pace is None and courses is None

    @property
    def prepares(self) -> bool:
        """Whether it is to be told where macro steps begin."""
        return self.courses is not None or isinstance(self.pace, SlowPace)

    @property
    def is_bound(self) -> bool:
        """Whether it cannot follow where a macro step is shorter: it takes steps of one size only."""
        return not (self.instance.capabilities.variable_step or isinstance(self.pace, SlowPace))

    @property
    def _lacks_events(self) -> bool:
        return self.events is None and not self.instance.capabilities.may_return_early

    def _may_end(self, result: StepResult, t: float) -> bool:
        """Whether this is an early return that a master can follow: ahead in time, or to an event at once."""
        declared = result.early_return and self.instance.capabilities.may_return_early
        return declared and (result.time > t or (result.event_needed and self.events is not None))

    def _stay(self, t: float, *, in_loop: bool) -> MacroStep:
        """Its period goes on. In a loop that is solved, the signals hold outputs that are tried out: give its own."""
        if in_loop:
            try:
                self.read()
            except Exception as error:
                raise self.named(error, StepError, t) from error
        return COMPLETED

    def _step(self, span: Span, h: float, *, newest: bool) -> StepResult:
        t = span.start
        if self.ahead is not None and _reached(self.ahead, t, h):
            self.ahead = None
            return StepResult(Status.OK, t + h, event_needed=True)
        with self._sampled(newest=newest):
            if self.courses is not None:
                self.courses.over(span, newest=newest)
            return self._parts(self.parts(t, h))

    def parts(self, t: float, h: float) -> list[Part]:
        """The steps that a step from t by h (s) is made of."""
        return list(self.pace.parts(t, h)) if isinstance(self.pace, SubSteps) else [Part(t, h)]

    def _sampled(self, *, newest: bool) -> AbstractContextManager[None]:
        """Inputs are those that a step is made on."""
        return self.pace.as_begun() if isinstance(self.pace, SlowPace) and not newest else nullcontext()

    def _parts(self, parts: Sequence[Part], result: StepResult | None = None) -> StepResult:
        """One after the other, until one does not come to its end, or ends the run, or at an event, there.

        The first one is made already where its `result` is given.
        """
        for part in parts:
            result = result if part is parts[0] and result is not None else self._part(part)
            complete = result.status is Status.OK and _reached(result.time, *part)
            if part is not parts[-1] and (not complete or result.terminate_requested or result.event_needed):
                return result._replace(early_return=result.status is Status.OK)
        assert result is not None
        return result

    def span(self, t: float, h: float) -> Part:
        """The step that ends with a macro step from t by h (s)."""
        if isinstance(self.pace, SlowPace):
            return Part(self.pace.period.begin(t), self.pace.period.length)
        return Part(t, h)

    def reached(self, t: float) -> float:
        """Where the component is (s) when the system is at t (s)."""
        return self.pace.period.begin(t) if isinstance(self.pace, SlowPace) else t

    def go_on(self, step: Part, part: int, result: StepResult | None = None, *, newest: bool) -> MacroStep:
        """Finish a step whose first parts are made, up to this one; the `result` of it where it is made, too."""
        try:
            with self._sampled(newest=newest):
                result = self._parts(self.parts(*step)[part:], result)
        except Exception as error:
            raise self.named(error, StepError, step.start) from error
        return self.conclude(result, *step)

    def _part(self, part: Part) -> StepResult:
        self.statistics.steps += 1
        if self.courses is None:
            self.set_inputs()
            return self.instance.do_step(*part)
        with self.courses.given(*part) as values:
            self.set_inputs()
            self.courses.incline(values, part.start)
        result = self.instance.do_step(*part)
        self.courses.finished()
        return result

    def set_initial(self) -> None:
        """Write all that may be set in Initialization Mode: fixed parameters with a source, and the inputs."""
        for bundle, values in self.initial:
            self.instance.set(bundle, values)
        self.set_inputs()

    def set_inputs(self) -> None:
        """Write all inputs that may be set now, connected or not."""
        if self.events is not None:
            self.events.set_inputs()
            return
        for bundle, values in self.inputs:
            self.instance.set(bundle, values)

    def read(self) -> None:
        """Read outputs and observed variables into the signals."""
        if self.events is not None:
            self.events.read()
            return
        for bundle, values in self._read:
            self.instance.get(bundle, values)

    def check_outputs(self, t: float, kind: type[SimulationError]) -> None:
        """Raise an error that names the first output that is NaN or infinite, at time t (s).

        So does an output or observed variable out of its range, where ranges are checked.
        """
        for block in self.outputs:
            if block.bundle.storage is Storage.FLOAT64 and not np.isfinite(block.values).all():
                name, value = _first_not_finite(block)
                raise kind(
                    f"'{self.name}.{name}' is {value} at t = {t:.9g} s. Look at the inputs of '{self.name}' just "
                    "before, check its parameters and start values, or choose a smaller step size",
                    component=self.name,
                    time=t,
                )
        self._check_ranges(self._read, t, kind)

    def _check_ranges(self, blocks: Iterable[Block], t: float, kind: type[SimulationError]) -> None:
        if self.ranges is None:
            return
        unread = () if self.events is None else self.events.unread
        for bundle, values in blocks:
            violation = self.ranges.violation(bundle, values, unread)
            if violation is not None:
                raise kind(
                    f"'{self.name}.{violation.element}' {violation} at t = {t:.9g} s. Look at what it is computed "
                    "from, or leave check_ranges out",
                    component=self.name,
                    time=t,
                )

    def named(self, error: Exception, kind: type[SimulationError], t: float) -> SimulationError:
        """The error itself where it names its component already, otherwise one of this kind that does."""
        if isinstance(error, SimulationError) and error.component is not None:
            return error
        return kind(f"'{self.name}' failed at t = {t:.9g} s: {error}", component=self.name, time=t)

    def _not_reached(self, result: StepResult, t: float, h: float) -> StepError:
        step = f"its step from t = {t:.9g} s by h = {h:.9g} s"
        if result.status is Status.DISCARD:
            self.statistics.discards += 1
            message = (
                f"'{self.name}' refused {step} (discard); it reached {result.time:.9g} s. Choose a smaller step size, "
                "or loosen the tolerance of its solver"
            )
            if isinstance(self.pace, SlowPace):  # the others cannot go back to where its step began
                return StepError(message, component=self.name, time=t)
            return RefusedStepError(message, component=self.name, time=t, reached=result.time)
        message = (
            f"'{self.name}' {'returned early' if result.early_return else 'stopped'} at {result.time:.9g} s in "
            f"{step}. Steps of a fixed size cannot follow it: choose a step size whose grid meets this time"
        )
        return StepError(message, component=self.name, time=t)


def advance_each(
    participants: Iterable[Steppable], t: float, h: float, *, newest: bool, before: MacroStep = COMPLETED
) -> MacroStep:
    """Step one component after the other from t by h (s); `before` is the outcome of those that have stepped already.

    With `newest` each gathers its inputs just before its own step; otherwise they were gathered before.
    """
    total = before
    for participant in participants:
        if newest:
            gather(participant.plan)
        outcome = participant.advance(t, h, newest=newest)
        if outcome is COMPLETED:
            continue
        total = MacroStep(
            outcome.completed,
            total.terminate_requested_by + outcome.terminate_requested_by,
            total.event_needed or outcome.event_needed,
            outcome.early_return,
        )
        if not outcome.completed:
            break
    return total


def _reached(time: float, t: float, h: float) -> bool:
    return abs(time - (t + h)) <= _TIME_TOLERANCE * h + 4.0 * math.ulp(t + h)


def _first_not_finite(block: Block) -> tuple[str, float]:
    index = int(np.flatnonzero(~np.isfinite(block.values))[0])
    names = [name for connector in block.bundle.connectors for name in connector.elements]
    return names[index], float(block.values[index])
