"""Quantities: what a value in a description is as a number in the unit of a variable."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.quantities.amounts import Amount, number
from orchestrator.system.quantities.expressions import RESERVED, evaluate, names_in
from orchestrator.system.quantities.unit_text import NAME, exact_unit, find_unit
from orchestrator.system.quantities.units import IDENTITY, Conversion, Unit, conversion, dimension
from orchestrator.system.structure import UnitDefinition
from orchestrator.system.values import Given, Quantity

_LITERAL: Final = re.compile(
    r"(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>\S.*)?", re.DOTALL
)

MAX_CHAIN: Final = 60
"""Constants that are given by each other in a row, at most."""


class Read(NamedTuple):
    """A number in the unit of a variable, the unit it was given in, and the conversion from there.

    `unit` is None for a number that has none of its own: it is in the unit of the variable.
    """

    value: float | int
    unit: Unit | None = None
    conversion: Conversion = IDENTITY


class Reader:
    """Reads values with the named constants and unit definitions of a description.

    Constants may be given by each other. DescriptionError names those that are wrong, or given in a circle.
    """

    def __init__(self, constants: Mapping[str, Given], units: Mapping[str, UnitDefinition]) -> None:
        self._given, self._units = constants, units
        self._amounts: dict[str, Amount] = {}
        self._open: list[str] = []
        problems = [problem for name in constants for problem in self._problems(name)]
        if problems:
            raise DescriptionError("\n".join(dict.fromkeys(problems)))

    def read(
        self, given: float | int | str | Quantity, wanted: Unit | None, *scopes: Mapping[str, UnitDefinition]
    ) -> Read:
        """A number, quantity or expression in the unit wanted (None: a variable without one).

        Names of units are looked up in the scopes, then in the description, then read as text; the name of the unit
        wanted is that unit where no scope defines it. Raises DescriptionError, where units do not convert UnitError.
        """
        if isinstance(given, Quantity):
            if isinstance(given.value, bool | str | tuple):
                raise DescriptionError(f"{given.value!r:.80} is no number; only numbers have units")
            source = self._unit(given.unit, wanted, *scopes)
            return _converted(given.value, source, wanted)
        if isinstance(given, str):
            return self._text(given, wanted, *scopes)
        return Read(given)

    def _text(self, text: str, wanted: Unit | None, *scopes: Mapping[str, UnitDefinition]) -> Read:
        literal = _LITERAL.fullmatch(text.strip())
        if literal is not None and literal["unit"] is None:
            return Read(_number(literal["number"]))
        if literal is not None and self._names_unit(literal["unit"], wanted, *scopes):
            source = self._unit(literal["unit"], wanted, *scopes)
            if wanted is not None:
                return _converted(_number(literal["number"]), source, wanted)
        amount = evaluate(text, self._constant)
        if amount.plain:
            return Read(_rounded(amount.value))
        source = Unit(dimension(Unit("", amount.exponents)), amount.exponents, relative=False)
        if wanted is None and any(amount.exponents):
            raise UnitError(f"it has the unit {source.name}, the variable has none; write the plain number")
        return _converted(amount.value, source, wanted)

    def _names_unit(self, text: str, wanted: Unit | None, *scopes: Mapping[str, UnitDefinition]) -> bool:
        """Whether a text behind a number is a unit, and not the beginning of an expression."""
        if any(text in scope for scope in (*scopes, self._units)) or (wanted is not None and text == wanted.name):
            return True
        if names_in(text) & set(self._given):
            return False
        try:
            exact_unit(text)
        except UnitError:
            return False
        return True

    def _unit(self, name: str, wanted: Unit | None, *scopes: Mapping[str, UnitDefinition]) -> Unit:
        if wanted is not None and name == wanted.name and not any(name in scope for scope in (*scopes, self._units)):
            return wanted
        return find_unit(name, *scopes, self._units)

    def _constant(self, name: str) -> Amount | None:
        if name not in self._given:
            return None
        if name not in self._amounts:
            if name in self._open:
                circle = [*self._open[self._open.index(name) :], name]
                raise DescriptionError(f"{' -> '.join(circle)}: constants are given in a circle; give one as a number")
            if len(self._open) > MAX_CHAIN:
                raise DescriptionError(f"given by more than {MAX_CHAIN} constants in a row; give one as a number")
            self._open.append(name)
            try:
                self._amounts[name] = self._amount(self._given[name])
            finally:
                self._open.pop()
        return self._amounts[name]

    def _amount(self, given: Given) -> Amount:
        if isinstance(given, str):
            return evaluate(given, self._constant)
        if isinstance(given, Quantity) and not isinstance(given.value, bool | str | tuple):
            unit = find_unit(given.unit, self._units)
            if unit.exponents is not None:
                si = _exact(given.value) * _exact(unit.factor) + _exact(unit.offset)
                return Amount(si, unit.exponents, bool(unit.offset), plain=False)
        if isinstance(given, bool | tuple | Quantity):
            raise DescriptionError(f"{given!r:.80} is no number; a constant is a number, a quantity or an expression")
        return number(_exact(given))

    def _problems(self, name: str) -> list[str]:
        if not re.fullmatch(NAME, name) or name in RESERVED:
            return [f"constants.{name}: use a name of letters and digits that is none of {', '.join(RESERVED)}"]
        try:
            self._constant(name)
        except DescriptionError as error:
            return [f"constants.{name}: {error}"]
        return []


def _converted(value: float | int | Fraction, source: Unit, wanted: Unit | None) -> Read:
    """One number, rounded once."""
    factors = conversion(source, wanted)
    if wanted is None or factors == IDENTITY:
        return Read(_rounded(value) if isinstance(value, Fraction) else value, source)
    si = _exact(value) * _exact(source.factor) + _exact(source.offset)
    try:
        return Read(float((si - _exact(wanted.offset)) / _exact(wanted.factor)), source, factors)
    except OverflowError as error:
        raise DescriptionError(f"it is beyond the largest number in '{wanted.name}'; correct it") from error


def _exact(value: float | int | Fraction) -> Fraction:
    # The shortest decimal that gives a float is the number that somebody wrote.
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)


def _number(text: str) -> float | int:
    value = float(text)
    if abs(value) == float("inf"):
        raise DescriptionError(f"{text:.80} is beyond the largest number")
    return int(text) if re.fullmatch(r"[-+]?\d{1,400}", text) else value


def _rounded(value: Fraction) -> float | int:
    """A whole number as such, so that integers may be given by expressions."""
    return int(value) if value.denominator == 1 and abs(value) < 2**64 else float(value)
