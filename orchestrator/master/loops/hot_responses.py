"""Hot responses: how what a component gives at the end of a step follows what it is given over the step, learnt.

dy/du = D + H R, see `orchestrator.master.loops.responses`. `part` is the address of the words of a component.
"""

from math import isfinite, sqrt
from typing import Final

from orchestrator.by_address import (
    call_nine,
    compiled,
    doubles,
    load,
    load_double,
    store,
    store_double,
    words,
)
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import copy_all, norm, orthogonal, set_all

_NOISE: Final = 1e-6
"""Part of their sizes that inputs have to change by for the change of the outputs to tell more than solvers' errors."""

_CLEAR: Final = 1e-4
"""Part of their sizes by which outputs are elsewhere than was expected that no solver's error explains."""

_FINE: Final = 1e-9
"""Changes of inputs from this part of their sizes on refine what is known, if not by more than this part of it:"""

_REFINES: Final = 0.5

_EXACT: Final = 1e-12
"""Part of their sizes by which outputs are elsewhere than was expected that may be rounding."""

_NEW: Final = 1e-3
"""Part of a change that must be new for what earlier ones taught to be kept beside it."""


@compiled
def begin_part(part: int, h: float) -> None:
    """A macro step of h (s) begins."""
    factor, grows = doubles(load(part + at.FACTOR)), words(load(part + at.GROWS_WITH_STEP))
    for i in range(load(part + at.OUTPUTS)):
        factor[i] = h if grows[i] != 0 else 1.0
    store(part + at.HAS_BEFORE, 0)
    store(part + at.CHANGES_COUNT, 0)
    swept(part)


@compiled
def swept(part: int) -> None:
    """A sweep is done: what was told before holds no more."""
    store(part + at.IS_DIRECT, 0)
    store(part + at.ASKED, 0)


@compiled
def known(part: int) -> bool:
    """Whether it is told, or something of it has been seen."""
    return bool(load(part + at.LEARNS) == 0 or load_double(load(part + at.KNOWN)) != 0.0)


@compiled
def forget_part(part: int) -> None:
    """Nothing is known of what the length of a step adds."""
    inputs, outputs = load(part + at.INPUTS), load(part + at.OUTPUTS)
    set_all(load(part + at.REST), inputs * outputs, 0.0)
    set_all(load(part + at.SIZES), inputs, 0.0)
    set_all(load(part + at.FOUND), outputs, 0.0)
    store_double(load(part + at.KNOWN), 0.0)


@compiled
def _call(part: int) -> bool:
    """Let the component tell how its outputs follow one input after the other; whether it could."""
    direct, passes = doubles(load(part + at.DIRECT)), words(load(part + at.PASSES))
    seed, result = doubles(load(part + at.SEED)), doubles(load(part + at.RESULT))
    inputs, arguments = load(part + at.INPUTS), words(part + at.ARGUMENTS)
    for number in range(load(part + at.PASSES_COUNT)):
        column = passes[number]
        seed[column] = 1.0
        status = call_nine(
            load(part + at.FUNCTION),
            arguments[0],
            arguments[1],
            arguments[2],
            arguments[3],
            arguments[4],
            arguments[5],
            arguments[6],
            arguments[7],
            arguments[8],
        )
        seed[column] = 0.0
        if status != 0:
            return False
        for i in range(load(part + at.OUTPUTS)):
            # one that is not finite, as of a root at 0, tells nothing
            direct[i * inputs + column] = result[i] if isfinite(result[i]) else 0.0
    return True


@compiled
def told(part: int) -> bool:
    """Let the component tell its directional derivatives at the end of the last sweep; False where Python is asked."""
    if load(part + at.IS_DIRECT) != 0 or load(part + at.TELLS) == 0:
        return True
    if load(part + at.TELLS) == at.BY_CALL and load(part + at.ASKED) == 0 and _call(part):
        store(part + at.IS_DIRECT, 1)
        return True
    store(part + at.ASKED, 1)
    return False


@compiled
def _look(part: int) -> None:
    """The inputs and outputs of the last sweep, and the largest ones."""
    places, now, most = words(load(part + at.GIVEN)), doubles(load(part + at.NOW_GIVEN)), doubles(load(part + at.SIZES))
    for i in range(load(part + at.INPUTS)):
        now[i] = load_double(places[i])
        most[i] = max(most[i], abs(now[i]))
    places, now, most = words(load(part + at.GIVES)), doubles(load(part + at.NOW_GIVES)), doubles(load(part + at.FOUND))
    for i in range(load(part + at.OUTPUTS)):
        now[i] = load_double(places[i])
        most[i] = max(most[i], abs(now[i]))


@compiled
def _note(part: int) -> None:
    """What comes next is compared with the last sweep."""
    inputs, outputs = load(part + at.INPUTS), load(part + at.OUTPUTS)
    copy_all(load(part + at.NOW_GIVEN), load(part + at.BEFORE_GIVEN), inputs)
    copy_all(load(part + at.NOW_GIVES), load(part + at.BEFORE_GIVES), outputs)
    copy_all(load(part + at.DIRECT), load(part + at.BEFORE_DIRECT), inputs * outputs)
    store(part + at.HAS_BEFORE, 1)


