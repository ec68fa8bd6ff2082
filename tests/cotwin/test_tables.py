import numpy as np
import pytest

from cotwin.panels import panels
from cotwin.tables import number, reads_as_number, summary
from tests.cotwin.records import MemoryRecord


def test_the_summary_has_first_last_least_and_greatest():
    values = {"a.x": np.array([1.0, -2.0, 5.0, 3.0]), "a.on": np.array([False, True, True, True])}
    table = summary(panels(MemoryRecord(np.arange(4.0), values, {"a.x": "m"})))
    assert table.rows == [("a.x", "m", "1", "3", "-2", "5"), ("a.on", "", "false", "true", "false", "true")]


@pytest.mark.parametrize(
    ("value", "shown"), [(1 / 3, "0.333333"), (np.int64(7), "7"), (np.True_, "true"), (1e-9, "1e-09"), (np.nan, "nan")]
)
def test_numbers_are_short(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("text", "expected"), [("1e-9", True), ("nan", True), ("", False), ("reactor", False), ("-3", True)]
)
def test_cells_that_are_numbers_are_known(text, expected):
    assert reads_as_number(text) is expected
