"""The hot loop: macro steps of Jacobi and Gauss-Seidel over addresses, as one compiled function and its parts.

Nothing here allocates, raises or knows a system: `layout` says what the words of a program mean.
"""

from typing import Any

from numba import njit

from orchestrator.by_address import bits, doubles, load, load_byte, load_double, store
from orchestrator.master.compiled.hot import states as hot_states
from orchestrator.master.compiled.hot.calls import finish, three
from orchestrator.master.compiled.hot.gather import INLINE, copy, gather
from orchestrator.master.compiled.hot.iterate import iterate
from orchestrator.master.compiled.hot.own import own_step, prepare, restore, resume
from orchestrator.master.compiled.hot.points import enter, keep, keep_finite, keep_whole, settle
from orchestrator.master.compiled.hot.tight_steps import tight
from orchestrator.master.compiled.layout import run as at


def _stays(program: int, component: int, t: float) -> bool:
    """Whether the period of a component that Python steps goes on; what flows into it is gathered."""
    index = int((t - load_double(program)) / load_double(program + at.STEP_SIZE) + 0.5)  # whole up to rounding
    return (index + 1) % load(component + at.OWN_WAY) != 0 and bool(gather(component))


stays: Any = njit("boolean(int64, int64, float64)", cache=True, nogil=True, error_model="numpy")(_stays)


def _step(program: int, component: int, t: float, h: float) -> int:
    """Gather, inputs, doStep and outputs of one component."""
    kind = load(component + at.NATIVE)
    if kind == at.BY_THREE:
        return int(three(program, component, t, h))
    if kind == at.LOOP:
        return int(iterate(program, component, t, h))
    if kind >= at.PASSED:
        return at.DONE if kind == at.PASSED or stays(program, component, t) else at.PYTHON
    if kind == 0 or not gather(component):
        return at.PYTHON
    if kind == at.GATHERED:
        return int(three(program, component, t, h))
    if load(component + at.OWN_WAY) != 0:
        return int(own_step(program, component, t, h))
    return int(finish(program, component, load(component + at.SETS), t, h))


step: Any = njit("int64(int64, int64, float64, float64)", **INLINE)(_step)


def _roll(program: int, index: int) -> bool:
    """Keep where a macro step begins; whether Python has not to do it."""
    if hot_states.keep(load(program + at.ROLLING), load(program + at.ROLLING_END)) != 0:
        return False
    row, end = load(program + at.ROLLING_MEMORY), load(program + at.ROLLING_MEMORY_END)
    while row < end:
        copy(load(row), load(row + 8), load(row + 16))
        row += at.RUN_ROW
    store(program + at.ROLLED, index)
    return True


roll: Any = njit("boolean(int64, int64)", cache=True, nogil=True, error_model="numpy")(_roll)


def _rolls(program: int) -> bool:
    """Whether it is kept where each macro step begins."""
    return bool(load(program + at.ROLLING) != load(program + at.ROLLING_END))


rolls: Any = njit("boolean(int64)", **INLINE)(_rolls)


def _begin(program: int, index: int) -> int:
    """What comes before the first component of a macro step."""
    if rolls(program) and load(program + at.ROLLED) != index and not roll(program, index):
        return at.UNKEPT
    asks = load(program + at.ASKS)
    if asks != 0 and index % asks == 0 and load(program + at.ASKED) != index:
        return at.BEGINS
    row, end = load(program + at.PREPARING), load(program + at.PREPARED_END)
    while row < end:
        if not prepare(load(row), load_double(program), load_double(program + at.STEP_SIZE), index):
            store(program + at.PREPARING, row)
            return at.LEFT
        row += at.WORD
    store(program + at.PREPARING, load(program + at.PREPARED))
    if index + 1 == load(program + at.SAMPLE_AFTER):
        store(program + at.SAMPLE, load(load(program + at.METER) + at.ROOM))
    return at.DONE if gather(program + at.ALL_AT_ONCE) else at.REFUSED


begin: Any = njit("int64(int64, int64)", **INLINE)(_begin)


def _is_due(program: int, latest: float) -> bool:
    """Whether an event that is known comes by `latest` (s), or an input that changes at events only has changed."""
    if load_double(program + at.NEXT_EVENT) <= latest:
        return True
    row, end = load(program + at.CHANGES), load(program + at.CHANGES_END)
    while row < end:
        one, other, form = load(row), load(row + 8), load(row + 16)
        if form == at.NUMBER_FORM:
            changed = load_double(one) != load_double(other)
        elif form == at.TRUTH_FORM:
            changed = load_byte(one) != load_byte(other)
        else:
            changed = load(one) != load(other)
        if changed:
            return True
        row += at.CHANGE_ROW
    return False


