"""Hot iteration: a loop solved sweep by sweep, as compiled functions over the address of what the solver keeps.

In each macro step 1 `begin`; then, as long as it says AGAIN, a sweep of all components and 2 `following`. What comes
out of a sweep has to be finite. `put` writes the values to be tried once more, where the signals went back in between.
`keep` before, and `go_back` after, take back everything that macro steps taught and counted.
"""

from orchestrator.by_address import call, compiled, load, load_double, store, store_double, words
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import copy_all
from orchestrator.master.loops.hot_measure import (
    begin_scales,
    count_solved,
    forget_course,
    grows,
    measure,
    put,
    read,
    take_discrete,
    tried,
)
from orchestrator.master.loops.hot_methods import differences, keep_now
from orchestrator.master.loops.hot_slopes import begin_parts, change_parts, forget_parts, sweep_parts

# what is next when Python has told derivatives, or at first
_SWEPT = 0
_LEARNS = 1
_CHOOSES = 2


@compiled
def begin(iteration: int, t: float, h: float) -> int:
    """A macro step from t by h (s) begins with the values that are in the signals: AGAIN, or INFINITE."""
    store_double(iteration + at.END_TIME, t + h)
    store(iteration + at.ITERATIONS, 0)
    store(iteration + at.PROBE, 0)
    store(iteration + at.PHASE, _SWEPT)
    forget_course(iteration)
    begin_scales(iteration)
    begin_parts(iteration, h)
    read(iteration, load(iteration + at.TRIAL))
    take_discrete(iteration)
    return tried(iteration)


@compiled
def following(iteration: int) -> int:
    """All components have stepped: SOLVED, AGAIN with other values in the signals, or why it does not go on.

    After ASKS it is called again, when Python has told the derivatives.
    """
    if load(iteration + at.PHASE) == _SWEPT:
        _sweep(iteration)
    if load(iteration + at.PHASE) == _LEARNS:
        if _asks(iteration, load(iteration + at.LEARNS_FROM)):
            return at.ASKS
        if load(iteration + at.MOVED) == 0 and _small(iteration):
            _accept(iteration)
            return at.SOLVED
        status = _checked(iteration)
        if status != at.AGAIN:
            return status
        store(iteration + at.PHASE, _CHOOSES)
    if _asks(iteration, load(iteration + at.READIES)):
        return at.ASKS
    store(iteration + at.PHASE, _SWEPT)
    chosen: int = call(load(iteration + at.CHOOSES), iteration, 0, 0, 0, 0)
    if chosen == at.AGAIN:
        put(iteration)
    return chosen


@compiled
def _asks(iteration: int, function: int) -> bool:
    """Whether a function that learns asks Python first; there may be none."""
    return bool(function != 0 and call(function, iteration, 0, 0, 0, 0) == 0)


@compiled
def _sweep(iteration: int) -> None:
    """Count a sweep and take what it left."""
    counts = load(iteration + at.COUNTS)
    store(counts + at.EVALUATIONS, load(counts + at.EVALUATIONS) + 1)
    sweep_parts(iteration)
    moved = take_discrete(iteration) or load(iteration + at.MOVED_BESIDE) != 0
    store(iteration + at.MOVED, 1 if moved else 0)
    measure(iteration)
    store(iteration + at.PHASE, _LEARNS)


@compiled
def _small(iteration: int) -> bool:
    """Whether no residual is larger than the tolerance."""
    return bool(load_double(iteration + at.WORST) <= load_double(iteration + at.TOLERANCE))


@compiled
def _checked(iteration: int) -> int:
    """AGAIN, or why it is clear that the iteration does not end, or takes too long."""
    if load(iteration + at.ITERATIONS) >= load(iteration + at.MAX_ITERATIONS):
        return at.GIVEN_UP
    moved = load(iteration + at.MOVED) != 0
    if load(iteration + at.METHOD) == at.FIXED_POINT and not moved and grows(iteration):
        return at.GROWS
    if moved:
        forget_course(iteration)
    return at.AGAIN


@compiled
def _accept(iteration: int) -> None:
    """The macro step is solved: what was learnt may help the next."""
    if load(iteration + at.METHOD) == at.ANDERSON:
        keep_now(iteration)
    if load(iteration + at.REUSE) == 0:
        forget_parts(iteration)
    count_solved(iteration)
    store(iteration + at.PHASE, _SWEPT)


@compiled
def _move(iteration: int, back: bool) -> None:
    """Copy what was learnt and counted to its copies, or back; of the differences those that there are."""
    row, end = load(iteration + at.LEARNT), load(iteration + at.LEARNT_END)
    while row < end:
        source, target = words(load(row)), words(load(row + 8))
        for i in range(load(row + 16)):
            if back:
                source[i] = target[i]
            else:
                target[i] = source[i]
        row += at.LEARNT_ROW
    if load(iteration + at.HISTORY_ROOM) != 0:
        size = 2 * load(iteration + at.COUNT) * differences(iteration)
        history, copy = load(iteration + at.HISTORY), load(iteration + at.HISTORY_COPY)
        copy_all(copy if back else history, history if back else copy, size)
    if back:
        change_parts(iteration)


@compiled
def keep(iteration: int) -> None:
    """Keep what is known and counted before a macro step."""
    _move(iteration, False)


@compiled
def go_back(iteration: int) -> None:
    """Know and have counted again what `keep` kept."""
    _move(iteration, True)


__all__ = ["begin", "following", "go_back", "keep", "put"]
