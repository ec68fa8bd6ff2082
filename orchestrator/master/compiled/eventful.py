"""Eventful: components with events as a compiled loop steps them, from one event that is known to the next."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.instance import Bundle
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.tables import address
from orchestrator.master.events_participant import EventParticipant, Selection
from orchestrator.master.participant import Participant
from orchestrator.native import Native
from orchestrator.signals import Block

_FORMS: Final = {"f": at.NUMBER_FORM, "b": at.TRUTH_FORM, "i": at.WHOLE_FORM, "u": at.WHOLE_FORM}


class Moved(NamedTuple):
    """What a call moves: a bundle, and where its values lie, one by one, in memory of this type."""

    bundle: Bundle
    addresses: NDArray[np.int64]
    dtype: np.dtype[np.generic]


def moved(block: Block) -> Moved:
    """The values of a block."""
    return Moved(block.bundle, _addresses(block.values, np.arange(block.values.size)), block.values.dtype)


def inputs(participant: Participant) -> list[Moved]:
    """What is set in Step Mode; of a component with events what was chosen of its inputs."""
    if participant.events is None:
        return [moved(block) for block in participant.inputs]
    return [
        Moved(each.bundle, _addresses(each.given, np.arange(each.given.size)), each.given.dtype)
        for each in participant.events.continuous
    ]


def outputs(participant: Participant) -> list[Moved]:
    """What is read in Step Mode; of a component with events what has a value without a clock."""
    if participant.events is None:
        return [moved(block) for block in (*participant.outputs, *participant.observed)]
    return [
        Moved(each.bundle, _addresses(each.values, each.where), each.values.dtype)
        for each in participant.events.outputs
    ]


def chosen(events: EventParticipant) -> Iterator[tuple[int, int, int]]:
    """Rows of what is given in Step Mode: in the signals, in the memory of what was given last, bytes."""
    for each in events.continuous:
        for one, other in _pairs(each):
            yield one, other, each.values.itemsize


def changes(participants: Sequence[Participant]) -> Iterator[tuple[int, int, int]]:
    """Rows of the inputs that change at events only: in the signals, as they were given last, the form there."""
    for participant in participants:
        for each in () if participant.events is None else participant.events.discrete:
            if each.values.dtype.kind in _FORMS:
                for one, other in _pairs(each):
                    yield one, other, _FORMS[each.values.dtype.kind]


def needs_looking(participants: Sequence[Participant], natives: Sequence[Native | None]) -> bool:
    """Whether Python has to look for events: of components that it steps, and of text that changes."""
    return any(
        participant.events is not None
        and (found is None or any(each.values.dtype == object for each in participant.events.discrete))
        for participant, found in zip(participants, natives, strict=True)
    )


def _pairs(selection: Selection) -> Iterator[tuple[int, int]]:
    given = _addresses(selection.given, np.arange(selection.given.size))
    yield from zip(_addresses(selection.values, selection.where).tolist(), given.tolist(), strict=True)


def _addresses(values: NDArray[np.generic], where: NDArray[np.intp]) -> NDArray[np.int64]:
    return address(values) + values.itemsize * where.astype(np.int64)
