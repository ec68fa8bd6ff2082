"""Following: components with a pace of their own, or on extrapolated inputs, as tables of a container."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from fmus.container.values import Flow, Type
from fmus.container.ways import Element, Extrapolation, Giving, Inflow, Pace, Reading, Target
from orchestrator.errors import CapabilityError
from orchestrator.export.image import Image
from orchestrator.instance import Instance
from orchestrator.master import inflows
from orchestrator.master.coupling import Coupling
from orchestrator.master.following import Wishes, follow
from orchestrator.master.input_courses import CourseParts, InputCourses, Sloped
from orchestrator.master.participant import Participant
from orchestrator.master.rates import SlowPace, SubSteps, refuse_unfinished
from orchestrator.master.step_size import FixedStep
from orchestrator.system.connections.links import Link
from orchestrator.system.connector import Connector
from orchestrator.system.description import SystemDescription

_FLOAT: Final = 8


def step_sizes(description: SystemDescription) -> dict[str, float]:
    """The step sizes (s) of components that have their own."""
    return {name: each.step_size for name, each in description.components.items() if each.step_size is not None}


def followed(coupling: Coupling, wishes: Wishes, description: SystemDescription) -> Coupling:
    """Let each component have its pace and the courses of its inputs; DescriptionError where that cannot be."""
    experiment = description.experiment
    refuse_unfinished(wishes.step_sizes, FixedStep(experiment.start, experiment.stop, description.step_size))
    follow(coupling, wishes)
    return coupling


@dataclass(frozen=True, eq=False)
class Following:
    """Lowers paces and courses; `parts` are the numbers of the FMUs, `courses` those of inputs over time.

    `takes` tells how derivatives are taken: "exchange", or the version of FMI. `newest`: values of components that have
    stepped already count.
    """

    coupling: Coupling
    image: Image
    flows: Callable[[Iterable[Link]], tuple[Flow, ...]]
    parts: Mapping[str, int]
    takes: Mapping[str, str]
    courses: Mapping[tuple[str, str], int]
    newest: bool

    @cached_property
    def _participants(self) -> Mapping[str, Participant]:
        return {each.name: each for each in self.coupling.participants}

    def pace(self, name: str, calls: Sequence[tuple[int, int]]) -> Pace | None:
        """The pace of a component whose inputs lie in these spans of the image, which follow each other."""
        pace = self._participants[name].pace
        if isinstance(pace, SubSteps):
            return Pace(sub_step=pace.step_size)
        if not isinstance(pace, SlowPace):
            return None
        first, size = (calls[0][0], calls[-1][1] - calls[0][0]) if calls else (0, 0)
        flows = self.flows(link for link in self.coupling.links if link.destination.component == name)
        return Pace(0.0, pace.period.count, pace.samples_begin, first, size, self.image.room(size), flows)

    def extrapolation(self, name: str) -> Extrapolation | None:
        """The extrapolated inputs of a component."""
        participant = self._participants[name]
        if participant.courses is None:
            return None
        return _Lowered(participant, participant.courses, self).table()

    def reading(self, derivatives: inflows.Derivatives, source: str) -> Iterable[Reading]:
        """How derivatives of outputs are read: those of an FMU at once, those of inputs over time one by one."""
        targets = [Target(*each) for each in derivatives.targets]
        if source in self.parts:
            references = tuple(derivatives.bundle.references.tolist())
            yield Reading(self.parts[source], -1, references, derivatives.bundle.size, tuple(targets))
            return
        for place, connector in enumerate(derivatives.bundle.connectors):  # of one element each
            mine = tuple(Target(0, each.element, each.factor) for each in targets if each.place == place)
            yield Reading(-1, self.courses[source, connector.name], (), 1, mine)

    def flows_of(self, name: str, places: Mapping[tuple[str, int], int]) -> tuple[Flow, ...]:
        """What flows into these elements of a component."""
        into = (link for link in self.coupling.links if link.destination.component == name)
        return self.flows(link for link in into if (link.destination.connector, link.destination.element) in places)

    def source_of(self, derivatives: inflows.Derivatives) -> str:
        """The component that tells these derivatives."""
        return next(each for each, one in self._participants.items() if _tells(one.instance, derivatives))


def _tells(instance: Instance, derivatives: inflows.Derivatives) -> bool:
    return getattr(instance, "output_slopes", None) is derivatives.known


class _Lowered:
    """The extrapolated inputs of one component, as tables."""

    def __init__(self, participant: Participant, courses: InputCourses, following: Following) -> None:
        self._name, self._courses, self._following = participant.name, courses, following
        self._instance = participant.instance
        self._parts: CourseParts = courses.parts
        self._block = _elements(self._parts.block.bundle.connectors)

    def table(self) -> Extrapolation:
        """All of it."""
        parts, where = self._parts, self._courses.where.tolist()
        chosen = [self._block[element] for element in where]
        wanted = {(connector.name, index): element for element, (connector, index) in zip(where, chosen, strict=True)}
        elements = [
            Element(self._place(element), follows, passes)
            for element, follows, passes in zip(where, parts.follows.tolist(), parts.passes.tolist(), strict=True)
        ]
        return Extrapolation(
            order=self._courses.order,
            smoothing=parts.smoothing,
            newest=self._following.newest,
            elements=tuple(elements),
            inflows=tuple(map(self._inflow, parts.inflows)),
            flows=self._following.flows_of(self._name, wanted),
            memory=self._following.image.room(_FLOAT * (3 + 4 * len(where))),
            giving=None if parts.slopes is None else self._giving(parts.slopes),
        )

    def _place(self, element: int) -> int:
        connector, index = self._block[element]
        place = self._following.image.places[self._name, connector.name]
        if place.type is not Type.FLOAT64:
            raise CapabilityError(
                f"export-fmu: component '{self._name}': a container extrapolates no inputs of 32 bits, as "
                f"'{connector.name}'. Hold its inputs with 'extrapolation: {{order: 0}}'"
            )
        return place.element(index)

    def _inflow(self, inflow: inflows.Inflow) -> Inflow:
        size, room = inflow.where.size, self._courses.order + 1
        period = inflow.origin.period
        readings = [
            reading
            for derivatives in inflow.derivatives
            for reading in self._following.reading(derivatives, self._following.source_of(derivatives))
        ]
        memory = self._following.image.room(_FLOAT * (1 + 2 * room + 2 * room * size))
        ranks = tuple(inflow.where.tolist())
        return Inflow(inflow.origin.ahead, 0 if period is None else period.count, ranks, tuple(readings), memory)

    def _giving(self, slopes: Sloped) -> Giving:
        names = {connector.name for connector in slopes.bundle.connectors}
        handed = [element for element, (connector, _) in enumerate(self._block) if connector.name in names]
        ranks = [rank for rank, follows in enumerate(slopes.follows.tolist()) if follows]
        targets = [Target(place, rank) for place, rank in zip(slopes.places.tolist(), ranks, strict=True)]
        return Giving(
            slopes.degree,
            self._references(slopes),
            tuple(map(self._place, handed)),
            tuple(targets),
        )

    def _references(self, slopes: Sloped) -> tuple[int, ...]:
        """Those of the inputs: for each order anew in FMI 1.0 and 2.0; their numbers among all for Model Exchange."""
        references, takes = tuple(slopes.bundle.references.tolist()), self._following.takes[self._name]
        if takes != "exchange":
            return references if takes == "3" else references * slopes.degree
        known = _elements([each for each in self._instance.connectors if each.name in slopes.slopes.names])
        chosen = {connector.name for connector in slopes.bundle.connectors}
        return tuple(number for number, (connector, _) in enumerate(known) if connector.name in chosen)


def _elements(connectors: Sequence[Connector]) -> list[tuple[Connector, int]]:
    return [(connector, index) for connector in connectors for index in range(connector.size)]
