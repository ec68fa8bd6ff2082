"""Hot attempt: steps of a whole system from a point to which it can go back, over addresses.

`layout.control` says what the words mean.
"""

from typing import Final

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
from orchestrator.master.compiled.hot.calls import next_sample
from orchestrator.master.compiled.hot.gather import copy, gather
from orchestrator.master.compiled.hot.loop import finite, is_due, step
from orchestrator.master.compiled.hot.own import prepare
from orchestrator.master.compiled.hot.states import go_back, keep
from orchestrator.master.compiled.hot.tight import all_at_once, components
from orchestrator.master.compiled.layout import control as ct
from orchestrator.master.compiled.layout import doubling as db
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import STATE_ROW
from orchestrator.master.compiled.parallel.kernel import call_step
from orchestrator.master.loops import layout as solves
from orchestrator.master.loops.hot_slopes import change_parts

_SNAP: Final = 1e-9
"""As in `events.SNAP`."""


@compiled
def count(control: int, which: int, number: int) -> None:
    """Add to a count."""
    store(control + which, load(control + which) + number)


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
def prepare_all(control: int, t: float, h: float) -> bool:
    """Ways of their own are told of a step from t by h (s); False where one of them is left to Python."""
    program = load(control + ct.PROGRAM)
    row, end = load(control + ct.WAYS), load(control + ct.WAYS_END)
    while row < end:  # the grid that such a step knows begins with it
        store_double(load(row) + own.GRID_START, t)
        store_double(load(row) + own.GRID_SIZE, h)
        row += ct.WAY_ROW
    row, end = load(program + at.PREPARED), load(program + at.PREPARED_END)
    while row < end:
        if not prepare(load(row), t, h, 0):
            return False
        row += at.WORD
    return True


@compiled
def step_all(control: int, t: float, h: float) -> int:
    """One step of all components from t by h (s); why it ended."""
    program = load(control + ct.PROGRAM)
    store_double(control + ct.STEP_START, t)
    store_double(control + ct.STEP_LENGTH, h)
    store(control + ct.AWAY, 1)
    count(control, ct.STEPS, 1)
    if not prepare_all(control, t, h):
        return at.LEFT
    if is_sampled(program):
        store(program + at.SAMPLE, load(load(program + at.METER) + at.ROOM))
    if load(control + ct.SEVERAL) != 0:
        why = call_step(load(control + ct.SEVERAL), load(control + ct.CREW), load(program + at.INDEX), t, h)
    elif load(program + at.TIGHT) != 0 and load(program + at.SAMPLE) == 0:
        why = components(program, t, h) if all_at_once(program) else at.REFUSED
    else:
        why = step_each(program, t, h)
    if why == at.DONE and not finite(program):
        why = at.INFINITE
    if why == at.DONE and load(program + at.EVENTFUL) != 0 and not gather(program + at.BETWEEN):
        why = ct.OTHERWISE
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
    row, end = load(control + ct.LOOPS), load(control + ct.LOOPS_END)
    while row < end:
        change_parts(load(row))
        row += ct.LOOPS_ROW


@compiled
def keep_beside(control: int, place: int) -> None:
    """Keep everything but the components as it is at the start (8) or in the middle (24)."""
    row, end = load(control + ct.KEPT), load(control + ct.KEPT_END)
    while row < end:
        copy(load(row), load(row + place), load(row + 16))
        row += ct.KEPT_ROW


@compiled
def keep_counts(control: int) -> None:
    """Keep what loops have counted."""
    row, end = load(control + ct.LOOPS), load(control + ct.LOOPS_END)
    while row < end:
        copy(load(load(row) + solves.COUNTS), load(row + 8), solves.COUNTED // solves.WORD)
        row += ct.LOOPS_ROW


@compiled
def put_counts(control: int) -> None:
    """What loops counted in this macro step is not counted."""
    row, end = load(control + ct.LOOPS), load(control + ct.LOOPS_END)
    while row < end:
        copy(load(row + 8), load(load(row) + solves.COUNTS), solves.COUNTED // solves.WORD)
        row += ct.LOOPS_ROW


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
    keep_counts(control)
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
    program = load(control + ct.PROGRAM)
    if load(program + at.EVENTFUL) != 0 and is_due(program, middle + _SNAP * half):
        return ct.OTHERWISE
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
