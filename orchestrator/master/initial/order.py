"""Initial order: outputs read and passed on stage by stage, in an order in which each follows from what was before.

In Initialization Mode an output follows from the inputs by direct feedthrough alone, so that one pass over the outputs
in the order of the schedule is exact: no fixed number of passes, no guess. Loops are solved on the way.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from orchestrator.graph.schedule import InitialStage
from orchestrator.instance import Bundle
from orchestrator.master.coupling import Coupling
from orchestrator.master.initial.loops import InitialLoop
from orchestrator.master.initial.naming import naming
from orchestrator.master.participant import Participant
from orchestrator.signals import gather
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Causality, Storage
from orchestrator.system.solving import Initialization

Generation = Sequence[tuple[str, str]]
"""Outputs (component, connector) that are read together."""


class InitialOrder:
    """The passes over the outputs of a coupled system at the start time t (s)."""

    def __init__(self, coupling: Coupling, stages: Iterable[InitialStage], settings: Initialization, t: float) -> None:
        self._signals, self._t = coupling.signals, t
        self._stages = tuple(stages)
        self.participants = {participant.name: participant for participant in coupling.participants}
        links = [link for link in coupling.links if not link.delay]
        self._loops = {
            stage.outputs: InitialLoop(self.participants, coupling.signals, stage, links, settings, t)
            for stage in self._stages
            if stage.loop
        }
        solved = {link for loop in self._loops.values() for link in loop.links}
        self._leaving: dict[tuple[str, str], list[Link]] = defaultdict(list)
        for link in links:
            if link not in solved:
                self._leaving[link.source[:2]].append(link)
        self._inputs = {
            (participant.name, connector.name)
            for participant in coupling.participants
            for connector in participant.instance.connectors
            if connector.causality is Causality.INPUT
        }

    def go(self) -> None:
        """Read all outputs and pass them on; InitializationError where a loop is not solved.

        A parameter that breaks a loop starts with its start value: outputs that depend on it have been read already.
        """
        read: set[str] = set()
        for stage in self._stages:
            self._set(stage.outputs)
            if stage.loop:
                self._loops[stage.outputs].solve()
            self._read(stage.outputs)
            read.update(component for component, _ in stage.outputs)
            links = [link for output in stage.outputs for link in self._leaving[output]]
            ready = [link for link in links if link.destination[:2] in self._inputs or link.destination[0] not in read]
            gather(self._signals.plan(ready))

    def set_inputs(self) -> None:
        """Hand all components what was passed on to them last."""
        self._set([(name, "") for name in self.participants])

    def _set(self, generation: Generation) -> None:
        for name in dict.fromkeys(component for component, _ in generation):
            with naming(self.participants[name], self._t):
                self.participants[name].set_initial()

    def _read(self, generation: Generation) -> None:
        for name, outputs in groupby(sorted(generation), key=lambda output: output[0]):
            with naming(self.participants[name], self._t):
                events = self.participants[name].events
                names = [connector for _, connector in outputs if events is None or events.has_value(connector)]
                self._read_named(self.participants[name], names)

    def _read_named(self, participant: Participant, names: Sequence[str]) -> None:
        """Read the outputs named, and no others: what they depend on may not be known yet."""
        places = [self._signals.place(participant.name, name) for name in names]
        for storage in Storage:
            chosen = [place for place in places if place.connector.storage is storage]
            if chosen:
                bundle = Bundle.of([place.connector for place in chosen])
                values = np.empty(bundle.size, dtype=storage.dtype)
                participant.instance.get(bundle, values)
                position = 0
                for place in chosen:
                    view = self._signals.view(place)
                    view[:] = values[position : position + view.size]
                    position += view.size
