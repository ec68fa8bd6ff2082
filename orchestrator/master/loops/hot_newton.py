"""Hot Newton: the slopes of the residual by the unknowns, told by the components, learnt of them, or found once."""

from math import inf
from typing import Final

from orchestrator.by_address import call, compiled, doubles, load, store
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import copy_all, largest
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

# stages, in the order in which one may lead to the next; up to that of slopes that are told, these are wanted
_TEACHES: Final = 1
_TOLD: Final = at.TOLD_STAGE
_DIFFERS: Final = 3
_KEPT: Final = 4
_CHOSEN: Final = 5
"""The next trial is there: no stage begins."""


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
        begins = _start(iteration)
    elif stage == _TEACHES:
        begins = _teach(iteration)
    elif stage == _TOLD:
        begins = _judge(iteration)
    elif stage == _DIFFERS:
        begins = _difference(iteration)
    else:
        begins = _judge_kept(iteration)
    if begins == _TEACHES:
        begins = _teach(iteration)
    if begins == _TOLD:
        begins = _step_told(iteration)
    if begins == _DIFFERS:
        begins = _differ(iteration)
    if begins == _KEPT:
        _step_kept(iteration)
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
def _start(iteration: int) -> int:
    """A macro step begins: with slopes where they are known, else by teaching them; the stage that begins."""
    _note_good(iteration)
    if all_known(iteration) or load(iteration + at.COUNT) == 0:
        return _TOLD
    store(iteration + at.STAGE, _TEACHES)
    store(iteration + at.NUMBER, 0)
    return _TEACHES


@compiled
def _teach(iteration: int) -> int:
    """Change one group of unknowns after the other; the stage that begins."""
    group, groups = load(iteration + at.NUMBER), min(_GROUPS, load(iteration + at.COUNT))
    if group == groups:
        return _TOLD
    _probe(iteration, group, groups)
    store(iteration + at.NUMBER, group + 1)
    return _CHOSEN


@compiled
def _step_told(iteration: int) -> int:
    """The first step with slopes that are known; the stage that begins, where they are not."""
    if not all_known(iteration):
        return _DIFFERS
    store(iteration + at.STAGE, _TOLD)
    _invert(iteration)
    _step(iteration, load(iteration + at.X), load(iteration + at.BEFORE), load(iteration + at.STEP))
    store(iteration + at.NUMBER, 0)
    _try(iteration)
    return _CHOSEN


@compiled
def _judge(iteration: int) -> int:
    """Go on from a trial that was good with slopes that are new there; back, with these slopes, from one that was not.

    Where these are no good for some time, slopes of its own are found at the last good trial: the stage that begins.
    """
    count, weights = load(iteration + at.COUNT), load(iteration + at.WEIGHTS)
    residual, before = load(iteration + at.RESIDUAL), load(iteration + at.BEFORE)
    step, following = load(iteration + at.STEP), load(iteration + at.NEXT)
    _invert(iteration)
    _step(iteration, load(iteration + at.TRIAL), residual, following)
    part = min(_part(residual, before, weights, count), _part(following, step, weights, count))
    store(iteration + at.NUMBER, load(iteration + at.NUMBER) + 1 if part > _SLOW else 0)
    if part > 1.0:
        _step(iteration, load(iteration + at.X), before, step)
    else:
        _note_good(iteration)
        copy_all(following, step, count)
    if load(iteration + at.NUMBER) == _PATIENCE:
        return _DIFFERS
    _try(iteration)
    return _CHOSEN


@compiled
def _differ(iteration: int) -> int:
    """Find slopes of its own, by one difference for each unknown; the stage that begins, where there is none."""
    count, jacobian = load(iteration + at.COUNT), doubles(load(iteration + at.JACOBIAN))
    for k in range(count * count):
        jacobian[k] = 1.0 if k % (count + 1) == 0 else 0.0
    store(iteration + at.STAGE, _DIFFERS)
    store(iteration + at.NUMBER, 0)
    if count == 0:
        return _KEPT
    _probe(iteration, load(iteration + at.NUMBER), count)
    return _CHOSEN


@compiled
def _difference(iteration: int) -> int:
    """One column of the slopes is found; the next one, or the stage that begins."""
    count, column = load(iteration + at.COUNT), load(iteration + at.NUMBER)
    jacobian = doubles(load(iteration + at.JACOBIAN))
    r, before = doubles(load(iteration + at.RESIDUAL)), doubles(load(iteration + at.BEFORE))
    trial, x = doubles(load(iteration + at.TRIAL)), doubles(load(iteration + at.X))
    change = trial[column] - x[column]
    for i in range(count):
        jacobian[i * count + column] += (r[i] - before[i]) / change
    store(iteration + at.NUMBER, column + 1)
    if column + 1 == count:
        return _KEPT
    _probe(iteration, column + 1, count)
    return _CHOSEN


@compiled
def _step_kept(iteration: int) -> None:
    """A step with slopes of its own."""
    store(iteration + at.STAGE, _KEPT)
    _invert(iteration)
    _step(iteration, load(iteration + at.X), load(iteration + at.BEFORE), load(iteration + at.STEP))
    store(iteration + at.NUMBER, 0)
    _try(iteration)


@compiled
def _judge_kept(iteration: int) -> int:
    """Halve a step after which the residual is larger, so often; then keep the slopes up to date: the next stage."""
    count, weights, step = load(iteration + at.COUNT), load(iteration + at.WEIGHTS), load(iteration + at.STEP)
    residual, before, halvings = load(iteration + at.RESIDUAL), load(iteration + at.BEFORE), load(iteration + at.NUMBER)
    if halvings == _HALVINGS or largest(residual, weights, count) <= largest(before, weights, count):
        _update(iteration)
        _note_good(iteration)
        return _KEPT
    halves = doubles(step)
    for i in range(count):
        halves[i] /= 2.0
    store(iteration + at.NUMBER, halvings + 1)
    _try(iteration)
    return _CHOSEN


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
def _invert(iteration: int) -> None:
    """Make ready for steps with the slopes of this stage."""
    call(load(iteration + at.INVERTS), iteration, 0, 0, 0, 0)


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
