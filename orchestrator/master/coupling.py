"""Coupling: the components of a system in the order in which they step, and everything that flows between them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property

from orchestrator.errors import StepError
from orchestrator.instance import Instance
from orchestrator.master.diagnostics import Diagnostics
from orchestrator.master.memory import Memory
from orchestrator.master.participant import Participant
from orchestrator.master.ranges import Ranges
from orchestrator.master.statistics import Statistics
from orchestrator.signals import GatherPlan, Signals
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Causality


@dataclass
class Changes:
    """How often something changed the system that was no step: a jump, an event, a parameter that was written."""

    count: int = 0


@dataclass(frozen=True, eq=False)
class Coupling:
    """Components in the order in which they step, and everything that flows between them, over one set of signals.

    During an event everything flows but into the parameters that break a loop: those keep their value until the next.
    Along `delayed` values flow at the beginning of a macro step only, and never during an event.
    """

    signals: Signals
    participants: tuple[Participant, ...]
    links: tuple[Link, ...]
    plan: GatherPlan
    during_events: GatherPlan
    delayed: GatherPlan = ()
    statistics: Statistics = field(default_factory=Statistics)
    changes: Changes = field(default_factory=Changes)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        """Where the master says something about its own steps."""
        return Diagnostics(self.signals)

    @property
    def memories(self) -> Mapping[str, Memory]:
        """The components that remember something beside the signals."""
        return {p.name: p for p in self.participants if not p.is_plain}

    def forget(self) -> None:
        """Something jumped: what was before does not tell where inputs go."""
        self.changes.count += 1
        for participant in self.participants:
            if participant.courses is not None:
                participant.courses.forget()

    def without(self, names: Collection[str]) -> "Coupling":
        """The other components and what flows out of them, over the same signals."""
        others = tuple(participant for participant in self.participants if participant.name not in names)
        links = tuple(link for link in self.links if link.source.component not in names)
        return replace(self, participants=others, links=links)

    @classmethod
    def of(
        cls,
        instances: Mapping[str, Instance],
        links: Iterable[Link],
        order: Iterable[str],
        signals: Signals,
        check_ranges: Collection[str] = (),
    ) -> "Coupling":
        """Couple instances along the links; `order` names each component once, `check_ranges` those to be checked."""
        links = tuple(links)
        into: dict[str, list[Link]] = defaultdict(list)
        for link in links:
            into[link.destination.component].append(link)
        names = tuple(order)
        statistics = Statistics()
        participants = tuple(
            Participant(
                instances[name],
                signals,
                signals.plan(link for link in into[name] if not link.delay),
                statistics.of(name),
            )
            for name in names
        )
        for participant in participants:
            participant.ranges = Ranges() if participant.name in check_ranges else None
        plan, late = signals.plan(links), _breaking_loops(links, names, instances)
        late |= {link for link in links if link.delay}
        at_once = signals.plan(link for link in links if link not in late) if late else plan
        delayed = signals.plan(link for link in links if link.delay)
        return cls(signals, participants, links, plan, at_once, delayed, statistics)

    @contextmanager
    def naming(self, component: str, t: float) -> Iterator[None]:
        """Give an error at t (s) the name of the component that it comes from."""
        try:
            yield
        except Exception as error:
            participant = next(each for each in self.participants if each.name == component)
            raise participant.named(error, StepError, t) from error


def _breaking_loops(links: Iterable[Link], order: Sequence[str], instances: Mapping[str, Instance]) -> set[Link]:
    """Links into parameters of components that step before the source: the order would be another without a loop."""
    position = {name: index for index, name in enumerate(order)}
    inputs = {
        (name, connector.name)
        for name, instance in instances.items()
        for connector in instance.connectors
        if connector.causality is Causality.INPUT
    }
    return {
        link
        for link in links
        if link.destination[:2] not in inputs
        and position[link.source.component] >= position[link.destination.component]
    }
