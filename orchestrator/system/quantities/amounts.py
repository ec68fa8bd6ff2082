"""Amounts: exact numbers in SI base units with their dimension, and what can be computed from them."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from orchestrator.errors import UnitError
from orchestrator.system.quantities.unit_atoms import NUMBER
from orchestrator.system.quantities.units import BASE, Unit, dimension

_MAX_BITS: Final = 4096
_RADIAN: Final = tuple(int(base == "rad") for base in BASE)


class Amount(NamedTuple):
    """A value in the product of BASE raised to `exponents`.

    `absolute` is a point on a scale whose unit has a zero of its own (37 degC): differences of points and points moved
    by a difference make sense, nothing else. `plain` is a number in which no unit had a part.
    """

    value: Fraction
    exponents: tuple[int, ...]
    absolute: bool
    plain: bool

    def __str__(self) -> str:
        if self.plain:
            return f"{float(self.value):.6g} without a unit"
        return f"{float(self.value):.6g} {dimension(Unit('', self.exponents))}"


def number(value: Fraction) -> Amount:
    """A number without a unit."""
    return Amount(value, NUMBER, False, True)


def add(one: Amount, other: Amount) -> Amount:
    """The sum; UnitError where the dimensions differ or both are points on a scale."""
    _alike(one, other, "+")
    if one.absolute and other.absolute:
        raise UnitError("two temperatures with a zero of their own have no sum; write one of them as a difference in K")
    return _amount(one.value + other.value, one.exponents, one.absolute or other.absolute, one.plain and other.plain)


def subtract(one: Amount, other: Amount) -> Amount:
    """The difference; UnitError where the dimensions differ, or a point is taken from a difference."""
    _alike(one, other, "-")
    if other.absolute and not one.absolute:
        raise UnitError("a temperature with a zero of its own cannot be subtracted from a difference; write K")
    return _amount(one.value - other.value, one.exponents, one.absolute != other.absolute, one.plain and other.plain)


def multiply(one: Amount, other: Amount) -> Amount:
    """The product; UnitError where one is a point on a scale."""
    _no_points(one, other)
    exponents = tuple(a + b for a, b in zip(one.exponents, other.exponents, strict=True))
    return _amount(one.value * other.value, exponents, False, one.plain and other.plain)


def divide(one: Amount, other: Amount) -> Amount:
    """The quotient; UnitError where one is a point on a scale, ZeroDivisionError where `other` is zero."""
    _no_points(one, other)
    if not other.value:
        raise ZeroDivisionError("division by zero")
    exponents = tuple(a - b for a, b in zip(one.exponents, other.exponents, strict=True))
    return _amount(one.value / other.value, exponents, False, one.plain and other.plain)


def negate(one: Amount) -> Amount:
    """Minus the amount; UnitError where it is a point on a scale."""
    _no_points(one)
    return one._replace(value=-one.value)


def raise_to(base: Amount, power: Amount) -> Amount:
    """A power; UnitError where the power has a dimension, or the dimension of the result would not be whole."""
    _no_points(base, power)
    if any(power.exponents):
        raise UnitError(f"a power is a number, not {power}")
    raised = [exponent * power.value for exponent in base.exponents]
    if any(exponent.denominator != 1 for exponent in raised):
        raise UnitError(f"{base} cannot be raised to {float(power.value):g}: the dimension would not be whole")
    exponents = tuple(int(exponent) for exponent in raised)
    return _amount(_power(base.value, power.value), exponents, False, base.plain and power.plain)


def through(function: Callable[[float], float], one: Amount, *, angle: bool = False) -> Amount:
    """A function of a number, or of an angle; UnitError where the amount is neither."""
    if any(one.exponents) and not (angle and one.exponents == _RADIAN):
        raise UnitError(f"a function of {one}: divide it by a reference first, so that it is a number")
    return one._replace(value=Fraction(function(float(one.value))), exponents=NUMBER)


def smallest(amounts: Sequence[Amount]) -> Amount:
    """The smallest of amounts of one dimension."""
    return _extreme(amounts, min)


def largest(amounts: Sequence[Amount]) -> Amount:
    """The largest of amounts of one dimension."""
    return _extreme(amounts, max)


def _extreme(amounts: Sequence[Amount], choose: Callable[..., Amount]) -> Amount:
    for one in amounts[1:]:
        _alike(amounts[0], one, ",")
    if len({one.absolute for one in amounts}) > 1:
        raise UnitError("temperatures with a zero of their own compare only with each other; write all of them in K")
    chosen = choose(amounts, key=lambda one: one.value)
    return chosen._replace(plain=all(one.plain for one in amounts))


def _alike(one: Amount, other: Amount, sign: str) -> None:
    if one.exponents != other.exponents:
        raise UnitError(f"{one} {sign} {other}: the dimensions differ")


def _no_points(*amounts: Amount) -> None:
    if any(one.absolute for one in amounts):
        raise UnitError("a temperature with a zero of its own can only be moved by a difference; write it in K")


def _power(base: Fraction, power: Fraction) -> Fraction:
    if not base and power < 0:
        raise ZeroDivisionError("division by zero")
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if power.denominator == 1 and bits * abs(power.numerator) <= _MAX_BITS:
        return base**power.numerator
    if base < 0 and power.denominator != 1:
        raise ValueError("a root of a negative number")
    return Fraction(math.pow(base, power))


def _amount(value: Fraction, exponents: tuple[int, ...], absolute: bool, plain: bool) -> Amount:
    # Numbers that need more digits than any text holds are rounded, so that no expression takes long.
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
        value = Fraction(float(value))
    return Amount(value, exponents, absolute, plain)
