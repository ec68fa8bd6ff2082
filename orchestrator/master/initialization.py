"""Coupled initialization: outputs at the start time, consistent with the connections.

In Initialization Mode an output follows from the inputs by direct feedthrough alone: outputs are read in the order of
the schedule, loops are solved, and where a steady state is wanted the states are found for which nothing changes.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from orchestrator.errors import InitializationError
from orchestrator.graph.schedule import InitialStage
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.coupling import Coupling
from orchestrator.master.initial.naming import naming
from orchestrator.master.initial.order import InitialOrder
from orchestrator.master.initial.steady_state import Rest, find_rest
from orchestrator.master.participant import Participant
from orchestrator.signals import Signals
from orchestrator.system.connector import Connector
from orchestrator.system.description import Experiment
from orchestrator.system.solving import Initialization, SteadyState

StartValues = Mapping[str, Mapping[str, Values]]
"""Values that replace start values: component -> connector -> all elements."""


class Beginning(NamedTuple):
    """Where components begin: at the start of an experiment, but for those that have times (s) of their own."""

    experiment: Experiment
    values: StartValues
    times: Mapping[str, float] = {}


def initialize(
    coupling: Coupling,
    stages: Iterable[InitialStage],
    beginning: Beginning,
    settings: Initialization | None = None,
    *,
    rest: SteadyState | None = None,
) -> Rest | None:
    """Take all components through Initialization Mode; afterwards the signals hold the values valid at the start.

    With `rest` they start with the states for which nothing changes, by their derivatives; it is told how these were
    found.

    Raises InitializationError with the name of the component that failed, or with the variables of a loop or steady
    state that has no solution.
    """
    t = beginning.experiment.start
    for participant in coupling.participants:
        with naming(participant, t):
            _enter(participant, beginning, coupling.signals)
    settings = settings or Initialization()
    order = InitialOrder(coupling, stages, settings, t)
    found = None if rest is None else find_rest(coupling, order, settings, rest, t)
    if found is None:
        order.go()
    for participant in coupling.participants:
        with naming(participant, t):
            participant.set_initial()
            participant.instance.exit_initialization()
            participant.read()
        participant.check_outputs(t, InitializationError)
    return found


def _enter(participant: Participant, beginning: Beginning, signals: Signals) -> None:
    instance, experiment = participant.instance, beginning.experiment
    start_values = beginning.values.get(participant.name, {})
    by_name = {connector.name: connector for connector in instance.connectors}
    for name, values in start_values.items():
        instance.set(Bundle.of([by_name[name]]), values)
    t = beginning.times.get(participant.name, experiment.start)
    instance.enter_initialization(t, experiment.stop, experiment.tolerance)
    for bundle, _ in (*participant.initial, *participant.inputs):
        for connector in bundle.connectors:
            view = signals.view(signals.place(participant.name, connector.name))
            view[:] = _start(instance, connector, start_values.get(connector.name))


def _start(instance: Instance, connector: Connector, replaced: Values | None) -> Values:
    if replaced is not None:
        return replaced
    if connector.start is not None:
        return np.asarray(connector.start, dtype=connector.storage.dtype)
    bundle = Bundle.of([connector])
    values = np.empty(bundle.size, dtype=connector.storage.dtype)
    instance.get(bundle, values)
    return values
