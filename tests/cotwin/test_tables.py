import numpy as np
import pytest

from cotwin.panels import panels
from cotwin.tables import Table, number, summary
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


def test_columns_of_numbers_are_known_and_units_are_none():
    rows = [("a", "1", "3", "", "1.5"), ("b", "1", "IDLE", "", "nan"), ("c", "m", "-1e-9", "", "")]
    assert Table("", ("name", "unit", "start", "empty", "cost"), rows).numeric == (False, False, True, False, True)
