"""Bench: a coupled system at its start, stepped again and again from there, with and without a small change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from orchestrator.graph.schedule import build_schedule
from orchestrator.instance import Values
from orchestrator.master.composition import Plan, compose
from orchestrator.master.coupling import Coupling
from orchestrator.master.iterative import Iterative
from orchestrator.master.rates import periods
from orchestrator.master.snapshot import Rollback, Snapshot
from orchestrator.signals import Direction, Signals, gather
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage

Floats = NDArray[np.float64]

NUDGE = 1e-3
"""Size of a change, as a part of the value or of its nominal: far above the noise of solvers."""

SEED = 20
"""Of the signs of a change, so that two probes of one system say the same."""


class Nudge:
    """An alteration that adds `changes` (as many as there are float64 signals) to values on their way, while it is on.

    None of them beyond that: outside `changes is not None` everything flows as it is.
    """

    def __init__(self) -> None:
        self.changes: Floats | None = None

    def alter(self, array: Values, places: NDArray[np.intp], values: Values) -> None:
        """Add the changes to float64 values that are about to be written at these places."""
        if self.changes is not None and array.dtype == np.float64:
            values += self.changes[places]


@dataclass(frozen=True)
class Watched:
    """The float64 outputs of all components: where they lie, how they are called, and how large one of them is."""

    places: NDArray[np.intp]
    names: tuple[str, ...]
    nominals: Floats

    @classmethod
    def of(cls, coupling: Coupling) -> "Watched":
        """Those of a coupling."""
        rows = [
            (place.start + k, f"{each.name}.{name}", connector.nominal)
            for each in coupling.participants
            for block in coupling.signals.blocks(each.name, Direction.OUTPUT)
            if block.bundle.storage is Storage.FLOAT64
            for connector in block.bundle.connectors
            for place in (coupling.signals.place(each.name, connector.name),)
            for k, name in enumerate(connector.elements)
        ]
        places, names, nominals = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(np.array(places, dtype=np.intp), names, np.array(nominals, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Bench:
    """A coupling that was initialized at `start` (s), with `plan` as the way in which it is solved.

    Everything is undone: after each trial the components are where they were. `nudge` is the alteration with which the
    signals were made, `described` are the components in the order of the description.
    """

    coupling: Coupling
    plan: Plan
    start: float
    step_size: float
    nudge: Nudge
    described: tuple[str, ...] = ()
    watched: Watched = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "watched", Watched.of(self.coupling))

    @property
    def signals(self) -> Signals:
        """The values of everything."""
        return self.coupling.signals

    def with_algorithm(self, name: str) -> "Bench":
        """The same system, stepped by another algorithm; AlgebraicLoopError where that cannot be."""
        coupling = self.coupling
        by_name = {each.name: each for each in coupling.participants}
        described = self.described or tuple(by_name)
        interfaces = {component: by_name[component].instance.connectors for component in described}
        feedthrough = {component: by_name[component].instance.feedthrough for component in described}
        schedule = build_schedule(interfaces, feedthrough, coupling.links, iterate=name == Iterative.name)
        participants = tuple(by_name[component] for component in schedule.order)
        solving = self.plan.solving.model_copy(update={"algorithm": name})
        plan = replace(self.plan, schedule=schedule, solving=solving)
        return replace(self, coupling=replace(coupling, participants=participants), plan=plan)

    @property
    def slow(self) -> Mapping[str, int]:
        """Components that step less often than the system, and once in how many macro steps."""
        return {name: one.count for name, one in periods(self.plan.step_sizes, self.start, self.step_size).items()}

    @property
    def steps_made(self) -> int:
        """Calls of `do_step` up to now."""
        return sum(each.statistics.steps for each in self.coupling.participants)

    def course(self, h: float, steps: int, *, plan: Plan | None = None, nudged: bool = False) -> Floats:
        """Outputs (points, watched) at the start and after each of so many macro steps of length h (s).

        It ends early where a component has an event or ends the run, which no trial follows. With `nudged` what flows
        in the first of the steps is changed a little.
        """
        plan = plan or self.plan
        master = compose(self.coupling, _scaled(plan, h / self.step_size))
        rollback = Rollback(self.coupling, master.memories)
        rows = [self._outputs()]
        with rollback.kept() as snapshot:
            try:
                for index in range(steps):
                    t = self.start + index * h
                    self.nudge.changes = self._changes() if nudged and index == 0 else None
                    outcome, end = master.stepper.step(t, h)
                    if not outcome.completed or abs(end - t - h) > 1e-9 * h:
                        break
                    rows.append(self._outputs())
                    if outcome.event_needed or outcome.terminate_requested_by:
                        break
            finally:
                self.nudge.changes = None
                rollback.restore(snapshot)
        return np.array(rows)

    def kept(self) -> "tuple[Rollback, Snapshot]":
        """A way back to now; who takes it frees it."""
        rollback = Rollback(self.coupling)
        return rollback, rollback.keep()

    def gather(self) -> None:
        """Bring the outputs of now to the inputs."""
        gather(self.coupling.plan)

    def scales(self, values: Floats) -> Floats:
        """How large each watched output is (watched,): its largest absolute value (points, watched), or its nominal."""
        return np.asarray(np.maximum(np.abs(values).max(axis=0, initial=0.0), self.watched.nominals))

    def _outputs(self) -> Floats:
        return self.signals.float64[self.watched.places]

    def _changes(self) -> Floats:
        """A change of every value that flows, of random sign, and as large as NUDGE says."""
        changes = np.zeros(self.signals.float64.size)
        signs = np.random.default_rng(SEED)
        for link in self.coupling.links:
            place = self.signals.place(*link.destination)
            if place.connector.storage is Storage.FLOAT64:
                size = max(abs(float(self.signals.view(place)[0])), place.connector.nominal)
                changes[place.start] = NUDGE * size * signs.uniform(0.5, 1.0) * signs.choice((-1.0, 1.0))
        return changes


def _scaled(plan: Plan, factor: float) -> Plan:
    """The plan for another macro step: components with a step of their own keep its ratio; no second run beside it."""
    sizes = {name: size * factor for name, size in plan.step_sizes.items()}
    control = plan.solving.step_control.model_copy(update={"global_error": False})
    solving = plan.solving.model_copy(update={"step_control": control})
    return replace(plan, solving=solving, step_size=plan.step_size * factor, step_sizes=sizes)


def is_float(bench: Bench, link: Link) -> bool:
    """Whether what flows is a float64, and stays one."""
    ends = (bench.signals.place(*link.source), bench.signals.place(*link.destination))
    return link.mapping is None and all(place.connector.storage is Storage.FLOAT64 for place in ends)


def unable(coupling: Coupling, names: Sequence[str] | None = None) -> tuple[str, ...]:
    """Those among the components (by default all) that cannot go back."""
    stuck = Rollback(coupling).unable
    return stuck if names is None else tuple(name for name in names if name in stuck)
