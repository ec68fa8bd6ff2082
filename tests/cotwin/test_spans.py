from cotwin.spans import spans, together


def test_components_of_an_array_are_told_once_and_others_each():
    told = [(f"zone[{index}]", "open") for index in range(1, 2001)] + [("plc", "open"), ("tank/jacket[2]", "open")]
    assert list(together(told)) == [("zone[1..2000]", "open"), ("plc", "open"), ("tank/jacket[2]", "open")]


def test_what_differs_stays_apart():
    told = [("z[1]", "a"), ("z[1]", "b"), ("z[2]", "a"), ("z[1].x", "a"), ("z[2].x", "a")]
    assert list(together(told)) == [("z[1..2]", "a"), ("z[1]", "b"), ("z[1..2].x", "a")]


def test_gaps_end_a_span_and_many_spans_are_counted():
    assert list(spans(["z[2]", "z[1]", "z[4]"])) == ["z[1..2]", "z[4]"]
    assert list(spans([f"z[{index}]" for index in (1, 3, 5, 7)])) == ["z[1]", "z[3]", "z[5]", "z[7]"]
    assert list(spans([f"z[{index}]" for index in range(1, 100, 2)]))[2:] == ["z[5]", "z[7] and 46 more"]


def test_elements_of_tables_are_named_one_by_one():
    assert list(spans(["z[1,1]", "z[1,2]"])) == ["z[1,1]", "z[1,2]"]
