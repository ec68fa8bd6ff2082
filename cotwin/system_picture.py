"""The picture of a system: components in boxes, coloured by stage, and what flows between them; loops are marked."""

from collections.abc import Iterator, Mapping
from html import escape
from itertools import pairwise
from pathlib import Path

from orchestrator.errors import DescriptionError
from orchestrator.graph.explanation import ConnectionSummary, Explanation
from orchestrator.graph.layout import Layout, Point, layered

STAGES = ("#cfe3f5", "#d5ecd8", "#f6e3c5", "#ead6ec", "#f4d3d0", "#d9dee3", "#cdebea", "#eeeab8")
"""Fill of the boxes by stage, repeated after the last one."""
LOOP = "#b35900"
ALGEBRAIC = "#b3261e"
PLAIN = "#5b6670"
INK = "#1d2329"

BOX_HEIGHT = 44.0
ROW = 66.0
GAP = 84.0
"""Between two layers, where the lines run (px)."""
MARGIN = 24.0
CHARACTER = 7.6
"""Width of a character of a name (px), rather too wide than too narrow."""
LONGEST = 34
"""Characters of a name that are shown; the whole of it is in the title of the box."""


def picture(name: str, structure: Explanation) -> str:
    """The system as SVG text. Boxes stand in the order of flow; dashed lines run back against it."""
    order = [component for stage in structure.stages for component in stage]
    pairs = {(one.source, one.destination): one for one in structure.connections}
    return "\n".join(_Picture(name, structure, pairs, layered(order, pairs)).lines())


def write_picture(name: str, structure: Explanation, path: Path) -> Path:
    """Write the picture of a system; DescriptionError where the file is no SVG or cannot be written."""
    if path.suffix.lower() != ".svg":
        raise DescriptionError(f"{path}: the picture of a system is an SVG; give a file that ends in .svg")
    try:
        path.write_text(picture(name, structure), encoding="utf-8")
    except OSError as error:
        raise DescriptionError(
            f"{path}: cannot be written ({error.strerror}); give a file in a folder of yours"
        ) from error
    return path


