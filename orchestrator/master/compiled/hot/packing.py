"""Hot packing: the rows that `hot.tight` walks through, made of those of a program, as compiled functions."""

from typing import Any

from numba import njit

from orchestrator.by_address import compiled, load, store
from orchestrator.master.compiled.hot.gather import INLINE, copy
from orchestrator.master.compiled.layout import run as at


def _is_simple(plan: int) -> bool:
    """Whether a gather has words alone to copy, one by one."""
    runs = load(plan + at.RUNS) != load(plan + at.RUNS_END)
    return not (runs or load(plan + at.COPIES_END) != load(plan + at.CONVERTED_END))


is_simple: Any = njit("boolean(int64)", **INLINE)(_is_simple)


def _pairs(program: int) -> int:
    """How many words are copied one by one between components; -1 for a system whose steps are none of these."""
    if load(program + at.EVENTFUL) != 0 or load(program + at.ASKS) != 0:
        return -1
    if load(program + at.PREPARED) != load(program + at.PREPARED_END):
        return -1
    row, end, count = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END), 0
    while row < end:
        kind = load(row + at.NATIVE)
        if kind not in (at.BY_THREE, at.GATHERED):
            return -1
        if kind == at.GATHERED and is_simple(row):
            count += (load(row + at.COPIES_END) - load(row + at.RUNS_END)) // at.COPY_ROW
        row += at.COMPONENT_ROW
    return count


pairs: Any = njit("int64(int64)", cache=True, nogil=True, error_model="numpy")(_pairs)


def _pack_call(call: int, row: int, nothing: int) -> None:
    """Function and arguments of a call that sets or gets; without one that of a function that does nothing."""
    if call == 0 or load(call) == 0:
        store(row, nothing)
    else:
        copy(call, row, 5)


pack_call: Any = njit("void(int64, int64, int64)", **INLINE)(_pack_call)


def _pack(program: int) -> None:
    """Write the rows of all components, and what flows to them, where the program has room for it."""
    component, row, pair = load(program + at.COMPONENTS), load(program + at.TIGHT), load(program + at.PAIRS)
    nothing = load(program + at.NOTHING)
    while row < load(program + at.TIGHT_END):
        gathered = load(component + at.NATIVE) == at.GATHERED
        store(row + at.TIGHT_PLAN, component)
        if gathered and is_simple(component):
            words = (load(component + at.COPIES_END) - load(component + at.RUNS_END)) // at.WORD
            copy(load(component + at.RUNS_END), pair, words)
            pair += at.WORD * words
        store(row + at.TIGHT_PAIRS_END, 0 if gathered and not is_simple(component) else pair)
        pack_call(load(component + at.SETS), row + at.TIGHT_SET, nothing)
        pack_call(load(component + at.GETS), row + at.TIGHT_GET, nothing)
        copy(component + at.DO_STEP, row + at.TIGHT_DO_STEP, 3)
        component += at.COMPONENT_ROW
        row += at.TIGHT_ROW
    narrowed = load(program + at.NARROWED)
    while narrowed < load(program + at.NARROWED_END):
        row = load(program + at.TIGHT) + load(narrowed) * at.TIGHT_ROW
        pack_call(narrowed + at.WORD, row + at.TIGHT_SET, nothing)
        narrowed += at.NARROWED_ROW


pack: Any = njit("void(int64)", cache=True, nogil=True, error_model="numpy")(_pack)


@compiled
def kind(program: int) -> int:
    """Which of the rows for `hot.tight` these are."""
    row, end = load(program + at.TIGHT), load(program + at.TIGHT_END)
    pairs, flows, plain = load(program + at.PAIRS), False, True
    while row < end:
        last = load(row + at.TIGHT_PAIRS_END)
        if last == 0:
            return at.ANY_KIND
        flows = flows or last != pairs
        plain = plain and load(row + at.TIGHT_IS_PLAIN) != 0
        row += at.TIGHT_ROW
    if plain:
        return at.IN_TURN if flows else at.AT_ONCE
    return at.IN_TURN_WITH_ANSWERS if flows else at.AT_ONCE_WITH_ANSWERS
