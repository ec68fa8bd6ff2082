"""Units: a name, and where it is known, its place in the SI with factor and offset."""

from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.errors import UnitError

BASE = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")


@dataclass(frozen=True)
class Unit:
    """A unit by name; `exponents` over BASE, `factor` and `offset` say what it is in SI: si = factor * value + offset.

    `exponents` is None where nobody defined the unit: it then converts only to a unit of the same name. That of a
    difference, such as one of temperatures, is `relative` and has no offset.
    """

    name: str
    exponents: tuple[int, ...] | None = None
    factor: float = 1.0
    offset: float = 0.0
    relative: bool = False


class Conversion(NamedTuple):
    """destination = factor * source + offset."""

    factor: float
    offset: float


IDENTITY = Conversion(1.0, 0.0)


def conversion(source: Unit | None, destination: Unit | None) -> Conversion:
    """Factor and offset that turn a value in `source` into one in `destination`.

    A missing unit on either side, or the same definition on both, converts nothing. Raises UnitError where the
    dimensions differ, where the names differ and one of them is not defined, or where a difference meets an absolute
    value in a unit with an offset: FMI 2.0.4 section 2.2.2 and FMI 3.0.2 section 2.4.3 demand both or none relative.
    """
    if source is None or destination is None or source == destination:
        return IDENTITY
    if source.exponents is None or destination.exponents is None:
        if source.name == destination.name:
            return IDENTITY
        unknown = source.name if source.exponents is None else destination.name
        raise UnitError(f"'{source.name}' does not convert to '{destination.name}': '{unknown}' has no definition")
    if source.exponents != destination.exponents:
        raise UnitError(
            f"'{source.name}' ({dimension(source)}) does not convert to '{destination.name}' ({dimension(destination)})"
        )
    if source.relative != destination.relative and (source.offset or destination.offset):
        both = ((unit, "a difference" if unit.relative else "an absolute value") for unit in (source, destination))
        raise UnitError(" does not convert to ".join(f"{what} in '{unit.name}'" for unit, what in both))
    return Conversion(source.factor / destination.factor, (source.offset - destination.offset) / destination.factor)


def dimension(unit: Unit) -> str:
    """The dimension in SI base units, such as `kg.m-1.s-2`; `1` where there is none, `undefined` where unknown."""
    if unit.exponents is None:
        return "undefined"
    parts = [
        f"{base}{exponent if exponent != 1 else ''}"
        for base, exponent in zip(BASE, unit.exponents, strict=True)
        if exponent
    ]
    return ".".join(parts) or "1"
