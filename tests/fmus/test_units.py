"""Units as FMI writes them: exponents over the SI base units, factor, offset."""

import math

import pytest

from fmus.errors import BuildError
from fmus.units import BASE, parse, per_second


@pytest.mark.parametrize(
    ("name", "factor", "exponents"),
    [
        ("1", 1.0, {}),
        ("%", 0.01, {}),
        ("g/L", 1.0, {"kg": 1, "m": -3}),
        ("g/(g.h)", 1 / 3600, {"s": -1}),
        ("mmol/(L.h)", 1 / 3600, {"mol": 1, "m": -3, "s": -1}),
        ("1/h", 1 / 3600, {"s": -1}),
        ("L/min", 1e-3 / 60, {"m": 3, "s": -1}),
        ("m3", 1.0, {"m": 3}),
        ("m3/(m3.min)", 1 / 60, {"s": -1}),
        ("s-1", 1.0, {"s": -1}),
        ("kJ/mol", 1e3, {"kg": 1, "m": 2, "s": -2, "mol": -1}),
        ("W/(m2.K)", 1.0, {"kg": 1, "s": -3, "K": -1}),
        ("J/(kg.K)", 1.0, {"m": 2, "s": -2, "K": -1}),
        ("%.L/g", 0.01, {"kg": -1, "m": 3}),
        ("bar", 1e5, {"kg": 1, "m": -1, "s": -2}),
        ("rad/s", 1.0, {"rad": 1, "s": -1}),
        ("deg", math.pi / 180, {"rad": 1}),
        ("kg/m3", 1.0, {"kg": 1, "m": -3}),
        ("g2/(L2.s)", 1.0, {"kg": 2, "m": -6, "s": -1}),
    ],
)
def test_a_unit_is_the_product_of_its_atoms(name, factor, exponents):
    unit = parse(name)
    assert unit.factor == pytest.approx(factor, rel=1e-14)
    assert dict(zip(BASE, unit.exponents, strict=True)) == {base: exponents.get(base, 0) for base in BASE}
    assert unit.offset == 0.0


def test_the_zero_of_celsius_counts_only_where_it_stands_alone():
    assert parse("degC").offset == 273.15
    assert parse("W/(m2.degC)") == type(parse("1"))("W/(m2.degC)", parse("W/(m2.K)").exponents, 1.0, 0.0)


@pytest.mark.parametrize("name", ["furlong", "g//L", "g/(L", "", "g L", "2", "g/L)"])
def test_an_unknown_unit_is_refused_by_name(name):
    with pytest.raises(BuildError, match="unit"):
        parse(name)


@pytest.mark.parametrize("name", ["g/L", "degC", "1", "mmol/(L.h)", "%", "W/(m2.K)", "J/K/s", "g/L.h", "m"])
def test_the_unit_of_a_derivative_is_the_unit_per_second(name):
    unit, rate = parse(name), parse(per_second(name))
    assert rate.factor == pytest.approx(unit.factor, rel=1e-14)
    assert rate.exponents == tuple(e - (base == "s") for e, base in zip(unit.exponents, BASE, strict=True))
    assert rate.offset == 0.0
