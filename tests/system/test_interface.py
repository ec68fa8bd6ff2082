import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.indices import indexed, is_one_element, pick
from orchestrator.system.interface import Interface


def variable(name, shape=()):
    return Connector(name, Causality.OUTPUT, Storage.FLOAT64, 0, shape=shape)


FAMILY = [variable(f"N[{row},{column}]") for column in (1, 2, 3) for row in (1, 2)]
INTERFACE = Interface([variable("S", (5,)), variable("M", (3, 4)), variable("x"), variable("x[2:3]"), *FAMILY])


def names(name):
    return [element.name for element in INTERFACE.find(name)]


@pytest.mark.parametrize(
    ("name", "expected", "shape"),
    [
        ("S[2]", ["S[2]"], ()),
        ("S[2:4]", ["S[2]", "S[3]", "S[4]"], (3,)),
        ("S[4:]", ["S[4]", "S[5]"], (2,)),
        ("S[:2]", ["S[1]", "S[2]"], (2,)),
        ("S[3:3]", ["S[3]"], (1,)),
        ("S[:]", [f"S[{index}]" for index in range(1, 6)], (5,)),
        ("M[1:2,3]", ["M[1,3]", "M[2,3]"], (2,)),
        ("M[2, 3:]", ["M[2,3]", "M[2,4]"], (2,)),
        ("M[2:3,1:2]", ["M[2,1]", "M[2,2]", "M[3,1]", "M[3,2]"], (2, 2)),
        ("N[2,2:3]", ["N[2,2]", "N[2,3]"], (2,)),
        ("N[:,1]", ["N[1,1]", "N[2,1]"], (2,)),
        ("x[2:3]", ["x[2:3]"], ()),
        ("x", ["x"], ()),
    ],
)
def test_indices_pick_elements_row_by_row(name, expected, shape):
    assert names(name) == expected
    assert INTERFACE.shape(name) == shape


@pytest.mark.parametrize(
    "name",
    ["S[0]", "S[6]", "S[2:6]", "S[4:2]", "S[0:1]", "S[1,1]", "M[1]", "M[1:2]", "x[1]", "y[1:2]", "S[]", "S[1:2:3]"],
)
def test_indices_that_an_array_has_not_stand_for_nothing(name):
    assert INTERFACE.find(name) is None
    assert INTERFACE.shape(name) is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("S[2:6]", "'S' has the indices 1:5"),
        ("M[1]", "'M' has the indices 1:3,1:4"),
        ("N[3,1]", "'N' has the indices 1:2,1:3"),
        ("x[1]", "'x' is a scalar; leave the indices out"),
        ("SS", "did you mean 'S'?"),
    ],
)
def test_what_stands_for_nothing_is_answered_with_what_there_is(name, hint):
    assert INTERFACE.hint(name, Causality.OUTPUT) == hint


def test_one_huge_index_is_no_array():
    assert Interface([variable("S[4000000000]")]).find("S") is None


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2)), min_size=1, max_size=3))
def test_picking_is_slicing(axes):
    shape = tuple(max(first, last) for first, last, _ in axes)
    texts, slices = [], []
    for first, last, kind in axes:
        low, high = min(first, last), max(first, last)
        texts.append([f"{low}", f"{low}:{high}", f"{low}:"][kind])
        slices.append([low - 1, slice(low - 1, high), slice(low - 1, None)][kind])
    name = f"S[{','.join(texts)}]"
    expected = np.arange(np.prod(shape)).reshape(shape)[tuple(slices)]
    picked = pick(indexed(name), shape)
    assert picked.shape == expected.shape
    assert list(picked.positions) == expected.ravel().tolist()
    assert is_one_element(name) == (expected.shape == ())
