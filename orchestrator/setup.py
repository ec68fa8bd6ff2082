"""Setup: everything that a run is made of, handed to a simulation at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from orchestrator.instance import Instance, Values
from orchestrator.master.compiled.made import Steps
from orchestrator.master.compiled.parallel.choice import ONE_OR_MORE, Threads
from orchestrator.master.composition import Plan
from orchestrator.master.diagnostics import Diagnosed
from orchestrator.observer import Event
from orchestrator.signals import Alteration
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connections.views import NO_VIEWS, Views
from orchestrator.system.description import Experiment

StrideT = TypeVar("StrideT")


class Pacing(Protocol):
    """Keeps a run in step with a clock: 1 `begin`, 2 `wait` after each macro step or `stride`, 3 `end`."""

    @property
    def speed(self) -> float:
        """Simulated over wall-clock seconds."""
        ...

    def begin(self, t: float, *, compiled: bool = False) -> bool:
        """The run goes on from t (s) now; whether `stride` can be used, of a loop that is compiled."""
        ...

    def stride(self, make: Callable[[Steps], StrideT], ends: Callable[[], bool], patience: float) -> StrideT:
        """What `make` gives, whose macro steps are made by the function that it is called with, each when it is due.

        It comes back early where it `ends`, and after `patience` (s).
        """
        ...

    def wait(self, t: float) -> None:
        """Wait until t (s) is due, if that was not done. Raises where the run must stop."""
        ...

    def take_events(self) -> Iterable[Event]:
        """What changed about lateness since this was asked."""
        ...

    def end(self) -> None:
        """The run is not paced any longer."""
        ...


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything a run is made of.

    `observed` names locals and parameters whose values are wanted at each communication point, `check_ranges` the
    components whose inputs, outputs and observed variables are held against their min and max. `alteration` acts on
    values on their way along connections. `diagnosed` is what the master says about its own steps. `identity` says of
    which system checkpoints are. `interpreted` runs make every step in Python, others by `threads`.
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
    threads: Threads = ONE_OR_MORE
