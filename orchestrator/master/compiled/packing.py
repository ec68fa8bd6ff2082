"""Packing: the rows of a program once more, as `hot_tight` walks through them."""

from typing import Final

import numpy as np

from orchestrator.master.compiled import layout as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import Words

_LINE: Final = 64
"""Bytes of a line of a cache."""


def pack(program: Program) -> None:
    """Give a program rows for `hot_tight` where that can make its steps; again when its rows have changed."""
    from orchestrator.master.compiled import hot_packing  # compiled, or loaded, when it is first needed

    if program[at.TIGHT] == 0:
        pairs = hot_packing.pairs(program.address)
        if pairs < 0:
            return
        components = len(program.natives) * at.TIGHT_ROW
        first = _aligned(program.tables.keep(_words(components + _LINE)))
        program.put(at.TIGHT, first, first + components, program.tables.keep(_words(pairs * at.COPY_ROW)))
    hot_packing.pack(program.address)


def _words(size: int) -> Words:
    return np.zeros(max(1, size // at.WORD), np.int64)


def _aligned(place: int) -> int:
    return place + -place % _LINE
