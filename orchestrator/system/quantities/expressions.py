"""Expressions: arithmetic with numbers, units and named constants, such as `2*V0`, `V0/(10 h)` or `37 degC`.

    sum     = product {("+" | "-") product}
    product = signed {("*" | "/") signed}
    signed  = ["+" | "-"] signed | power
    power   = operand [("^" | "**") signed]
    operand = number [units] | units | constant | "pi" | function "(" sum {"," sum} ")" | "(" sum ")"
    units   = unit [("^" | "**") integer] [units]

A unit right behind a number belongs to it: `1/2 h` is one over two hours. Nothing but the text and the constants
decides the result; decimals are computed with exactly.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final

from orchestrator.errors import DescriptionError
from orchestrator.system.quantities.amounts import (
    Amount,
    add,
    divide,
    largest,
    multiply,
    negate,
    number,
    raise_to,
    smallest,
    subtract,
    through,
)
from orchestrator.system.quantities.unit_atoms import NUMBER
from orchestrator.system.quantities.unit_text import NAME, exact_unit

MAX_CHARACTERS: Final = 1000
MAX_DEPTH: Final = 40

_TOKEN: Final = re.compile(
    rf"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{{1,3}})?)|(?P<name>{NAME})|(?P<sign>\*\*|[-+*/^(),]))\s*"
)
_FUNCTIONS: Final[Mapping[str, Callable[..., Amount]]] = {
    "sqrt": lambda one: raise_to(one, number(Fraction(1, 2))),
    "abs": lambda one: negate(one) if one.value < 0 else one,
    "exp": lambda one: through(math.exp, one),
    "log": lambda one: through(math.log, one),
    "sin": lambda one: through(math.sin, one, angle=True),
    "cos": lambda one: through(math.cos, one, angle=True),
    "min": lambda *all_of_them: smallest(all_of_them),
    "max": lambda *all_of_them: largest(all_of_them),
}
_SEVERAL: Final = ("min", "max")
RESERVED: Final = (*_FUNCTIONS, "pi")
"""Names that no constant can have."""

Constants = Callable[[str], Amount | None]
"""The constant of a name, or None where there is none."""


def evaluate(text: str, constants: Constants) -> Amount:
    """The amount that a text stands for; DescriptionError says what is wrong with it."""
    if len(text) > MAX_CHARACTERS:
        raise DescriptionError(f"longer than {MAX_CHARACTERS} characters; split it with constants")
    try:
        amount = _Evaluation(text, constants).result()
        float(amount.value)
    except (ArithmeticError, ValueError) as error:
        raise DescriptionError(f"cannot be computed ({error})") from error
    return amount


def names_in(text: str) -> set[str]:
    """The names that a text holds: constants, units and functions."""
    return set(re.findall(NAME, text))


class _Evaluation:
    """Recursive descent over the tokens of one text, computing as it goes."""

    def __init__(self, text: str, constants: Constants) -> None:
        self._constants = constants
        self._tokens = _tokens(text)
        self._place = 0
        self._depth = 0

    def result(self) -> Amount:
        amount = self._sum()
        if self._place < len(self._tokens):
            raise DescriptionError(f"'{self._tokens[self._place][0].strip()}' is left over")
        return amount

    def _sum(self) -> Amount:
        amount = self._product()
        while sign := self._sign("+", "-"):
            amount = (add if sign == "+" else subtract)(amount, self._product())
        return amount

    def _product(self) -> Amount:
        amount = self._signed()
        while sign := self._sign("*", "/"):
            amount = (multiply if sign == "*" else divide)(amount, self._signed())
        return amount

    def _signed(self) -> Amount:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DescriptionError(f"more than {MAX_DEPTH} brackets and signs within each other; use constants")
        sign = self._sign("+", "-")
        amount = self._signed() if sign else self._power()
        self._depth -= 1
        return negate(amount) if sign == "-" else amount

    def _power(self) -> Amount:
        amount = self._operand()
        return raise_to(amount, self._signed()) if self._sign("^", "**") else amount

    def _operand(self) -> Amount:
        if self._sign("("):
            return self._inside()[0]
        text = self._take("number")
        if text is not None:
            return _measured(_decimal(text), self._units())
        name = self._peek("name")
        if name is not None and self._is_function(name):
            return self._call(name)
        constant = number(Fraction(math.pi)) if name == "pi" else self._constants(name) if name else None
        if constant is not None:
            self._place += 1
            return constant
        units = self._units()
        if not units:
            raise DescriptionError("a number or name is missing" + self._before())
        return _measured(None, units)

    def _is_function(self, name: str) -> bool:
        """Whether a name is that of a function here: `min` without a bracket behind it is the minute."""
        following = self._tokens[self._place + 1]["sign"] if self._place + 1 < len(self._tokens) else None
        return name in _FUNCTIONS and (name != "min" or following == "(")

    def _call(self, name: str) -> Amount:
        self._place += 1
        if not self._sign("("):
            raise DescriptionError(f"'{name}' is a function; write {name}(...)")
        arguments = self._inside()
        if len(arguments) != 1 and name not in _SEVERAL:
            raise DescriptionError(f"'{name}' takes one value, not {len(arguments)}")
        return _FUNCTIONS[name](*arguments)

    def _inside(self) -> list[Amount]:
        amounts = [self._sum()]
        while self._sign(","):
            amounts.append(self._sum())
        if not self._sign(")"):
            raise DescriptionError("a ')' is missing" + self._before())
        return amounts

    def _units(self) -> list[tuple[str, int]]:
        """Units and their powers from here on, as many as stand beside each other."""
        units: list[tuple[str, int]] = []
        while (name := self._peek("name")) is not None and name != "pi" and not self._is_function(name):
            if self._constants(name) is not None:
                raise DescriptionError(f"'{name}' is a constant; write '*' before it")
            self._place += 1
            units.append((name, self._unit_power()))
        return units

    def _unit_power(self) -> int:
        start = self._place
        if self._sign("^", "**"):
            negative = self._sign("-") is not None
            text = self._take("number")
            if text is not None and text.isdigit() and len(text) < 3:
                return -int(text) if negative else int(text)
        self._place = start
        return 1

    def _sign(self, *signs: str) -> str | None:
        found = self._peek("sign")
        if found not in signs:
            return None
        self._place += 1
        return found

    def _take(self, kind: str) -> str | None:
        found = self._peek(kind)
        if found is not None:
            self._place += 1
        return found

    def _peek(self, kind: str) -> str | None:
        return self._tokens[self._place][kind] if self._place < len(self._tokens) else None

    def _before(self) -> str:
        return f" before '{self._tokens[self._place][0].strip()}'" if self._place < len(self._tokens) else " at the end"


def _decimal(text: str) -> Fraction:
    if math.isinf(float(text)):
        raise DescriptionError(f"{text} is beyond the largest number")
    return Fraction(text)


def _tokens(text: str) -> Sequence[re.Match[str]]:
    tokens, end = [], 0
    while end < len(text):
        match = _TOKEN.match(text, end)
        if match is None:
            raise DescriptionError(f"'{text[end:].strip()[:20]}' is no number, name or sign")
        tokens.append(match)
        end = match.end()
    return tokens


def _measured(value: Fraction | None, units: Sequence[tuple[str, int]]) -> Amount:
    """A number in the product of units; a degree keeps its zero where it stands alone behind a number."""
    if not units:
        assert value is not None
        return number(value)
    if len(units) == 1 and units[0][1] == 1 and value is not None:
        unit = exact_unit(units[0][0])
        return Amount(unit.factor * value + unit.offset, unit.exponents, bool(unit.offset), False)
    amount = Amount(Fraction(1 if value is None else value), NUMBER, False, False)
    for name, power in units:
        unit = exact_unit(name)
        if unit.offset and value is None and len(units) == 1:
            raise DescriptionError(f"'{name}' has a zero of its own; write it right behind a number, or K")
        amount = multiply(amount, raise_to(Amount(unit.factor, unit.exponents, False, False), number(Fraction(power))))
    return amount
