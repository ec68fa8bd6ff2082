"""Plain data as bytes: None, truth values, numbers, texts, bytes, NumPy arrays, and lists, tuples and dicts of these.

    length of the JSON (8 bytes, little endian) | JSON | bytes and arrays

JSON says what there is, and where bytes and arrays lie behind it. Numbers keep every bit. Nothing in the bytes is ever
run, and no length in them is trusted.
"""

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import numpy as np

_LENGTH: Final = struct.Struct("<Q")
_FLOAT: Final = struct.Struct("<d")
_DTYPES: Final = frozenset(("|b1", "|i1", "|u1", *(f"<{kind}{size}" for kind in "iuf" for size in (2, 4, 8))))
_MOST_DIMENSIONS: Final = 32
_KIND: Final = "$"
"""The key of an object that stands for something that JSON does not know."""


def pack(data: Any) -> bytes:
    """Plain data as bytes; TypeError names the place of what is not plain."""
    packing = _Packing()
    text = json.dumps(packing.plain(data, ""), allow_nan=False, separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, *packing.pieces))


def unpack(data: bytes) -> Any:
    """The data that `pack` made bytes of; ValueError where these are no such bytes."""
    if len(data) < _LENGTH.size:
        raise ValueError(f"{len(data)} bytes are too few")
    end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
    if end > len(data):
        raise ValueError(f"{len(data)} bytes are there, at least {end} were announced")
    try:
        plain = json.loads(data[_LENGTH.size : end], parse_constant=_no_constant)
        return _Unpacking(memoryview(data)[end:]).data(plain)
    except RecursionError as error:
        raise ValueError("the data lie too deep within each other") from error
    except (TypeError, KeyError) as error:
        raise ValueError(f"the data contradict themselves ({error})") from error


class _Packing:
    """`pieces` are bytes and arrays in the order in which they are found."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._size = 0

    def plain(self, value: Any, place: str) -> Any:
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            return float(value) if math.isfinite(value) else {_KIND: "float", "of": _FLOAT.pack(value).hex()}
        if isinstance(value, bytes):
            return {_KIND: "bytes", "size": len(value), "at": self._put(value)}
        if isinstance(value, np.ndarray):
            return self._array(value, place)
        if isinstance(value, Mapping):
            return self._dict(value, place)
        if type(value) in (list, tuple):
            elements = [self.plain(each, f"{place}[{index}]") for index, each in enumerate(value)]
            return elements if type(value) is list else {_KIND: "tuple", "of": elements}
        raise TypeError(f"{place or 'this'} is no plain data but {type(value).__name__}")

    def _array(self, array: Any, place: str) -> Any:
        shape = list(array.shape)
        if array.dtype.hasobject:
            elements = [self.plain(each, f"{place}[{index}]") for index, each in enumerate(array.ravel().tolist())]
            return {_KIND: "objects", "shape": shape, "of": elements}
        dtype = array.dtype.newbyteorder("<").str
        if dtype not in _DTYPES:
            raise TypeError(f"{place or 'this'} is an array of {array.dtype}, which is not plain")
        raw = np.ascontiguousarray(array, dtype).tobytes()
        return {_KIND: "array", "dtype": dtype, "shape": shape, "at": self._put(raw)}

    def _dict(self, values: Mapping[Any, Any], place: str) -> Any:
        if all(isinstance(key, str) for key in values) and _KIND not in values:
            return {key: self.plain(value, f"{place}.{key}") for key, value in values.items()}
        pairs = [
            [self.plain(key, f"{place} key"), self.plain(value, f"{place}.{key}")] for key, value in values.items()
        ]
        return {_KIND: "dict", "of": pairs}

    def _put(self, piece: bytes) -> int:
        at = self._size
        self.pieces.append(piece)
        self._size += len(piece)
        return at


class _Unpacking:
    def __init__(self, raw: memoryview) -> None:
        self._raw = raw

    def data(self, plain: Any) -> Any:
        if isinstance(plain, list):
            return [self.data(each) for each in plain]
        if not isinstance(plain, dict):
            return plain
        if _KIND not in plain:
            return {key: self.data(value) for key, value in plain.items()}
        kinds: Mapping[Any, Callable[[dict[str, Any]], Any]] = {
            "float": lambda each: _FLOAT.unpack(bytes.fromhex(_text(each["of"])))[0],
            "bytes": lambda each: bytes(self._taken(each["at"], each["size"])),
            "array": self._array,
            "objects": self._objects,
            "tuple": lambda each: tuple(self.data(_list(each["of"]))),
            "dict": lambda each: dict(self._pair(pair) for pair in _list(each["of"])),
        }
        try:
            return kinds[_text(plain[_KIND])](plain)
        except struct.error as error:
            raise ValueError(f"a number is wrong ({error})") from error

    def _array(self, plain: dict[str, Any]) -> Any:
        name = _text(plain["dtype"])
        if name not in _DTYPES:
            raise ValueError(f"an array is of '{name[:20]}', which is not known")
        dtype, shape = np.dtype(name), _shape(plain["shape"])
        array = np.frombuffer(self._taken(plain["at"], math.prod(shape) * dtype.itemsize), dtype)
        if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
            raise ValueError("a truth value is neither true nor false")
        return array.reshape(shape).copy()

    def _objects(self, plain: dict[str, Any]) -> Any:
        shape, elements = _shape(plain["shape"]), _list(plain["of"])
        if math.prod(shape) != len(elements):
            raise ValueError(f"{len(elements)} elements do not fill an array of shape {shape}")
        array = np.empty(len(elements), object)
        for index, element in enumerate(elements):
            array[index] = self.data(element)
        return array.reshape(shape)

    def _pair(self, pair: Any) -> tuple[Any, Any]:
        key, value = _list(pair)
        return self.data(key), self.data(value)

    def _taken(self, at: Any, size: Any) -> memoryview:
        if type(at) is not int or type(size) is not int or not 0 <= at <= at + size <= len(self._raw):
            raise ValueError(f"{size} bytes from {at} on are not among {len(self._raw)}")
        return self._raw[at : at + size]


def _shape(plain: Any) -> tuple[int, ...]:
    sizes = tuple(_list(plain))
    if len(sizes) > _MOST_DIMENSIONS or any(type(size) is not int or size < 0 for size in sizes):
        raise ValueError("an array has no such shape")
    return sizes


def _list(plain: Any) -> list[Any]:
    if not isinstance(plain, list):
        raise ValueError("a list is missing")
    return plain


def _text(plain: Any) -> str:
    if not isinstance(plain, str):
        raise ValueError("a text is missing")
    return plain


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
