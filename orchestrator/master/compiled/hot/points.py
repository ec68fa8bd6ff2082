"""Hot points: what is kept and recorded at communication points, as compiled functions over addresses."""

from typing import Any

from numba import njit

from orchestrator.by_address import bits, doubles, load, load_byte, load_double, store, store_byte, store_double
from orchestrator.master.compiled.hot.calls import next_sample
from orchestrator.master.compiled.hot.gather import INLINE, copy, gather
from orchestrator.master.compiled.hot.pace import due
from orchestrator.master.compiled.layout import run as at


def _keep_finite(program: int, index: int) -> bool:
    """Keep the floats that came out, beside those of the steps before; whether none of them is NaN or infinite."""
    row, end = load(program + at.FLOATS), load(program + at.KEPT)
    special, place = 0, 8 + 8 * (index & 3)
    while row < end:
        values, kept = doubles(load(row)), doubles(load(row + place))
        for number in range(load(row + at.KEPT_SIZE)):
            value = values[number]
            special |= bits(value - value)  # 0 for finite numbers only
            kept[number] = value
        row += at.KEPT_ROW
    return special == 0


keep_finite: Any = njit("boolean(int64, int64)", **INLINE)(_keep_finite)


def _keep(program: int, index: int) -> None:
    """Keep all else that came out, words, and bytes in whole words; with it what the macro step took is complete."""
    row, end = load(program + at.KEPT), load(program + at.KEPT_END)
    while row < end:
        copy(load(row), load(row + 8 + 8 * (index & 3)), load(row + at.KEPT_SIZE))
        row += at.KEPT_ROW
    if load(program + at.SAMPLE) != 0:
        next_sample(program, index)


keep: Any = njit("void(int64, int64)", **INLINE)(_keep)


def _keep_whole(program: int, index: int) -> None:
    """Keep the communication point at which the loop is entered."""
    row, end = load(program + at.WHOLE), load(program + at.WHOLE_END)
    while row < end:
        copy(load(row), load(row + 8), load(row + 16))
        row += at.RUN_ROW
    keep_finite(program, index)
    keep(program, index)
    store(program + at.ENTERED, 0)


keep_whole: Any = njit("void(int64, int64)", cache=True, nogil=True, error_model="numpy")(_keep_whole)


def _record(program: int, t: float) -> bool:
    """Write a row, where one is due; whether there is room for another."""
    pace = load(program + at.PACE)
    if pace != 0 and not due(pace, t):
        return True
    index = load(program + at.ROWS)
    store_double(load(program + at.TIMES) + 8 * index, t)
    row, end = load(program + at.RECORD), load(program + at.RECORD_RUNS)
    while row < end:
        store(load(row + 8) + index * load(row + 16), load(load(row)))
        row += 24
    end = load(program + at.RECORD_BYTES)
    while row < end:
        copy(load(row), load(row + 8) + index * load(row + 16), load(row + 24))
        row += 32
    end = load(program + at.RECORD_END)
    while row < end:
        store_byte(load(row + 8) + index * load(row + 16), load_byte(load(row)))
        row += 24
    store(program + at.ROWS, index + 1)
    return bool(index + 1 < load(program + at.ROWS_END))


record: Any = njit("boolean(int64, float64)", **INLINE)(_record)


def _settle(program: int, index: int) -> int:
    """Keep the communication point with this index, and record it where asked."""
    keep(program, index)
    if load(program + at.TIMES) == 0:
        return at.DONE
    gather(program + at.VIEWS)
    last = index >= load(program + at.COUNT)
    t = load_double(program + at.STOP) if last else load_double(program) + index * load_double(program + at.STEP_SIZE)
    return at.DONE if record(program, t) else at.FULL


settle: Any = njit("int64(int64, int64)", **INLINE)(_settle)


def _enter(program: int, index: int) -> None:
    """The loop goes on from this communication point; the first macro step after a pause is not typical."""
    store(program + at.INDEX, index)
    store(program + at.COMPONENT, load(program + at.COMPONENTS))
    store(program + at.ENTERED, 1)
    store(program + at.ASKED, -1)
    store(program + at.ROLLED, -1)
    store(program + at.SET_WHOLE, -1 if load(program + at.NARROWED) == load(program + at.NARROWED_END) else index)
    store(program + at.PREPARING, load(program + at.PREPARED))
    meter = load(program + at.METER)
    if meter != 0:
        store(program + at.SAMPLE, 0)
        every, after = load(meter + at.SAMPLE_EVERY), load(program + at.SAMPLE_AFTER)
        if not index < after <= index + every:
            store(program + at.SAMPLE_AFTER, index + every // 2 + 1)


enter: Any = njit("void(int64, int64)", cache=True, nogil=True, error_model="numpy")(_enter)
