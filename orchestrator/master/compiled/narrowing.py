"""Narrowing: of the inputs of a component those that have to be set in each macro step."""

from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np

from orchestrator.instance import Bundle
from orchestrator.master.compiled.eventful import Moved, inputs
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.tables import Range, Tables, Words, address
from orchestrator.master.coupling import Coupling
from orchestrator.native import Native, takes_parts


def narrowed(coupling: Coupling, natives: Sequence[Native | None], rows: Words, tables: Tables) -> Range:
    """Calls that set the inputs alone to which something flows, of components that `hot.tight` can step.

    The other inputs stay as they are once all of them were set: `rows` are those of the components, whose calls do so.
    """
    reached = set(_reached(coupling))
    return tables.table(_calls(coupling, natives, rows, reached, tables))


def _reached(coupling: Coupling) -> Iterator[int]:
    """Addresses of the values that something flows to."""
    for each in coupling.plan:
        yield from (address(each.destination) + each.destination.itemsize * each.destination_index).tolist()


def _calls(
    coupling: Coupling, natives: Sequence[Native | None], rows: Words, reached: Set[int], tables: Tables
) -> Iterator[list[int]]:
    by_three = np.isin(rows[:, at.NATIVE // at.WORD], (at.BY_THREE, at.GATHERED)) & (rows[:, at.SETS // at.WORD] != 0)
    for number in np.flatnonzero(by_three).tolist():
        found, (whole,) = natives[number], inputs(coupling.participants[number])
        moves = _part(whole, reached)
        if moves is None:
            yield [number, 0, 0, 0, 0, 0]
        elif found is not None and takes_parts(found) and len(moves.bundle.connectors) < len(whole.bundle.connectors):
            yield from ([number, *words] for words in _words(found, moves, tables))


def _part(moves: Moved, reached: Set[int]) -> Moved | None:
    """From the first connector that something flows to, to the last one; None where nothing flows to any."""
    connectors = moves.bundle.connectors
    ends = np.cumsum([each.size for each in connectors]).tolist()
    places = moves.addresses.tolist()
    wanted = [
        number
        for number, each in enumerate(connectors)
        if not reached.isdisjoint(places[ends[number] - each.size : ends[number]])
    ]
    if not wanted:
        return None
    first, last = wanted[0], wanted[-1]
    bundle = Bundle.of(connectors[first : last + 1])
    return Moved(bundle, moves.addresses[ends[first] - connectors[first].size : ends[last]], moves.dtype)


def _words(found: Native, moves: Moved, tables: Tables) -> Iterable[list[int]]:
    """The words of a call; none where it takes more than one, or values in another form."""
    calls = found.calls(moves.bundle) or ()
    if len(calls) != 1 or calls[0].elements is not None or calls[0].dtype != moves.dtype:
        return
    (call,) = calls
    references = (
        tables.constant(call.references) if call.references.dtype == np.uint32 else tables.keep(call.references)
    )
    yield [call.set, references, call.references.size, int(moves.addresses[0]), call.size]
