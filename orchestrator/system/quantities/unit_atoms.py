"""Atoms of units: what a single name such as `mmol`, `degC` or `%` is in the SI, exactly.

The only door to pint, which is loaded when the first unit is read from a text.
"""

from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from orchestrator.system.quantities.units import BASE

_BASE_NAMES: Final = dict(
    zip(("kilogram", "meter", "second", "ampere", "kelvin", "mole", "candela", "radian"), BASE, strict=True)
)
_COUNT: Final = "count"

_OF_THE_FIELD: Final = (
    "gram_dry_weight = gram = gDW = gCDW = gDCW",
    f"cell = {_COUNT} = _ = cells",
    f"pH = {_COUNT}",  # not the picohenry
    f"ppb = 1e-9 {_COUNT}",
    "gas_volume_per_volume_and_minute = 1 / minute = vvm",
)


class Atom(NamedTuple):
    """si = factor * value + offset, in the product of BASE raised to `exponents`."""

    factor: Fraction
    offset: Fraction
    exponents: tuple[int, ...]


NUMBER: Final = (0,) * len(BASE)
"""Exponents of what has no dimension."""


@cache
def atom(name: str) -> Atom | None:
    """The unit of this name, with or without a prefix, or None where there is none.

    Constants of nature and logarithmic scales are no units; counted things (cells, decays) have no dimension.
    """
    registry = _registry()
    found = registry.parse_unit_name(name)  # as it stands, before one with a prefix: `min` is no milli-inch
    if not found or found[0][1] in _constants() or registry._units[found[0][1]].is_logarithmic:
        return None
    zero, one = (registry.Quantity(Fraction(value), name).to_base_units() for value in (0, 1))
    powers = {base: power for base, power in one.unit_items() if base != _COUNT}
    if not all(base in _BASE_NAMES and power.denominator == 1 for base, power in powers.items()):
        return None
    by_base = {_BASE_NAMES[base]: int(power) for base, power in powers.items()}
    return Atom(one.magnitude - zero.magnitude, zero.magnitude, tuple(by_base.get(base, 0) for base in BASE))


def atom_names() -> tuple[str, ...]:
    """Names without prefixes, to suggest from."""
    return tuple(sorted(name for name in _registry()._units if atom(name) is not None))


@cache
def _registry() -> Any:
    from pint import UnitRegistry

    registry: Any = UnitRegistry(non_int_type=Fraction)
    for definition in _OF_THE_FIELD:
        registry.define(definition)
    return registry


@cache
def _constants() -> frozenset[str]:
    """Names in pint's list of constants; the atmosphere is a unit nevertheless."""
    text = files("pint").joinpath("constants_en.txt").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].partition("=") for line in text.splitlines())
    return frozenset(name.strip() for name, equals, _ in lines if equals) - {"standard_atmosphere"}
