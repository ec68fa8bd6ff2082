"""Long run: a system runs before its start, with the inputs of the start, until nothing changes any more.

So every component comes to rest in its own way, also one that tells no states or has discrete ones, and is at the start
of the experiment without being set back.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import InitializationError
from orchestrator.instance import Bundle, Instance
from orchestrator.master.composition import Plan, compose
from orchestrator.master.coupling import Coupling
from orchestrator.master.initial.steady_state import is_source
from orchestrator.master.initialization import Beginning, StartValues, initialize
from orchestrator.master.rates import periods
from orchestrator.master.step_size import FixedStep
from orchestrator.master.timeline import Timeline
from orchestrator.setup import Setup
from orchestrator.signals import Direction, Signals
from orchestrator.stepping import Stepping
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.solving import Solving, SteadyState, StepControl

Floats = NDArray[np.float64]

HORIZON: Final = 10.0
"""Length of a long run of which nothing is said, in lengths of the experiment."""
_LOOKS: Final = 100
"""Times that values are looked at on the way, for their size."""
_SHOWN: Final = 5


class Settled(NamedTuple):
    """What a long run of `length` (s) came to: the largest change that was left, of a variable, see `LongRun`."""

    length: float
    change: float
    variable: str

    def __str__(self) -> str:
        largest = f", largest change {self.change:.2g} ('{self.variable}', relative)" if self.variable else ""
        return f"by a long run of {self.length:g} s before the start{largest}"


class LongRun:
    """Components that are nothing but functions of time stay at the start; all others run up to it.

    The system rests where no float output or state would change by more than the tolerance, in units of its nominal
    value (or its largest one on the way, where that is larger), if it went on as in the last macro step for as long.
    """

    def __init__(self, setup: Setup, coupling: Coupling, wanted: SteadyState) -> None:
        self._setup, self._coupling, self._tolerance = setup, coupling, wanted.tolerance
        self._moving = {name: one for name, one in setup.instances.items() if not is_source(one)}
        experiment, h = setup.experiment, setup.step_size
        slow = math.lcm(1, *(each.count for each in periods(setup.plan.step_sizes, experiment.start, h).values()))
        horizon = wanted.horizon or HORIZON * (experiment.stop - experiment.start)
        count = max(1, math.ceil(horizon / (slow * h) - 1e-9)) * slow
        self._grid = FixedStep(experiment.start - count * h, experiment.start, h)

    def go(self, start_values: StartValues) -> Settled:
        """Initialize before the start and run up to it; InitializationError where something still changes there."""
        setup, plan = self._setup, self._setup.plan
        held = {name: self._grid.stop for name in setup.instances if name not in self._moving}
        experiment = setup.experiment.model_copy(update={"start": self._grid.start})
        beginning = Beginning(experiment, start_values, held)
        initialize(self._coupling, plan.schedule.initialization, beginning, plan.solving.initialization)
        settled = self._run()
        for participant in self._coupling.participants:
            if participant.events is not None and participant.name in self._moving:
                participant.events.events.enter(self._grid.stop)
        for name in setup.diagnosed:
            for block in self._coupling.signals.blocks(name, Direction.OUTPUT):
                block.values[:] = 0.0
        return settled

    def _run(self) -> Settled:
        """All steps; what the last one changed."""
        coupling, ended = self._part(), list[str]()
        timeline = Timeline(self._grid)
        stepping = Stepping(coupling, compose(coupling, self._plan()), timeline, lambda: None, ended.extend)
        stepping.begin(self._grid.start)
        watched = _Watched(self._moving, coupling.signals)
        before = watched.look()
        looks = max(1, self._grid.count // _LOOKS)
        while not timeline.over and not ended:
            last = timeline.index == self._grid.count - 1
            if timeline.on_grid and (last or timeline.index % looks == 0):
                before = watched.look()
            stepping.advance()
        if ended:
            raise InitializationError(
                f"'{ended[0]}' ended the run at t = {timeline.time:.9g} s, before the start: there is no steady state "
                "by a long run. Choose a shorter horizon, or another start",
                component=ended[0],
                time=timeline.time,
            )
        return self._settled(watched, before, watched.look())

    def _settled(self, watched: "_Watched", before: Floats, after: Floats) -> Settled:
        length = self._grid.stop - self._grid.start
        again = np.abs(after - before) * self._grid.count / np.where(watched.sizes > 0.0, watched.sizes, 1.0)
        order = np.argsort(-again)
        if not again.size:
            return Settled(length, 0.0, "")
        if again[order[0]] > self._tolerance:
            changing = [index for index in order[:_SHOWN] if again[index] > self._tolerance]
            told = ", ".join(f"'{watched.names[index]}' by {again[index]:.3g}" for index in changing)
            raise InitializationError(
                f"the system does not rest after a long run of {length:g} s before the start: in as long again would "
                f"change, in units of the nominal values: {told}. Give 'steady_state' a longer horizon or a looser "
                "tolerance, or leave it out where the system never rests",
                time=self._grid.stop,
            )
        return Settled(length, float(again[order[0]]), watched.names[int(order[0])])

    def _part(self) -> Coupling:
        """The components that run, and the links between them, over the signals of the run."""
        setup, moving = self._setup, {*self._moving}
        links = [one for one in setup.links if {one.source.component, one.destination.component} <= moving]
        order = [name for name in setup.plan.schedule.order if name in moving]
        return Coupling.of(self._moving, links, order, self._coupling.signals, setup.check_ranges)

    def _plan(self) -> Plan:
        """The plan of the run for them; the steps of a long run are not looked at from outside."""
        plan, solving = self._setup.plan, self._setup.plan.solving
        stages = (tuple(name for name in stage if name in self._moving) for stage in plan.schedule.stages)
        schedule = replace(plan.schedule, stages=tuple(stage for stage in stages if stage))
        control = solving.step_control
        control = StepControl() if control.method == "bonds" else control.model_copy(update={"global_error": False})
        alone = Solving(
            **{**{name: getattr(solving, name) for name in Solving.model_fields}, "step_control": control, "bonds": {}}
        )
        return replace(plan, schedule=schedule, solving=alone, start=self._grid.start)


class _Watched:
    """The float outputs and continuous states of components: their `names`, and their `sizes` as far as was seen."""

    def __init__(self, instances: Mapping[str, Instance], signals: Signals) -> None:
        outputs = [
            (name, block) for name in instances for block in signals.blocks(name, Direction.OUTPUT)
            if block.bundle.storage is Storage.FLOAT64
        ]  # fmt: skip
        states = [(name, [one for one in each.connectors if _is_hidden_state(one)]) for name, each in instances.items()]
        self._views = [block.values for _, block in outputs]
        self._states = [(instances[name], Bundle.of(each)) for name, each in states if each]
        owned = [(name, one) for name, block in outputs for one in block.bundle.connectors]
        owned += [(name, one) for name, each in states for one in each]
        self.names = [f"{name}.{element}" for name, connector in owned for element in connector.elements]
        nominals = [abs(connector.declared_nominal or 0.0) for _, connector in owned]
        self.sizes: Floats = np.repeat(np.array(nominals, float), [connector.size for _, connector in owned])

    def look(self) -> Floats:
        """All of them as they are now, between two macro steps; their sizes are at least that from now on."""
        found = [np.array(view) for view in self._views]
        for instance, bundle in self._states:
            values = np.empty(bundle.size)
            instance.get(bundle, values)
            found.append(values)
        values = np.concatenate(found) if found else np.empty(0)
        np.fmax(self.sizes, np.abs(values), out=self.sizes)
        return values


def _is_hidden_state(connector: Connector) -> bool:
    """Whether it is a continuous state beside the outputs."""
    floats = connector.is_state and connector.storage is Storage.FLOAT64
    return floats and connector.causality is not Causality.OUTPUT
