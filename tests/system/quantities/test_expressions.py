import math
import re
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.quantities.amounts import Amount, number
from orchestrator.system.quantities.expressions import MAX_DEPTH, evaluate
from orchestrator.system.quantities.unit_text import exact_unit
from orchestrator.system.quantities.units import Unit, dimension

CONSTANTS = {"V0": Amount(Fraction(2, 1000), exact_unit("L").exponents, False, False), "k": number(Fraction(3))}


def computed(text):
    return evaluate(text, CONSTANTS.get)


def read(text):
    amount = computed(text)
    return float(amount.value), "" if amount.plain else dimension(Unit("", amount.exponents))


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("2*V0", 0.004, "m3"),
        ("V0/(10 h)", 0.002 / 36000, "m3.s-1"),
        ("V0/10 h", 0.002 / 36000, "m3.s-1"),
        ("1/2 h", 1 / 7200, "s-1"),
        ("37 degC", 310.15, "K"),
        ("37 degC + 5 K", 315.15, "K"),
        ("37 degC - 20 degC", 17.0, "K"),
        ("max(20 degC, 30 degC)", 303.15, "K"),
        ("5 g/L", 5.0, "kg.m-3"),
        ("0.1*10 mmol/(gDW h)", 0.001 / 0.001 / 3600, "kg-1.s-1.mol"),
        ("1 min / 30", 2.0, "s"),
        ("V0/(10 min)", 0.002 / 600, "m3.s-1"),
        ("2*min", 120.0, "s"),
        ("min(1 min, 1 h)", 60.0, "s"),
        ("10 mol/(L min)", 10000 / 60, "m-3.s-1.mol"),
        ("3 m^2", 3.0, "m2"),
        ("3 m**-2", 3.0, "m-2"),
        ("3 m2", 3.0, "m2"),
        ("sqrt(4 m2)", 2.0, "m"),
        ("(8 m3)**(1/3)", 2.0, "m"),
        ("abs(-3 L)", 0.003, "m3"),
        ("log(V0/(1 L))", math.log(2), "1"),
        ("sin(30 deg)", 0.5, "1"),
        ("5 % + 1", 1.05, "1"),
        ("0.1 + 0.2", 0.3, ""),
        ("k*2 - 1", 5.0, ""),
        ("-2**2", -4.0, ""),
        ("2**-1", 0.5, ""),
        ("2^3^2", 512.0, ""),
        ("min(3, k, 5)", 3.0, ""),
        ("cos(2*pi)", 1.0, ""),
        ("exp(1)", math.e, ""),
        (" 1e-3 ", 1e-3, ""),
        ("(1/3)**30**2", 0.0, ""),
    ],
)
def test_an_expression_is_a_value_with_a_dimension(text, value, unit):
    assert read(text) == (pytest.approx(value, rel=1e-15, abs=1e-300), unit)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("V0 + 1", "0.002 m3 + 1 without a unit: the dimensions differ"),
        ("2*37 degC", "can only be moved by a difference; write it in K"),
        ("20 degC + 20 degC", "have no sum"),
        ("5 K - 20 degC", "cannot be subtracted from a difference"),
        ("3*degC", "'degC' has a zero of its own; write it right behind a number"),
        ("max(20 degC, 300 K)", "compare only with each other"),
        ("sqrt(2 m)", "the dimension would not be whole"),
        ("2**V0", "a power is a number, not 0.002 m3"),
        ("exp(V0)", "divide it by a reference first"),
        ("log(-1)", "cannot be computed"),
        ("(-2)**0.5", "a root of a negative number"),
        ("1/0", "division by zero"),
        ("9**9**9**9", "cannot be computed"),
        ("1e308*1e308*1e308", "cannot be computed"),
        ("1e400", "1e400 is beyond the largest number"),
        ("2 V0", "'V0' is a constant; write '*' before it"),
        ("sqrt", "'sqrt' is a function; write sqrt(...)"),
        ("sqrt(1, 2)", "'sqrt' takes one value, not 2"),
        ("V1", "'V1' is no unit"),
        ("(2", "a ')' is missing at the end"),
        ("2 + ", "a number or name is missing at the end"),
        ("2,5", "',' is left over"),
        ("__import__('os')", "is no number, name or sign"),
        ("a.b", "is no number, name or sign"),
        ("(" * (MAX_DEPTH + 1) + "1", "within each other"),
        ("-" * (MAX_DEPTH + 1) + "1", "within each other"),
        ("1+" * 600 + "1", "longer than 1000 characters"),
    ],
)
def test_what_cannot_be_computed_is_refused_with_the_reason(text, problem):
    with pytest.raises(DescriptionError) as caught:
        computed(text)
    assert problem in str(caught.value)


def test_amounts_of_different_dimension_are_a_unit_error():
    with pytest.raises(UnitError):
        computed("1 m + 1 s")


decimals = st.decimals(-(10**6), 10**6, places=6).map(str)
leaves = st.one_of(decimals.map(lambda text: f"({text})"), st.sampled_from(["k", "pi", "2.5e-3"]))
trees = st.recursive(
    leaves,
    lambda parts: st.tuples(parts, st.sampled_from("+-*"), parts).map(lambda tree: "({} {} {})".format(*tree)),
    max_leaves=8,
)


@settings(max_examples=60)
@given(trees)
def test_arithmetic_of_numbers_is_exact_and_has_the_precedence_of_python(text):
    exact = eval(
        re.sub(r"[\d.]+(e-\d)?", lambda match: f"F('{match[0]}')", text),
        {"F": Fraction, "k": Fraction(3), "pi": Fraction(math.pi)},
    )
    assert computed(text).value == exact


@given(st.text(alphabet="0123456789.+-*/^() kVhLeE%,", max_size=20))
def test_any_text_is_computed_or_refused(text):
    with suppress(DescriptionError):
        assert math.isfinite(float(computed(text).value))
