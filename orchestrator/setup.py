"""Setup: everything that a run is made of, handed to a simulation at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator.instance import Instance, Values
from orchestrator.master.composition import Plan
from orchestrator.master.diagnostics import Diagnosed
from orchestrator.observer import Event
from orchestrator.signals import Alteration
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connections.views import NO_VIEWS, Views
from orchestrator.system.description import Experiment


class Pacing(Protocol):
    """Keeps a run in step with a clock: 1 `begin`, 2 `wait` (once per macro step)."""

    def begin(self, t: float) -> None:
        """The run goes on from t (s) now."""
        ...

    def wait(self, t: float) -> Event | None:
        """Wait until t (s) is due; an event where something about lateness changed. Raises where it must stop."""
        ...


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything a run is made of.

    `observed` names locals and parameters whose values are wanted at each communication point, `check_ranges` the
    components whose inputs, outputs and observed variables are held against their min and max. `alteration` acts on
    values on their way along connections. `diagnosed` is what the master says about its own steps. `identity` says of
    which system checkpoints are. `interpreted` runs make every step in Python.
    """

    instances: Mapping[str, Instance]
    links: tuple[Link, ...]
    plan: Plan
    experiment: Experiment
    step_size: float
    start_values: Mapping[str, Mapping[str, Values]] = field(default_factory=dict)
    observed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    check_ranges: frozenset[str] = frozenset()
    views: Views = NO_VIEWS
    alteration: Alteration | None = None
    diagnosed: Diagnosed = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    interpreted: bool = False
