"""The hot loop: macro steps of Jacobi and Gauss-Seidel over addresses, as one compiled function and its parts.

Nothing here allocates, raises or knows a system: `layout` says what the words of a program mean.
"""

from typing import Any, Final

from numba import njit

from orchestrator.by_address import (
    bits,
    call_step,
    call_values,
    doubles,
    load,
    load_byte,
    load_double,
    store,
    store_byte,
    store_double,
    words,
)
from orchestrator.master.compiled import layout as at
from orchestrator.master.compiled.forms import get_form, set_form

_INLINE: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": True}


def _copy(source: int, target: int, count: int) -> None:
    """Copy words that do not overlap."""
    these, those = words(source), words(target)
    for index in range(count):
        those[index] = these[index]


copy: Any = njit("void(int64, int64, int64)", **_INLINE)(_copy)


def _gather(plan: int) -> None:
    """Copy what flows, some of it times a factor plus an offset; the order of the rows is that of `layout`."""
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


gather: Any = njit("void(int64)", **_INLINE)(_gather)


def _keep_finite(program: int, index: int) -> bool:
    """Keep the floats that came out, beside those of the step before; whether none of them is NaN or infinite."""
    row, end = load(program + at.FLOATS), load(program + at.KEPT)
    special, other = 0, 8 * (index & 1)
    while row < end:
        values, kept = doubles(load(row)), doubles(load(row + 8 + other))
        for place in range(load(row + 24)):
            value = values[place]
            special |= bits(value - value)  # 0 for finite numbers only
            kept[place] = value
        row += at.KEPT_ROW
    return special == 0


keep_finite: Any = njit("boolean(int64, int64)", **_INLINE)(_keep_finite)


def _keep(program: int, index: int) -> None:
    """Keep all else that came out: words, and bytes in whole words."""
    row, end = load(program + at.KEPT), load(program + at.KEPT_END)
    while row < end:
        copy(load(row), load(row + 8 + 8 * (index & 1)), load(row + 24))
        row += at.KEPT_ROW


keep: Any = njit("void(int64, int64)", **_INLINE)(_keep)


def _record(program: int, t: float) -> bool:
    """Write a row; whether there is room for another."""
    times = load(program + at.TIMES)
    if times == 0:
        return True
    index = load(program + at.ROWS)
    store_double(times + 8 * index, t)
    row, end = load(program + at.RECORD), load(program + at.RECORD_BYTES)
    while row < end:
        store(load(row + 8) + index * load(row + 16), load(load(row)))
        row += 24
    end = load(program + at.RECORD_END)
    while row < end:
        store_byte(load(row + 8) + index * load(row + 16), load_byte(load(row)))
        row += 24
    store(program + at.ROWS, index + 1)
    return bool(index + 1 < load(program + at.ROWS_END))


record: Any = njit("boolean(int64, float64)", **_INLINE)(_record)


def _called(component: int, row: int) -> int:
    """The status of a call that sets or gets."""
    return int(
        call_values(
            load(row + at.FUNCTION),
            load(component + at.HANDLE),
            load(row + at.REFERENCES),
            load(row + at.NUMBER),
            load(row + at.VALUES),
            load(row + at.SIZE),
        )
    )


called: Any = njit("int64(int64, int64)", **_INLINE)(_called)


def _set_all(program: int, component: int) -> int:
    """Give a component its inputs."""
    row, end = load(component + at.SETS), load(component + at.SETS_END)
    while row < end:
        element, last = load(row + at.ELEMENTS), load(row + at.ELEMENTS_END)
        while element < last:
            if not set_form(element):
                return at.PYTHON
            element += at.ELEMENT_ROW
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.SET
        row += at.CALL_ROW
    return at.DONE


set_all: Any = njit("int64(int64, int64)", **_INLINE)(_set_all)


def _get_all(program: int, component: int) -> int:
    """Take the outputs of a component."""
    row, end = load(component + at.GETS), load(component + at.GETS_END)
    while row < end:
        status = called(component, row)
        if status != 0:
            store(program + at.STATUS, status)
            store(program + at.CALL, row)
            return at.GOT
        element, last = load(row + at.ELEMENTS), load(row + at.ELEMENTS_END)
        while element < last:
            get_form(element)
            element += at.ELEMENT_ROW
        row += at.CALL_ROW
    return at.DONE


get_all: Any = njit("int64(int64, int64)", **_INLINE)(_get_all)


def _step(program: int, component: int, t: float, h: float) -> int:
    """Inputs, doStep and outputs of one component."""
    why = set_all(program, component)
    if why != at.DONE:
        return int(why)
    answers = load(component + at.ANSWERS)
    status = call_step(
        load(component + at.DO_STEP),
        load(component + at.HANDLE),
        t,
        h,
        load(component + at.KEEPS_NO_STATE),
        answers,
    )
    if status != 0 or load(answers) != 0:
        store(program + at.STATUS, status)
        return at.STEPPED
    return int(get_all(program, component))


step: Any = njit("int64(int64, int64, float64, float64)", **_INLINE)(_step)


def _advance(program: int, until: int) -> int:
    """Make macro steps up to the one numbered `until`, beginning where the program is; why it ended (see `layout`)."""
    start, size, stop = load_double(program), load_double(program + at.STEP_SIZE), load_double(program + at.STOP)
    count, recording = load(program + at.COUNT), load(program + at.TIMES) != 0
    first, end = load(program + at.COMPONENTS), load(program + at.COMPONENTS_END)
    index, component = load(program + at.INDEX), load(program + at.COMPONENT)
    why = at.DONE
    while why == at.DONE and index < until:
        t = start + index * size
        h = size if t + size <= stop else stop - t
        if component == first:
            gather(program + at.ALL_AT_ONCE)
        while component < end:
            if load(component + at.NATIVE) == 0:
                why = at.PYTHON
            else:
                gather(component)
                why = step(program, component, t, h)
            if why != at.DONE:
                break
            component += at.COMPONENT_ROW
        if why == at.DONE and not keep_finite(program, index + 1):
            why = at.INFINITE
        if why == at.DONE:
            component = first
            index += 1
            keep(program, index)
            if recording:
                gather(program + at.VIEWS)
                if not record(program, stop if index >= count else start + index * size):
                    why = at.FULL
    store(program + at.INDEX, index)
    store(program + at.COMPONENT, component)
    return why


advance: Any = njit("int64(int64, int64)", cache=True, nogil=True, error_model="numpy")(_advance)
