"""Flows: gathers as a compiled loop makes them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from orchestrator.instance import Values
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.tables import Range, Tables, address, word
from orchestrator.signals import GatherPlan, Transfer

_LONG: Final = 4
"""So many words that lie behind each other are copied as a run."""


class _Flow(NamedTuple):
    """Addresses of a value: where it comes from, and where it goes."""

    source: int
    target: int


class Parted(NamedTuple):
    """A gather in two: what a compiled loop can make, and the rest."""

    flowing: GatherPlan
    rest: GatherPlan


def parted(plan: GatherPlan) -> Parted:
    """Part a gather; what a scenario alters on its way, text and bytes are left to Python."""
    flowing: list[Transfer] = []
    rest: list[Transfer] = []
    for transfer in plan:
        altered = _altered(transfer) if _can(transfer) else np.ones(len(transfer.links), np.bool_)
        flowing += _part(transfer._replace(alteration=None), ~altered)
        rest += _part(transfer, altered)
    return Parted(tuple(flowing), tuple(rest))


def can_flow(plan: GatherPlan) -> bool:
    """Whether a compiled loop can make all copies of a plan."""
    return not parted(plan).rest


def _can(transfer: Transfer) -> bool:
    """Between numbers, none of which is rounded."""
    source, target = transfer.source.dtype.kind, transfer.destination.dtype.kind
    return source in "iub" and target in "iubf" if target != source else source in "iubf"


def _altered(transfer: Transfer) -> Values:
    """Which values are altered on their way: all of them where it is not known."""
    alters = getattr(transfer.alteration, "alters", None)
    if transfer.alteration is None or alters is None:
        return np.full(len(transfer.links), transfer.alteration is not None)
    return np.array([alters(link.destination) for link in transfer.links], np.bool_)


def _part(transfer: Transfer, chosen: Values) -> Iterator[Transfer]:
    if chosen.all():
        yield transfer
    elif chosen.any():
        scaled = transfer.factor is not None and transfer.offset is not None
        yield transfer._replace(
            links=tuple(link for link, one in zip(transfer.links, chosen, strict=True) if one),
            source_index=transfer.source_index[chosen],
            destination_index=transfer.destination_index[chosen],
            factor=transfer.factor[chosen] if scaled and transfer.factor is not None else None,
            offset=transfer.offset[chosen] if scaled and transfer.offset is not None else None,
        )


def gather_words(plan: GatherPlan, tables: Tables) -> tuple[int, ...]:
    """The words of a gather, for a plan that can flow."""
    scaled: list[tuple[int, ...]] = []
    octets: list[_Flow] = []
    plain: list[_Flow] = []
    converted: list[tuple[int, ...]] = []
    for transfer in plan:
        flows = list(_flows(transfer))
        if transfer.source.dtype != transfer.destination.dtype or transfer.table is not None:
            converted += _conversions(transfer, flows, tables)
        elif transfer.factor is not None and transfer.offset is not None:
            numbers = zip(transfer.factor, transfer.offset, strict=True)
            scaled += [(*flow, word(f), word(o)) for flow, (f, o) in zip(flows, numbers, strict=True)]
        else:
            (octets if transfer.source.itemsize == 1 else plain).extend(flows)
    runs, singles = _runs(sorted(plain, key=lambda flow: flow.target))
    return tables.sequence(runs, singles, scaled, octets, converted)


_FORMS: Final = {"i": at.WHOLE_FORM, "u": at.WHOLE_FORM, "b": at.TRUTH_FORM, "f": at.NUMBER_FORM}


def _conversions(transfer: Transfer, flows: Sequence[_Flow], tables: Tables) -> Iterator[tuple[int, ...]]:
    """Rows of a conversion: from and to, the forms there, substitutions, the limit, and factor and offset."""
    forms = _FORMS[transfer.source.dtype.kind], _FORMS[transfer.destination.dtype.kind]
    table = Range()
    if transfer.table is not None:
        pairs = zip(transfer.table.values.view(np.int64), transfer.table.targets.view(np.int64), strict=True)
        table = tables.table([(int(value), int(target)) for value, target in pairs])
    total = int(transfer.table is not None and transfer.table.total)
    for index, flow in enumerate(flows):
        numbers = (0, 0, 0)
        if transfer.factor is not None and transfer.offset is not None:
            numbers = (1, word(transfer.factor[index]), word(transfer.offset[index]))
        yield (*flow, *forms, *table, total, transfer.exact_to or 0, *numbers)


def _flows(transfer: Transfer) -> Iterator[_Flow]:
    source, target = address(transfer.source), address(transfer.destination)
    sizes = transfer.source.itemsize, transfer.destination.itemsize
    for one, other in zip(transfer.source_index.tolist(), transfer.destination_index.tolist(), strict=True):
        yield _Flow(source + sizes[0] * one, target + sizes[1] * other)


def _runs(flows: Sequence[_Flow]) -> tuple[list[tuple[int, int, int]], list[_Flow]]:
    """Those that lie behind each other on both sides, with their number, and the others."""
    if not flows:
        return [], []
    breaks = [
        index
        for index, (one, other) in enumerate(pairwise(flows), start=1)
        if (other.source - one.source, other.target - one.target) != (8, 8)
    ]
    runs: list[tuple[int, int, int]] = []
    singles: list[_Flow] = []
    for first, end in pairwise([0, *breaks, len(flows)]):
        if end - first >= _LONG:
            runs.append((*flows[first], end - first))
        else:
            singles += flows[first:end]
    return runs, singles
