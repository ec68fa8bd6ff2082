"""Doubles coupled to a system, and an observer that remembers everything it was told."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from orchestrator.graph.schedule import build_schedule
from orchestrator.master.composition import Plan
from orchestrator.master.diagnostics import diagnosed
from orchestrator.observer import Event
from orchestrator.simulation import Setup, Simulation
from orchestrator.system.connections.resolution import resolve
from orchestrator.system.description import SystemDescription
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.yaml.file import from_mapping
from tests.doubles import FunctionInstance


class Row(NamedTuple):
    t: float
    float64: np.ndarray
    int64: np.ndarray
    boolean: np.ndarray


class Memory:
    """Copies what the signals hold at each communication point, in `rows`."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.events: list[Event] = []
        self.ends: list[Exception | None] = []
        self.signals: Any = None

    @property
    def times(self) -> list[float]:
        return [row.t for row in self.rows]

    def of(self, component: str, connector: str) -> np.ndarray:
        """Float values (rows, elements) of a connector."""
        place = self.signals.place(component, connector)
        return np.array([row.float64[place.start : place.stop] for row in self.rows])

    def initialized(self, t: float, signals: Any) -> None:
        self.signals = signals
        self.communication_point(t, signals)

    def communication_point(self, t: float, signals: Any) -> None:
        self.rows.append(Row(t, signals.float64.copy(), signals.int64.copy(), signals.boolean.copy()))

    def event(self, event: Event) -> None:
        self.events.append(event)

    def terminated(self, error: Exception | None) -> None:
        self.ends.append(error)


def describe(names: Sequence[str], connections: Sequence[str] = (), **more: Any) -> SystemDescription:
    data = {"name": "doubles", "components": {name: {"source": f"{name}.fmu"} for name in names}, **more}
    data = {"step_size": 0.1, "experiment": {"stop": 1.0}, **data, "connections": list(connections)}
    return from_mapping(data, Path("/"), "test")


def setup(
    instances: Sequence[FunctionInstance], description: SystemDescription, observed: Mapping[str, frozenset[str]] = {}
) -> Setup:
    by_name = {instance.name: instance for instance in instances}
    interfaces = {name: instance.connectors for name, instance in by_name.items()}
    links = resolve(description, interfaces)
    feedthrough = {name: one.feedthrough for name, one in by_name.items()}
    schedule = build_schedule(interfaces, feedthrough, links, iterate=description.algorithm == "iterative")
    return Setup(
        by_name,
        links,
        Plan(
            schedule,
            description,
            {name: one.step_size for name, one in description.components.items() if one.step_size is not None},
            {name: one.extrapolation for name, one in description.components.items() if one.extrapolation is not None},
            step_size=description.step_size,
            start=description.experiment.start,
        ),
        description.experiment,
        description.step_size,
        parameter_values(description, interfaces),
        observed,
        diagnosed=diagnosed(description, description.components),
    )


def simulation(
    instances: Sequence[FunctionInstance],
    connections: Sequence[str] = (),
    *,
    observers: Sequence[Any] = (),
    observed: Mapping[str, frozenset[str]] = {},
    stop: float = 1.0,
    **more: Any,
) -> Simulation[None]:
    """A simulation of doubles; `more` are fields of the description."""
    names = [instance.name for instance in instances]
    more.setdefault("experiment", {"stop": stop})
    return Simulation(setup(instances, describe(names, connections, **more), observed), observers, lambda: None)
