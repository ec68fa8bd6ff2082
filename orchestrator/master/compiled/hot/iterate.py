"""Hot iterate: loops of components that are solved in a macro step, by sweeps from kept states.

An attempt that does not come to a solution in the plainest way has no effect: components, signals and what the solver
has learnt go back to where it began, and Python solves the loop in its own way.
"""

from typing import Final

from orchestrator.by_address import (
    bits,
    compiled,
    doubles,
    load,
    load_byte,
    nanoseconds,
    store,
    store_byte,
)
from orchestrator.master.compiled.hot import states as hot_states
from orchestrator.master.compiled.hot.calls import do_step, finish, get_all, set_all, three
from orchestrator.master.compiled.hot.gather import copy, gather
from orchestrator.master.compiled.hot.own import make_step, restore
from orchestrator.master.compiled.layout import loops as of
from orchestrator.master.compiled.layout import own as own
from orchestrator.master.compiled.layout import run as at
from orchestrator.master.compiled.layout.states import STATE_ROW, STATUS
from orchestrator.master.loops import hot_iteration as solver
from orchestrator.master.loops import layout as solves

_WARNING: Final = 1
_TAKEN_BACK: Final = 3
"""Statuses up to Error let a component go back to a kept state; what is beyond ends the run."""


@compiled
def _metered(program: int, component: int, number: int, t: float, h: float) -> int:
    """The step of a component with what its parts took; the last sweep of a macro step is what counts."""
    meter = load(program + at.METER)
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    sample = load(program + at.SAMPLE) + number * at.SAMPLE_ROW
    began = nanoseconds(clock, which)
    why = set_all(program, component, load(component + at.SETS))
    given = nanoseconds(clock, which)
    if why == at.DONE:
        why = do_step(program, component, t, h)
    stepped = nanoseconds(clock, which)
    if why == at.DONE:
        why = get_all(program, component, load(component + at.GETS))
    store(sample, given - began)
    store(sample + 8, stepped - given)
    store(sample + 16, nanoseconds(clock, which) - stepped)
    return int(why)


@compiled
def _in_own_way(program: int, component: int, number: int, t: float, h: float) -> int:
    """The step of a component at another rate or on inputs with courses, with what it took where this is measured."""
    meter, began = load(program + at.METER), 0
    metered = load(program + at.SAMPLE) != 0
    if metered:
        began = nanoseconds(load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK))
    why = make_step(program, component, t, h)
    if why == at.SET:
        restore(load(component + at.OWN_WAY))
    if metered:
        sample = load(program + at.SAMPLE) + number * at.SAMPLE_ROW
        store(sample, 0)
        store(sample + 8, nanoseconds(load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)) - began)
        store(sample + 16, 0)
    return int(why)


@compiled
def _are_finite(row: int, end: int) -> bool:
    """Whether no float that came out is NaN or infinite."""
    special = 0
    while row < end:
        values = doubles(load(row))
        for number in range(load(row + 8)):
            special |= bits(values[number] - values[number])
        row += of.FLOAT_ROW
    return special == 0


@compiled
def _sweep(program: int, loop: int, t: float, h: float) -> int:
    """Step all components of a loop, one after the other, with the newest values there are."""
    component, end = load(loop + of.MEMBERS), load(loop + of.MEMBERS_END)
    number, metered = load(loop + of.NUMBERS), load(program + at.SAMPLE) != 0
    why = at.DONE
    while why == at.DONE and component < end:
        kind = load(component + at.NATIVE)
        if kind != at.BY_THREE and not gather(component):
            why = at.PYTHON
        elif load(component + at.OWN_WAY) != 0:
            why = _in_own_way(program, component, load(number), t, h)
        elif metered:
            why = _metered(program, component, load(number), t, h)
        elif kind == at.BY_CALLS:
            why = finish(program, component, load(component + at.SETS), t, h)
        else:
            why = three(program, component, t, h)
        if why == at.DONE:
            component += at.COMPONENT_ROW
            number += 8
    store(loop + of.MEMBER, component)
    if why == at.DONE and not _are_finite(load(loop + of.FLOATS), load(loop + of.FLOATS_END)):
        return at.INFINITE
    return int(why)


@compiled
def _note_messages(loop: int) -> None:
    """Note how many messages the components have logged."""
    row, end = load(loop + of.MESSAGES), load(loop + of.MESSAGES_END)
    while row < end:
        store(row + 8, load(load(row)))
        row += of.MESSAGES_ROW


@compiled
def _keep_ways(loop: int) -> None:
    """Keep what components remember that step in a way of their own, and how many steps were counted."""
    row, end = load(loop + of.REMEMBERED), load(loop + of.REMEMBERED_END)
    while row < end:
        copy(load(row), load(row + 8), load(row + 16))
        row += of.REMEMBERED_ROW
    row, end = load(loop + of.WAYS), load(loop + of.WAYS_END)
    while row < end:
        store(row + 8, load(load(row) + own.STEPS))
        row += of.WAYS_ROW


