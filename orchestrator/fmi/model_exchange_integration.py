"""Integration: a Model Exchange FMU in continuous time, from event to event (FMI 2.0.4 and 3.0.2, section 3.2)."""

from typing import Final, NoReturn, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import FailedStepError, StepError
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_functions import ExchangeFunctions, Update
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.fmu import Fmu
from orchestrator.fmi.function_table import DISCARD, GOOD, OK
from orchestrator.fmi.solver import Dynamics, Solver, address

EVENT_ITERATIONS: Final = 100
"""Updates of the discrete states that one event may need."""

EVENTS_AT_ONCE: Final = 100
"""Events that may follow each other without any progress of time."""

SOLVER_STEPS: Final = 1_000_000
"""Steps of the solver that one macro step may need."""

ROUNDING: Final = 8 * float(np.finfo(np.float64).eps)


class Evaluations(Dynamics, Protocol):
    """Dynamics of an FMU."""

    @property
    def status(self) -> int:
        """The status of the call that failed last."""
        ...

    @property
    def called(self) -> str:
        """Its name."""
        ...

    def place(self, t: float, x: int) -> int:
        """Put the FMU to a time (s) and states."""
        ...


class Integration:
    """Continuous time of one FMU: its solver, its events, and the time (s) that it has reached.

    Call order: 1 `begin` (in Event Mode, as the initialization leaves it), 2 `open` before inputs change, `advance`
    (repeated). Where the FMU goes back to a kept state, the solver starts anew, as it does where it is asked to
    (`renew`): what follows depends on time, states and inputs only, and a repetition gives the same bits.
    """

    def __init__(
        self,
        fmu: Fmu,
        functions: ExchangeFunctions,
        dynamics: Evaluations,
        solver: Solver,
        shared: Shared,
        *,
        completed_steps: bool,
    ) -> None:
        self._shared = shared
        self._fmu = fmu
        self._functions = functions
        self._dynamics = dynamics
        self._solver = solver
        self._completed_steps = completed_steps
        self._nominals: NDArray[np.float64] = np.ones(dynamics.states)
        shared.point(at.NOMINAL_VALUES, self._nominals)
        shared.point(at.X, solver.x)

    @property
    def time(self) -> float:
        """How far the FMU has come (s)."""
        return self._shared.number(at.TIME)

    @time.setter
    def time(self, t: float) -> None:
        self._shared.put(at.TIME, t)

    @property
    def next_event(self) -> float | None:
        """The next time event (s), where there is one."""
        return self._shared.number(at.NEXT_EVENT) if self._shared[at.HAS_NEXT_EVENT] else None

    @next_event.setter
    def next_event(self, t: float | None) -> None:
        self._shared[at.HAS_NEXT_EVENT] = t is not None
        if t is not None:
            self._shared.put(at.NEXT_EVENT, t)

    @property
    def in_event_mode(self) -> bool:
        """Whether the FMU is in Event Mode."""
        return self._shared[at.IN_EVENT_MODE] != 0

    @in_event_mode.setter
    def in_event_mode(self, mode: bool) -> None:
        self._shared[at.IN_EVENT_MODE] = mode

    @property
    def terminated(self) -> bool:
        """Whether the FMU has ended the run."""
        return self._shared[at.TERMINATED] != 0

    @terminated.setter
    def terminated(self, ended: bool) -> None:
        self._shared[at.TERMINATED] = ended

    @property
    def _fresh(self) -> bool:
        """Whether the solver goes on from where it is."""
        return self._shared[at.FRESH] != 0

    @_fresh.setter
    def _fresh(self, fresh: bool) -> None:
        self._shared[at.FRESH] = fresh

    @property
    def states(self) -> NDArray[np.float64]:
        """The continuous states now."""
        return self._solver.x.copy()

    def begin(self, t: float) -> None:
        """Leave the Event Mode of the initialization at t (s)."""
        self.start(t)
        self._iterate(nominals_changed=True)

    def start(self, t: float) -> None:
        """Stay in the Event Mode of the initialization at t (s), for who updates and leaves it."""
        self.time, self.in_event_mode, self.terminated = t, True, False

    def open(self) -> None:
        """Enter Event Mode, where inputs and tunable parameters may jump."""
        if not self.in_event_mode:
            self._check(self._functions.enter_event_mode(), "EnterEventMode")
            self.in_event_mode = True

    def require_at(self, t: float, h: float) -> None:
        """StepError where a step from t by h (s) would not begin where the FMU is."""
        if abs(t - self.time) > 1e-9 * max(abs(t), h):
            raise self._error(f"cannot step from t = {t!r} s: it is at {self.time!r} s. Restart it there")

    def settle(self) -> None:
        """Come to rest after a jump of inputs: update the discrete states and go on in continuous time."""
        if self.in_event_mode and not self.terminated:
            self._iterate()

    def write(self, states: NDArray[np.float64]) -> None:
        """Jump to other continuous states, and handle the events that this causes."""
        self.settle()
        self._check(self._functions.set_states(address(states), states.size), "SetContinuousStates")
        self.open()
        self.settle()

    def renew(self) -> None:
        """Start the solver anew at the next step."""
        self._fresh = False

    def advance(self, end: float, *, keeps_no_state: bool) -> None:
        """Integrate to `end` (s), or until the FMU ends the run; StepError where that fails."""
        self.settle()
        events = steps = 0
        while self.time < end and not self.terminated:
            last = self.time
            if self._step(self._stop(end), keeps_no_state=keeps_no_state):
                self.open()
                self.settle()
                events = events + 1 if self.time - last <= _rounding(last) else 1
            steps += 1
            self.limit(events, steps)

    def limit(self, events: int, steps: int) -> None:
        """StepError where so many events happened at once, or so many steps of the solver did not end a macro step."""
        self._limit(events, EVENTS_AT_ONCE, "events happened without any progress of time", "It chatters")
        self._limit(steps, SOLVER_STEPS, "steps of the solver did not end the step", "Its dynamics may be singular")

    def advance_to_event(self, end: float, *, keeps_no_state: bool) -> bool:
        """Integrate to `end` (s), or to the first event, which is left to who asks; whether there is one."""
        steps = 0
        while self.time < end and not self.terminated:
            if self._step(self._stop(end), keeps_no_state=keeps_no_state):
                return True
            steps += 1
            self.limit(0, steps)
        return False

    def _stop(self, end: float) -> float:
        # A time event within rounding of the communication point belongs to it.
        if self.next_event is None or self.next_event > end + _rounding(end):
            return end
        return max(self.next_event, self.time)

    def _step(self, stop: float, *, keeps_no_state: bool) -> bool:
        """One step of the solver, at most to `stop` (s); whether an event is there."""
        crossed = self._reach(stop)
        event = crossed or (self.next_event is not None and self.time >= self.next_event)
        if self._completed_steps:
            answer = self._functions.completed_step(keeps_no_state)
            self._check(answer.status, "CompletedIntegratorStep")
            self.terminated = answer.terminate
            event = event or answer.event
        return event and not self.terminated

    def _reach(self, stop: float) -> bool:
        if stop - self.time <= _rounding(stop):
            self.time, self._fresh = stop, False
            self._place()
            return False
        if not self._fresh:
            self.start_solver()
        self._dynamics.forget()
        reached = self._solver.advance(stop)
        if reached.failure is not None:
            self.fail(reached.failure)
        self._fmu.time = self.time = reached.time
        self._place()
        return reached.crossed

    def _place(self) -> None:
        if self._dynamics.place(self.time, address(self._solver.x)):
            self.fail(self._dynamics.trouble)

    def function_name(self, called: int) -> str | None:
        """The name of a call that compiled functions made; None where it is one for a bundle."""
        return {
            at.CALL_ENTER_EVENT_MODE: "EnterEventMode",
            at.CALL_UPDATE: self._functions.names.update,
            at.CALL_ENTER_CONTINUOUS_TIME: "EnterContinuousTimeMode",
            at.CALL_GET_STATES: "GetContinuousStates",
            at.CALL_NOMINALS: "GetNominalsOfContinuousStates",
            at.CALL_COMPLETED: "CompletedIntegratorStep",
            at.CALL_GET_STATE: "GetFMUState",
            at.CALL_SET_STATE: "SetFMUState",
        }.get(called)

    @property
    def trouble(self) -> str:
        """Why an evaluation failed, in words."""
        return self._dynamics.trouble

    def explained(self, flag: int) -> str:
        """What the solver means by the flag of a step that compiled functions made."""
        return self._solver.explained(flag)

    def start_solver(self) -> None:
        """Start the solver where the FMU is."""
        self._solver.restart(self.time, self._nominals)
        self._fresh = True

    def _iterate(self, *, nominals_changed: bool = False) -> None:
        for _ in range(EVENT_ITERATIONS):
            update = self.update()
            nominals_changed = nominals_changed or update.nominals_changed
            if self.terminated or not update.again:
                break
        else:
            self.refuse_event()
        if not self.terminated:
            self.leave(nominals_changed=nominals_changed)

    def refuse_event(self) -> NoReturn:
        """An event does not end."""
        raise self._error(
            f"the event at t = {self.time!r} s needs more than {EVENT_ITERATIONS} updates of the discrete states. "
            "The FMU does not find values for them: check its parameters and inputs, or its model"
        )

    def update(self) -> Update:
        """One update of the discrete states."""
        update = self._functions.update()
        self._check(update.status, self._functions.names.update)
        self.terminated, self.next_event = update.terminate, update.next_event
        return update

    def leave(self, *, nominals_changed: bool) -> None:
        """Go on in continuous time with the states that the FMU has now."""
        self._check(self._functions.enter_continuous_time(), "EnterContinuousTimeMode")
        self.in_event_mode = False
        self.read(nominals_changed=nominals_changed)

    def read(self, *, nominals_changed: bool) -> None:
        """Take the continuous states from the FMU, and the nominals where they have changed."""
        x, n, self._fresh = self._solver.x, self._dynamics.states, False
        if not n:
            return
        self._check(self._functions.get_states(address(x), n), "GetContinuousStates")
        if nominals_changed:
            nominals = self._nominals
            self._check(self._functions.get_nominals(address(nominals), n), "GetNominalsOfContinuousStates")
            np.abs(nominals, out=nominals)
            nominals[~(nominals > 0.0) | ~np.isfinite(nominals)] = 1.0

    def _limit(self, count: int, limit: int, what: str, why: str) -> None:
        if count > limit:
            raise self._error(
                f"more than {limit} {what} at t = {self.time!r} s. {why}: check its parameters and inputs, or its model"
            )

    def fail(self, trouble: str) -> NoReturn:
        """The solver cannot go on."""
        dynamics = self._dynamics
        if dynamics.status not in (*GOOD, DISCARD):
            self._check(dynamics.status, dynamics.called)
        raise FailedStepError(
            f"'{self._fmu.name}': its solver cannot go on at t = {self.time!r} s: "
            f"{trouble}{self._fmu.library.messages.quoted()}\n"
            "Check its inputs and parameters, loosen the tolerance, or take a smaller step size",
            component=self._fmu.name,
            time=self.time,
        )

    def _error(self, message: str) -> StepError:
        return StepError(f"'{self._fmu.name}': {message}", component=self._fmu.name, time=self.time)

    def _check(self, status: int, function: str) -> None:
        if status != OK:
            self._fmu.time = self.time
            self._fmu.check(status, function)


def _rounding(t: float) -> float:
    return ROUNDING * abs(t)
