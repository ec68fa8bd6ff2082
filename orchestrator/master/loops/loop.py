"""Loop: components that feed each other in a circle, stepped together to the end of a macro step."""

from collections.abc import Callable, Mapping, Sequence

from orchestrator.graph.feedthrough import algebraic_loops, variable_graph
from orchestrator.instance import stand_in
from orchestrator.master.algorithm import EarlyReturn, MacroStep
from orchestrator.master.coupling import Coupling
from orchestrator.master.loops import failures
from orchestrator.master.loops.iteration import Circle, Iteration
from orchestrator.master.loops.slopes import Slopes
from orchestrator.master.loops.unknowns import Unknowns, fewest_torn, torn_links
from orchestrator.master.memory import Remembered
from orchestrator.master.participant import Participant, advance_each
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.master.statistics import ESTIMATING
from orchestrator.master.step_control.journey import ending
from orchestrator.signals import GatherPlan
from orchestrator.system.solving import LoopSolver

_EARLY_RETURNS = 20
"""Times that a step of a loop is tried again, each time up to where a component returned early."""


class Loop:
    """The components `names`, in the order in which they step, as one that is stepped like a single component.

    In each sweep all of them go back to the beginning of the macro step and step again, one after the other, with the
    newest values there are: FMUState is set and DoStep repeated, and nothing is read after it was set without a step
    between (FMI 2.0.4 section 4.2.4, FMI 3.0.2 section 4.2). Where a component has an estimator, that one takes part in
    the sweeps, and the component steps once, with the values of the last sweep.
    """

    plan: GatherPlan = ()

    def __init__(self, names: Sequence[str], coupling: Coupling, settings: LoopSolver) -> None:
        self.name = " <-> ".join(names)
        by_name = {participant.name: participant for participant in coupling.participants}
        self._links = [
            link
            for link in coupling.links
            if {link.source.component, link.destination.component} <= set(names) and not link.delay
        ]
        self._estimated = [by_name[name] for name in names if stand_in(by_name[name].instance) is not None]
        order = fewest_torn(self._links, names)
        self._sweeping = tuple(_sweeping(by_name[name], coupling) for name in order)
        for participant in self._sweeping:
            if not participant.instance.capabilities.get_set_state:
                raise failures.cannot_go_back(participant.name, self._links, names)
        unknowns = Unknowns(coupling.signals, torn_links(self._links, order))
        instances = [participant.instance for participant in self._sweeping] if settings.method == "newton" else []
        slopes = Slopes(instances, self._links, coupling.signals, unknowns.places.tolist())
        for participant in self._sweeping:
            participant.is_swept = True
        self._rollback = Rollback(coupling, participants=self._sweeping)
        self.statistics = statistics = coupling.statistics.loop(tuple(names))
        self.early_in_a_row = 0
        """How often a component returned early since the last macro step that was solved."""
        self._shown = failures.shown(names)
        circle = Circle(self._shown, self._is_algebraic(names, by_name))
        self._iteration = Iteration(circle, unknowns, slopes, settings, statistics)

    @property
    def iteration(self) -> Iteration:
        """What solves it."""
        return self._iteration

    @property
    def participants(self) -> Sequence[Participant]:
        """The components that are swept, in the order in which they step, or their estimators."""
        return self._sweeping

    @property
    def by_address(self) -> bool:
        """Whether nothing but the steps of its components needs Python: see `Iteration`; there is no estimator."""
        return not self._estimated and self._iteration.by_address

    def count(self) -> None:
        """Take over what macro steps counted that compiled functions made."""
        if self._iteration.count():
            self.early_in_a_row = 0

    def advance(self, t: float, h: float, *, newest: bool = True) -> MacroStep:  # noqa: ARG002
        """Solve the loop for t + h (s) and leave all components there.

        Where one returns early, all are taken back to t. Raises StepError as a single component does, and where the
        loop has no solution that can be found.
        """
        for participant in self._estimated:
            _aligned(participant)
        with self._rollback.kept() as start:
            sweep = _Sweep(self._sweeping, self._rollback, start, t, h)
            outcome = self._iteration.solve(t, h, sweep)
            if outcome.completed and self._estimated:
                outcome = self._commit(t, h, outcome)
            if outcome.early_return is None:
                self.early_in_a_row = 0
            else:
                self._go_back(start, outcome.early_return)
        return outcome

    def _is_algebraic(self, names: Sequence[str], participants: Mapping[str, Participant]) -> bool:
        instances = {name: participants[name].instance for name in names}
        interfaces = {name: instance.connectors for name, instance in instances.items()}
        feedthrough = {name: instance.feedthrough for name, instance in instances.items()}
        return bool(algebraic_loops(variable_graph(interfaces, feedthrough, self._links)))

    def remembered(self) -> Remembered:
        """What was learnt in earlier macro steps."""
        return self._iteration.remembered()

    def remember(self, memory: Remembered) -> None:
        """Go back to what was learnt then."""
        self._iteration.remember(memory)

    def _commit(self, t: float, h: float, swept: MacroStep) -> MacroStep:
        """Step the components that their estimators stood in for, with the inputs of the last sweep."""
        outcome = advance_each([_Alone(each) for each in self._estimated], t, h, newest=True)
        requests = (*swept.terminate_requested_by, *outcome.terminate_requested_by)
        return outcome._replace(
            terminate_requested_by=tuple(dict.fromkeys(requests)),
            event_needed=swept.event_needed or outcome.event_needed,
        )

    def _go_back(self, start: Snapshot, early: EarlyReturn) -> None:
        """A component returned early: the step is tried again up to there, by all of them."""
        self.early_in_a_row += 1
        if self.early_in_a_row > _EARLY_RETURNS:
            raise failures.ever_earlier(self._shown, early, self.early_in_a_row)
        self._rollback.restore(start)
        for participant in self._sweeping:
            participant.ahead = None


class _Alone:
    """A component that steps with the inputs that it has in the signals already."""

    plan: GatherPlan = ()

    def __init__(self, participant: Participant) -> None:
        self.advance = participant.advance


class _Sweep:
    """One step of all components after the other, each time from the same beginning."""

    def __init__(
        self,
        participants: Sequence[Participant],
        rollback: Rollback,
        start: Snapshot,
        t: float,
        h: float,
    ) -> None:
        self._participants = participants
        self._rollback, self._start = rollback, start
        self._t, self._h = t, h
        self._again = False

    def __call__(self, put: Callable[[], None]) -> MacroStep:
        if self._again:
            with ending():
                self._rollback.restore(self._start)
        self._again = True
        put()
        return advance_each(self._participants, self._t, self._h, newest=True)


def _sweeping(participant: Participant, coupling: Coupling) -> Participant:
    """The component itself, or its estimator in the same places of the signals."""
    estimator = stand_in(participant.instance)
    if estimator is None:
        return participant
    statistics = coupling.statistics.of(participant.name + ESTIMATING)
    return Participant(estimator, coupling.signals, participant.plan, statistics)


def _aligned(participant: Participant) -> None:
    """Let the estimator give the outputs that the component has at the beginning of the macro step."""
    estimator = stand_in(participant.instance)
    assert estimator is not None
    for block in participant.outputs:
        estimator.align(block.bundle, block.values)