@compiled
def _remember(loop: int) -> None:
    """Let them remember what they did when the macro step began."""
    row, end = load(loop + of.REMEMBERED), load(loop + of.REMEMBERED_END)
    while row < end:
        copy(load(row + 8), load(row), load(row + 16))
        row += of.REMEMBERED_ROW


@compiled
def take_back_counts(loop: int) -> None:
    """What was counted in this macro step, by the solver and of components with a way of their own, is not counted."""
    solver.go_back(load(loop + of.ITERATION))
    row, end = load(loop + of.WAYS), load(loop + of.WAYS_END)
    while row < end:
        store(load(row) + own.STEPS, load(row + 8))
        row += of.WAYS_ROW


@compiled
def _keep_states(program: int, loop: int) -> int:
    """Keep the states of all components; the status. What it took is noted where durations are taken."""
    row, end, costs = load(loop + of.STATES), load(loop + of.STATES_END), load(loop + of.STATE_COSTS)
    if costs == 0 or load(program + at.SAMPLE) == 0:
        return int(hot_states.keep(row, end))
    meter, number, status = load(program + at.METER), load(loop + of.NUMBERS), 0
    clock, which = load(meter + at.CLOCK), load(meter + at.WHICH_CLOCK)
    while row < end and status == 0:
        began, cost = nanoseconds(clock, which), costs + 16 * load(number)
        status = hot_states.keep(row, row + STATE_ROW)
        store(cost, load(cost) + nanoseconds(clock, which) - began)
        store(cost + 8, load(cost + 8) + 1)
        row, number = row + STATE_ROW, number + 8
    return int(status)


@compiled
def _keep_unknowns(loop: int) -> None:
    """Keep what has to be known before the components step."""
    iteration, kept = load(loop + of.ITERATION), load(loop + of.UNKNOWNS)
    place = load(iteration + solves.PLACES)
    for _ in range(load(iteration + solves.COUNT)):
        store(kept, load(load(place)))
        place, kept = place + 8, kept + 8
    row, end = load(iteration + solves.DISCRETE), load(iteration + solves.DISCRETE_END)
    while row < end:
        store(kept, load_byte(load(row)) if load(row + 16) == 1 else load(load(row)))
        row, kept = row + solves.DISCRETE_ROW, kept + 8


@compiled
def _put_unknowns(loop: int) -> None:
    """Let them be what they were when the macro step began."""
    iteration, kept = load(loop + of.ITERATION), load(loop + of.UNKNOWNS)
    place = load(iteration + solves.PLACES)
    for _ in range(load(iteration + solves.COUNT)):
        store(load(place), load(kept))
        place, kept = place + 8, kept + 8
    row, end = load(iteration + solves.DISCRETE), load(iteration + solves.DISCRETE_END)
    while row < end:
        if load(row + 16) == 1:
            store_byte(load(row), load(kept))
        else:
            store(load(row), load(kept))
        row, kept = row + solves.DISCRETE_ROW, kept + 8


@compiled
def cannot_go_back(program: int, loop: int) -> bool:
    """Whether a component allows no more calls, or is not where the macro step began, after an attempt in vain."""
    why, row, end = load(loop + of.WHY), load(loop + of.STATES), load(loop + of.STATES_END)
    if why == at.BEGINS:
        return False
    if (why == at.SET or why == at.STEPPED or why == at.GOT) and load(program + at.STATUS) > _TAKEN_BACK:
        return True
    worst = 0
    while row < end:
        worst = max(worst, load(row + STATUS))
        row += STATE_ROW
    return bool(worst > (_TAKEN_BACK if why == at.LEFT else _WARNING))


@compiled
def iterate(program: int, component: int, t: float, h: float) -> int:
    """Solve a loop over a macro step from t by h (s); PYTHON where that is left to Python, with nothing done."""
    loop = load(component + at.OWN_WAY)
    store(loop + of.WHY, at.BEGINS)
    if load(loop + of.RESTS) != 0:
        return at.PYTHON
    iteration, states, end = load(loop + of.ITERATION), load(loop + of.STATES), load(loop + of.STATES_END)
    _note_messages(loop)
    if _keep_states(program, loop) != 0:
        store(loop + of.RESTS, 1)
        store(loop + of.WHY, at.LEFT)
        return at.PYTHON
    _keep_unknowns(loop)
    _keep_ways(loop)
    solver.keep(iteration)
    why, what, sweeps = at.DONE, solver.begin(iteration, t, h), 0
    while what == solves.AGAIN:
        if sweeps != 0:
            _remember(loop)
            if hot_states.go_back(states, end) != 0:
                break
        why = _sweep(program, loop, t, h)
        if why != at.DONE:
            store(loop + of.RESTS, 1)
            break
        sweeps += 1
        what = solver.following(iteration)
    store(loop + of.WHY, why)
    if what == solves.SOLVED:
        return at.DONE
    called = why == at.SET or why == at.STEPPED or why == at.GOT
    if not called or load(program + at.STATUS) <= _TAKEN_BACK:
        hot_states.go_back(states, end)
        take_back_counts(loop)
        _remember(loop)
        _put_unknowns(loop)
    return at.PYTHON
