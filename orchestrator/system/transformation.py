"""Transformations: what a connection or a parameter mapping does to a value, beside the conversion of units.

SSP 2.0, section 4.5.2: a transformation acts on a value that is converted to the unit of the destination already.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from orchestrator.system.values import Frozen, Number


class Linear(Frozen):
    """destination = factor * source + offset, between floats."""

    factor: Number = 1.0
    offset: Number = 0.0


def _once(entries: "tuple[MapEntry, ...]") -> "tuple[MapEntry, ...]":
    seen = set()
    for entry in entries:
        if entry.source in seen:
            raise ValueError(f"{entry.source!r} is mapped twice; keep one of the two entries")
        seen.add(entry.source)
    return entries


def _in_64_bits(value: bool | int | str) -> bool | int | str:
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise ValueError("no integer type holds this number; correct it")
    return value


Mapped = Annotated[bool | int | str, AfterValidator(_in_64_bits)]


class MapEntry(Frozen):
    """One value of the source and what the destination gets in its place; enumerations by the names of their items."""

    source: Mapped
    target: Mapped


class ValueMap(Frozen):
    """A table of values; what is not in it passes unchanged. Between Booleans, integers, or enumerations by name."""

    kind: Literal["boolean", "integer", "enumeration"]
    entries: Annotated[tuple[MapEntry, ...], AfterValidator(_once)] = Field(min_length=1)


Transformation = Linear | ValueMap
