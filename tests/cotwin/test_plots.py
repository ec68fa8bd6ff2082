import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from matplotlib.image import imread

from cotwin.panels import panels
from cotwin.plots import POINTS, save_png, svg, thinned, time_axis
from tests.cotwin.records import MemoryRecord, fed_batch


@pytest.mark.parametrize(
    ("span", "unit"), [(1e-3, "s"), (120.0, "s"), (600.0, "min"), (9000.0, "min"), (36000.0, "h"), (1e6, "d")]
)
def test_the_time_axis_has_between_three_and_two_hundred_units(span, unit):
    axis = time_axis(span)
    assert axis.unit == unit
    assert span < 200.0 or 3.0 < span / axis.seconds <= 180.0


def test_thinning_keeps_ends_and_extremes():
    values = np.sin(np.linspace(0.0, 300.0, 50_001))
    values[12_345] = 7.0
    kept = thinned(values, POINTS)
    assert len(kept) <= POINTS
    assert (kept[0], kept[-1]) == (0, 50_000)
    assert 12_345 in kept
    assert values[kept].min() == values.min()
    assert (np.diff(kept) > 0).all()


def test_a_short_curve_is_not_thinned():
    np.testing.assert_array_equal(thinned(np.arange(10.0), POINTS), np.arange(10))


def test_a_png_has_a_row_for_each_panel(tmp_path):
    arranged = panels(fed_batch())
    one = imread(save_png(arranged[:1], tmp_path / "deep" / "one.png"))
    all_of_them = imread(save_png(arranged, tmp_path / "all.png", "a title"))
    assert one.shape[1] == all_of_them.shape[1]
    assert all_of_them.shape[0] > (len(arranged) - 1) * one.shape[0] * 0.8


def test_an_svg_is_well_formed_and_refers_to_nothing_outside():
    for number, panel in enumerate(panels(fed_batch())):
        text = svg(panel, f"panel-{number}")
        ET.fromstring(text)
        assert "http" not in text
        assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', text))
        assert "currentColor" in text


def test_two_svgs_share_no_identifiers():
    first, second = panels(fed_batch())[:2]
    found = [
        set(re.findall(r'id="([mp][0-9a-f]{10})"', svg(panel, name))) for panel, name in ((first, "a"), (second, "b"))
    ]
    assert found[0]
    assert found[0].isdisjoint(found[1])


def test_names_from_an_fmu_are_escaped():
    record = MemoryRecord(np.arange(3.0), {'a.<b>"&': np.arange(3.0)}, {'a.<b>"&': "<kg>"})
    text = svg(panels(record)[0], "x")
    ET.fromstring(text)
    assert "<b>" not in text


def test_names_with_dollar_signs_are_not_taken_for_mathematics():
    record = MemoryRecord(np.arange(3.0), {"a.$x_$ $": np.arange(3.0)}, {"a.$x_$ $": "$\\frac$"})
    assert "a.$x_$ $" in svg(panels(record)[0], "x")


def test_a_component_whose_name_begins_with_an_underscore_is_named_in_the_legend():
    assert "_a.x</text>" in svg(panels(MemoryRecord(np.arange(3.0), {"_a.x": np.arange(3.0)}))[0], "x")


def test_a_constant_curve_of_one_row_can_be_drawn(tmp_path):
    record = MemoryRecord(np.zeros(1), {"a.x": np.full(1, 5.0)})
    assert save_png(panels(record), tmp_path / "one.png").exists()
