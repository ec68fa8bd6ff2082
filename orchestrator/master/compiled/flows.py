"""Flows: gathers as a compiled loop makes them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from orchestrator.master.compiled.tables import Tables, address, word
from orchestrator.signals import GatherPlan, Transfer

_LONG: Final = 4
"""So many words that lie behind each other are copied as a run."""


class _Flow(NamedTuple):
    """Addresses of a value: where it comes from, and where it goes."""

    source: int
    target: int


def can_flow(plan: GatherPlan) -> bool:
    """Whether a compiled loop can make all copies of a plan: between equal storage classes, without substitution."""
    return all(_can(transfer) for transfer in plan)


def _can(transfer: Transfer) -> bool:
    source, target = transfer.source.dtype, transfer.destination.dtype
    plain = transfer.table is None and transfer.alteration is None and source == target and source.kind in "iufb"
    return plain and (transfer.factor is None or source == np.float64)


def gather_words(plan: GatherPlan, tables: Tables) -> tuple[int, ...]:
    """The words of a gather, for a plan that can flow."""
    scaled: list[tuple[int, ...]] = []
    octets: list[_Flow] = []
    plain: list[_Flow] = []
    for transfer in plan:
        flows = list(_flows(transfer))
        if transfer.factor is not None and transfer.offset is not None:
            numbers = zip(transfer.factor, transfer.offset, strict=True)
            scaled += [(*flow, word(f), word(o)) for flow, (f, o) in zip(flows, numbers, strict=True)]
        else:
            (octets if transfer.source.itemsize == 1 else plain).extend(flows)
    runs, singles = _runs(sorted(plain, key=lambda flow: flow.target))
    return tables.sequence(runs, singles, scaled, octets)


def _flows(transfer: Transfer) -> Iterator[_Flow]:
    source, target, size = address(transfer.source), address(transfer.destination), transfer.source.itemsize
    for one, other in zip(transfer.source_index.tolist(), transfer.destination_index.tolist(), strict=True):
        yield _Flow(source + size * one, target + size * other)


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
