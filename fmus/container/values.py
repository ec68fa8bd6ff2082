"""Values of a container: their types in memory, the calls that get and set them, and their ways along connections."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np


class Type(StrEnum):
    """Types in memory; the names are those of `value_type` in the runtime."""

    FLOAT64 = "FLOAT64"
    FLOAT32 = "FLOAT32"
    INT8 = "INT8"
    UINT8 = "UINT8"
    INT16 = "INT16"
    UINT16 = "UINT16"
    INT32 = "INT32"
    UINT32 = "UINT32"
    INT64 = "INT64"
    UINT64 = "UINT64"
    BOOLEAN = "BOOLEAN"
    INTEGER32_BOOLEAN = "INTEGER32_BOOLEAN"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The same for NumPy."""
        return _DTYPES[self]

    @property
    def boolean(self) -> bool:
        """Whether its values are truth values."""
        return self in (Type.BOOLEAN, Type.INTEGER32_BOOLEAN)

    @property
    def floating(self) -> bool:
        """Whether its values are floats."""
        return self in (Type.FLOAT64, Type.FLOAT32)


_DTYPES: dict[Type, np.dtype[Any]] = {
    Type.FLOAT64: np.dtype(np.float64),
    Type.FLOAT32: np.dtype(np.float32),
    Type.INT8: np.dtype(np.int8),
    Type.UINT8: np.dtype(np.uint8),
    Type.INT16: np.dtype(np.int16),
    Type.UINT16: np.dtype(np.uint16),
    Type.INT32: np.dtype(np.int32),
    Type.UINT32: np.dtype(np.uint32),
    Type.INT64: np.dtype(np.int64),
    Type.UINT64: np.dtype(np.uint64),
    Type.BOOLEAN: np.dtype(np.bool_),
    Type.INTEGER32_BOOLEAN: np.dtype(np.int32),
}


@dataclass(frozen=True)
class Call:
    """Variables of one type that are set or got at once: `size` values from `offset` on, called `names`.

    Where `given` is not 0, the values that were set last are kept there, behind a number. `course` is the number of the
    first of them among the inputs of a part for Model Exchange that may change over a step; -1 where they do not.
    """

    type: Type
    references: tuple[int, ...]
    offset: int
    size: int
    names: tuple[str, ...]
    given: int = 0
    course: int = -1


@dataclass(frozen=True)
class Flow:
    """destination = factor * mapping(source) + offset; `conversion` is None where nothing is scaled."""

    source: int
    destination: int
    source_type: Type
    destination_type: Type
    path: str
    conversion: tuple[float, float] | None = None
    mapping: tuple[tuple[int, int], ...] = ()
    total: bool = False

    @property
    def size(self) -> int:
        """Bytes that it fills."""
        return self.destination_type.dtype.itemsize

    @property
    def plain(self) -> bool:
        """Whether the bytes are copied as they are. Booleans are not: FMI 2.0 takes every number but 0 for true."""
        unchanged = self.conversion is None and not self.mapping and not self.total
        return unchanged and self.source_type is self.destination_type and not self.source_type.boolean

    def follows(self, other: "Flow") -> bool:
        """Whether source and destination lie just behind those of another one."""
        distance = (self.source - other.source, self.destination - other.destination)
        return distance == (other.size, other.size)


@dataclass(frozen=True)
class Range:
    """Least and largest value that an element may have, where it is held against them."""

    type: Type
    offset: int
    low: float | int
    high: float | int
    name: str
