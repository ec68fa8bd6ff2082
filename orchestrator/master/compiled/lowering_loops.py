"""Lowering of loops: components that are solved for together, as tables of the compiled loop."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orchestrator.master.compiled.layout import loops as of
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import state_row
from orchestrator.master.compiled.own_ways import OwnWay
from orchestrator.master.compiled.tables import Tables, Words, address
from orchestrator.master.loops.loop import Loop
from orchestrator.master.participant import Participant
from orchestrator.native import Native, NativeStates
from orchestrator.system.connector import Storage


@dataclass(frozen=True, eq=False)
class LoweredLoop:
    """A loop in a program: `members` are the numbers of its components in the order in which they step.

    `words` is its table and `rows` has the rows of the components, both None where Python solves it.
    """

    loop: Loop
    members: tuple[int, ...]
    words: Words | None = None
    rows: Words | None = None
    states: Words | None = None
    messages: Words | None = None

    @property
    def first(self) -> int:
        """The number of the component whose row stands for the loop."""
        return min(self.members)


def unsolvable(
    loops: Iterable[Loop], participants: Sequence[Participant], natives: Sequence[Native | None]
) -> set[int]:
    """The numbers of the components of loops that Python has to solve."""
    found: set[int] = set()
    for loop in loops:
        members = numbers(loop, participants)
        if not loop.by_address or not all(_can_sweep(participants[each], natives[each]) for each in members):
            found.update(members)
    return found


def numbers(loop: Loop, participants: Sequence[Participant]) -> tuple[int, ...]:
    """Which of the participants a loop steps, in its order."""
    by_name = {participant.name: number for number, participant in enumerate(participants)}
    return tuple(by_name[each.name] for each in loop.participants)


def _can_sweep(participant: Participant, found: Native | None) -> bool:
    """Whether a component can go back by address and come to the same again, without events."""
    plain = participant.events is None
    return plain and found is not None and found.states is not None


def lower_loop(
    loop: Loop,
    participants: Sequence[Participant],
    natives: Sequence[Native | None],
    ways: Mapping[int, OwnWay],
    rows: Words,
    tables: Tables,
) -> LoweredLoop:
    """The tables of a loop, whose components are rows of a program; their rows there are passed by then."""
    members = numbers(loop, participants)
    first = min(members)
    if any(natives[each] is None for each in members):
        rows[list(members), at.NATIVE // at.WORD] = at.PASSED
        rows[first, at.NATIVE // at.WORD] = 0
        return LoweredLoop(loop, members)
    own = rows[list(members)]
    tables.keep(own)
    rows[list(members), at.NATIVE // at.WORD] = at.PASSED
    rows[first, at.NATIVE // at.WORD] = at.LOOP
    words = np.zeros(of.LOOP // at.WORD, np.int64)
    rows[first, at.OWN_WAY // at.WORD] = tables.keep(words)
    states = np.array([state_row(_handle(natives[each]), _states(natives[each])) for each in members], np.int64)

    def put(place: int, *values: int) -> None:
        words[place // at.WORD : place // at.WORD + len(values)] = values

    put(of.ITERATION, loop.iteration.address)
    put(of.MEMBERS, address(own), address(own) + own.nbytes)
    put(of.STATES, tables.keep(states), address(states) + states.nbytes)
    put(of.FLOATS, *tables.table(_floats(participants[each] for each in members)))
    put(of.UNKNOWNS, tables.keep(np.zeros(max(1, loop.iteration.unknowns), np.int64)))
    put(of.NUMBERS, tables.keep(np.array(members, np.int64)))
    messages = np.array([(_states(natives[each]).counted, 0) for each in members], np.int64)
    own_ways = [ways[each] for each in members if each in ways]
    put(of.REMEMBERED, *tables.table(_copies(own_ways, tables)))
    put(of.WAYS, *tables.table((way.address, 0) for way in own_ways))
    put(of.MESSAGES, tables.keep(messages), address(messages) + messages.nbytes)
    return LoweredLoop(loop, members, words, own, states, messages)


def _floats(participants: Iterable[Participant]) -> Iterator[tuple[int, int]]:
    """Where the floats lie that come out of components, and how many."""
    for participant in participants:
        for block in participant.outputs:
            if block.bundle.storage is Storage.FLOAT64:
                yield address(block.values), block.values.size


def _copies(ways: Iterable[OwnWay], tables: Tables) -> Iterator[tuple[int, int, int]]:
    """Where what components remember lies, where it is kept, and how many words that are."""
    for array in (array for way in ways for array in way.memory if array.size):
        size = -(-array.nbytes // at.WORD)
        yield address(array), tables.keep(np.zeros(size, np.int64)), size


def _handle(found: Native | None) -> int:
    assert found is not None
    return found.handle


def _states(found: Native | None) -> NativeStates:
    assert found is not None
    assert found.states is not None
    return found.states
