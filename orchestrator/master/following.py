"""Following: what each component of a plan does between communication points: at which rate, on which inputs."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from orchestrator.errors import DescriptionError
from orchestrator.graph.schedule import Schedule
from orchestrator.instance import Instance, stand_in
from orchestrator.master.coupling import Coupling
from orchestrator.master.inflows import Fed, Origin, fed_elements
from orchestrator.master.input_courses import InputCourses, inflows_of
from orchestrator.master.participant import Participant
from orchestrator.master.rates import Period, SlowPace, SubSteps, periods
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage
from orchestrator.system.solving import Extrapolation, Solving


class Wishes(NamedTuple):
    """What a plan says about the components: step sizes (s) and extrapolations of their own, and what all do else.

    The grid begins at `start` with `step_size` (s). `corrected` are links that give back over the next step what they
    have missed over the last one.
    """

    schedule: Schedule
    solving: Solving
    start: float
    step_size: float
    step_sizes: Mapping[str, float]
    extrapolations: Mapping[str, Extrapolation]
    corrected: frozenset[Link] = frozenset()


def follow(coupling: Coupling, wishes: Wishes) -> Mapping[str, Period]:
    """Give each component its rate and the courses of its inputs; the periods of those that step less often.

    DescriptionError names components that cannot step at the rate that is asked for.
    """
    slow = periods(wishes.step_sizes, wishes.start, wishes.step_size)
    _refuse(coupling, wishes, slow)
    into: dict[str, list[Link]] = defaultdict(list)
    for link in coupling.links:
        into[link.destination.component].append(link)
    for participant in coupling.participants:
        name = participant.name
        pace: SubSteps | SlowPace | None = None
        if name in slow:
            pace = SlowPace(slow[name], participant.inputs, coupling.signals.plan(into[name]))
            pace.samples_begin = wishes.solving.algorithm == "jacobi"
            pace.in_loop = any(name in loop for loop in wishes.schedule.loops)
        elif wishes.step_sizes.get(name, wishes.step_size) < wishes.step_size:
            pace = SubSteps(wishes.step_sizes[name])
        participant.follow(pace, _courses(participant, coupling, wishes, into[name], slow))
    return slow


def _courses(
    participant: Participant,
    coupling: Coupling,
    wishes: Wishes,
    links: list[Link],
    periods: Mapping[str, Period],
) -> InputCourses | None:
    """None where all inputs are held at their newest value."""
    wanted = wishes.extrapolations.get(participant.name, wishes.solving.extrapolation)
    corrected = [link for link in links if link in wishes.corrected]
    floats = [block for block in participant.inputs if block.bundle.storage is Storage.FLOAT64]
    if not floats or not (wanted.order > 0 or wanted.smoothing or corrected):
        return None
    instances: dict[str, Instance] = {each.name: each.instance for each in coupling.participants}
    fed = list(fed_elements(floats[0], links, instances))
    if not fed:
        return None
    ahead = _ahead(participant.name, wishes)
    origins = {each: _origin(each, ahead, periods) for each in fed}
    inflows, where = inflows_of(fed, origins, instances, wanted.order)
    plan = coupling.signals.plan(each.link for each in fed)
    courses = InputCourses(participant.instance, floats[0], inflows, where, plan, wanted)
    courses.pass_to({link.source.connector for link in coupling.links if link.source.component == participant.name})
    courses.corrected = np.isin(where, [each.element for each in fed if each.link in wishes.corrected])
    return courses


def _ahead(name: str, wishes: Wishes) -> frozenset[str]:
    """The components whose values of the end of a step are known when this one steps."""
    order = wishes.schedule.order
    # Where loops are iterated, inputs are those of the end of the step also from components that step later.
    together = next((loop for loop in wishes.schedule.loops if name in loop), ())
    return frozenset((*order[: order.index(name)], *together))


def _origin(fed: Fed, ahead: frozenset[str], periods: Mapping[str, Period]) -> Origin:
    source = fed.link.source.component
    return Origin(source in ahead and not fed.link.delay, periods.get(source))


def _refuse(coupling: Coupling, wishes: Wishes, slow: Mapping[str, Period]) -> None:
    participants = {participant.name: participant for participant in coupling.participants}
    for name, period in slow.items():
        place = f"components.{name}.step_size: {period.length:g} s is longer than that of the system"
        loop = next((loop for loop in wishes.schedule.loops if name in loop), None)
        if loop is not None and stand_in(participants[name].instance) is not None:
            raise DescriptionError(
                f"{place}, {period.step_size:g} s, but '{name}' has an estimator in the loop {' <-> '.join(loop)}, "
                "which steps as often as the system. Leave one of them out"
            )
        if participants[name].events is not None or participants[name].instance.capabilities.may_return_early:
            raise DescriptionError(
                f"{place}, {period.step_size:g} s, but '{name}' has events, which align all components. Leave it out, "
                "or choose a smaller one"
            )
