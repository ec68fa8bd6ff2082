"""Coupled initialization: outputs at the start time, consistent with the connections.

In Initialization Mode an output follows from the inputs by direct feedthrough alone, so that one pass over the outputs
in the order of the schedule is exact: no fixed number of passes, no guess.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

import numpy as np

from orchestrator.errors import InitializationError
from orchestrator.graph.schedule import InitialStage
from orchestrator.instance import Bundle, Instance, Values
from orchestrator.master.participant import Coupling, Participant
from orchestrator.signals import Signals, gather
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Experiment

StartValues = Mapping[str, Mapping[str, Values]]
"""Values that replace start values: component -> connector -> all elements."""

Generation = Sequence[tuple[str, str]]
"""Outputs (component, connector) that are read together."""


def initialize(
    coupling: Coupling, stages: Iterable[InitialStage], experiment: Experiment, start_values: StartValues
) -> None:
    """Take all components through Initialization Mode; afterwards the signals hold the values valid at the start.

    Raises InitializationError with the name of the component that failed.
    """
    t = experiment.start
    for participant in coupling.participants:
        with _naming(participant, t):
            _enter(participant, experiment, start_values.get(participant.name, {}), coupling.signals)
    _pass_on(coupling, stages, t)
    for participant in coupling.participants:
        with _naming(participant, t):
            participant.set_initial()
            participant.instance.exit_initialization()
            participant.read()
        participant.check_outputs(t, InitializationError)


def _pass_on(coupling: Coupling, stages: Iterable[InitialStage], t: float) -> None:
    """Read outputs and pass them on, in an order in which each is read after all that it depends on.

    A parameter that breaks a loop starts with its start value: outputs that depend on it have been read already.
    """
    participants = {participant.name: participant for participant in coupling.participants}
    leaving: dict[tuple[str, str], list[Link]] = defaultdict(list)
    for link in coupling.links:
        if link.delay:
            continue
        leaving[link.source[:2]].append(link)
    inputs = {
        (participant.name, connector.name)
        for participant in coupling.participants
        for connector in participant.instance.connectors
        if connector.causality is Causality.INPUT
    }
    read: set[str] = set()
    for generation, _ in stages:
        _read_outputs(participants, generation, coupling.signals, t)
        read.update(component for component, _ in generation)
        links = [link for output in generation for link in leaving[output]]
        ready = [link for link in links if link.destination[:2] in inputs or link.destination.component not in read]
        gather(coupling.signals.plan(ready))


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


def _read_outputs(participants: Mapping[str, Participant], generation: Generation, signals: Signals, t: float) -> None:
    for name, outputs in groupby(sorted(generation), key=lambda output: output[0]):
        with _naming(participants[name], t):
            participants[name].set_initial()
            events = participants[name].events
            names = [connector for _, connector in outputs if events is None or events.has_value(connector)]
            _read(participants[name], names, signals)


def _read(participant: Participant, names: Sequence[str], signals: Signals) -> None:
    """Read the outputs named, and no others: what they depend on may not be known yet."""
    places = [signals.place(participant.name, name) for name in names]
    for storage in Storage:
        chosen = [place for place in places if place.connector.storage is storage]
        if chosen:
            bundle = Bundle.of([place.connector for place in chosen])
            values = np.empty(bundle.size, dtype=storage.dtype)
            participant.instance.get(bundle, values)
            position = 0
            for place in chosen:
                view = signals.view(place)
                view[:] = values[position : position + view.size]
                position += view.size


@contextmanager
def _naming(participant: Participant, t: float) -> Iterator[None]:
    """Give an error the name of the component that it comes from."""
    try:
        yield
    except Exception as error:
        raise participant.named(error, InitializationError, t) from error
