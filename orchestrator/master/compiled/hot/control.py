"""Hot control: macro steps under error control over addresses, as `step_control.doubling.ErrorControl` makes them.

What almost every step takes is done here: the whole step, back, two halves, the judgement, a shorter step where the
error is too large. Python goes on with a trial in which something jumps. At anything else everything goes back to where
the macro step began, and Python makes it.
`layout.control` says what the words mean.
"""

from typing import Final

import numpy as np

from orchestrator.by_address import (
    compiled,
    load,
    load_double,
    store,
    store_double,
)
from orchestrator.master.compiled.hot.attempt import (
    count,
    go_to_start,
    put_back,
    put_counts,
    start,
    try_halves,
    try_whole,
)
from orchestrator.master.compiled.hot.doubling import accept, begin, judge, leave, part_of, shorten
from orchestrator.master.compiled.hot.gather import copy, gather
from orchestrator.master.compiled.hot.iterate import cannot_go_back
from orchestrator.master.compiled.hot.loop import is_due
from orchestrator.master.compiled.hot.points import record
from orchestrator.master.compiled.hot.states import FATAL
from orchestrator.master.compiled.layout import control as ct
from orchestrator.master.compiled.layout import doubling as db
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.compiled.layout import run as at

_SNAP: Final = 1e-9
"""As in `timeline.Timeline.arrive`."""
_DISCARD: Final = 2
"""The least status that is more than a warning."""


@compiled
def grid_time(program: int, index: int) -> float:
    """Time (s) of a point of the grid."""
    if index >= load(program + at.COUNT):
        return float(load_double(program + at.STOP))
    return float(load_double(program + at.START) + index * load_double(program + at.STEP_SIZE))


@compiled
def grid_step(program: int, index: int) -> float:
    """Length (s) of the step from a point of the grid to the next."""
    t, size, stop = grid_time(program, index), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    return float(size if t + size <= stop else stop - t)


@compiled
def macro_step(control: int, t: float, limit: float) -> int:
    """Make a macro step from t towards `limit` (s); why it ended, before its end if it is not `DONE`."""
    doubling = load(control + ct.DOUBLING)
    if start(control, t) != 0:
        return ct.KEEPING
    begin(doubling)
    h = part_of(limit - t, load_double(load(doubling + db.CONTROLLER) + db.PI_LENGTH))
    whole = np.nan  # where a step of this length leads, once that is known
    while True:
        if np.isnan(whole):
            why = try_whole(control, t, h)
            if why != at.DONE:
                return int(why)
            whole = t + h
        why = try_halves(control, t, whole)
        if why != at.DONE:
            return int(why)
        verdict = judge(doubling)
        if verdict == db.ACCEPTED:
            accept(doubling)
            leave(doubling, load(doubling + db.AT_END))
            return at.DONE
        shorter = 0.0
        if verdict == db.SHORTENED:
            count(control, ct.BY_ERROR, 1)
            shorter = shorten(doubling)
        elif verdict == db.HALVED:
            count(control, ct.BY_JUMP, 1)
        else:
            store_double(control + ct.ATTEMPT, h)
            store_double(control + ct.WHOLE_TIME, whole)
            return ct.JUDGED
        h, whole = shorter, np.nan
        if shorter == 0.0:
            whole = load_double(doubling + db.MIDDLE_TIME)
            h = whole - t
            size = load(load(doubling + db.OUTPUTS) + db.NUMBER)
            copy(load(doubling + db.AT_MIDDLE), load(doubling + db.AT_WHOLE), size)


@compiled
def arrive(control: int) -> int:
    """A macro step is made: say its length, be on the grid where it ended there up to rounding, and record that."""
    program, t = load(control + ct.PROGRAM), load_double(control + ct.NOW)
    end = load_double(load(control + ct.DOUBLING) + db.END_TIME)
    if load(control + ct.SAID) != 0:
        store_double(load(control + ct.SAID), end - t)
    point = grid_time(program, load(control + ct.INDEX) + 1)
    length = end - t
    if end >= point - _SNAP * load_double(program + at.STEP_SIZE) - 4.0 * np.spacing(abs(point)):
        index = load(control + ct.INDEX) + 1
        store(control + ct.INDEX, index)
        store_double(control + ct.BETWEEN, np.nan)
        end, before = point, grid_time(program, index - 1)
        length = grid_step(program, index - 1) if t == before else end - t
    else:
        store_double(control + ct.BETWEEN, end)
    count(control, ct.MACRO_STEPS, 1)
    store_double(control + ct.SHORTEST, min(length, load_double(control + ct.SHORTEST)))
    store_double(control + ct.LONGEST, max(length, load_double(control + ct.LONGEST)))
    if load(program + at.EVENTFUL) != 0 and is_due(program, end + load_double(program + at.SNAP)):
        return ct.EVENT
    if load(program + at.TIMES) == 0:
        return at.DONE
    gather(program + at.VIEWS)
    return at.DONE if record(program, end) else at.FULL


@compiled
def take_back(control: int, why: int) -> int:
    """A macro step is not made: everything goes back to where it began, if it can."""
    program, caution = load(control + ct.PROGRAM), load(load(control + ct.DOUBLING) + db.CONTROLLER) + db.PI_LENGTH
    copy(control + ct.CAUTION, caution, 3)
    store(control + ct.WHY, why)
    by_states = why in (ct.KEEPING, ct.RETURNING) and load(control + ct.STATUS) >= _DISCARD
    component = load(program + at.COMPONENT)
    if why == at.PYTHON and load(component + at.NATIVE) == at.LOOP:
        by_states = cannot_go_back(program, load(component + at.OWN_WAY))
    if by_states or (at.SET <= why <= at.GOT and load(program + at.STATUS) >= FATAL):
        put_back(control)
        return ct.LOST
    counted = load(control + ct.RESTORES)
    if why == ct.KEEPING and load(control + ct.AWAY) == 0:
        put_back(control)  # nobody has stepped, and not all states are kept
    elif go_to_start(control) >= _DISCARD:
        store(control + ct.RESTORES, counted)
        store(control + ct.WHY, ct.RETURNING)
        return ct.LOST
    copy(control + ct.COUNTED, control + ct.STEPS, ct.COUNTS)
    put_counts(control)
    row, end = load(control + ct.WAYS), load(control + ct.WAYS_END)
    while row < end:
        store(load(row) + own.STEPS, load(row + 8))
        row += ct.WAY_ROW
    return ct.BACK


@compiled
def advance_controlled(control: int, until: int, most: int) -> int:
    """Make so many macro steps at `most`, up to a point of the grid; why they ended."""
    program, made = load(control + ct.PROGRAM), 0
    why = at.DONE
    while why == at.DONE and made < most and load(control + ct.INDEX) < until:
        index, between = load(control + ct.INDEX), load_double(control + ct.BETWEEN)
        if np.isnan(between):
            t = grid_time(program, index)
            limit = t + grid_step(program, index)
        else:
            t = between
            limit = t + (grid_time(program, index + 1) - between)
        why = macro_step(control, t, limit)
        if why == at.DONE:
            why = arrive(control)
        elif why != ct.JUDGED:
            why = take_back(control, why)
        made += 1
    return why
