"""Connector: one variable of a component as the rest of the system sees it."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np

from orchestrator.system.units import Unit


class Storage(StrEnum):
    """Where the values of a connector live in `Signals`: one flat array per class.

    Enumerations and every integer type share INT64; FMI's number of bits is the importer's affair.
    """

    FLOAT64 = "float64"
    INT64 = "int64"
    BOOLEAN = "boolean"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of one element in memory."""
        return np.dtype(np.bool_ if self is Storage.BOOLEAN else self.value)


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


Scalar = float | int | bool


@dataclass(frozen=True)
class Connector:
    """One variable with its value reference; an array keeps its shape and is flattened row by row.

    `initial` is FMI's exact, approx or calculated. `start` holds one value, or one per element. `items` names the
    values of an enumeration. `is_state` tells a continuous state.
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
