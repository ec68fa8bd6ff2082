"""Buffers: the values of one FMI type in the memory layout that its C functions take.

Text and bytes are pointers there. What they point to on the way in is kept here until the next `fill`; what an FMU
returns is its own only until the next call, hence copied at once.
"""

from collections.abc import Sequence
from ctypes import string_at
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from orchestrator.errors import CapabilityError
from orchestrator.instance import Values


class Buffer(Protocol):
    """Values of the elements called `names`; `arrays` are the memory that the C functions are given, in order."""

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Memory for the C functions: the values, before them the sizes of bytes."""
        ...

    def fill(self, values: Values) -> None:
        """Take values to be set; CapabilityError where one has no place in the FMI type."""
        ...

    def take(self) -> Values:
        """The values that were got."""
        ...


class Numbers:
    """Numbers and Booleans."""

    def __init__(self, names: Sequence[str], kind: str, dtype: np.dtype[Any]) -> None:
        self._names, self._kind = names, kind
        self._buffer: NDArray[Any] = np.zeros(len(names), dtype)
        self.arrays: Final = (self._buffer,)
        self._narrow = dtype.itemsize < 8 and dtype.kind in "iuf"

    def fill(self, values: Values) -> None:
        """Take values to be set; a float may lose digits, an integer nothing."""
        if not self._narrow:
            self._buffer[:] = values
            return
        with np.errstate(over="ignore"):
            self._buffer[:] = values
        self._check(values)

    def take(self) -> Values:
        """The values that were got."""
        return self._buffer

    def _check(self, values: Values) -> None:
        if self._buffer.dtype.kind == "f":
            lost = np.isinf(self._buffer) & np.isfinite(values)
        elif values.dtype.kind in "iu":
            lost = self._buffer != values
        else:
            return
        if lost.any():
            index = int(np.flatnonzero(lost)[0])
            raise CapabilityError(
                f"{self._names[index]} = {values[index]} does not fit its FMI type {self._kind}; give a smaller value"
            )


class Texts:
    """Text in UTF-8, behind each a NUL byte. What an FMU returns in another encoding shows as `\\xfc`."""

    def __init__(self, names: Sequence[str], kind: str, dtype: np.dtype[Any]) -> None:  # noqa: ARG002
        self._names = names
        self._addresses = np.zeros(len(names), np.uintp)
        self.arrays: Final = (self._addresses,)
        self._kept: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def fill(self, values: Values) -> None:
        """Take texts to be set; CapabilityError where one holds a NUL character."""
        coded = [_coded(name, text) for name, text in zip(self._names, values, strict=True)]
        self._kept = _together(coded, self._addresses)

    def take(self) -> Values:
        """The texts that were got; an FMU that returns no pointer means no text."""
        texts = [string_at(int(address)) if address else b"" for address in self._addresses]
        return _objects([text.decode("utf-8", errors="backslashreplace") for text in texts])


class Bytes:
    """Bytes of any values and lengths, also none."""

    def __init__(self, names: Sequence[str], kind: str, dtype: np.dtype[Any]) -> None:  # noqa: ARG002
        self._names = names
        self._sizes = np.zeros(len(names), np.uintp)
        self._addresses = np.zeros(len(names), np.uintp)
        self.arrays: Final = (self._sizes, self._addresses)
        self._kept: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def fill(self, values: Values) -> None:
        """Take bytes to be set."""
        parts = [bytes(value) for value in values]
        self._sizes[:] = [len(part) for part in parts]
        self._kept = _together(parts, self._addresses)

    def take(self) -> Values:
        """The bytes that were got."""
        places = zip(self._addresses, self._sizes, strict=True)
        return _objects([string_at(int(address), int(size)) if address and size else b"" for address, size in places])


def _coded(name: str, text: str) -> bytes:
    if "\0" in text:
        raise CapabilityError(f"{name} = {text!r} holds a NUL character, which no FMI string can; leave it out")
    return text.encode("utf-8", errors="surrogateescape") + b"\0"


def _together(parts: Sequence[bytes], addresses: NDArray[np.uintp]) -> NDArray[np.uint8]:
    """Memory that holds all parts; `addresses` point to them."""
    memory = np.frombuffer(b"".join(parts) + b"\0", np.uint8).copy()
    lengths = [len(part) for part in parts]
    addresses[:] = memory.ctypes.data + np.cumsum([0, *lengths[:-1]], dtype=np.uintp)[: len(parts)]
    return memory


def _objects(values: Sequence[object]) -> Values:
    # np.array would cut the NUL bytes at the end of bytes off, where it is not told that they are objects.
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
