"""The table of types that connect, one test for each of its cells."""

import pytest

from orchestrator.system.connections.domains import Domain, carry, declared_domain
from orchestrator.system.connections.substitution import UNCHANGED, Substitution
from orchestrator.system.connector import Storage
from orchestrator.system.structure import DeclaredConnector
from orchestrator.system.transformation import Linear, MapEntry, ValueMap

FLOAT, INTEGER, BOOLEAN = (Domain(Storage(name)) for name in ("float64", "int64", "boolean"))
LARGE, TEXT, BYTES = (Domain(Storage(name)) for name in ("uint64", "string", "binary"))
BYTE = Domain(Storage.INT64, unsigned=True)
MODE = Domain(Storage.INT64, items=((1, "off"), (2, "on")))
SWITCH = Domain(Storage.INT64, items=((0, "off"), (1, "on")))
MORE = Domain(Storage.INT64, items=((1, "off"), (2, "on"), (3, "broken")))

PASS = UNCHANGED
BITS = Substitution.only([0, 1])


def table(kind, **entries):
    return ValueMap(kind=kind, entries=[MapEntry(source=key, target=value) for key, value in entries.items()])


def numbers(entries):
    return ValueMap(kind="integer", entries=[MapEntry(source=key, target=value) for key, value in entries.items()])


@pytest.mark.parametrize(
    ("source", "target", "mapping"),
    [
        *((one, one, PASS) for one in (FLOAT, INTEGER, BOOLEAN, LARGE, TEXT, BYTES, MODE)),
        (INTEGER, FLOAT, PASS),
        (MODE, FLOAT, PASS),
        (BOOLEAN, FLOAT, PASS),
        (BOOLEAN, INTEGER, PASS),
        (BOOLEAN, LARGE, PASS),
        (INTEGER, BOOLEAN, BITS),
        (LARGE, BOOLEAN, BITS),
        (SWITCH, BOOLEAN, PASS),
        (BYTE, LARGE, PASS),
        (MODE, LARGE, PASS),
        (MODE, INTEGER, PASS),
        (INTEGER, MODE, Substitution.only([1, 2])),
        (MODE, MORE, PASS),
        (MODE, SWITCH, Substitution.of({1: 0, 2: 1})),
        (None, MODE, PASS),
        (MODE, None, PASS),
    ],
)
def test_types_that_connect(source, target, mapping):
    carried = carry(source, target, None)
    assert carried.mapping == mapping
    assert carried.domain == (source if target is None else target)


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        *((FLOAT, one, "floats are not rounded in silence") for one in (INTEGER, LARGE, BOOLEAN, MODE)),
        (INTEGER, LARGE, "int64 does not connect to uint64, which does not hold all of its values"),
        (LARGE, INTEGER, "uint64 does not connect to int64, which does not hold all of its values"),
        (LARGE, FLOAT, "uint64 does not connect to float64, which does not hold all of its values"),
        (BOOLEAN, MODE, "boolean does not connect to enumeration"),
        (MODE, BOOLEAN, "the value 2 of the enumeration is none of the boolean, which takes 0, 1; map it with an"),
        (MORE, MODE, "the item 'broken' of the source's enumeration has no counterpart in that of the destination"),
        *((TEXT, one, "string does not connect to") for one in (FLOAT, INTEGER, BOOLEAN, BYTES)),
        *((one, TEXT, "does not connect to string") for one in (FLOAT, INTEGER, BOOLEAN, BYTES)),
    ],
)
def test_types_that_do_not_connect(source, target, problem):
    with pytest.raises(ValueError, match=problem):
        carry(source, target, None)


def test_a_transformation_acts_on_the_values_of_the_source_and_the_type_follows():
    swapped = ValueMap(
        kind="boolean", entries=(MapEntry(source=True, target=False), MapEntry(source=False, target=True))
    )
    assert carry(BOOLEAN, FLOAT, swapped).mapping == Substitution.of({0: 1, 1: 0})
    assert carry(MODE, BOOLEAN, numbers({1: 0, 2: 1})).mapping == Substitution.of({1: 0, 2: 1})
    assert carry(INTEGER, BOOLEAN, numbers({7: 1})).mapping == Substitution.of({0: 0, 1: 1, 7: 1}, total=True)
    assert carry(BYTE, LARGE, numbers({7: 1})).mapping == Substitution.of({7: 1})
    assert carry(MODE, SWITCH, numbers({1: 0, 2: 1})).mapping == Substitution.of({1: 0, 2: 1})
    assert carry(None, INTEGER, numbers({7: 1})).mapping == Substitution.of({7: 1})


def test_an_enumeration_is_mapped_by_the_names_of_its_items():
    named = table("enumeration", broken="on")
    assert carry(MORE, SWITCH, named).mapping == Substitution.of({1: 0, 2: 1, 3: 1})


@pytest.mark.parametrize(
    ("source", "target", "transformation", "problem"),
    [
        (INTEGER, FLOAT, Linear(factor=2.0), "a linear transformation goes between floats, one end is int64"),
        (BOOLEAN, FLOAT, Linear(), "one end is boolean"),
        (FLOAT, FLOAT, numbers({1: 2}), "an integer transformation takes integers, the source is float64"),
        (INTEGER, INTEGER, table("boolean", x=True), "a boolean transformation takes Booleans, the source is int64"),
        (BOOLEAN, BOOLEAN, table("boolean", x=True), "'x' is no value of the kind 'boolean'"),
        (INTEGER, INTEGER, numbers({1: True}), "True is no value of the kind 'integer'"),
        (INTEGER, MODE, numbers({1: 5}), "1 is mapped to 5, which the destination \\(enumeration\\) has not"),
        (INTEGER, BOOLEAN, numbers({7: 2}), "7 is mapped to 2, which the destination \\(boolean\\) has not"),
        (BYTE, LARGE, numbers({7: -1}), "does not hold all of its values"),
        (LARGE, LARGE, numbers({7: -1}), "7 is mapped to -1, which the destination \\(uint64\\) has not"),
        (MODE, INTEGER, table("enumeration", on="off"), "goes between two enumerations"),
        (MODE, MORE, table("enumeration", onn="off"), "'onn' is no item of the enumeration; did you mean 'on'"),
        (MODE, MORE, table("enumeration", on="of"), "'of' is no item of the enumeration; did you mean 'off'"),
    ],
)
def test_a_transformation_that_does_not_fit_is_refused(source, target, transformation, problem):
    with pytest.raises(ValueError, match=problem):
        carry(source, target, transformation)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("Real", FLOAT),
        ("Float32", FLOAT),
        ("Integer", INTEGER),
        ("UInt32", BYTE),
        ("UInt64", LARGE._replace(unsigned=True)),
        ("Clock", BOOLEAN),
        ("Binary", BYTES),
        (None, None),
    ],
)
def test_types_of_ssp(name, domain):
    assert declared_domain(DeclaredConnector(kind="input", type=name), {}) == domain


def test_an_enumeration_of_ssp_has_its_items():
    connector = DeclaredConnector(kind="input", type="Enumeration", enumeration="Mode")
    assert declared_domain(connector, {"Mode": {"off": 1, "on": 2}}) == MODE
