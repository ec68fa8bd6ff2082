"""Early return: the macro step ends for all components where the first of them ended its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from orchestrator.errors import StepError
from orchestrator.instance import Values
from orchestrator.master.algorithm import Algorithm, EarlyReturn, MacroStep
from orchestrator.master.coupling import Coupling
from orchestrator.master.events import ITERATION_LIMIT
from orchestrator.master.participant import Participant
from orchestrator.master.stepper import Advance
from orchestrator.system.connector import Storage


class EarlyEnd:
    """The innermost stepper: one step of an algorithm, or several where a component returns early.

    The component that returned early is not stepped again: the others step to its time. Those that had stepped further
    go back to a state kept at t. One that cannot keep its state, and precedes the early one in the order of the
    schedule, is a StepError that names both; so is one that takes steps of one size only.
    A component may return at t itself, to an event at once: nobody steps then.
    """

    def __init__(self, algorithm: Algorithm, coupling: Coupling) -> None:
        self._algorithm, self._coupling = algorithm, coupling
        self._in_a_row = 0
        self._preparing = tuple(p for p in coupling.participants if p.prepares)
        early = [i for i, p in enumerate(coupling.participants) if p.instance.capabilities.may_return_early]
        self._exposed = coupling.participants[: early[-1]] if early else ()
        self.leaves_grid = bool(early)

    def step(self, t: float, h: float) -> Advance:
        """Advance all components from t by h, or to where the first returned early."""
        for participant in self._preparing:
            participant.begin(t)
        if not self.leaves_grid:
            return Advance(self._algorithm.step(t, h), t + h)
        values = self._coupling.signals.copy()
        with self._kept() as states:
            outcome = self._algorithm.step(t, h)
            end = t + h
            requests: tuple[str, ...] = ()
            while (early := outcome.early_return) is not None:
                requests += outcome.terminate_requested_by
                end = early.time
                self._go_back(early, states, values)
                if end <= t:
                    return Advance(self._at_once(early), t)
                outcome = self._algorithm.step(t, end - t)
            self._in_a_row = 0
            requests += outcome.terminate_requested_by
            return Advance(outcome._replace(terminate_requested_by=tuple(dict.fromkeys(requests))), end)

    def _at_once(self, early: EarlyReturn) -> MacroStep:
        """Nobody has stepped: the component wants an event where it is."""
        self._in_a_row += 1
        if self._in_a_row > ITERATION_LIMIT:
            raise StepError(
                f"'{early.component}' returned early at t = {early.time!r} s {self._in_a_row} times without getting "
                "ahead. Its events come ever closer: give its model an end to them, or stop the experiment before",
                component=early.component,
                time=early.time,
            )
        for participant in self._coupling.participants:
            participant.ahead = None
        return MacroStep(event_needed=True)

    @contextmanager
    def _kept(self) -> Iterator[dict[str, object]]:
        able = [p for p in self._exposed if p.instance.capabilities.get_set_state]
        states = {p.name: p.instance.save_state() for p in able}
        for participant in able:
            participant.statistics.saves += 1
        try:
            yield states
        finally:
            for participant in able:
                participant.instance.free_state(states[participant.name])

    def _go_back(self, early: EarlyReturn, states: Mapping[str, object], values: Mapping[Storage, Values]) -> None:
        for participant in self._coupling.participants:
            if participant.is_bound:
                raise _fixed(participant, early)
        for participant in self._coupling.participants:
            if participant.name == early.component:
                break
            if participant.name not in states:
                raise _stuck(participant, early)
            participant.instance.restore_state(states[participant.name])
            participant.statistics.restores += 1
            participant.ahead = None
        self._coupling.signals.put(values)


def _fixed(participant: Participant, early: EarlyReturn) -> StepError:
    return StepError(
        f"'{early.component}' returned early at t = {early.time:.9g} s, but '{participant.name}' takes steps of one "
        "size only. Choose a step size whose grid meets this time",
        component=participant.name,
        time=early.time,
    )


def _stuck(participant: Participant, early: EarlyReturn) -> StepError:
    return StepError(
        f"'{early.component}' returned early at t = {early.time:.9g} s, but '{participant.name}' has stepped further "
        f"and cannot go back: it cannot keep its state. Export it with get/set FMU state, or choose a "
        "step size whose grid meets this time",
        component=participant.name,
        time=early.time,
    )
