"""Hot tight steps: macro steps over the rows of `hot.tight`, as compiled functions.

Whatever else there is to do in a macro step, events, rates, measured durations, a shorter last step, is left to
`hot.loop`. Times of recorded rows follow from the numbers of the macro steps: they are written when these are made.
"""

from typing import Any, Final

from numba import njit

from orchestrator.apart import apart_of_two
from orchestrator.by_address import compiled, doubles, load, load_double, store
from orchestrator.master.compiled.hot.gather import INLINE
from orchestrator.master.compiled.hot.packing import is_simple
from orchestrator.master.compiled.hot.points import keep_finite, settle
from orchestrator.master.compiled.hot.tight import each, flow
from orchestrator.master.compiled.layout import run as at

_COMPILED: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_FEW: Final = 16
"""So many floats are kept without another call."""

keep_finite_apart: Any = njit("boolean(int64, int64)", **_COMPILED)(keep_finite.py_func)
settle_apart: Any = njit("int64(int64, int64)", **_COMPILED)(settle.py_func)


def _few_finite(floats: int, index: int) -> bool:
    """Keep a few floats that came out, beside those of the steps before; whether none of them is NaN or infinite."""
    values, kept, special = doubles(load(floats)), doubles(load(floats + 8 + 8 * (index & 3))), 0.0
    for number in range(load(floats + at.KEPT_SIZE)):
        value = values[number]
        special += value - value  # 0 for finite numbers only
        kept[number] = value
    return bool(special == 0.0)


few_finite: Any = njit("boolean(int64, int64)", **INLINE)(_few_finite)


@compiled
def lists(program: int) -> bool:
    """Whether rows are recorded at all points, of words one by one or of nothing but the time."""
    words_alone = load(program + at.RECORD_RUNS) == load(program + at.RECORD_END)
    shows = load(program + at.VIEWS) != load(program + at.VIEWS + at.CONVERTED_END)
    keeps = load(program + at.KEPT) != load(program + at.KEPT_END)
    return bool(load(program + at.TIMES) != 0 and load(program + at.PACE) == 0 and words_alone and not (shows or keeps))


def _list(program: int, row: int) -> None:
    """Write the words of a row."""
    column, end = load(program + at.RECORD), load(program + at.RECORD_END)
    while column < end:
        store(load(column + 8) + row * load(column + 16), load(load(column)))
        column += 24


list_words: Any = njit("void(int64, int64)", **INLINE)(_list)


@compiled
def list_times(program: int, begun: int, index: int) -> int:
    """The times of the rows that were written since macro step `begun`; why the loop ends."""
    rows, start, size = load(program + at.ROWS), load_double(program), load_double(program + at.STEP_SIZE)
    times = doubles(load(program + at.TIMES) + 8 * rows)
    for made in range(index - begun):
        times[made] = start + (begun + 1 + made) * size
    if index > begun and index >= load(program + at.COUNT):
        times[index - begun - 1] = load_double(program + at.STOP)
    store(program + at.ROWS, rows + index - begun)
    return at.DONE if rows + index - begun < load(program + at.ROWS_END) else at.FULL


def _steps(program: int, until: int, flows: bool, simple: bool, plain: bool) -> int:
    """Make macro steps up to the one numbered `until`; why it ended. `hot.tight` says what the constants mean."""
    start, size, begun = load_double(program), load_double(program + at.STEP_SIZE), load(program + at.INDEX)
    floats, kept = load(program + at.FLOATS), load(program + at.KEPT)
    few = kept - floats == at.KEPT_ROW and load(floats + at.KEPT_SIZE) <= _FEW
    copies, listed = is_simple(program + at.ALL_AT_ONCE), lists(program)
    words, row = listed and load(program + at.RECORD) != load(program + at.RECORD_END), load(program + at.ROWS) - begun
    settles = not listed and (load(program + at.TIMES) != 0 or kept != load(program + at.KEPT_END))
    if listed:
        until = min(until, begun + load(program + at.ROWS_END) - load(program + at.ROWS))
    index, why = begun, at.DONE
    store(program + at.COMPONENT, load(program + at.COMPONENTS))
    while index < until:
        t = start + index * size
        if not flow(program + at.ALL_AT_ONCE, copies):
            why = at.REFUSED
            break
        why = each(program, t, size, flows, simple, plain)
        if why != at.DONE:
            break
        if not (few_finite(floats, index + 1) if few else apart_of_two(keep_finite_apart, program, index + 1)):
            store(program + at.COMPONENT, load(program + at.COMPONENTS_END))
            why = at.INFINITE
            break
        if words:
            list_words(program, row + index)
        index += 1
        if settles:
            why = apart_of_two(settle_apart, program, index)
            if why != at.DONE:
                break
    store(program + at.INDEX, index)
    if listed:
        full = list_times(program, begun, index)
        why = full if why == at.DONE else why
    return int(why)


steps: Any = njit("int64(int64, int64, boolean, boolean, boolean)", **INLINE)(_steps)


@compiled
def at_once(program: int, until: int) -> int:
    """All that flows does so before the first component, and no doStep answers anything beside its status."""
    return int(steps(program, until, False, True, True))


@compiled
def in_turn(program: int, until: int) -> int:
    """Words flow to each component before its step; no doStep answers anything beside its status."""
    return int(steps(program, until, True, True, True))


@compiled
def at_once_with_answers(program: int, until: int) -> int:
    """All that flows does so before the first component."""
    return int(steps(program, until, False, True, False))


@compiled
def in_turn_with_answers(program: int, until: int) -> int:
    """Words flow to each component before its step."""
    return int(steps(program, until, True, True, False))


@compiled
def of_any_kind(program: int, until: int) -> int:
    """Anything flows to each component before its step."""
    return int(steps(program, until, True, False, False))


def _tight(program: int, until: int) -> int:
    """Make macro steps up to the one numbered `until`, beginning with a whole one; why it ended (see `layout`)."""
    kind = load(program + at.TIGHT_KIND)
    if kind == at.AT_ONCE:
        return at_once(program, until)
    if kind == at.IN_TURN:
        return in_turn(program, until)
    if kind == at.AT_ONCE_WITH_ANSWERS:
        return at_once_with_answers(program, until)
    if kind == at.IN_TURN_WITH_ANSWERS:
        return in_turn_with_answers(program, until)
    return of_any_kind(program, until)


tight: Any = njit("int64(int64, int64)", **_COMPILED)(_tight)
