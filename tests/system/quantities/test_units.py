import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import UnitError
from orchestrator.system.quantities.units import IDENTITY, Unit, conversion, dimension

KELVIN = (0, 0, 0, 0, 1, 0, 0, 0)
factors = st.floats(1e-3, 1e3)
offsets = st.floats(-1e3, 1e3)
units = st.builds(Unit, st.text(min_size=1), st.just(KELVIN), factors, offsets)
values = st.floats(-1e3, 1e3)

degC = Unit("degC", KELVIN, 1.0, 273.15)
K = Unit("K", KELVIN)
degF = Unit("degF", KELVIN, 5 / 9, 273.15 - 32 * 5 / 9)


def convert(value, source, destination):
    factor, offset = conversion(source, destination)
    return factor * value + offset


def test_celsius_to_kelvin_is_exact():
    assert convert(37.0, degC, K) == 310.15
    assert convert(0.0, degC, K) == 273.15


def test_fahrenheit_converts_by_factor_and_offset():
    assert convert(98.6, degF, degC) == pytest.approx(37.0, abs=1e-12)
    assert convert(-40.0, degC, degF) == pytest.approx(-40.0, abs=1e-12)


def test_hours_convert_to_seconds():
    time = (0, 0, 1, 0, 0, 0, 0, 0)
    assert convert(2.0, Unit("h", time, 3600.0), Unit("s", time)) == 7200.0


@given(values, units, units)
def test_there_and_back_is_the_identity(value, a, b):
    back = convert(convert(value, a, b), b, a)
    scale = abs(value) + (abs(a.offset) + abs(b.offset)) / a.factor
    assert math.isclose(back, value, rel_tol=0, abs_tol=1e-13 * (1 + scale) * max(1, b.factor / a.factor))


@given(values, units, units, units)
def test_two_conversions_compose_to_one(value, a, b, c):
    once, twice = convert(value, a, c), convert(convert(value, a, b), b, c)
    scale = (a.factor * abs(value) + abs(a.offset) + abs(b.offset) + abs(c.offset)) / c.factor
    assert math.isclose(once, twice, rel_tol=0, abs_tol=1e-12 * (1 + scale))


def test_a_missing_unit_converts_nothing():
    assert conversion(None, K) == conversion(K, None) == IDENTITY


def test_undefined_units_of_one_name_convert_to_each_other_only():
    assert conversion(Unit("OD"), Unit("OD")) == IDENTITY
    with pytest.raises(UnitError, match="'OD' does not convert to 'K': 'OD' has no definition"):
        conversion(Unit("OD"), K)


def test_different_dimensions_are_refused_with_both_dimensions():
    pascal = Unit("Pa", (1, -1, -2, 0, 0, 0, 0, 0))
    with pytest.raises(UnitError, match=r"'Pa' \(kg\.m-1\.s-2\) does not convert to 'K' \(K\)"):
        conversion(pascal, K)


def test_a_difference_has_no_offset_and_is_no_absolute_value():
    difference = Unit("degC", KELVIN, 1.0, relative=True)
    assert convert(10.0, difference, Unit("degF", KELVIN, 5 / 9, relative=True)) == pytest.approx(18.0)
    assert conversion(difference, K) == IDENTITY
    for pair in ((difference, degC), (Unit("K", KELVIN, relative=True), degF)):
        with pytest.raises(UnitError, match=r"a difference in '.*' does not convert to an absolute value in 'deg"):
            conversion(*pair)
        with pytest.raises(UnitError, match=r"an absolute value in 'deg.' does not convert to a difference in '"):
            conversion(*reversed(pair))


def test_a_dimension_reads_like_a_product():
    assert dimension(Unit("1", (0,) * 8)) == "1"
    assert dimension(Unit("OD")) == "undefined"
