"""Hot Newton: the slopes of the residual by the unknowns, told by the components, learnt of them, or found once."""

from math import inf
from typing import Final

from orchestrator.by_address import call, compiled, doubles, load, store
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import copy_all, largest, set_all
from orchestrator.master.loops.hot_measure import tried
from orchestrator.master.loops.hot_slopes import all_known

_PROBE: Final = 1e-4
"""Difference for a slope, as part of the size of an unknown: above the noise of solvers inside components."""

_SLOW: Final = 0.7
"""Slopes that are told are given up where neither residual nor step shrinks by this factor, so often in a row:"""

_PATIENCE: Final = 3

_HALVINGS: Final = 6

_GROUPS: Final = 3
"""Probes that teach how each component responds: unknowns are changed together that few components share."""

# stages; while they are told, slopes of the components are wanted
_TEACHES: Final = 1
_TOLD: Final = at.TOLD_STAGE
_DIFFERS: Final = 3
_KEPT: Final = 4


@compiled
def newton(iteration: int) -> int:
    """x <- x + (I - J)^-1 r, J = dG/dx.

    J is what the components tell, and what was learnt of each of them, anew at each trial. Where it turns out to be no
    good, J comes from differences, a repeated step of all components for each unknown, and Broyden's update keeps it
    for the rest of the macro step. With slopes of its own at each trial, a step is good where the residual shrinks, or
    the step after it does: where G is steep on one side of the solution and flat on the other, the residual alone
    would forbid to change sides. A step ends at the declared bounds of an unknown; one that begins there may pass.
    Broyden: "A class of methods for solving nonlinear simultaneous equations", Math. Comp. 19 (1965) 577; steps as a
    measure: Deuflhard, "Newton Methods for Nonlinear Problems" (2004), 2.2.
    """
    stage = load(iteration + at.STAGE)
    store(iteration + at.PROBE, 0)
    if stage == 0:
        _start(iteration)
    elif stage == _TEACHES:
        _teach_more(iteration)
    elif stage == _TOLD:
        _judge(iteration)
    elif stage == _DIFFERS:
        _difference(iteration)
    else:
        _judge_kept(iteration)
    return tried(iteration)


@compiled
def _note_good(iteration: int) -> None:
    """The last trial is where the next steps begin."""
    count = load(iteration + at.COUNT)
    copy_all(load(iteration + at.TRIAL), load(iteration + at.X), count)
    copy_all(load(iteration + at.RESIDUAL), load(iteration + at.BEFORE), count)


@compiled
def _try(iteration: int) -> None:
    """The next trial is a step away from the last good one."""
    x, step = doubles(load(iteration + at.X)), doubles(load(iteration + at.STEP))
    trial = doubles(load(iteration + at.TRIAL))
    for i in range(load(iteration + at.COUNT)):
        trial[i] = x[i] + step[i]


@compiled
def _probe(iteration: int, first: int, every: int) -> None:
    """The next trial has some unknowns changed by a little from the last good one, upwards where bounds allow it."""
    count, x, trial = load(iteration + at.COUNT), doubles(load(iteration + at.X)), doubles(load(iteration + at.TRIAL))
    weights, high = doubles(load(iteration + at.WEIGHTS)), doubles(load(iteration + at.HIGH))
    for i in range(count):
        change = _PROBE * weights[i] if i % every == first else 0.0
        trial[i] = x[i] - change if x[i] + change > high[i] else x[i] + change
    store(iteration + at.PROBE, 1)


@compiled
def _start(iteration: int) -> None:
    """A macro step begins: with slopes where they are known, else by teaching them."""
    _note_good(iteration)
    if load(iteration + at.PARTS) < load(iteration + at.PARTS_END) and not all_known(iteration):
        store(iteration + at.STAGE, _TEACHES)
        store(iteration + at.NUMBER, -1)
        _teach_more(iteration)
    else:
        _step_told(iteration)


@compiled
def _teach_more(iteration: int) -> None:
    """Change one group of unknowns after the other; then the first step."""
    group = load(iteration + at.NUMBER) + 1
    store(iteration + at.NUMBER, group)
    if group < min(_GROUPS, load(iteration + at.COUNT)):
        _probe(iteration, group, _GROUPS)
    else:
        _step_told(iteration)


@compiled
def _step_told(iteration: int) -> None:
    """The first step with slopes that are known, or the first difference where none are."""
    if not all_known(iteration):
        _differ(iteration)
        return
    _invert(iteration, told=1)
    _step(iteration, load(iteration + at.X), load(iteration + at.BEFORE), load(iteration + at.STEP))
    store(iteration + at.STAGE, _TOLD)
    store(iteration + at.NUMBER, 0)
    _try(iteration)


