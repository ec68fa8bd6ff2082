"""Coupled initialization: outputs at the start time, consistent with the connections.

In Initialization Mode an output follows from the inputs by direct feedthrough alone: outputs are read in the order of
the schedule, loops are solved, and where a steady state is wanted the states are found for which nothing changes.
"""

from collections.abc import Iterable, Mapping

import numpy as np

from orchestrator.errors import InitializationError
from orchestrator.graph.schedule import InitialStage
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.initial.naming import naming
from orchestrator.master.initial.order import InitialOrder
from orchestrator.master.participant import Coupling, Participant
from orchestrator.signals import Signals
from orchestrator.system.connector import Connector
from orchestrator.system.description import Experiment
from orchestrator.system.solving import Initialization

StartValues = Mapping[str, Mapping[str, Values]]
"""Values that replace start values: component -> connector -> all elements."""


def initialize(
    coupling: Coupling,
    stages: Iterable[InitialStage],
    experiment: Experiment,
    start_values: StartValues,
    settings: Initialization | None = None,
) -> None:
    """Take all components through Initialization Mode; afterwards the signals hold the values valid at the start.

    Raises InitializationError with the name of the component that failed, or with the variables of a loop that has no
    solution.
    """
    t = experiment.start
    for participant in coupling.participants:
        with naming(participant, t):
            _enter(participant, experiment, start_values.get(participant.name, {}), coupling.signals)
    InitialOrder(coupling, stages, settings or Initialization(), t).go()
    for participant in coupling.participants:
        with naming(participant, t):
            participant.set_initial()
            participant.instance.exit_initialization()
            participant.read()
        participant.check_outputs(t, InitializationError)


def _enter(
    participant: Participant, experiment: Experiment, start_values: Mapping[str, Values], signals: Signals
) -> None:
    instance = participant.instance
    by_name = {connector.name: connector for connector in instance.connectors}
    for name, values in start_values.items():
        instance.set(Bundle.of([by_name[name]]), values)
    instance.enter_initialization(experiment.start, experiment.stop, experiment.tolerance)
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
