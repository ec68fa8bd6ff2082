import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fmus.units import parse as parse_for_fmus
from orchestrator.errors import UnitError
from orchestrator.system.quantities.unit_text import exact_unit, find_unit, parse_unit
from orchestrator.system.quantities.units import BASE, Unit, conversion, dimension
from orchestrator.system.structure import UnitDefinition

NAMES = ("g", "kg", "L", "mL", "mol", "mmol", "h", "min", "s", "m", "bar", "W", "kJ", "K", "%", "gDW", "rad", "cd", "A")
names = st.sampled_from(NAMES)
powers = st.integers(-4, 4).filter(bool)
products = st.lists(st.tuples(names, powers), min_size=1, max_size=4)


def written(product, power="{}", times="."):
    return times.join(name + (power.format(exponent) if exponent != 1 else "") for name, exponent in product)


@pytest.mark.parametrize(
    ("text", "dimension_", "factor"),
    [
        ("kg.m-1.s-2", "kg.m-1.s-2", 1.0),
        ("kg/m/s**2", "kg.m-1.s-2", 1.0),
        ("kg·m⁻¹·s⁻²", "kg.m-1.s-2", 1.0),
        ("Pa", "kg.m-1.s-2", 1.0),
        ("bar", "kg.m-1.s-2", 1e5),
        ("mmol/(gDW.h)", "kg-1.s-1.mol", 1 / 3600),
        ("mmol/(gDW * h)", "kg-1.s-1.mol", 1 / 3600),
        ("mmol/(g h)", "kg-1.s-1.mol", 1 / 3600),
        ("mol/L", "m-3.mol", 1000.0),
        ("g/L/h", "kg.m-3.s-1", 1 / 3600),
        ("W/(m2.K)", "kg.s-3.K-1", 1.0),
        ("m^2", "m2", 1.0),
        ("s^(-1)", "s-1", 1.0),
        ("1/min", "s-1", 1 / 60),
        ("1e6 cells/mL", "m-3", 1e12),
        ("10^3/L", "m-3", 1e6),
        ("J/(kg.degC)", "m2.s-2.K-1", 1.0),
        ("cmH2O", "kg.m-1.s-2", 98.0665),
        ("%", "1", 0.01),
        ("ppb", "1", 1e-9),
        ("pH", "1", 1.0),
        ("vvm", "s-1", 1 / 60),
        ("-", "1", 1.0),
        ("1", "1", 1.0),
    ],
)
def test_units_are_read_as_fmi_and_as_pint_write_them(text, dimension_, factor):
    unit = parse_unit(text)
    assert (dimension(unit), unit.factor, unit.offset, unit.name) == (dimension_, factor, 0.0, text)


@pytest.mark.parametrize("text", ["degC", "°C", "(degC)", "celsius"])
def test_a_degree_that_stands_alone_keeps_its_zero(text):
    assert parse_unit(text) == Unit(text, parse_unit("K").exponents, 1.0, 273.15)


def test_fahrenheit_is_exact():
    assert exact_unit("degF")[:2] == (Fraction(5, 9), Fraction("273.15") - 32 * Fraction(5, 9))


@pytest.mark.parametrize("text", ["degC2", "degC/h", "1/degC", "delta_degC", "2 degC"])
def test_in_products_and_powers_a_degree_is_a_difference(text):
    assert parse_unit(text).offset == 0.0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("gDWW", "'gDWW' is no unit; did you mean gDW"),
        ("OD", "'OD' is no unit"),
        ("dB", "'dB' is no unit"),
        ("k", "'k' is no unit"),
        ("N_A", "'N_A' is no unit"),
        ("g/L.h", "after a '/' put the rest in brackets, as in 'g/(L.h)'"),
        ("g/(L.h", "a ')' is missing"),
        ("g)", "')' is left over"),
        ("g/", "a unit is missing"),
        ("m + s", "it holds characters that are in no unit"),
        ("m^2.5", "it holds characters that are in no unit"),
        ("m99", "the power 99 is beyond 30"),
        ("((1e200)^30)^30", "too large or too small"),
        ("0", "it has the factor 0"),
        ("g/0", "it has the factor 0"),
        ("1e-200*1e-200", "too large or too small"),
        ("m." * 200 + "m", "longer than 200 characters"),
    ],
)
def test_what_is_no_unit_is_refused_with_the_reason(text, problem):
    with pytest.raises(UnitError) as caught:
        parse_unit(text)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"unit '{text[:40]}")


@given(products, products)
def test_the_dimension_of_a_product_is_the_sum_and_its_factor_the_product(one, other):
    first, second, both = (exact_unit(written(product)) for product in (one, other, one + other))
    assert both.factor == first.factor * second.factor
    assert both.exponents == tuple(a + b for a, b in zip(first.exponents, second.exponents, strict=True))


@given(products, products)
def test_a_quotient_is_the_product_with_the_inverse(one, other):
    quotient = exact_unit(f"({written(one)})/({written(other)})")
    assert quotient == exact_unit(written([*one, *((name, -power) for name, power in other)]))


@given(products, st.integers(-2, 2).filter(bool))
def test_a_power_multiplies_the_dimension(product, power):
    base, raised = exact_unit(written(product)), exact_unit(f"({written(product)})^{power}")
    assert raised.factor == base.factor**power
    assert raised.exponents == tuple(power * exponent for exponent in base.exponents)


@given(products)
def test_both_ways_of_writing_mean_the_same(product):
    assert exact_unit(written(product)) == exact_unit(written(product, "**({})", " * "))
    assert exact_unit(written(product)) == exact_unit(written(product, "^{}", "·"))


@pytest.mark.parametrize(
    "text", ["g/L", "mmol/(L.h)", "kW/(m2.K)", "degC", "deg", "m3/(kg.d)", "1/h", "kPa", "umol/(g.s)"]
)
def test_units_mean_the_same_as_where_fmus_are_built(text):
    unit, known = parse_unit(text), parse_for_fmus(text)
    assert (unit.exponents, unit.offset) == (known.exponents, known.offset)
    assert unit.factor == pytest.approx(known.factor, rel=1e-15)


def test_definitions_win_over_what_a_text_says_and_the_first_scope_over_the_second():
    inner = {"U": UnitDefinition(exponents={"mol": 1, "s": -1}, factor=2.0)}
    outer = {"U": UnitDefinition(factor=3.0), "degX": UnitDefinition(exponents={"K": 1}, factor=0.5, offset=100.0)}
    assert find_unit("U", inner, outer).factor == 2.0
    assert find_unit("U", outer, inner).factor == 3.0
    assert find_unit("U").factor == pytest.approx(1e-6 / 60)
    assert conversion(find_unit("degX", inner, outer), find_unit("K")) == (0.5, 100.0)
    assert BASE.index("K") == 4


def test_pint_is_loaded_only_for_units_in_text():
    code = "import sys, orchestrator.assembly; assert 'pint' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
