"""Kept states of a Model Exchange FMU, compiled: what `ModelExchangeFmu` keeps and goes back to, with the same bits.

`state_addresses` are those of C functions that compiled loops call like those of an FMU for Co-Simulation; see
`NativeStates`. A kept state is memory that `exchange_layout` describes, with that of the FMU in it. It holds no history
of the solver, which begins anew where it is gone back to, and where it is kept: all that follows is the same each time.
"""

from typing import Any, Final, NamedTuple

from numba import njit

from orchestrator.by_address import VALUES_TAKEN, c_function, call_values, doubles, load, load_byte, store, store_byte
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_courses import jump
from orchestrator.fmi.exchange_events import read

_WARNING: Final = 1
_OPTIONS: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _went_wrong(memory: int, called: int, status: int) -> bool:
    """Whether a call failed; one that gave a status is noted, a warning too."""
    if status != 0:
        store(memory + at.FAILED, called)
        store(memory + at.FAILED_STATUS, status)
    return not 0 <= status <= _WARNING


went_wrong: Any = njit("boolean(int64, int64, int64)", **_OPTIONS)(_went_wrong)


def _keep_words(memory: int, state: int) -> None:
    """Keep what belongs to the state beside that of the FMU."""
    for offset in range(0, at.KEPT_WORDS_END - at.KEPT_WORDS, at.WORD):
        store(state + at.KEPT_WORDS + offset, load(memory + at.TIME + offset))
    row, end = load(state + at.KEPT_BUNDLES), load(state + at.KEPT_BUNDLES_END)
    while row < end:
        bundle, kept = load(row), load(row + 8)
        store(kept, load(bundle + at.GIVEN))
        store(kept + 8, load(bundle + at.STAMPED))
        for offset in range(load(row + 16)):
            store_byte(kept + at.BUNDLE_VALUES + offset, load_byte(load(bundle + at.KEPT) + offset))
        row += at.KEPT_BUNDLE_ROW


keep_words: Any = njit("void(int64, int64)", **_OPTIONS)(_keep_words)


def _put_words(memory: int, state: int) -> None:
    """Let it be what it was when the state was kept."""
    for offset in range(0, at.KEPT_WORDS_END - at.KEPT_WORDS, at.WORD):
        store(memory + at.TIME + offset, load(state + at.KEPT_WORDS + offset))
    row, end = load(state + at.KEPT_BUNDLES), load(state + at.KEPT_BUNDLES_END)
    while row < end:
        bundle, kept = load(row), load(row + 8)
        store(bundle + at.GIVEN, load(kept))
        store(bundle + at.STAMPED, load(kept + 8))
        for offset in range(load(row + 16)):
            store_byte(load(bundle + at.KEPT) + offset, load_byte(kept + at.BUNDLE_VALUES + offset))
        row += at.KEPT_BUNDLE_ROW


put_words: Any = njit("void(int64, int64)", **_OPTIONS)(_put_words)


def _rest(memory: int) -> int:
    """Let inputs on courses rest at the values that the FMU has; a status."""
    if load(memory + at.COURSE_SET) == 0:
        return 0
    count, handle = load(memory + at.COURSE_COUNT), load(load(memory + at.HANDLE_AT))
    references, place = load(memory + at.COURSE_REFERENCES), load(memory + at.COURSE_NOW)
    status = int(call_values(load(memory + at.COURSE_GET), handle, references, count, place, count))
    if went_wrong(memory, at.CALL_GET_COURSE, status):
        return status
    now, wanted, base = doubles(place), doubles(load(memory + at.COURSE_WANTED)), doubles(load(memory + at.COURSE_BASE))
    slopes, curvatures = doubles(load(memory + at.COURSE_SLOPES)), doubles(load(memory + at.COURSE_CURVATURES))
    first, second = (
        doubles(load(memory + at.COURSE_GIVEN_SLOPES)),
        doubles(load(memory + at.COURSE_GIVEN_CURVATURES)),
    )
    for index in range(count):
        wanted[index] = base[index] = now[index]
        slopes[index] = curvatures[index] = first[index] = second[index] = 0.0
    return status


rest: Any = njit("int64(int64)", **_OPTIONS)(_rest)


def _go_back(memory: int, state: int) -> int:
    """Go back to a kept state, from where the solver begins anew; the worst status, of the last call that failed."""
    handle = load(load(memory + at.HANDLE_AT))
    status = int(call_values(load(memory + at.SET_STATE), handle, load(load(state + at.POINTER)), 0, 0, 0))
    if went_wrong(memory, at.CALL_SET_STATE, status):
        return status
    put_words(memory, state)
    if read(memory, True) != at.DONE:
        return int(load(memory + at.FAILED_STATUS))
    return max(status, int(rest(memory)))


go_back: Any = njit("int64(int64, int64)", **_OPTIONS)(_go_back)


def _keep_own(memory: int, state: int) -> int:
    """Keep the state of the FMU in the memory of the one before, where it uses that again; the status."""
    handle, place = load(load(memory + at.HANDLE_AT)), load(state + at.POINTER)
    if load(place) != 0 and load(state + at.REUSES) == 0:
        call_values(load(memory + at.FREE_STATE), handle, place, 0, 0, 0)
        store(place, 0)
    before = load(place)
    status = int(call_values(load(memory + at.GET_STATE), handle, place, 0, 0, 0))
    if before != 0 and load(place) != before:
        store(state + at.REUSES, 0)
    return status


keep_own: Any = njit("int64(int64, int64)", **_OPTIONS)(_keep_own)


def _keep_quietly(memory: int, slot: int, _1: int, _2: int, _3: int) -> int:
    state = load(slot + at.WORD)
    if jump(memory) != at.DONE:
        return int(load(memory + at.FAILED_STATUS))
    status = int(keep_own(memory, state))
    if went_wrong(memory, at.CALL_GET_STATE, status):
        return status
    keep_words(memory, state)
    store(slot, state)
    return status


keep_quietly: Any = njit("int64(int64, int64, int64, int64, int64)", **_OPTIONS)(_keep_quietly)


def _keep(memory: int, slot: int, _1: int, _2: int, _3: int) -> int:
    status = int(keep_quietly(memory, slot, 0, 0, 0))
    if not 0 <= status <= _WARNING:
        return status
    return max(status, int(go_back(memory, load(slot))))


def _return(memory: int, state: int, _1: int, _2: int, _3: int) -> int:
    return int(go_back(memory, state))


def _free(memory: int, slot: int, _1: int, _2: int, _3: int) -> int:
    place = load(load(slot + at.WORD) + at.POINTER)
    status = int(call_values(load(memory + at.FREE_STATE), load(load(memory + at.HANDLE_AT)), place, 0, 0, 0))
    store(place, 0)
    store(slot, 0)
    return status


class StateAddresses(NamedTuple):
    """Of the functions that keep a state, the same without letting the solver begin anew, go back, and free."""

    keep: int
    keep_quietly: int
    go_back: int
    free: int


state_addresses: Final = StateAddresses(
    *(c_function(VALUES_TAKEN, function) for function in (_keep, _keep_quietly, _return, _free))
)
"""Where they lie."""