class _Picture:
    def __init__(
        self, name: str, structure: Explanation, pairs: Mapping[tuple[str, str], ConnectionSummary], layout: Layout
    ) -> None:
        self._name, self._structure, self._pairs, self._layout = name, structure, pairs, layout
        self._stage = {part: number for number, stage in enumerate(structure.stages) for part in stage}
        self._loops = {pair: False for loop in structure.loops for pair in pairwise(loop.components)}
        self._loops |= {pair: True for loop in structure.loops if loop.algebraic for pair in pairwise(loop.components)}
        self._summaries = {summary.name: summary for summary in structure.components}
        self._widths = self._layer_widths()
        rows = [point.row for points in layout.lines.values() for point in points]
        rows += [point.row for point in layout.nodes.values()]
        self._top = min(rows, default=0.0)
        self._height = MARGIN + 34 + (max(rows, default=0.0) - self._top) * ROW + BOX_HEIGHT + 20
        self._width = 2 * MARGIN + sum(self._widths) + GAP * (len(self._widths) - 1)

    def lines(self) -> Iterator[str]:
        """The text of the picture, line by line."""
        legend = list(self._legend())
        width = max(self._width, 460.0)
        height = self._height + 24 * len(legend) + MARGIN
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="Helvetica, Arial, sans-serif">'
        )
        yield f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
        yield from _arrowheads()
        yield (
            f'<text x="{MARGIN}" y="{MARGIN + 8}" font-size="17" font-weight="bold" fill="{INK}">'
            f"{escape(self._name)}</text>"
        )
        for pair, connection in self._pairs.items():
            yield from self._connection(connection, pair)
        for component in self._layout.nodes:
            yield from self._box(component)
        for index, line in enumerate(legend):
            yield f'<g transform="translate({MARGIN}, {self._height + 24 * index + 14:.0f})">{line}</g>'
        yield "</svg>"

    def _layer_widths(self) -> list[float]:
        widths = [0.0] * self._layout.layers
        for component, point in self._layout.nodes.items():
            text = max(len(_short(component)) * CHARACTER, len(self._about(component)) * 6.2)
            widths[point.layer] = max(widths[point.layer], text + 28.0, 96.0)
        return widths

    def _about(self, component: str) -> str:
        summary = self._summaries[component]
        version = f"FMI {summary.fmi_version}" if summary.fmi_version else summary.kind
        return f"{version}, {summary.inputs} in, {summary.outputs} out"

    def _x(self, layer: int) -> float:
        return MARGIN + sum(self._widths[:layer]) + GAP * layer

    def _y(self, row: float) -> float:
        return MARGIN + 34 + (row - self._top) * ROW + BOX_HEIGHT / 2

    def _box(self, component: str) -> Iterator[str]:
        layer, row = self._layout.nodes[component]
        x, y, width = self._x(layer), self._y(row) - BOX_HEIGHT / 2, self._widths[layer]
        stage = self._stage[component]
        yield f"<g><title>{escape(component)}: stage {stage + 1}, {escape(self._about(component))}</title>"
        yield (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX_HEIGHT}" rx="5" '
            f'fill="{STAGES[stage % len(STAGES)]}" stroke="{INK}" stroke-width="1"/>'
        )
        middle = x + width / 2
        yield (
            f'<text x="{middle:.1f}" y="{y + 19:.1f}" text-anchor="middle" font-size="13" font-weight="bold" '
            f'fill="{INK}">{escape(_short(component))}</text>'
        )
        yield (
            f'<text x="{middle:.1f}" y="{y + 35:.1f}" text-anchor="middle" font-size="10.5" '
            f'fill="{INK}">{escape(self._about(component))}</text></g>'
        )

    def _connection(self, connection: ConnectionSummary, pair: tuple[str, str]) -> Iterator[str]:
        colour, head = self._colour(pair)
        points = self._itself(pair[0]) if pair[0] == pair[1] else self._corners(pair)
        dash = ' stroke-dasharray="6 4"' if pair in self._layout.against or pair[0] == pair[1] else ""
        title = f"{pair[0]} -> {pair[1]}: {_counted(connection.connections)}"
        yield f"<g><title>{escape(title)}</title>"
        yield (
            f'<path d="{_path(points)}" fill="none" stroke="{colour}" stroke-width="1.6"{dash} '
            f'marker-end="url(#{head})"/>'
        )
        if connection.connections > 1 and pair[0] != pair[1]:
            yield self._label(points, str(connection.connections), colour)
        yield "</g>"

    def _colour(self, pair: tuple[str, str]) -> tuple[str, str]:
        if pair not in self._loops:
            return PLAIN, "plain"
        return (ALGEBRAIC, "algebraic") if self._loops[pair] else (LOOP, "loop")

    def _corners(self, pair: tuple[str, str]) -> list[tuple[float, float]]:
        """From the border of one box to that of the other, through the middle of the layers between."""
        line = self._layout.lines[pair]
        shares = self._shares(pair)
        corners = [self._end(line[0], line[1], shares[0])]
        for before, point, after in zip(line, line[1:-1], line[2:], strict=False):
            left, right = self._x(point.layer), self._x(point.layer) + self._widths[point.layer]
            y = self._y(point.row)
            corners += [(left, y), (right, y)] if before.layer < after.layer else [(right, y), (left, y)]
        corners.append(self._end(line[-1], line[-2], shares[1]))
        return corners

    def _end(self, box: Point, other: Point, share: float) -> tuple[float, float]:
        x = self._x(box.layer) + (self._widths[box.layer] if other.layer > box.layer else 0.0)
        return x, self._y(box.row) + (share - 0.5) * (BOX_HEIGHT - 12.0)

    def _shares(self, pair: tuple[str, str]) -> tuple[float, float]:
        """Where on the sides of its two boxes a line ends, so that lines to different boxes do not share a point."""
        ends = []
        for box, other in (pair, pair[::-1]):
            side = self._side(box, other)
            near = sorted(side, key=lambda each: (self._next(box, each).row, each))
            ends.append((near.index(pair) + 1) / (len(near) + 1))
        return ends[0], ends[1]

    def _side(self, box: str, other: str) -> list[tuple[str, str]]:
        """The lines that end on the side of a box on which that to another box ends."""
        here = self._layout.nodes[box].layer
        toward = self._layout.nodes[other].layer > here
        ending = [pair for pair in self._layout.lines if box in pair]
        return [p for p in ending if (self._layout.nodes[p[1] if p[0] == box else p[0]].layer > here) == toward]

    def _next(self, box: str, pair: tuple[str, str]) -> Point:
        line = self._layout.lines[pair]
        return line[1] if pair[0] == box else line[-2]

    def _itself(self, component: str) -> list[tuple[float, float]]:
        layer, row = self._layout.nodes[component]
        middle, top = self._x(layer) + self._widths[layer] / 2, self._y(row) - BOX_HEIGHT / 2
        return [(middle + 22, top), (middle + 22, top - 11), (middle - 22, top - 11), (middle - 22, top)]

    def _label(self, points: list[tuple[float, float]], text: str, colour: str) -> str:
        (x0, y0), (x1, y1) = points[0], points[1]
        # On the line at t = 0.4, where those that run the other way are not; the white rim of the digits interrupts it.
        x, y = x0 + (x1 - x0) * 0.424, y0 + (y1 - y0) * 0.352 + 3.5
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" font-size="10.5" fill="{colour}" stroke="#ffffff" '
            f'stroke-width="4" paint-order="stroke">{text}</text>'
        )

    def _legend(self) -> Iterator[str]:
        chips, x = [], 0.0
        for number in range(min(len(self._structure.stages), 12)):
            chips.append(
                f'<rect x="{x}" y="0" width="14" height="14" rx="3" fill="{STAGES[number % len(STAGES)]}" '
                f'stroke="{INK}" stroke-width="0.6"/>'
                f'<text x="{x + 19}" y="11.5" font-size="11.5" fill="{INK}">stage {number + 1}</text>'
            )
            x += 78.0 if number < 9 else 84.0
        yield "".join(chips)
        if self._layout.against:
            yield _sample(PLAIN, "against the order of the boxes", dashed=True)
        if not all(self._loops.values()):
            yield _sample(LOOP, "part of a loop through states")
        if any(self._loops.values()):
            yield _sample(ALGEBRAIC, "part of an algebraic loop")


