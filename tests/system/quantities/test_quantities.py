import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import DescriptionError, UnitError
from orchestrator.system.quantities.reader import Reader
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.quantities.units import IDENTITY, Unit
from orchestrator.system.structure import UnitDefinition
from orchestrator.system.values import Quantity

L, K, degC, gL, OD = parse_unit("L"), parse_unit("K"), parse_unit("degC"), parse_unit("g/L"), Unit("OD")
READER = Reader({"V0": "2 L", "half": 0.5, "tau": Quantity(value=10, unit="h"), "V1": "V0/half"}, {})


@pytest.mark.parametrize(
    ("given_", "unit", "value"),
    [
        (2, L, 2),
        (2.5, None, 2.5),
        ("2.5", L, 2.5),
        ("2.5", None, 2.5),
        ("7", None, 7),
        ("2*3", L, 6),
        ("2.5 L", L, 2.5),
        ("2.5 m3", L, 2500.0),
        ("300 mL", L, 0.3),
        ("1e6 cells/mL", parse_unit("1/L"), 1e9),
        ("37 degC", K, 310.15),
        ("310.15 K", degC, 37.0),
        ("98.6 degF", degC, 37.0),
        ("-3 degC", degC, -3),
        ("0.5 OD", OD, 0.5),
        ("2*V0", L, 4),
        ("2*V0", parse_unit("m3"), 0.004),
        ("V1", L, 4),
        ("V0/tau", parse_unit("L/h"), 0.2),
        ("V1/V0", None, 2),
        ("50 %", None, 0.5),
        ("50 %", parse_unit("%"), 50),
        (Quantity(value=2.0, unit="m3"), L, 2000.0),
        (Quantity(value=2.0, unit="L"), None, 2.0),
        (Quantity(value=2.0, unit="OD"), OD, 2.0),
    ],
)
def test_a_value_is_a_number_in_the_unit_of_the_variable(given_, unit, value):
    assert READER.read(given_, unit).value == pytest.approx(value, rel=1e-15)


def test_what_was_converted_is_told():
    read = READER.read("37 degC", K)
    assert (read.unit, read.conversion) == (degC, (1.0, 273.15))
    assert READER.read("2.5 L", L).conversion == IDENTITY
    assert READER.read("2*V0", L).unit == Unit("m3", L.exponents)
    assert READER.read(3.0, L).unit is None


@pytest.mark.parametrize(
    ("given_", "unit", "problem"),
    [
        ("2.5 L", None, "it has the unit m3, the variable has none; write the plain number"),
        ("2.5 L", K, "'L' (m3) does not convert to 'K' (K)"),
        ("V0", gL, "'m3' (m3) does not convert to 'g/L' (kg.m-3)"),
        ("V1/V0", L, "'1' (1) does not convert to 'L' (m3)"),
        ("2.5 Lit", L, "'Lit' is no unit"),
        ("2,5 L", L, "',' is left over"),
        ("2 V0", L, "'V0' is a constant; write '*' before it"),
        ("0.5 g/L", OD, "'g/L' does not convert to 'OD': 'OD' has no definition"),
        ("1e308 m3", L, "it is beyond the largest number in 'L'"),
        (Quantity(value=2.0, unit="OD"), L, "'OD' is no unit"),
        (Quantity(value="2", unit="L"), L, "'2' is no number"),
        (Quantity(value=(1.0, 2.0), unit="L"), L, "is no number"),
    ],
)
def test_what_does_not_fit_is_refused(given_, unit, problem):
    with pytest.raises(DescriptionError) as caught:
        READER.read(given_, unit)
    assert problem in str(caught.value)


def test_incompatible_units_are_a_unit_error():
    with pytest.raises(UnitError):
        READER.read("2.5 L", K)


def test_units_of_the_set_win_over_those_of_the_description_and_these_over_text():
    mass, volume = UnitDefinition(exponents={"kg": 1}, factor=2.0), UnitDefinition(exponents={"m": 3}, factor=0.5)
    reader = Reader({}, {"L": volume, "U": mass})
    kg, m3 = parse_unit("kg"), parse_unit("m3")
    assert reader.read("3 L", m3).value == 1.5
    assert reader.read(Quantity(value=3, unit="L"), kg, {"L": mass}).value == 6.0
    assert reader.read("3 U", kg).value == 6.0
    assert reader.read(Quantity(value=3, unit="L"), L).value == 1500.0


@pytest.mark.parametrize(
    ("constants", "problem"),
    [
        ({"a": "b + 1", "b": "2*c", "c": "a"}, "constants.a: a -> b -> c -> a: constants are given in a circle"),
        ({"a": "a"}, "constants.a: a -> a: constants are given in a circle"),
        ({"a": True}, "constants.a: True is no number"),
        ({"a": (1.0, 2.0)}, "constants.a: (1.0, 2.0) is no number"),
        ({"a": "2 apples"}, "constants.a: unit 'apples': 'apples' is no unit"),
        ({"pi": 3}, "constants.pi: use a name of letters and digits that is none of sqrt"),
        ({"a b": 3}, "constants.a b: use a name"),
    ],
)
def test_wrong_constants_are_refused_by_path(constants, problem):
    with pytest.raises(DescriptionError) as caught:
        Reader(constants, {})
    assert problem in str(caught.value)


def test_all_wrong_constants_come_in_one_report():
    with pytest.raises(DescriptionError) as caught:
        Reader({"a": "2 apples", "b": 2, "c": "1/0"}, {})
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["constants.a", "constants.c"]


pairs = st.sampled_from(
    [("L", "m3"), ("degC", "degF"), ("g/L", "mg/mL"), ("mmol/(gDW.h)", "mol/(kg.s)"), ("bar", "psi")]
)


@given(st.floats(-1e6, 1e6), pairs)
def test_a_value_there_and_back_is_the_value(value, pair):
    one, other = map(parse_unit, pair)
    there = READER.read(Quantity(value=value, unit=pair[0]), other).value
    back = READER.read(Quantity(value=there, unit=pair[1]), one).value
    assert back == pytest.approx(value, rel=1e-15, abs=1e-13)


@given(st.floats(0.001, 1e6), st.sampled_from(["L", "mL", "kg", "g/L", "degC", "h", "%"]))
def test_a_value_in_the_unit_of_the_variable_is_unchanged_to_the_bit(value, name):
    assert READER.read(f"{value!r} {name}", parse_unit(name)).value == value
