"""Plain data come back from their bytes to the bit, and no bytes do harm."""

import math
import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.plain_data import pack, unpack

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
data = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.dictionaries(st.integers(), inner) | st.tuples(inner)
    ),
)


@given(data)
def test_data_come_back_as_they_were(value):
    found = unpack(pack(value))
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "u8", "i4", "?", "u1"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (0, 4)])
def test_arrays_come_back_with_type_shape_and_every_bit(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    found = unpack(pack({"array": array, "again": [array, array.T]}))
    for each, expected in ((found["array"], array), (found["again"][1], array.T)):
        assert each.dtype == array.dtype
        np.testing.assert_array_equal(each, expected)
        assert each.shape == expected.shape
        assert each.flags.writeable


def test_numbers_that_json_does_not_know_keep_every_bit():
    odd = struct.unpack("<d", bytes.fromhex("010000000000f8ff"))[0]
    found = unpack(pack([math.inf, -math.inf, odd, -0.0, 5e-324, np.float64(0.1), np.int64(3), np.bool_(True)]))
    assert [struct.pack("<d", each) for each in found[:5]] == [
        struct.pack("<d", each) for each in (math.inf, -math.inf, odd, -0.0, 5e-324)
    ]
    assert found[5:] == [0.1, 3, True]


def test_texts_and_bytes_in_arrays_come_back():
    array = np.array(["", "µ", b"\0\xff", None], object).reshape(2, 2)
    found = unpack(pack(array))
    assert found.dtype == object
    assert found.tolist() == array.tolist()


def test_what_is_not_plain_is_refused_with_its_place():
    with pytest.raises(TypeError, match=r"\.loops\[1\]\.x is no plain data but set"):
        pack({"loops": [0, {"x": {1}}]})
    with pytest.raises(TypeError, match="complex"):
        pack(np.zeros(2, complex))


def test_a_key_that_stands_for_something_else_is_a_key_like_any_other():
    value = {"$": "bytes", "at": 0}
    assert unpack(pack(value)) == value


@given(st.binary(max_size=200))
def test_bytes_from_anywhere_are_data_or_refused_in_words(text):
    with suppress(ValueError):
        unpack(struct.pack("<Q", len(text)) + text)
    with pytest.raises(ValueError):  # noqa: PT011 -- whatever it says
        unpack(text[:7])


@given(st.data())
def test_altered_bytes_give_data_or_are_refused(draw):
    good = bytearray(pack({"a": [1.5, {"b": b"bytes"}], "c": np.arange(6.0).reshape(2, 3), "d": (True, None)}))
    place = draw.draw(st.integers(0, len(good) - 1))
    good[place] = draw.draw(st.integers(0, 255))
    with suppress(ValueError):
        unpack(bytes(good))


@pytest.mark.parametrize(
    "plain",
    [
        '{"$":"array","dtype":"<f8","shape":[1000000000000],"at":0}',
        '{"$":"array","dtype":"<f8","shape":[-1],"at":0}',
        '{"$":"array","dtype":"|O","shape":[1],"at":0}',
        '{"$":"bytes","at":-5,"size":3}',
        '{"$":"bytes","at":0,"size":1e3}',
        '{"$":"objects","shape":[2],"of":[]}',
        '{"$":"dict","of":[[{},1]]}',
        '{"$":"code","of":"import os"}',
        '{"$":"float","of":"00"}',
        "[" * 100_000,
        "NaN",
    ],
)
def test_contradictions_are_refused(plain):
    text = plain.encode()
    with pytest.raises(ValueError):  # noqa: PT011 -- whatever it says
        unpack(struct.pack("<Q", len(text)) + text)
