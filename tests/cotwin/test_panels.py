import numpy as np

from cotwin.panels import panels
from tests.cotwin.records import MemoryRecord, fed_batch


def labels(arranged):
    return [[curve.label for curve in panel.curves] for panel in arranged]


def test_curves_of_one_component_unit_and_magnitude_share_a_panel_and_small_ones_get_their_own():
    arranged = panels(fed_batch(), ["cells.OUR", "cells.CER", "cells.traces"])
    assert labels(arranged) == [["cells.OUR", "cells.CER"], ["cells.traces"]]
    assert {panel.unit for panel in arranged} == {"mmol/(L h)"}


def test_different_units_never_share_a_panel():
    arranged = panels(MemoryRecord(np.arange(3.0), {"a.x": np.arange(3.0), "a.y": np.arange(3.0)}, {"a.x": "m"}))
    assert labels(arranged) == [["a.x"], ["a.y"]]


def test_numbers_without_a_unit_never_share_a_panel_but_booleans_do():
    values = {"a.x": np.arange(3.0), "a.y": np.arange(3.0), "a.on": np.arange(3) > 0, "a.off": np.arange(3) > 1}
    assert labels(panels(MemoryRecord(np.arange(3.0), values))) == [["a.x"], ["a.y"], ["a.on", "a.off"]]


def test_a_constant_never_shares_a_panel_with_a_curve_that_changes():
    record = MemoryRecord(np.arange(3.0), {"a.x": np.arange(3.0), "a.K": np.full(3, 2.0)}, {"a.x": "g/L", "a.K": "g/L"})
    assert labels(panels(record)) == [["a.x"], ["a.K"]]


def test_a_large_array_becomes_its_mean_and_range():
    record = fed_batch(zones=30)
    (panel,) = panels(record, [name for name in record.names if name.startswith("tank.S")])
    (curve,) = panel.curves
    rows = np.stack([record[f"tank.S[{zone}]"] for zone in range(1, 31)])
    assert curve.label == "tank.S (mean and range of 30)"
    np.testing.assert_allclose(curve.values, rows.mean(axis=0), rtol=1e-14)
    np.testing.assert_array_equal(curve.band, [rows.min(axis=0), rows.max(axis=0)])


def test_a_small_array_is_drawn_element_by_element():
    record = fed_batch(zones=3)
    names = [f"tank.S[{zone}]" for zone in (1, 2, 3)]
    assert labels(panels(record, names)) == [names]


def test_every_variable_has_exactly_one_place():
    record = fed_batch(zones=4)
    placed = [curve.label for panel in panels(record) for curve in panel.curves]
    assert sorted(placed) == sorted(record.names)


def test_a_curve_knows_whether_it_is_constant_and_whether_it_is_stepped():
    curves = {curve.label: curve for panel in panels(fed_batch()) for curve in panel.curves}
    assert curves["tank.p"].constant
    assert not curves["tank.V"].constant
    assert curves["plc.phase"].stepped
    assert curves["plc.feeding"].stepped
    assert not curves["tank.V"].stepped


def test_values_that_are_not_finite_do_not_set_the_magnitude():
    (panel,) = panels(MemoryRecord(np.arange(3.0), {"a.x": np.array([1.0, np.nan, np.inf])}))
    assert panel.curves[0].magnitude == 1.0
