"""Forms: values that an FMI type holds otherwise than the signals do, put into the one form and into the other."""

from typing import Any, Final

import numpy as np
from numba import njit

from orchestrator.by_address import (
    load,
    load_byte,
    load_double,
    load_float,
    load_int8,
    load_int16,
    load_int32,
    load_uint16,
    load_uint32,
    store,
    store_byte,
    store_double,
    store_float,
    store_int16,
    store_int32,
)
from orchestrator.master.compiled.layout import run as at
from orchestrator.system.connector import Storage

FLOAT32: Final = 1
BOOLEAN32: Final = 2
BOOLEAN8: Final = 3
WORD: Final = 4
"""As it is; its neighbours in the signals are of another type."""
SIGNED: Final = 16
"""Plus its size in bytes, as are the unsigned ones."""
UNSIGNED: Final = 32

FORMS: Final[dict[tuple[Storage, str], int]] = {
    (Storage.FLOAT64, "f8"): WORD,
    (Storage.INT64, "i8"): WORD,
    (Storage.UINT64, "u8"): WORD,
    (Storage.FLOAT64, "f4"): FLOAT32,
    (Storage.BOOLEAN, "i4"): BOOLEAN32,
    (Storage.BOOLEAN, "b1"): BOOLEAN8,
    (Storage.BOOLEAN, "i1"): BOOLEAN8,
    **{(storage, f"i{size}"): SIGNED + size for storage in (Storage.INT64, Storage.UINT64) for size in (1, 2, 4)},
    **{(storage, f"u{size}"): UNSIGNED + size for storage in (Storage.INT64, Storage.UINT64) for size in (1, 2, 4)},
}
"""The form of an element by the storage class in the signals and the type in the memory of a call."""

_INLINE: Final[Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


def _set_integer(target: int, value: int, form: int) -> bool:
    size = form & 7
    low = 0 if form >= UNSIGNED else -(1 << (8 * size - 1))
    if not low <= value < low + (1 << 8 * size):
        return False
    if size == 1:
        store_byte(target, value)
    elif size == 2:
        store_int16(target, value)
    else:
        store_int32(target, value)
    return True


set_integer: Any = njit("boolean(int64, int64, int64)", **_INLINE)(_set_integer)


def _set_form(element: int) -> bool:
    """Put an element into the memory of a call that sets; whether it fits there without loss of an integer."""
    signal, target, form = load(element + at.SIGNAL), load(element + at.ELEMENT), load(element + at.FORM)
    if form == WORD:
        store(target, load(signal))
    elif form == FLOAT32:
        value = load_double(signal)
        store_float(target, value)
        return not (np.isfinite(value) and np.isinf(load_float(target)))
    elif form == BOOLEAN32:
        store_int32(target, load_byte(signal))
    elif form == BOOLEAN8:
        store_byte(target, load_byte(signal))
    else:
        return bool(set_integer(target, load(signal), form))
    return True


set_form: Any = njit("boolean(int64)", **_INLINE)(_set_form)


def _get_integer(source: int, form: int) -> int:
    size = form & 7
    if form >= UNSIGNED:
        return int(load_byte(source) if size == 1 else load_uint16(source) if size == 2 else load_uint32(source))
    return int(load_int8(source) if size == 1 else load_int16(source) if size == 2 else load_int32(source))


get_integer: Any = njit("int64(int64, int64)", **_INLINE)(_get_integer)


def _get_form(element: int) -> None:
    """Put an element that was got into the signals."""
    signal, source, form = load(element + at.SIGNAL), load(element + at.ELEMENT), load(element + at.FORM)
    if form == WORD:
        store(signal, load(source))
    elif form == FLOAT32:
        store_double(signal, load_float(source))
    elif form == BOOLEAN32:
        store_byte(signal, 1 if load_int32(source) != 0 else 0)
    elif form == BOOLEAN8:
        store_byte(signal, load_byte(source))
    else:
        store(signal, get_integer(source, form))


get_form: Any = njit("void(int64)", **_INLINE)(_get_form)
