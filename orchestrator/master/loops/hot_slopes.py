"""Hot slopes: how what comes out of a sweep follows the unknowns, by the chain rule along the links of a loop."""

from orchestrator.by_address import bits, compiled, doubles, load, load_double, store, words
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import copy_all, invert_safely, set_all
from orchestrator.master.loops.hot_responses import begin_part, forget_part, known, note, swept, take, told


@compiled
def begin_parts(iteration: int, h: float) -> None:
    """A macro step of h (s) begins."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        begin_part(load(row), h)
        row += at.WORD


@compiled
def sweep_parts(iteration: int) -> None:
    """A sweep is done."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        swept(load(row))
        row += at.WORD


@compiled
def all_known(iteration: int) -> bool:
    """Whether something is known of every component."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        if not known(load(row)):
            return False
        row += at.WORD
    return bool(load(iteration + at.PARTS) < end)


@compiled
def _all_told(iteration: int, only_learning: bool) -> bool:
    """Let all components, or those alone of which is learnt, tell their derivatives; False where Python is asked."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    done = True
    while row < end:
        part = load(row)
        if load(part + at.LEARNS) != 0 or not only_learning:
            done = told(part) and done
        row += at.WORD
    return done


@compiled
def _take_all(iteration: int) -> None:
    """Learn from a sweep."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        take(load(row))
        row += at.WORD


@compiled
def learn(iteration: int) -> int:
    """Learn of all components what the last sweep tells; 0 where Python is asked for derivatives first."""
    if not _all_told(iteration, only_learning=True):
        return 0
    _take_all(iteration)
    return 1


@compiled
def _note_all(iteration: int) -> None:
    """Another sweep comes."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        note(load(row))
        row += at.WORD


@compiled
def ready(iteration: int) -> int:
    """Make ready what the next trial may follow from; 0 where Python is asked for derivatives first."""
    _note_all(iteration)
    wanted = load(iteration + at.STAGE) <= at.TOLD_STAGE and all_known(iteration)
    return 1 if not wanted or _all_told(iteration, only_learning=False) else 0


@compiled
def forget_parts(iteration: int) -> None:
    """Nothing that was learnt is used any more."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        forget_part(load(row))
        row += at.WORD


@compiled
def _seed(part: int, count: int) -> None:
    """How the inputs of a component follow the unknowns."""
    row, end = load(part + at.FEEDS), load(part + at.FEEDS_END)
    while row < end:
        seed = doubles(load(part + at.SEEDS) + 8 * count * load(row))
        factor, source = load_double(row + 8), load(row + 16)
        if source == 0:
            seed[load(row + 24)] = factor
        else:
            slope = doubles(source)
            for k in range(count):
                seed[k] = factor * slope[k]
        row += at.FEED_ROW


@compiled
def response(part: int, output: int, given: int) -> float:
    """dy/du of one output by one input as known by now."""
    place = 8 * (output * load(part + at.INPUTS) + given)
    factor = load_double(load(part + at.FACTOR) + 8 * output)
    return float(load_double(load(part + at.DIRECT) + place) + factor * load_double(load(part + at.REST) + place))


@compiled
def _follow(iteration: int, part: int) -> None:
    """How the outputs of a component follow the unknowns; those that are unknowns themselves into the slopes."""
    count, inputs, column = load(iteration + at.COUNT), load(part + at.INPUTS), words(load(part + at.COLUMNS))
    _seed(part, count)
    for i in range(load(part + at.OUTPUTS)):
        row = load(part + at.FOLLOWS) + 8 * count * i
        set_all(row, count, 0.0)
        slope = doubles(row)
        for j in range(inputs):
            times, seed = response(part, i, j), doubles(load(part + at.SEEDS) + 8 * count * j)
            for k in range(count):
                slope[k] += times * seed[k]
        if column[i] >= 0:
            result = doubles(load(iteration + at.SLOPES) + 8 * count * column[i])
            for k in range(count):
                result[k] = slope[k]


@compiled
def change_parts(iteration: int) -> None:
    """Something else is known of all components than when slopes were found last."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        store(load(row) + at.CHANGED, 1)
        row += at.WORD


@compiled
def _find_slopes(iteration: int) -> None:
    """dG/dx at the values of the last sweep, into `SLOPES`, where they are not those that are there."""
    first, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    row, changed = first, 0
    while row < end:
        changed |= load(load(row) + at.CHANGED)
        store(load(row) + at.CHANGED, 0)
        row += at.WORD
    row = first
    while changed != 0 and row < end:
        _follow(iteration, load(row))
        row += at.WORD


@compiled
def invert(iteration: int) -> int:
    """(I - J)^-1 in units of the weights; what is nearly singular has no part in it.

    J is `SLOPES`, which are found anew, in the stage in which they are told, else `JACOBIAN`. 1 always.
    """
    told = load(iteration + at.STAGE) == at.TOLD_STAGE
    if told:
        _find_slopes(iteration)
    count, weights = load(iteration + at.COUNT), doubles(load(iteration + at.WEIGHTS))
    jacobian = doubles(load(iteration + (at.SLOPES if told else at.JACOBIAN)))
    matrix, before = doubles(load(iteration + at.MATRIX)), doubles(load(iteration + at.INVERTED))
    same = load(iteration + at.HAS_INVERSE) != 0
    for i in range(count):
        for j in range(count):
            k = i * count + j
            matrix[k] = (1.0 if i == j else 0.0) - jacobian[k] * weights[j] / weights[i]
            same = same and bits(matrix[k]) == bits(before[k])
    if same:
        return 1
    copy_all(load(iteration + at.MATRIX), load(iteration + at.INVERTED), count * count)
    store(iteration + at.HAS_INVERSE, 1)
    invert_safely(
        load(iteration + at.MATRIX),
        count,
        load(iteration + at.INVERSE),
        load(iteration + at.OTHER),
        load(iteration + at.ORDER),
    )
    return 1


@compiled
def answered(part: int) -> None:
    """Python has told the directional derivatives of a component that asked."""
    store(part + at.IS_DIRECT, 1)
    store(part + at.CHANGED, 1)
