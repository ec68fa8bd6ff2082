"""Packing: the rows of a program once more, as `hot.tight` walks through them."""

from typing import Final

import numpy as np

from orchestrator.by_address import address_of
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.lowering import Program
from orchestrator.master.compiled.tables import Words, address
from orchestrator.native import is_plain

_LINE: Final = 64
"""Bytes of a line of a cache."""


def pack(program: Program) -> None:
    """Give a program rows for `hot.tight` where that can make its steps; again when its rows have changed."""
    # compiled, or loaded, when they are first needed
    from orchestrator.master.compiled.hot import packing as hot_packing
    from orchestrator.master.compiled.hot.tight import nothing

    if program[at.TIGHT] == 0:
        pairs = hot_packing.pairs(program.address)
        if pairs < 0:
            return
        size = len(program.natives) * at.TIGHT_ROW
        words = _words(size + _LINE)
        gap = -program.tables.keep(words) % _LINE
        rows = words[gap // at.WORD :][: size // at.WORD].reshape(len(program.natives), -1)
        rows[:, at.TIGHT_IS_PLAIN // at.WORD] = [is_plain(each) for each in program.natives]
        first = address(rows)
        program.put(at.TIGHT, first, first + size, program.tables.keep(_words(pairs * at.COPY_ROW)))
        program[at.NOTHING] = address_of(nothing, 5)
    hot_packing.pack(program.address)
    program[at.TIGHT_KIND] = hot_packing.kind(program.address)


def _words(size: int) -> Words:
    return np.zeros(max(1, size // at.WORD), np.int64)
