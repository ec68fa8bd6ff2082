"""Symbolic Gaussian elimination of the solver's matrix I/(gamma h) - dF/dx: everything that its sparsity decides.

Strongly connected states form blocks; ordered by dependence, the matrix is block lower triangular and only the blocks
on the diagonal are factorized, each in approximate minimum degree order. States that nothing depends on, such as
integrals of flows, are blocks of one and cost next to nothing.
(T. A. Davis, Direct Methods for Sparse Linear Systems, SIAM 2006, chapters 6 and 7.)
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import casadi as ca

Rows = list[list[int]]


class Elimination(NamedTuple):
    """Tables for `runtime/elimination.c`. A position is a place in the order of elimination.

    `order[position]` is the state there. Row i of the factors (L below, U on and above the diagonal) has its columns
    (positions, ascending) in `columns[rows[i]:rows[i + 1]]`, its diagonal at `diagonals[i]`. Its entries of dF/dx
    inside the block are the nonzeros `inside_nonzeros[inside_rows[i]:inside_rows[i + 1]]` of dF/dx in the columns
    `inside_columns[...]`; those in earlier blocks are listed likewise under `outside`. Block b holds the positions
    from `blocks[b]` to `blocks[b + 1]`.
    """

    order: Sequence[int]
    blocks: Sequence[int]
    rows: Sequence[int]
    columns: Sequence[int]
    diagonals: Sequence[int]
    inside_rows: Sequence[int]
    inside_columns: Sequence[int]
    inside_nonzeros: Sequence[int]
    outside_rows: Sequence[int]
    outside_columns: Sequence[int]
    outside_nonzeros: Sequence[int]


def eliminate(jacobian: Any) -> Elimination:
    """Order, fill and tables for a matrix with the CasADi sparsity `jacobian` (n x n) and a full diagonal."""
    blocks = _blocks(jacobian)
    order = [state for block in blocks for state in block]
    offsets = _offsets(blocks)
    first = [offset for offset, block in zip(offsets, blocks, strict=False) for _ in block]
    inside, outside = _split(jacobian, order, first)
    fill = _fill([[column for column, _ in row] for row in inside])
    rows = _offsets(fill)
    return Elimination(
        order,
        offsets,
        rows,
        [column for row in fill for column in row],
        [rows[i] + row.index(i) for i, row in enumerate(fill)],
        *_flattened(inside),
        *_flattened(outside),
    )


def _offsets(parts: Sequence[Sequence[Any]]) -> list[int]:
    return [0, *accumulate(map(len, parts))]


def _blocks(jacobian: Any) -> Rows:
    """States by block, a block after all that it depends on, inside a block in the order of elimination.

    CasADi's strongly connected components come in block upper triangular order: the reverse of what is wanted.
    """
    _, order, offsets = jacobian.scc()
    blocks = [list(order[a:b]) for a, b in pairwise(offsets)]
    return [_minimum_degree(jacobian, block) for block in reversed(blocks)]


def _minimum_degree(jacobian: Any, block: list[int]) -> list[int]:
    if len(block) < 3:
        return block
    pattern = jacobian.sub(block, block)[0]
    symmetric = pattern + pattern.T + ca.Sparsity.diag(len(block))
    return [block[i] for i in symmetric.amd()]


_Entries = list[list[tuple[int, int]]]


def _split(jacobian: Any, order: list[int], first: list[int]) -> tuple[_Entries, _Entries]:
    """For each position, (column, nonzero of dF/dx) of the entries inside its block and in earlier blocks."""
    position = {state: place for place, state in enumerate(order)}
    inside: _Entries = [[] for _ in order]
    outside: _Entries = [[] for _ in order]
    for nonzero, (state, other) in enumerate(zip(*jacobian.get_triplet(), strict=True)):
        row, column = position[state], position[other]
        (inside if column >= first[row] else outside)[row].append((column, nonzero))
    return inside, outside


def _fill(pattern: Rows) -> Rows:
    """Columns of L + U for every row, by symbolic elimination row by row without pivoting."""
    upper: list[set[int]] = []
    fill: Rows = []
    for i, entries in enumerate(pattern):
        row = {i, *entries}
        eliminated: set[int] = set()
        while pending := [k for k in row - eliminated if k < i]:
            k = min(pending)
            eliminated.add(k)
            row |= upper[k]
        upper.append({j for j in row if j > i})
        fill.append(sorted(row))
    return fill


def _flattened(entries: _Entries) -> tuple[list[int], list[int], list[int]]:
    return (
        _offsets(entries),
        [column for row in entries for column, _ in row],
        [nonzero for row in entries for _, nonzero in row],
    )
