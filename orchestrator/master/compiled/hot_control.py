"""Hot control: macro steps under error control over addresses, as `step_control_doubling.ErrorControl` makes them.

What almost every step takes is done here: the whole step, back, two halves, the judgement, a shorter step where the
error is too large. At anything else everything goes back to where the macro step began, and Python makes it.
`layout_control` says what the words mean.
"""

from typing import Final

import numpy as np

from orchestrator.by_address import (
    compiled,
    doubles,
    load,
    load_byte,
    load_double,
    nanoseconds,
    store,
    store_double,
    words,
)
from orchestrator.master.compiled import layout as at
from orchestrator.master.compiled import layout_control as ct
from orchestrator.master.compiled import layout_doubling as db
from orchestrator.master.compiled import layout_own as own
from orchestrator.master.compiled.hot_calls import next_sample
from orchestrator.master.compiled.hot_doubling import accept, begin, judge, leave, part_of, shorten
from orchestrator.master.compiled.hot_gather import copy, gather
from orchestrator.master.compiled.hot_loop import finite, step
from orchestrator.master.compiled.hot_own import prepare
from orchestrator.master.compiled.hot_points import record
from orchestrator.master.compiled.hot_states import FATAL, STATE_ROW, go_back, keep
from orchestrator.master.compiled.hot_tight import all_at_once, components

_SNAP: Final = 1e-9
"""As in `timeline.Timeline.arrive`."""
_DISCARD: Final = 2
"""The least status that is more than a warning."""


@compiled
def count(control: int, which: int, number: int) -> None:
    """Add to a count."""
    store(control + which, load(control + which) + number)


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
def take_floats(control: int, target: int) -> None:
    """The watched floats as they are in the signals."""
    places, values = words(load(control + ct.PLACES)), doubles(target)
    for i in range(load(load(load(control + ct.DOUBLING) + db.OUTPUTS) + db.NUMBER)):
        values[i] = load_double(places[i])


@compiled
def take_others(control: int, place: int) -> bool:
    """Keep the other watched values as those of the start (16) or the middle (24); whether one differs from before."""
    row, end, changed = load(control + ct.OTHERS), load(control + ct.OTHERS_END), False
    while row < end:
        value = load_byte(load(row)) if load(row + 8) == 1 else load(load(row))
        changed = changed or value != load(row + 16)
        store(row + place, value)
        row += ct.OTHER_ROW
    return changed


@compiled
def others_changed(control: int) -> bool:
    """Whether one of the other watched values is not that of the middle."""
    row, end = load(control + ct.OTHERS), load(control + ct.OTHERS_END)
    while row < end:
        value = load_byte(load(row)) if load(row + 8) == 1 else load(load(row))
        if value != load(row + 24):
            return True
        row += ct.OTHER_ROW
    return False


@compiled
def step_each(program: int, t: float, h: float) -> int:
    """Gather, and let one component after the other step from t by h (s); why that ended."""
    if not gather(program + at.ALL_AT_ONCE):
        return at.REFUSED
    component, end = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END)
    while component < end:
        why = step(program, component, t, h)
        if why != at.DONE:
            store(program + at.COMPONENT, component)
            return int(why)
        component += at.COMPONENT_ROW
    return at.DONE


@compiled
def is_sampled(program: int) -> bool:
    """Whether it is measured what the next step of the system takes; these steps are what its index counts."""
    return bool(load(program + at.METER) != 0 and load(program + at.INDEX) + 1 == load(program + at.SAMPLE_AFTER))


@compiled
def step_all(control: int, t: float, h: float) -> int:
    """One step of all components from t by h (s); why it ended."""
    program = load(control + ct.PROGRAM)
    store_double(control + ct.STEP_START, t)
    store_double(control + ct.STEP_LENGTH, h)
    store(control + ct.AWAY, 1)
    count(control, ct.STEPS, 1)
    row, end = load(control + ct.WAYS), load(control + ct.WAYS_END)
    while row < end:  # the grid that such a step knows begins with it
        store_double(load(row) + own.GRID_START, t)
        store_double(load(row) + own.GRID_SIZE, h)
        row += ct.WAY_ROW
    row, end = load(program + at.PREPARED), load(program + at.PREPARED_END)
    while row < end:
        if not prepare(load(row), t, h, 0):
            return at.LEFT
        row += at.WORD
    if is_sampled(program):
        store(program + at.SAMPLE, load(load(program + at.METER) + at.ROOM))
    if load(program + at.TIGHT) != 0 and load(program + at.SAMPLE) == 0:
        why = components(program, t, h) if all_at_once(program) else at.REFUSED
    else:
        why = step_each(program, t, h)
    if why == at.DONE and not finite(program):
        why = at.INFINITE
    index = load(program + at.INDEX) + 1
    if why != at.DONE:
        store(program + at.SAMPLE, 0)
        return int(why)
    store(program + at.INDEX, index)
    if load(program + at.SAMPLE) != 0:
        next_sample(program, index)
    return at.DONE