is_due: Any = njit("boolean(int64, float64)", cache=True, nogil=True, error_model="numpy")(_is_due)


def _happens(program: int, index: int) -> bool:
    """Whether an event happens at a communication point, or what flows there is refused, or Python has to look."""
    if load(program + at.LOOKS) != 0 or not gather(program + at.BETWEEN):
        return True
    last = index >= load(program + at.COUNT)
    t = load_double(program + at.STOP) if last else load_double(program) + index * load_double(program + at.STEP_SIZE)
    return bool(is_due(program, t + load_double(program + at.SNAP)))


happens: Any = njit("boolean(int64, int64)", cache=True, nogil=True, error_model="numpy")(_happens)


def _arrive(program: int, index: int) -> int:
    """A macro step has come to its end, the communication point with this index."""
    if load(program + at.EVENTFUL) != 0 and happens(program, index):
        return at.ARRIVED
    return int(settle(program, index))


arrive: Any = njit("int64(int64, int64)", **INLINE)(_arrive)


def _step_by_step(program: int, until: int) -> int:
    """Make macro steps up to the one numbered `until`, beginning where the program is; why it ended (see `layout`)."""
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    first, end = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END)
    index, component = load(program + at.INDEX), load(program + at.COMPONENT)
    prepares = load(program + at.PREPARED) != load(program + at.PREPARED_END) or load(program + at.ASKS) != 0
    begins = prepares or load(program + at.METER) != 0 or rolls(program)
    arrives = load(program + at.EVENTFUL) != 0 or load(program + at.TIMES) != 0
    why = at.DONE
    while why == at.DONE and index < until:
        t = start + index * size
        h = size if t + size <= stop else stop - t
        if component == first and begins:
            why = begin(program, index)
        elif component == first and not gather(program + at.ALL_AT_ONCE):
            why = at.REFUSED
        while why == at.DONE and component < end:
            why = step(program, component, t, h)
            if why == at.DONE:
                component += at.COMPONENT_ROW
        if why == at.DONE and not keep_finite(program, index + 1):
            why = at.INFINITE
        if why == at.DONE:
            component = first
            index += 1
            if arrives:
                why = arrive(program, index)
            else:
                keep(program, index)
    store(program + at.INDEX, index)
    store(program + at.COMPONENT, component)
    return int(why)


step_by_step: Any = njit("int64(int64, int64)", cache=True, nogil=True, error_model="numpy")(_step_by_step)


def _whole_until(program: int, until: int) -> int:
    """Up to where `hot.tight` can make macro steps: none that are clipped, or whose durations are taken."""
    index, sample = load(program + at.INDEX), load(program + at.SAMPLE_AFTER)
    whole = load(program + at.COMPONENT) == load(program + at.COMPONENTS) and load(program + at.SAMPLE) == 0
    if load(program + at.TIGHT) == 0 or not whole or load(program + at.SET_WHOLE) == index or rolls(program):
        return int(index)
    last = min(until, load(program + at.CLIPPED))
    return int(last if sample <= index else min(last, sample - 1))


whole_until: Any = njit("int64(int64, int64)", **INLINE)(_whole_until)


def _advance(program: int, until: int) -> int:
    """Make macro steps up to the one numbered `until`, beginning where the program is; why it ended (see `layout`)."""
    if load(program + at.ENTERED) != 0:
        keep_whole(program, load(program + at.INDEX))
    why = at.DONE
    while why == at.DONE and load(program + at.INDEX) < until:
        last = whole_until(program, until)
        if last > load(program + at.INDEX):
            why = tight(program, last)
        else:
            alone = load(program + at.TIGHT) == 0 or rolls(program)
            why = step_by_step(program, until if alone else load(program + at.INDEX) + 1)
    return int(why)


advance: Any = njit("int64(int64, int64)", cache=True, nogil=True, error_model="numpy")(_advance)


def _finite(program: int) -> bool:
    """Whether no float that came out is NaN or infinite."""
    row, end = load(program + at.FLOATS), load(program + at.KEPT)
    special = 0
    while row < end:
        values = doubles(load(row))
        for number in range(load(row + at.KEPT_SIZE)):
            special |= bits(values[number] - values[number])
        row += at.KEPT_ROW
    return special == 0


finite: Any = njit("boolean(int64)", cache=True, nogil=True, error_model="numpy")(_finite)

__all__ = ["advance", "enter", "finite", "restore", "resume", "settle"]
