"""Units written as text, as in FMI (`kg.m-1.s-2`, `mmol/(gDW.h)`) and as in pint (`kg/m/s**2`, `mmol/(gDW * h)`).

    product = factor {("." | "*" | " ") factor} {"/" factor}
    factor  = (name | number | "(" product ")") [power]
    power   = integer, as in `m2` and `s-1` | ("^" | "**") integer

After a "/" only another "/" may follow at the same level: what `g/L.h` means is a matter of taste.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from typing import Final

from orchestrator.errors import UnitError
from orchestrator.system.quantities.unit_atoms import NUMBER, Atom, atom, atom_names
from orchestrator.system.quantities.units import BASE, Unit
from orchestrator.system.structure import UnitDefinition

NAME: Final = r"(?:[^\W\d]|[%‰°])(?:\w|°)*"
"""Pattern of the name of a unit or constant."""

MAX_POWER: Final = 30
_MAX_CHARACTERS: Final = 200
_TOKEN: Final = re.compile(
    rf"(?P<name>{NAME})|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{{1,3}})?)|(?P<power>(?:\s*(?:\^|\*\*)\s*)(?:[+-]?\d+|\([+-]?\d+\))"
    r"|-\d+)|(?P<divide>\s*/\s*)|(?P<times>\s*(?:\.(?!\d)|[*·])\s*)|(?P<open>\(\s*)|(?P<close>\s*\))|(?P<space>\s+)"
)
_MAX_BITS: Final = 20_000
_SMALLEST: Final = Fraction(1, 10**300)
_SUPERSCRIPTS: Final = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_NOTHING: Final = Atom(Fraction(1), Fraction(0), NUMBER)


def find_unit(name: str, *scopes: Mapping[str, UnitDefinition]) -> Unit:
    """The unit of a name: as the first of the scopes that knows it defines it, else as its text says.

    UnitError where neither tells what it is, or the definition is no unit.
    """
    for scope in scopes:
        if name in scope:
            return _defined(name, scope[name])
    return parse_unit(name)


def settled(unit: Unit | None, definitions: Mapping[str, UnitDefinition]) -> Unit | None:
    """The unit of a variable, as a description defines it where the file of the variable does not."""
    if unit is None or unit.exponents is not None or unit.name not in definitions:
        return unit
    known = find_unit(unit.name, definitions)
    return replace(known, relative=True, offset=0.0) if unit.relative else known


def parse_unit(text: str) -> Unit:
    """The unit that a text says: its name is the text. UnitError names what in it is wrong.

    The zero of degC or degF counts where it stands alone; in products and powers a degree is a difference.
    """
    factor, offset, exponents = exact_unit(text)
    return Unit(text, exponents, float(factor), float(offset))


@cache
def exact_unit(text: str) -> Atom:
    """What a text says, as `parse_unit`, with exact numbers."""
    if text.strip() in ("-", ""):
        return _NOTHING
    if len(text) > _MAX_CHARACTERS:
        raise UnitError(f"unit '{text[:40]}...': longer than {_MAX_CHARACTERS} characters")
    return _Parser(text).parse()


def _defined(name: str, definition: UnitDefinition) -> Unit:
    exponents = tuple(definition.exponents.get(base, 0) for base in BASE)
    return Unit(name, exponents, definition.factor, definition.offset)


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        plain = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda match: "^" + match[0].translate(_SUPERSCRIPTS), text.strip())
        self._tokens = list(_TOKEN.finditer(plain))
        if sum(len(token[0]) for token in self._tokens) != len(plain):
            raise self._error("it holds characters that are in no unit")
        self._place = 0

    def parse(self) -> Atom:
        unit = self._product()
        if self._place < len(self._tokens):
            raise self._error(f"'{self._tokens[self._place][0]}' is left over")
        if not _SMALLEST < abs(unit.factor) < 1 / _SMALLEST:
            raise self._error("it is too large or too small")
        return unit

    def _product(self) -> Atom:
        unit = self._factor()
        divided = False
        while sign := self._take("divide", "times", "space"):
            if divided and sign.lastgroup != "divide":
                raise self._error("after a '/' put the rest in brackets, as in 'g/(L.h)'")
            divided = sign.lastgroup == "divide"
            unit = _times(unit, self._factor(), -1 if divided else 1)
        return unit

    def _factor(self) -> Atom:
        token = self._take("name", "number", "open")
        if token is None:
            raise self._error("a unit is missing")
        if token.lastgroup == "open":
            unit, power = self._product(), 1
            if not self._take("close"):
                raise self._error("a ')' is missing")
        elif token.lastgroup == "number":
            unit, power = Atom(Fraction(token[0]), Fraction(0), NUMBER), 1
            if not unit.factor:
                raise self._error("it has the factor 0")
        else:
            unit, power = self._named(token[0])
        raised = self._take("power")
        if raised:
            power *= int(raised[0].strip(" ^*()"))
        return unit if power == 1 else _raised(unit, power, self._error)

    def _named(self, name: str) -> tuple[Atom, int]:
        """The unit of a name, and the power behind it: 2 for `m2`."""
        unit = atom(name)
        if unit is not None:
            return unit, 1
        digits = re.fullmatch(r"(.*\D)([2-9]|[1-9]\d)", name)
        unit = atom(digits[1]) if digits else None
        if digits is None or unit is None:
            near = get_close_matches(name, atom_names(), n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "write units such as 'mmol/(gDW.h)', or define it"
            raise self._error(f"'{name}' is no unit; {hint}")
        return unit, int(digits[2])

    def _take(self, *kinds: str) -> re.Match[str] | None:
        if self._place < len(self._tokens) and self._tokens[self._place].lastgroup in kinds:
            self._place += 1
            return self._tokens[self._place - 1]
        return None

    def _error(self, problem: str) -> UnitError:
        return UnitError(f"unit '{self._text}': {problem}")


def _times(one: Atom, other: Atom, sign: int) -> Atom:
    factor = one.factor * other.factor if sign == 1 else one.factor / other.factor
    exponents = tuple(a + sign * b for a, b in zip(one.exponents, other.exponents, strict=True))
    return Atom(factor, Fraction(0), exponents)


def _raised(unit: Atom, power: int, error: Callable[[str], UnitError]) -> Atom:
    if abs(power) > MAX_POWER:
        raise error(f"the power {power} is beyond {MAX_POWER}")
    if abs(power) * max(unit.factor.numerator.bit_length(), unit.factor.denominator.bit_length()) > _MAX_BITS:
        raise error("it is too large or too small")
    return Atom(unit.factor**power, Fraction(0), tuple(power * exponent for exponent in unit.exponents))
