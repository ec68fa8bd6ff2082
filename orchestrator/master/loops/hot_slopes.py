"""Hot slopes: how what comes out of a sweep follows the unknowns, by the chain rule along the links of a loop."""

from orchestrator.by_address import compiled, doubles, load, load_double, store, words
from orchestrator.master.loops import layout as at
from orchestrator.master.loops.hot_linear import set_all
from orchestrator.master.loops.hot_responses import begin_part, forget_part, known, swept, take, told


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
def all_told(iteration: int, learning: bool) -> bool:
    """Let all components, or those alone of which is learnt, tell their derivatives; False where Python is asked."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    done = True
    while row < end:
        part = load(row)
        if load(part + at.LEARNS) != 0 or not learning:
            done = told(part) and done
        row += at.WORD
    return done


@compiled
def take_all(iteration: int) -> None:
    """Learn from a sweep."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        take(load(row))
        row += at.WORD


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
def find_slopes(iteration: int) -> None:
    """dG/dx at the values of the last sweep, into `SLOPES`."""
    row, end = load(iteration + at.PARTS), load(iteration + at.PARTS_END)
    while row < end:
        _follow(iteration, load(row))
        row += at.WORD


@compiled
def answered(part: int) -> None:
    """Python has told the directional derivatives of a component that asked."""
    store(part + at.IS_DIRECT, 1)
