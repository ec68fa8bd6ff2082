"""Units of the field, parsed into what FMI wants: exponents over the SI base units, factor and offset."""

import math
import re
from dataclasses import dataclass

from fmus.errors import BuildError

BASE = ("kg", "m", "s", "A", "K", "mol", "cd", "rad")

Exponents = tuple[int, ...]


@dataclass(frozen=True)
class UnitDefinition:
    """A unit by name; si = factor * value + offset, in the product of BASE raised to `exponents`."""

    name: str
    exponents: Exponents
    factor: float
    offset: float = 0.0


def _atom(factor: float, **exponents: int) -> tuple[float, Exponents]:
    return factor, tuple(exponents.get(base, 0) for base in BASE)


_ATOMS = {
    "1": _atom(1.0),
    "%": _atom(0.01),
    "ppm": _atom(1e-6),
    "kg": _atom(1.0, kg=1),
    "g": _atom(1e-3, kg=1),
    "mg": _atom(1e-6, kg=1),
    "t": _atom(1e3, kg=1),
    "m": _atom(1.0, m=1),
    "cm": _atom(1e-2, m=1),
    "mm": _atom(1e-3, m=1),
    "um": _atom(1e-6, m=1),
    "L": _atom(1e-3, m=3),
    "mL": _atom(1e-6, m=3),
    "s": _atom(1.0, s=1),
    "ms": _atom(1e-3, s=1),
    "min": _atom(60.0, s=1),
    "h": _atom(3600.0, s=1),
    "d": _atom(86400.0, s=1),
    "Hz": _atom(1.0, s=-1),
    "K": _atom(1.0, K=1),
    "degC": _atom(1.0, K=1),
    "A": _atom(1.0, A=1),
    "V": _atom(1.0, kg=1, m=2, s=-3, A=-1),
    "mol": _atom(1.0, mol=1),
    "mmol": _atom(1e-3, mol=1),
    "umol": _atom(1e-6, mol=1),
    "kmol": _atom(1e3, mol=1),
    "cd": _atom(1.0, cd=1),
    "rad": _atom(1.0, rad=1),
    "deg": _atom(math.pi / 180.0, rad=1),
    "N": _atom(1.0, kg=1, m=1, s=-2),
    "Pa": _atom(1.0, kg=1, m=-1, s=-2),
    "kPa": _atom(1e3, kg=1, m=-1, s=-2),
    "MPa": _atom(1e6, kg=1, m=-1, s=-2),
    "bar": _atom(1e5, kg=1, m=-1, s=-2),
    "mbar": _atom(1e2, kg=1, m=-1, s=-2),
    "J": _atom(1.0, kg=1, m=2, s=-2),
    "kJ": _atom(1e3, kg=1, m=2, s=-2),
    "MJ": _atom(1e6, kg=1, m=2, s=-2),
    "W": _atom(1.0, kg=1, m=2, s=-3),
    "kW": _atom(1e3, kg=1, m=2, s=-3),
    "MW": _atom(1e6, kg=1, m=2, s=-3),
}
_OFFSETS = {"degC": 273.15}
_TOKEN = re.compile(r"(?P<atom>1|%|[A-Za-z]+)(?P<power>-?\d+)?|(?P<sign>[./()])")


class _Parser:
    """Recursive descent over `product = factor (('.' | '/') factor)*`, `factor = atom[integer] | '(' product ')'`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tokens = list(self._tokens())
        self.place = 0

    def _tokens(self) -> list[re.Match[str]]:
        tokens, at = [], 0
        while at < len(self.name):
            match = _TOKEN.match(self.name, at)
            if match is None:
                raise self.error(f"'{self.name[at:]}' is no unit")
            tokens.append(match)
            at = match.end()
        return tokens

    def error(self, reason: str) -> BuildError:
        return BuildError(f"unit '{self.name}': {reason}; write products of {', '.join(_ATOMS)}, such as 'g/(L.h)'")

    def take(self, signs: str) -> str | None:
        if self.place < len(self.tokens):
            sign = self.tokens[self.place]["sign"]
            if sign is not None and sign in signs:
                self.place += 1
                return sign
        return None

    def whole(self) -> tuple[float, Exponents]:
        result = self.product()
        if self.place < len(self.tokens):
            raise self.error(f"unexpected '{self.tokens[self.place][0]}'")
        return result

    def product(self) -> tuple[float, Exponents]:
        factor, exponents = self.factor()
        while sign := self.take("./"):
            other, more = self.factor()
            power = 1 if sign == "." else -1
            factor = factor * other if power == 1 else factor / other
            exponents = tuple(a + power * b for a, b in zip(exponents, more, strict=True))
        return factor, exponents

    def factor(self) -> tuple[float, Exponents]:
        if self.take("("):
            inner = self.product()
            if not self.take(")"):
                raise self.error("a ')' is missing")
            return inner
        if self.place >= len(self.tokens) or self.tokens[self.place]["atom"] is None:
            raise self.error("a unit is missing")
        token = self.tokens[self.place]
        self.place += 1
        if token["atom"] not in _ATOMS:
            raise self.error(f"'{token['atom']}' is unknown")
        factor, exponents = _ATOMS[token["atom"]]
        power = int(token["power"] or 1)
        return float(factor**power), tuple(power * exponent for exponent in exponents)


def parse(name: str) -> UnitDefinition:
    """Meaning of a unit written as in `mmol/(L.h)`: '.' multiplies, '/' divides, `m2` and `s-1` are powers.

    The zero of degC counts only where it stands alone. Raises BuildError for an unknown unit.
    """
    factor, exponents = _Parser(name).whole()
    return UnitDefinition(name, exponents, factor, _OFFSETS.get(name, 0.0))


def per_second(name: str) -> str:
    """Name of the unit of a derivative with respect to time: `g/L` -> `g/(L.s)`."""
    name = "K" if name == "degC" else name
    if "/" not in name:
        return f"{name}/s"
    numerator, denominator = name.split("/", 1)
    if "/" in denominator or ("." in denominator and not denominator.startswith("(")):
        return f"({name})/s"
    return f"{numerator}/({denominator.strip('()')}.s)"
