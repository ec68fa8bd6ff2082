"""Order of a coupling: the power of the step size with which its error falls, by how inputs go on over a step.

What comes with a delay and passes through has an error that does not fall.
"""

from collections.abc import Mapping, Sequence

from orchestrator.master.coupling import Coupling
from orchestrator.master.participant import Participant
from orchestrator.system.connections.resolution import Link
from orchestrator.system.connector import Storage, Variability


def coupling_order(coupling: Coupling) -> int:
    """The least order of all continuous values that flow: 1 where inputs are held, up to 3; 1 where nothing flows.

    Iterating does not raise it: what is held, is held at the value of the end of the step then.
    """
    participants = {participant.name: participant for participant in coupling.participants}
    orders = [
        _order(link, participants[link.destination.component])
        for link in coupling.links
        if link.destination.component in participants and _is_continuous(link, coupling)
    ]
    return min(orders, default=1)


def late_through(coupling: Coupling) -> list[str]:
    """Connections with a delay whose value passes directly through their destination, or may: that is late too."""
    through = {participant.name: participant.instance.feedthrough for participant in coupling.participants}
    late = [
        (link.source, link.destination)
        for link in coupling.links
        if link.delay and _passes(link.destination.connector, through[link.destination.component])
    ]
    return [f"{one.component}.{one.connector} -> {two.component}.{two.connector}" for one, two in late]


def _passes(name: str, feedthrough: Mapping[str, Sequence[str] | None]) -> bool:
    return any(each is None or name in each for each in feedthrough.values())


def _is_continuous(link: Link, coupling: Coupling) -> bool:
    source, destination = (coupling.signals.place(*slot).connector for slot in (link.source, link.destination))
    floats = source.storage is destination.storage is Storage.FLOAT64
    return floats and source.variability is Variability.CONTINUOUS


def _order(link: Link, participant: Participant) -> int:
    """What comes with a delay is late by a step however it goes on; parameters and discrete inputs have no course."""
    if link.delay or participant.courses is None:
        return 1
    return participant.courses.orders.get(_element(link, participant), 1)


def _element(link: Link, participant: Participant) -> int:
    """The place of a destination among all float inputs of its component."""
    block = next(each for each in participant.inputs if each.bundle.storage is Storage.FLOAT64)
    start = 0
    for connector in block.bundle.connectors:
        if connector.name == link.destination.connector:
            return start + link.destination.element
        start += connector.size
    raise AssertionError(f"{link.destination} is none of the inputs of its component")