@compiled
def put_back(control: int) -> None:
    """Everything but the components is as it was at the start of the macro step."""
    row, end = load(control + ct.KEPT), load(control + ct.KEPT_END)
    while row < end:
        copy(load(row + 8), load(row), load(row + 16))
        row += ct.KEPT_ROW


@compiled
def keep_beside(control: int, place: int) -> None:
    """Keep everything but the components as it is at the start (8) or in the middle (24)."""
    row, end = load(control + ct.KEPT), load(control + ct.KEPT_END)
    while row < end:
        copy(load(row), load(row + place), load(row + 16))
        row += ct.KEPT_ROW


@compiled
def go_to_start(control: int) -> int:
    """Go back to the start of the macro step; the worst status."""
    status = int(go_back(load(control + ct.START_STATES), load(control + ct.START_STATES_END)))
    put_back(control)
    count(control, ct.RESTORES, 1)
    store(control + ct.STATUS, status)
    store(control + ct.AWAY, 0)
    return status


@compiled
def keep_start(control: int) -> int:
    """Keep the states of the start, and measure it now and then; the status."""
    program, row, end = load(control + ct.PROGRAM), load(control + ct.START_STATES), load(control + ct.START_STATES_END)
    if not is_sampled(program):
        return int(keep(row, end))
    meter, cost = load(program + at.METER), load(control + ct.STATE_COSTS)
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    while row < end:
        began = nanoseconds(clock, which)
        status = int(keep(row, row + STATE_ROW))
        count(cost, 0, nanoseconds(clock, which) - began)
        count(cost, 8, 1)
        if status != 0:
            return status
        row += STATE_ROW
        cost += 16
    return 0


@compiled
def start(control: int, t: float) -> int:
    """A macro step begins at t (s): keep all that goes back; the status."""
    store_double(control + ct.NOW, t)
    copy(control + ct.STEPS, control + ct.COUNTED, ct.COUNTS)
    doubling = load(control + ct.DOUBLING)
    copy(load(doubling + db.CONTROLLER) + db.PI_LENGTH, control + ct.CAUTION, 3)
    row, end = load(control + ct.WAYS), load(control + ct.WAYS_END)
    while row < end:
        store(row + 8, load(load(row) + own.STEPS))
        row += ct.WAY_ROW
    row, end = load(control + ct.MESSAGES), load(control + ct.MESSAGES_END)
    while row < end:
        store(row + 8, load(load(row)))
        row += ct.MESSAGES_ROW
    status = keep_start(control)
    keep_beside(control, 8)
    count(control, ct.SAVES, 1)
    store(control + ct.STATUS, status)
    store(control + ct.AWAY, 0)
    take_floats(control, load(doubling + db.AT_START))
    take_others(control, 16)
    return status


@compiled
def try_whole(control: int, t: float, h: float) -> int:
    """Make a step from t by h (s) as a whole; why it ended."""
    if load(control + ct.AWAY) != 0 and go_to_start(control) != 0:
        return ct.RETURNING
    why = step_all(control, t, h)
    if why == at.DONE:
        take_floats(control, load(load(control + ct.DOUBLING) + db.AT_WHOLE))
    return int(why)


@compiled
def try_halves(control: int, t: float, whole: float) -> int:
    """Make a step from t to `whole` (s) in two halves; why it ended."""
    doubling, half = load(control + ct.DOUBLING), (whole - t) / 2.0
    middle = t + half
    if not t < middle < whole:
        return ct.OTHERWISE
    if go_to_start(control) != 0:
        return ct.RETURNING
    why = step_all(control, t, half)
    if why != at.DONE:
        return int(why)
    take_floats(control, load(doubling + db.AT_MIDDLE))
    store(doubling + db.OTHERS_IN_FIRST, 1 if take_others(control, 24) else 0)
    keep_beside(control, 24)
    count(control, ct.SAVES, 1)
    store(control + ct.STATUS, keep(load(control + ct.MIDDLE_STATES), load(control + ct.MIDDLE_STATES_END)))
    if load(control + ct.STATUS) != 0:
        return ct.KEEPING
    why = step_all(control, middle, whole - middle)
    if why != at.DONE:
        return int(why)
    take_floats(control, load(doubling + db.AT_END))
    store(doubling + db.OTHERS_IN_SECOND, 1 if others_changed(control) else 0)
    store_double(doubling + db.START_TIME, t)
    store_double(doubling + db.MIDDLE_TIME, middle)
    store_double(doubling + db.END_TIME, middle + (whole - middle))
    return at.DONE


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
    if by_states or (at.SET <= why <= at.GOT and load(program + at.STATUS) >= FATAL):
        put_back(control)
        return ct.LOST
    counted = load(control + ct.RESTORES)
    if go_to_start(control) >= _DISCARD:
        store(control + ct.RESTORES, counted)
        store(control + ct.WHY, ct.RETURNING)
        return ct.LOST
    copy(control + ct.COUNTED, control + ct.STEPS, ct.COUNTS)
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