def _path(points: list[tuple[float, float]]) -> str:
    """A smooth line: level at every corner, straight between the two corners of a layer that it passes."""
    text = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    if len(points) == 4 and points[0][0] == points[1][0]:  # from a box to itself
        return text + "".join(f" L{x:.1f},{y:.1f}" for x, y in points[1:])
    for (x0, y0), (x1, y1) in pairwise(points):
        half = (x1 - x0) / 2
        text += f" C{x0 + half:.1f},{y0:.1f} {x1 - half:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
    return text


def _arrowheads() -> Iterator[str]:
    yield "<defs>"
    for name, colour in (("plain", PLAIN), ("loop", LOOP), ("algebraic", ALGEBRAIC)):
        yield (
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9.2" refY="5" markerWidth="8" markerHeight="8" '
            f'orient="auto-start-reverse"><path d="M0,1 L10,5 L0,9 z" fill="{colour}"/></marker>'
        )
    yield "</defs>"


def _sample(colour: str, text: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<path d="M0,7 L34,7" stroke="{colour}" stroke-width="1.6"{dash}/>'
        f'<text x="44" y="11.5" font-size="11.5" fill="{INK}">{text}</text>'
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"


def _counted(number: int) -> str:
    return "1 connection" if number == 1 else f"{number} connections"
