"""Coupled: a system as it is understood, what a container is lowered from, and what it will be able to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrator.export.exposing import Exposed
from orchestrator.export.image import Types
from orchestrator.export.variables import Given
from orchestrator.fmi.variables import KindInfo, ModelInfo
from orchestrator.graph.feedthrough import Feedthrough
from orchestrator.graph.schedule import Schedule
from orchestrator.inputs.instance import InputInstance
from orchestrator.instance import Instance
from orchestrator.system.connections.links import Link
from orchestrator.system.description import SystemDescription
from orchestrator.system.interface import Interfaces

_LISTED: Final = 5
"""Names of components that a description lists."""


class Source(NamedTuple):
    """Where the files of a component lie below the resources: its library, those loaded before, its own resources.

    `keeps_state` and `serializes_state`: whether the library has the functions for that.
    """

    library: str
    before: tuple[str, ...]
    resources: str
    keeps_state: bool
    serializes_state: bool


@dataclass(frozen=True, eq=False)
class Coupled:
    """A system as it is understood: what a container is lowered from. `inputs` are the components that give these."""

    description: SystemDescription
    models: Mapping[str, ModelInfo]
    inputs: Mapping[str, InputInstance]
    interfaces: Interfaces
    feedthrough: Feedthrough
    types: Types
    links: tuple[Link, ...]
    schedule: Schedule
    given: Given
    exposed: Sequence[Exposed]
    kinds: Mapping[str, str]
    """How each FMU runs: "CoSimulation" or "ModelExchange"."""
    instances: Mapping[str, Instance]
    """What a master asks for its plan: the inputs over time, and the others as they declare themselves."""

    @property
    def order(self) -> tuple[str, ...]:
        """The FMUs in the order in which they step."""
        return tuple(name for name in self.schedule.order if name in self.models)

    @property
    def bound(self) -> str | None:
        """A component that takes steps of one size only, and so cannot stop between two communication points."""
        return bound_of(self.description, self.models, self.kinds)

    def interface(self, name: str) -> KindInfo:
        """What an FMU declares for the kind as which it runs."""
        return self.models[name].interface(self.kinds[name])


def bound_of(description: SystemDescription, models: Mapping[str, ModelInfo], kinds: Mapping[str, str]) -> str | None:
    """The first component that takes steps of one size only, but for those that step less often than the system."""
    for name, model in models.items():
        step_size = description.components[name].step_size
        often = step_size is None or step_size <= description.step_size
        if often and not model.interface(kinds[name]).capabilities.variable_step:
            return name
    return None


class Abilities(NamedTuple):
    """What the whole can do, since all of its components can; what it needs, since one of them does."""

    keeps_state: bool
    serializes_state: bool
    once_per_process: bool
    needs_tool: bool


def abilities_of(coupled: Coupled, sources: Mapping[str, Source]) -> Abilities:
    """What the whole of these components can do and needs."""
    kinds = {name: coupled.interface(name) for name in coupled.models}
    declared = {name: kind.capabilities for name, kind in kinds.items()}
    return Abilities(
        not _forgetful(coupled, sources),
        all(each.serialize_state and sources[name].serializes_state for name, each in declared.items()),
        any(each.once_per_process for each in declared.values()),
        any(each.needs_tool for each in kinds.values()),
    )


def told(coupled: Coupled, sources: Mapping[str, Source]) -> str:
    """What the whole is, and why it keeps no state where that is so."""
    description, without = coupled.description, _forgetful(coupled, sources)
    text = f"{description.name}: {len(coupled.order)} components, coupled by {description.algorithm}"
    return f"{text}; it keeps no state, since {_listed(without)} cannot" if without else text


def _forgetful(coupled: Coupled, sources: Mapping[str, Source]) -> list[str]:
    """The components that cannot keep their state."""
    declared = {name: coupled.interface(name).capabilities.get_set_state for name in coupled.order}
    return [name for name, keeps in declared.items() if not (keeps and sources[name].keeps_state)]


def _listed(names: Sequence[str]) -> str:
    """The first names of a list, as text."""
    quoted = [f"'{name}'" for name in names]
    if len(quoted) > _LISTED:
        return f"{', '.join(quoted[:_LISTED])} and {len(quoted) - _LISTED} more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
