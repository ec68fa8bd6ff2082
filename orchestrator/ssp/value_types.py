"""Types of values in parameter sets, where nothing but the value says them."""

from collections.abc import Sequence
from typing import Any, Final

from orchestrator.ssp.vocabulary import INTEGER_RANGES
from orchestrator.system.structure import ValueType
from orchestrator.system.values import Given, Quantity

SHORT: Final = INTEGER_RANGES["Integer"]
"""Integers that SSP 1.0 can write."""


def implied(value: Given) -> ValueType:
    """The type that a value has where nothing else is said."""
    bare = value.value if isinstance(value, Quantity) else value
    scalars = bare if isinstance(bare, tuple) else (bare,)
    kind = "Real" if isinstance(value, Quantity) else implied_type(scalars)
    return ValueType(type=kind, dimensions=(len(scalars),) if isinstance(bare, tuple) else ())


def implied_type(scalars: Sequence[Any]) -> str:
    """The SSP type of values of one kind."""
    first = scalars[0]
    if isinstance(first, bool):
        return "Boolean"
    if isinstance(first, str):
        return "String"
    return "Real" if isinstance(first, float) else integer_type(scalars)


def integer_type(scalars: Sequence[int]) -> str:
    """The narrowest of Integer, Int64 and UInt64 that holds all values; a type of floats where none does."""
    for kind in ("Integer", "Int64", "UInt64"):
        if all(scalar in INTEGER_RANGES[kind] for scalar in scalars):
            return kind
    return "Real"