@compiled
def _judge(iteration: int) -> None:
    """Go on from a trial that was good with slopes that are new there; back, with these slopes, from one that was not.

    Where these are no good for some time, slopes of its own are found at the last good trial.
    """
    count, weights = load(iteration + at.COUNT), load(iteration + at.WEIGHTS)
    residual, before = load(iteration + at.RESIDUAL), load(iteration + at.BEFORE)
    step, following = load(iteration + at.STEP), load(iteration + at.NEXT)
    _invert(iteration, told=1)
    _step(iteration, load(iteration + at.TRIAL), residual, following)
    part = min(_part(residual, before, weights, count), _part(following, step, weights, count))
    store(iteration + at.NUMBER, load(iteration + at.NUMBER) + 1 if part > _SLOW else 0)
    if part > 1.0:
        _step(iteration, load(iteration + at.X), before, step)
    else:
        _note_good(iteration)
        copy_all(following, step, count)
    if load(iteration + at.NUMBER) < _PATIENCE:
        _try(iteration)
    else:
        _differ(iteration)


@compiled
def _differ(iteration: int) -> None:
    """Find slopes of its own, by one difference for each unknown."""
    count, jacobian = load(iteration + at.COUNT), load(iteration + at.JACOBIAN)
    set_all(jacobian, count * count, 0.0)
    for i in range(count):
        doubles(jacobian)[i * count + i] = 1.0
    store(iteration + at.STAGE, _DIFFERS)
    store(iteration + at.NUMBER, 0)
    if count > 0:
        _probe(iteration, 0, count)
    else:
        _step_kept(iteration)


@compiled
def _difference(iteration: int) -> None:
    """One column of the slopes is found; the next one, or the first step with them."""
    count, column = load(iteration + at.COUNT), load(iteration + at.NUMBER)
    jacobian = doubles(load(iteration + at.JACOBIAN))
    r, before = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.BEFORE))
    trial, x = doubles(load(iteration + at.TRIAL)), doubles(load(iteration + at.X))
    change = trial[column] - x[column]
    for i in range(count):
        jacobian[i * count + column] += (r[i] - before[i]) / change
    store(iteration + at.NUMBER, column + 1)
    if column + 1 < count:
        _probe(iteration, column + 1, count)
    else:
        _step_kept(iteration)


@compiled
def _step_kept(iteration: int) -> None:
    """A step with slopes of its own."""
    _invert(iteration, told=0)
    _step(iteration, load(iteration + at.X), load(iteration + at.BEFORE), load(iteration + at.STEP))
    store(iteration + at.STAGE, _KEPT)
    store(iteration + at.NUMBER, 0)
    _try(iteration)


@compiled
def _judge_kept(iteration: int) -> None:
    """Halve a step after which the residual is larger, so often; then keep the slopes up to date, and go on."""
    count, weights, step = load(iteration + at.COUNT), load(iteration + at.WEIGHTS), load(iteration + at.STEP)
    residual, before, halvings = load(iteration + at.RESIDUAL), load(iteration + at.BEFORE), load(iteration + at.NUMBER)
    if halvings < _HALVINGS and not largest(residual, weights, count) <= largest(before, weights, count):
        halves = doubles(step)
        for i in range(count):
            halves[i] /= 2.0
        store(iteration + at.NUMBER, halvings + 1)
        _try(iteration)
    else:
        _update(iteration)
        _note_good(iteration)
        _step_kept(iteration)


@compiled
def _update(iteration: int) -> None:
    """The least change of J after which it explains the change of the residual: r' = J - I (Broyden)."""
    count, weights = load(iteration + at.COUNT), doubles(load(iteration + at.WEIGHTS))
    jacobian, step = doubles(load(iteration + at.JACOBIAN)), doubles(load(iteration + at.STEP))
    r, before = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.BEFORE))
    square = 0.0
    for i in range(count):
        square += step[i] / (weights[i] * weights[i]) * step[i]
    if not square > 0.0:
        return
    for i in range(count):
        predicted = 0.0
        for j in range(count):
            predicted += jacobian[i * count + j] * step[j]
        missing = r[i] - before[i] - (predicted - step[i])
        for j in range(count):
            jacobian[i * count + j] += missing * (step[j] / (weights[j] * weights[j]) / square)


@compiled
def _invert(iteration: int, told: int) -> None:
    """Make ready for steps with slopes of the components, or of its own."""
    call(load(iteration + at.INVERTS), iteration, told, 0, 0, 0)


@compiled
def _step(iteration: int, values: int, residual: int, target: int) -> None:
    """The Newton step from these values with this residual, as far as the bounds."""
    count, weights = load(iteration + at.COUNT), doubles(load(iteration + at.WEIGHTS))
    inverse, r, x = doubles(load(iteration + at.INVERSE)), doubles(residual), doubles(values)
    low, high, step = doubles(load(iteration + at.LOW)), doubles(load(iteration + at.HIGH)), doubles(target)
    for i in range(count):
        total = 0.0
        for j in range(count):
            total += inverse[i * count + j] * (r[j] / weights[j])
        total *= weights[i]
        least = low[i] - x[i] if x[i] > low[i] else -inf
        most = high[i] - x[i] if x[i] < high[i] else inf
        # what is no number stays so
        if total < least:
            total = least
        elif total > most:
            total = most
        step[i] = total


@compiled
def _part(after: int, before: int, weights: int, count: int) -> float:
    """What of the size of a vector there is after a step."""
    size = largest(before, weights, count)
    return largest(after, weights, count) / size if size > 0.0 else 0.0
