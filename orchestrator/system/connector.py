"""Connector: one variable of a component as the rest of the system sees it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.system.quantities.units import Unit


class Storage(StrEnum):
    """Where the values of a connector live in `Signals`: one flat array per class.

    Enumerations and the integer types up to Int64 share INT64; FMI's number of bits is the importer's affair. UInt64
    has a class of its own: it fits neither INT64 nor FLOAT64. Elements of STRING are `str`, those of BINARY `bytes`.
    """

    FLOAT64 = "float64"
    INT64 = "int64"
    BOOLEAN = "boolean"
    UINT64 = "uint64"
    STRING = "string"
    BINARY = "binary"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one element in memory; text and bytes are objects."""
        return _DTYPES[self]

    @property
    def numeric(self) -> bool:
        """Whether values can be computed with: neither text nor bytes."""
        return self not in (Storage.STRING, Storage.BINARY)

    def zeros(self, size: int) -> NDArray[Any]:
        """A flat array of zeros, of empty texts or of empty bytes."""
        return np.full(size, _NOTHING.get(self, 0), dtype=self.dtype)


_DTYPES = {
    Storage.FLOAT64: np.dtype(np.float64),
    Storage.INT64: np.dtype(np.int64),
    Storage.BOOLEAN: np.dtype(np.bool_),
    Storage.UINT64: np.dtype(np.uint64),
    Storage.STRING: np.dtype(object),
    Storage.BINARY: np.dtype(object),
}
_NOTHING: dict[Storage, str | bytes] = {Storage.STRING: "", Storage.BINARY: b""}


class Causality(StrEnum):
    """FMI causality of a variable."""

    INPUT = "input"
    OUTPUT = "output"
    PARAMETER = "parameter"
    CALCULATED_PARAMETER = "calculatedParameter"
    STRUCTURAL_PARAMETER = "structuralParameter"
    LOCAL = "local"
    INDEPENDENT = "independent"


class Variability(StrEnum):
    """FMI variability of a variable: when its value may change."""

    CONSTANT = "constant"
    FIXED = "fixed"
    TUNABLE = "tunable"
    DISCRETE = "discrete"
    CONTINUOUS = "continuous"


Scalar = float | int | bool | str | bytes


@dataclass(frozen=True)
class Connector:
    """One variable with its value reference; an array keeps its shape and is flattened row by row.

    `initial` is FMI's exact, approx or calculated. `start` holds one value, or one per element. `items` names the
    values of an enumeration. `is_state` tells a continuous state, `unsigned` an integer type without negative
    values. Values are in `unit`; `display_unit` is the one that people like to see. `nominal` is 1 where none is
    declared, as FMI presumes; `nominal_is_declared` tells a declared 1. `derivative_of` names the continuous state of
    which this is the time derivative.
    """

    name: str
    causality: Causality
    storage: Storage
    reference: int
    shape: tuple[int, ...] = ()
    unit: Unit | None = None
    variability: Variability = Variability.CONTINUOUS
    initial: str | None = None
    start: tuple[Scalar, ...] | None = None
    nominal: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""
    items: tuple[tuple[int, str], ...] = ()
    is_state: bool = False
    unsigned: bool = False
    display_unit: Unit | None = None
    nominal_is_declared: bool = False
    derivative_of: str | None = None

    @property
    def declared_nominal(self) -> float | None:
        """The nominal value, None where 1 is only presumed."""
        return self.nominal if self.nominal_is_declared or self.nominal != 1.0 else None

    @property
    def size(self) -> int:
        """Number of elements: 1 for a scalar."""
        return prod(self.shape)

    @cached_property
    def elements(self) -> tuple[str, ...]:
        """Names of the elements: `("V",)` for a scalar, `("S[1]", "S[2]", ...)` for an array, row by row."""
        if not self.shape:
            return (self.name,)
        indices = product(*(range(1, extent + 1) for extent in self.shape))
        return tuple(f"{self.name}[{','.join(map(str, index))}]" for index in indices)
