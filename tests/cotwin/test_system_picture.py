from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import pytest

from cotwin.system_picture import ALGEBRAIC, LOOP, PLAIN, picture
from orchestrator.graph.explanation import ComponentSummary, ConnectionSummary, Delay, Explanation, LoopSummary

SVG = "{http://www.w3.org/2000/svg}"


def _structure(
    stages: tuple[tuple[str, ...], ...],
    connections: dict[tuple[str, str], int],
    loops: tuple[tuple[tuple[str, ...], bool], ...] = (),
) -> Explanation:
    names = [name for stage in stages for name in stage]
    return Explanation(
        components=tuple(ComponentSummary(name, "fmu", "3.0", 1, 2, 0, 0, 1.0) for name in names),
        stages=stages,
        feedthrough=(),
        assumed_full=(),
        connections=tuple(ConnectionSummary(*pair, count, Delay(1, 0)) for pair, count in connections.items()),
        loops=tuple(LoopSummary(names, algebraic, Delay(1, 1)) for names, algebraic in loops),
        more_loops=False,
        algebraic_loops=(),
        step_size=1.0,
    )


def _plant(components: int) -> Explanation:
    names = [f"area {number % 4}/a rather long unit {number}" for number in range(components)]
    connections = {(names[number // 2], names[number]): number % 3 + 1 for number in range(1, components)}
    connections |= {(names[number], names[number - 3]): 1 for number in range(5, components, 7)}
    return _structure(tuple(tuple(names[at : at + 5]) for at in range(0, components, 5)), connections)


def _boxes(svg: ET.Element) -> dict[str, tuple[float, float, float, float]]:
    boxes = {}
    for group in svg.iter(f"{SVG}g"):
        title, shape = group.find(f"{SVG}title"), group.find(f"{SVG}rect")
        if title is not None and shape is not None:
            x, y, width, height = (float(shape.attrib[key]) for key in ("x", "y", "width", "height"))
            boxes[str(title.text).split(":")[0]] = (x, y, x + width, y + height)
    return boxes


def _lines(svg: ET.Element) -> dict[str, dict[str, str]]:
    lines = {}
    for group in svg.iter(f"{SVG}g"):
        title, path = group.find(f"{SVG}title"), group.find(f"{SVG}path")
        if title is not None and path is not None:
            lines[str(title.text)] = path.attrib
    return lines


@pytest.mark.parametrize("components", [1, 2, 12, 30, 60])
def test_no_box_covers_another_and_all_lie_in_the_picture(components: int) -> None:
    svg = ET.fromstring(picture("plant", _plant(components)))
    width, height = (float(svg.attrib[key]) for key in ("width", "height"))
    boxes = _boxes(svg)

    assert len(boxes) == components
    for left, top, right, bottom in boxes.values():
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for (a, b, c, d), (e, f, g, h) in combinations(boxes.values(), 2):
        assert c < e or g < a or d < f or h < b


def test_connections_of_a_loop_are_marked_and_say_how_many_they_are() -> None:
    loops = ((("tank", "pid", "tank"), False), (("valve", "pump", "valve"), True))
    connections = {
        ("tank", "pid"): 2,
        ("pid", "tank"): 1,
        ("valve", "pump"): 1,
        ("pump", "valve"): 1,
        ("pid", "valve"): 1,
    }

    lines = _lines(ET.fromstring(picture("s", _structure((("tank", "pid"), ("valve", "pump")), connections, loops))))

    colours = {title: line["stroke"] for title, line in lines.items()}
    assert colours == {
        "tank -> pid: 2 connections": LOOP,
        "pid -> tank: 1 connection": LOOP,
        "valve -> pump: 1 connection": ALGEBRAIC,
        "pump -> valve: 1 connection": ALGEBRAIC,
        "pid -> valve: 1 connection": PLAIN,
    }
    assert [title for title, line in lines.items() if "stroke-dasharray" in line] == [
        "pid -> tank: 1 connection",
        "pump -> valve: 1 connection",
    ]


def test_boxes_are_filled_by_stage() -> None:
    svg = ET.fromstring(picture("s", _structure((("a", "b"), ("c",)), {})))
    fills = {
        str(title.text).split(":")[0]: shape.attrib["fill"]
        for group in svg.iter(f"{SVG}g")
        if (title := group.find(f"{SVG}title")) is not None and (shape := group.find(f"{SVG}rect")) is not None
    }

    assert fills["a"] == fills["b"] != fills["c"]


def test_lines_begin_and_end_at_the_borders_of_their_boxes() -> None:
    structure = _plant(30)
    svg = ET.fromstring(picture("plant", structure))
    boxes = _boxes(svg)

    for title, line in _lines(svg).items():
        source, destination = title.split(":")[0].split(" -> ")
        numbers = line["d"].replace("M", " ").replace("C", " ").split()
        for name, point in ((source, numbers[0]), (destination, numbers[-1])):
            x, y = map(float, point.split(","))
            left, top, right, bottom = boxes[name]
            assert min(abs(x - left), abs(x - right)) < 0.1
            assert top <= y <= bottom


def test_names_are_text_and_no_markup() -> None:
    svg = ET.fromstring(picture("<b>&", _structure((("<i>", '"q"'),), {("<i>", '"q"'): 1})))

    assert {"<i>", '"q"'} <= set(_boxes(svg))


def test_a_connection_of_a_component_with_itself_is_drawn_above_it() -> None:
    svg = ET.fromstring(picture("s", _structure((("a",),), {("a", "a"): 1}, ((("a", "a"), False),))))
    (line,) = _lines(svg).values()
    points = [tuple(map(float, point.strip("ML").split(","))) for point in line["d"].split()]

    assert min(y for _, y in points) < _boxes(svg)["a"][1]
    assert all(one != other for one, other in pairwise(points))
