"""Coupled initialization: outputs at the start time, consistent with the connections.

In Initialization Mode an output follows from the inputs by direct feedthrough alone, so that one pass over the outputs
in the order of the schedule is exact: no fixed number of passes, no guess.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

import numpy as np

from orchestrator.errors import InitializationError
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.participant import Coupling, Participant
from orchestrator.signals import Signals, gather
from orchestrator.system.connector import Connector
from orchestrator.system.description import Experiment

StartValues = Mapping[str, Mapping[str, Values]]
"""Values that replace start values: component -> connector -> all elements."""

Generation = Sequence[tuple[str, str]]
"""Outputs (component, connector) that depend only on outputs of generations before theirs."""


def initialize(
    coupling: Coupling, generations: Iterable[Generation], experiment: Experiment, start_values: StartValues
) -> None:
    """Take all components through Initialization Mode; afterwards the signals hold the values valid at the start.

    Raises InitializationError with the name of the component that failed.
    """
    t = experiment.start
    for participant in coupling.participants:
        with _naming(participant, t):
            _enter(participant, experiment, start_values.get(participant.name, {}), coupling.signals)
    for generation in generations:
        _compute(coupling, generation, t)
    for participant in coupling.participants:
        with _naming(participant, t):
            participant.set_inputs()
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
    for bundle, _ in participant.inputs:
        for connector in bundle.connectors:
            view = signals.view(signals.place(participant.name, connector.name))
            view[:] = _start(instance, connector, start_values.get(connector.name))


def _start(instance: Instance, connector: Connector, replaced: Values | None) -> Values:
    if replaced is not None:
        return replaced
    if connector.start is not None:
        return np.asarray(connector.start, dtype=connector.storage.dtype)
    return _read(instance, connector)


def _read(instance: Instance, connector: Connector) -> Values:
    """All elements of one connector, in an array of their own."""
    values = np.empty(connector.size, dtype=connector.storage.dtype)
    instance.get(Bundle.of([connector]), values)
    return values


def _compute(coupling: Coupling, generation: Generation, t: float) -> None:
    """Read the outputs of one generation, then hand them on to the inputs that they are connected to."""
    participants = {participant.name: participant for participant in coupling.participants}
    for name, outputs in groupby(sorted(generation), key=lambda output: output[0]):
        participant = participants[name]
        with _naming(participant, t):
            participant.set_inputs()
            for _, output in outputs:
                place = coupling.signals.place(name, output)
                coupling.signals.view(place)[:] = _read(participant.instance, place.connector)
    known = set(generation)
    gather(
        coupling.signals.plan(
            link for link in coupling.links if (link.source.component, link.source.connector) in known
        )
    )


@contextmanager
def _naming(participant: Participant, t: float) -> Iterator[None]:
    """Give an error the name of the component that it comes from."""
    try:
        yield
    except Exception as error:
        raise participant.named(error, InitializationError, t) from error
