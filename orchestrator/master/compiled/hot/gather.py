"""Hot gather: values from where they come out to where they go in, as compiled functions over addresses."""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    load,
    load_byte,
    load_double,
    store,
    store_byte,
    store_double,
    words,
)
from orchestrator.master.compiled.layout import run as at

INLINE: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": True}


def _copy(source: int, target: int, count: int) -> None:
    """Copy words that do not overlap."""
    these, those = words(source), words(target)
    for index in range(count):
        those[index] = these[index]


copy: Any = njit("void(int64, int64, int64)", **INLINE)(_copy)


def _convert(row: int) -> bool:
    """Put a value into another form on its way; whether it passes."""
    source, target = load(row), load(row + 8)
    value = load_byte(source) if load(row + at.FORM_FROM) == at.TRUTH_FORM else load(source)
    entry, end = load(row + at.PLACES), load(row + at.PLACES_END)
    while entry < end and load(entry) != value:
        entry += 16
    if entry < end:
        value = load(entry + 8)
    elif load(row + at.TOTAL) != 0:
        return False
    limit, form = load(row + at.LIMIT), load(row + at.FORM_TO)
    if limit != 0 and (value > limit or value < -limit):
        return False
    if form == at.NUMBER_FORM:
        number = float(value)
        if load(row + at.IS_SCALED) != 0:
            number = load_double(row + at.FACTOR) * number + load_double(row + at.OFFSET)
        store_double(target, number)
    elif form == at.TRUTH_FORM:
        store_byte(target, 1 if value != 0 else 0)
    else:
        store(target, value)
    return True


convert: Any = njit("boolean(int64)", cache=True, nogil=True, error_model="numpy")(_convert)


def _gather(plan: int) -> bool:
    """Copy what flows, some of it times a factor plus an offset, in the order of `layout`; whether all of it passes."""
    row, end = load(plan + at.RUNS), load(plan + at.RUNS_END)
    while row < end:
        copy(load(row), load(row + 8), load(row + 16))
        row += at.RUN_ROW
    end = load(plan + at.COPIES_END)
    while row < end:
        store(load(row + 8), load(load(row)))
        row += at.COPY_ROW
    end = load(plan + at.SCALED_END)
    while row < end:
        store_double(load(row + 8), load_double(row + 16) * load_double(load(row)) + load_double(row + 24))
        row += at.SCALED_ROW
    end = load(plan + at.BYTES_END)
    while row < end:
        store_byte(load(row + 8), load_byte(load(row)))
        row += at.COPY_ROW
    end = load(plan + at.CONVERTED_END)
    while row < end:
        if not convert(row):
            return False
        row += at.CONVERSION_ROW
    return True


gather: Any = njit("boolean(int64)", **INLINE)(_gather)