@compiled
def take(part: int) -> None:
    """A sweep is done, and told what can be told: learn from it."""
    if load(part + at.LEARNS) == 0:
        return
    _look(part)
    if load(part + at.HAS_BEFORE) == 0:
        _note(part)
        return
    store_double(load(part + at.KNOWN), 1.0)
    if _learn(part):
        _note(part)


@compiled
def _explain(part: int) -> None:
    """The change of the inputs, of the outputs by what is known, and what is missing from those."""
    inputs = load(part + at.INPUTS)
    now, before = doubles(load(part + at.NOW_GIVEN)), doubles(load(part + at.BEFORE_GIVEN))
    change, along, size = (
        doubles(load(part + at.CHANGE)),
        doubles(load(part + at.ALONG)),
        doubles(load(part + at.SIZES)),
    )
    for j in range(inputs):
        change[j] = now[j] - before[j]
        along[j] = change[j] / (size[j] if size[j] > 0.0 else 1.0)
    rest, factor = doubles(load(part + at.REST)), doubles(load(part + at.FACTOR))
    direct, earlier = doubles(load(part + at.DIRECT)), doubles(load(part + at.BEFORE_DIRECT))
    gave, gives = doubles(load(part + at.BEFORE_GIVES)), doubles(load(part + at.NOW_GIVES))
    missing, explained = doubles(load(part + at.MISSING)), doubles(load(part + at.EXPLAINED))
    for i in range(load(part + at.OUTPUTS)):
        total = 0.0
        for j in range(inputs):
            k = i * inputs + j
            total += ((earlier[k] + direct[k]) / 2.0 + factor[i] * rest[k]) * change[j]
        explained[i] = total
        missing[i] = gives[i] - gave[i] - total


@compiled
def _tells(part: int, length: float) -> bool:
    """Whether a change as small as solvers' errors tells something: a jump, or a little more of what is known."""
    missing, explained = doubles(load(part + at.MISSING)), doubles(load(part + at.EXPLAINED))
    found = doubles(load(part + at.FOUND))
    lacks, has = 0.0, 0.0
    for i in range(load(part + at.OUTPUTS)):
        if abs(missing[i]) > _CLEAR * found[i]:
            return True
        unit = found[i] if found[i] > 0.0 else 1.0
        lacks += (missing[i] / unit) * (missing[i] / unit)
        has += (explained[i] / unit) * (explained[i] / unit)
    return length > _FINE and _EXACT < sqrt(lacks) <= _REFINES * sqrt(has)


@compiled
def _new_direction(part: int, length: float) -> None:
    """What of the change is orthogonal to those that taught something before, all of it where that is next to nothing.

    Then those before are forgotten, as they are where there are as many as inputs.
    """
    inputs, count = load(part + at.INPUTS), load(part + at.CHANGES_COUNT)
    new, basis = load(part + at.NEW), load(part + at.CHANGES_BASIS)
    size, columns = doubles(load(part + at.SIZES)), 0
    for k in range(count):
        change, column = doubles(load(part + at.CHANGES) + 8 * inputs * k), basis + 8 * inputs * columns
        direction = doubles(column)
        for j in range(inputs):
            direction[j] = change[j] / (size[j] if size[j] > 0.0 else 1.0)
        orthogonal(column, basis, columns, inputs, 0)
        left = norm(column, inputs)
        if left > 0.0:
            for j in range(inputs):
                direction[j] /= left
            columns += 1
    copy_all(load(part + at.ALONG), new, inputs)
    orthogonal(new, basis, columns, inputs, 0)
    # of a change that is itself as small as the noise, half has to be new
    if count == inputs or not norm(new, inputs) > max(min(_NOISE, length / 2.0), _NEW * length):
        copy_all(load(part + at.ALONG), new, inputs)
        store(part + at.CHANGES_COUNT, 0)


@compiled
def _learn(part: int) -> bool:
    """Broyden's update along what is new of the change; whether that is large enough to tell something."""
    _explain(part)
    inputs, along = load(part + at.INPUTS), doubles(load(part + at.ALONG))
    length = norm(load(part + at.ALONG), inputs)
    if not (length > _NOISE or (length > 0.0 and _tells(part, length))):
        return False
    _new_direction(part, length)
    count, new = load(part + at.CHANGES_COUNT), doubles(load(part + at.NEW))
    copy_all(load(part + at.CHANGE), load(part + at.CHANGES) + 8 * inputs * count, inputs)
    store(part + at.CHANGES_COUNT, count + 1)
    size, square = doubles(load(part + at.SIZES)), 0.0
    for j in range(inputs):
        square += new[j] * along[j]
    rest, factor = doubles(load(part + at.REST)), doubles(load(part + at.FACTOR))
    missing = doubles(load(part + at.MISSING))
    for i in range(load(part + at.OUTPUTS)):
        for j in range(inputs):
            unit = size[j] if size[j] > 0.0 else 1.0
            rest[i * inputs + j] += missing[i] / factor[i] * (new[j] / unit) / square
    return True
