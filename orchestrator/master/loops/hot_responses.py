"""Hot responses: how what a component gives at the end of a step follows what it is given over the step, learnt.

dy/du = D + H R, see `orchestrator.master.loops.responses`. `part` is the address of the words of a component.
"""

from math import isfinite, sqrt
from typing import Final

from orchestrator.by_address import (
    bits,
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
    if load_double(part + at.LENGTH) != h:
        factor, grows = doubles(load(part + at.FACTOR)), words(load(part + at.GROWS_WITH_STEP))
        for i in range(load(part + at.OUTPUTS)):
            factor[i] = h if grows[i] != 0 else 1.0
        store_double(part + at.LENGTH, h)
        store(part + at.CHANGED, 1)
    store(part + at.HAS_BEFORE, 0)
    store(part + at.NOTES, 0)
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
    store(part + at.CHANGED, 1)


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
            slope, k = result[i] if isfinite(result[i]) else 0.0, i * inputs + column
            if bits(slope) != bits(direct[k]):
                direct[k] = slope
                store(part + at.CHANGED, 1)
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
def _note_values(places: int, count: int, target: int, sizes: int) -> None:
    """Take values out of the signals, and make the largest ones seen up to date."""
    place, values, most = words(places), doubles(target), doubles(sizes)
    for i in range(count):
        values[i] = load_double(place[i])
        most[i] = max(most[i], abs(values[i]))


@compiled
def note(part: int) -> None:
    """Another sweep comes: it is compared with the last one, where there is none before, or that one told something."""
    if load(part + at.NOTES) == 0:
        return
    inputs, outputs = load(part + at.INPUTS), load(part + at.OUTPUTS)
    _note_values(load(part + at.GIVEN), inputs, load(part + at.BEFORE_GIVEN), load(part + at.SIZES))
    _note_values(load(part + at.GIVES), outputs, load(part + at.BEFORE_GIVES), load(part + at.FOUND))
    if load(part + at.TELLS) != 0:
        copy_all(load(part + at.DIRECT), load(part + at.BEFORE_DIRECT), inputs * outputs)
    store(part + at.HAS_BEFORE, 1)
    store(part + at.NOTES, 0)


@compiled
def take(part: int) -> None:
    """A sweep is done, and told what can be told: learn from it."""
    if load(part + at.LEARNS) == 0:
        return
    tells = True
    if load(part + at.HAS_BEFORE) != 0:
        store_double(load(part + at.KNOWN), 1.0)
        tells = _learn(part)
    store(part + at.NOTES, 1 if tells else 0)


@compiled
def _explain(part: int) -> float:
    """The change of the inputs, of the outputs by what is known, and what is missing from those.

    The length of the first in units of the largest ones.
    """
    inputs, places, size = load(part + at.INPUTS), words(load(part + at.GIVEN)), doubles(load(part + at.SIZES))
    before, change = doubles(load(part + at.BEFORE_GIVEN)), doubles(load(part + at.CHANGE))
    along, square = doubles(load(part + at.ALONG)), 0.0
    for j in range(inputs):
        value = load_double(places[j])
        size[j] = max(size[j], abs(value))
        change[j] = value - before[j]
        along[j] = change[j] / (size[j] if size[j] > 0.0 else 1.0)
        square += along[j] * along[j]
    rest, factor = doubles(load(part + at.REST)), doubles(load(part + at.FACTOR))
    direct, earlier = doubles(load(part + at.DIRECT)), doubles(load(part + at.BEFORE_DIRECT))
    gave, places, found = (
        doubles(load(part + at.BEFORE_GIVES)),
        words(load(part + at.GIVES)),
        doubles(load(part + at.FOUND)),
    )
    missing, explained = doubles(load(part + at.MISSING)), doubles(load(part + at.EXPLAINED))
    for i in range(load(part + at.OUTPUTS)):
        value, total = load_double(places[i]), 0.0
        for j in range(inputs):
            k = i * inputs + j
            total += ((earlier[k] + direct[k]) / 2.0 + factor[i] * rest[k]) * change[j]
        found[i] = max(found[i], abs(value))
        explained[i] = total
        missing[i] = value - gave[i] - total
    return sqrt(square)


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
    copy_all(load(part + at.ALONG), new, inputs)
    if count == 0 or count == inputs:
        store(part + at.CHANGES_COUNT, 0)
        return
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
    orthogonal(new, basis, columns, inputs, 0)
    # of a change that is itself as small as the noise, half has to be new
    if not norm(new, inputs) > max(min(_NOISE, length / 2.0), _NEW * length):
        copy_all(load(part + at.ALONG), new, inputs)
        store(part + at.CHANGES_COUNT, 0)


@compiled
def _is_explained(part: int) -> bool:
    """Whether all that is missing of the outputs may be rounding."""
    missing, found = doubles(load(part + at.MISSING)), doubles(load(part + at.FOUND))
    explained = True
    for i in range(load(part + at.OUTPUTS)):
        explained = explained and abs(missing[i]) <= _EXACT * found[i]
    return explained


@compiled
def _learn(part: int) -> bool:
    """Broyden's update along what is new of the change; whether that is large enough to tell something.

    Where the change is what was expected, that is all it tells.
    """
    length = _explain(part)
    if not (length > _NOISE or (length > 0.0 and _tells(part, length))):
        return False
    _new_direction(part, length)
    inputs, count = load(part + at.INPUTS), load(part + at.CHANGES_COUNT)
    copy_all(load(part + at.CHANGE), load(part + at.CHANGES) + 8 * inputs * count, inputs)
    store(part + at.CHANGES_COUNT, count + 1)
    if not _is_explained(part):
        _update(part)
    return True


@compiled
def _update(part: int) -> None:
    """The least change of what is known that explains what is missing, along what is new of the change of inputs."""
    inputs, new, along = load(part + at.INPUTS), doubles(load(part + at.NEW)), doubles(load(part + at.ALONG))
    size, square = doubles(load(part + at.SIZES)), 0.0
    for j in range(inputs):
        square += new[j] * along[j]
    rest, factor = doubles(load(part + at.REST)), doubles(load(part + at.FACTOR))
    missing = doubles(load(part + at.MISSING))
    for i in range(load(part + at.OUTPUTS)):
        for j in range(inputs):
            unit = size[j] if size[j] > 0.0 else 1.0
            rest[i * inputs + j] += missing[i] / factor[i] * (new[j] / unit) / square
    store(part + at.CHANGED, 1)
