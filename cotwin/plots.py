"""Pictures of a run: panels over time, as PNG files and as SVG text that takes the colours of the page around it."""

import re
from collections.abc import Sequence
from html import escape
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from cotwin.panels import Curve, Panel

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""Okabe and Ito's palette (2008), told apart by colour-blind readers and visible on light and dark paper."""

DASHES = ("-", "--", "-.", ":")
WIDTH = 5.4
HEIGHT = 2.3
LEGEND_CHARACTERS = 62
LEGEND_ROW = 0.18
POINTS = 1500
"""Points drawn of a curve; a longer one is thinned to the least and greatest value of each stretch."""

_PAGE_INK = "#010203"  # stands for the colour of the page's own text and is replaced in the SVG
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 9.5,
    "legend.fontsize": 9,
    "lines.linewidth": 1.4,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "svg.fonttype": "none",
    "path.simplify": True,
}


class TimeAxis(NamedTuple):
    """A readable unit of time: shown = seconds / `seconds`."""

    seconds: float
    unit: str


def time_axis(span: float) -> TimeAxis:
    """The unit that gives a span (s) between about 3 and 180 units."""
    for seconds, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if span > 3.0 * seconds:
            return TimeAxis(seconds, unit)
    return TimeAxis(1.0, "s")


def save_png(panels: Sequence[Panel], path: Path, title: str = "", made_by: str = "cotwin") -> Path:
    """Draw panels below each other over one time axis; creates the folder of `path`.

    `made_by` stands in the file as the software that made it.
    """
    with mpl.rc_context(_STYLE):
        heights = [_height(panel) for panel in panels]
        figure = Figure(figsize=(8.0, 0.5 + sum(heights)), layout="constrained", facecolor="white")
        rows = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        axis = time_axis(max(np.ptp(panel.times) for panel in panels))
        for axes, panel in zip(rows, panels, strict=True):
            _draw(axes, panel, axis, "#333333")
            axes.set_xlabel(f"time [{axis.unit}]" if axes is rows[-1] else "")
        figure.suptitle(title, fontsize=11, fontweight="bold")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=120, format="png", metadata={"Software": made_by})
    return path


def svg(panel: Panel, name: str) -> str:
    """One panel as an `<svg>` element without outer references; `name` keeps its inner ids apart from others."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name, "font.sans-serif": ["DejaVu Sans"]}):
        figure = Figure(figsize=(WIDTH, _height(panel)), layout="constrained")
        axes = figure.subplots()
        axis = time_axis(float(np.ptp(panel.times)))
        _draw(axes, panel, axis, _PAGE_INK)
        axes.set_xlabel(f"time [{axis.unit}]")
        text = StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    return _inline(text.getvalue(), ", ".join(curve.label for curve in panel.curves))


def _height(panel: Panel) -> float:
    """Height (inch) of a panel with the names above it."""
    return HEIGHT + LEGEND_ROW * (_legend_rows(panel) - 1)


def _legend_rows(panel: Panel) -> int:
    longest = max(len(curve.label) for curve in panel.curves)
    return -(-len(panel.curves) // max(1, LEGEND_CHARACTERS // (longest + 6)))


def _draw(axes: Axes, panel: Panel, axis: TimeAxis, ink: str) -> None:
    times = panel.times / axis.seconds
    for number, curve in enumerate(panel.curves):
        _draw_curve(axes, times, curve, number)
    _label(axes, panel, ink)
    if len(times) > 1 and times[-1] > times[0]:
        axes.set_xlim(times[0], times[-1] + 0.004 * (times[-1] - times[0]))
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 3, 5, 6, 10]))
    _open_flat_range(axes)


def _draw_curve(axes: Axes, times: NDArray[np.float64], curve: Curve, number: int) -> None:
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    values = curve.values.astype(float)
    if curve.band is not None:
        keep = np.unique(np.linspace(0, len(times) - 1, min(len(times), POINTS)).astype(int))
        axes.fill_between(times[keep], *curve.band[:, keep], color=colour, alpha=0.25, linewidth=0)
    keep = thinned(values, POINTS)
    style = "steps-post" if curve.stepped else "default"
    axes.plot(times[keep], values[keep], dash, color=colour, drawstyle=style, label=curve.label)


def _label(axes: Axes, panel: Panel, ink: str) -> None:
    """Unit on the axis, names above the panel, everything that is not a curve in one ink."""
    axes.set_ylabel(f"[{panel.unit}]" if panel.unit not in ("", "1") else "")
    items = panel.curves[0].items
    if all(curve.values.dtype.kind == "b" for curve in panel.curves):
        axes.set_yticks([0.0, 1.0], ["false", "true"])
    elif items:
        axes.set_yticks(list(items), list(items.values()))
        axes.set_ylim(min(items) - 0.3, max(items) + 0.3)
    else:
        whole = all(curve.stepped for curve in panel.curves)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10], integer=whole))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.7g}"))
    columns = -(-len(panel.curves) // _legend_rows(panel))
    axes.legend(
        axes.lines,  # named one by one: matplotlib leaves out labels that begin with an underscore
        [curve.label for curve in panel.curves],
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        frameon=False,
        labelcolor=ink,
        borderaxespad=0.2,
    )
    axes.grid(color=ink, alpha=0.15, linewidth=0.6)
    axes.tick_params(color=ink, labelcolor=ink)
    for part in (axes.xaxis.label, axes.yaxis.label):
        part.set_color(ink)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(ink)


def _open_flat_range(axes: Axes) -> None:
    """Keep the ticks of a nearly constant curve apart: at least a thousandth of its value is shown."""
    low, high = axes.get_ylim()
    least = max(1e-3 * max(abs(low), abs(high)), 1e-12)
    if high - low < least:
        middle = 0.5 * (low + high)
        axes.set_ylim(middle - 0.5 * least, middle + 0.5 * least)


def thinned(values: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Indices (at most `points`) that keep the first and last value and the extremes of each stretch between."""
    count = len(values)
    if count <= points:
        return np.arange(count)
    edges = np.linspace(0, count, points // 2).astype(int)
    kept = {0, count - 1}
    for start, stop in pairwise(edges):
        stretch = values[start:stop]
        kept.update((start + int(np.argmin(stretch)), start + int(np.argmax(stretch))))
    return np.array(sorted(kept), dtype=np.intp)


def _inline(text: str, description: str) -> str:
    """Make matplotlib's SVG file an element of a page: no prologue, no namespaces, the page's own ink and font."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", text)
    text = text.replace(_PAGE_INK, "currentColor")
    return re.sub(r"<svg ", f'<svg role="img" aria-label="{escape(description)}" ', text, count=1)
