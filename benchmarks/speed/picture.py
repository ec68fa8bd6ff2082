"""The picture: what a macro step costs with each master, as times the C floor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from speed.lines import Line

_COLOURS: Final = {"cotwin": "#0b6e4f", "cotwin, interpreted": "#7fb8a4"}
_OTHERS: Final = "#b8c0c8"
_LEFT: Final = 0.5


def draw(lines: Sequence[Line], workloads: Sequence[str], path: Path) -> None:
    """A panel for each workload, a bar for each master; the scale is logarithmic."""
    chosen = [line for workload in workloads for line in lines if line.workload == workload and line.ratio]
    names = sorted({line.who for line in chosen}, key=lambda name: _rank(name, chosen), reverse=True)
    shown = [workload for workload in workloads if any(line.workload == workload for line in chosen)]
    picture = Figure(figsize=(2.3 + 2.1 * len(shown), 1.0 + 0.34 * len(names)), layout="constrained")
    panels = picture.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, workload in zip(panels, shown, strict=True):
        _panel(axes, names, {line.who: line.ratio or 0.0 for line in chosen if line.workload == workload})
        axes.set_title(workload, fontsize=10, loc="left")
    picture.supxlabel("cost of a macro step, times that of straight C (dashed), logarithmic", fontsize=9)
    path.parent.mkdir(exist_ok=True)
    picture.savefig(path, dpi=130)


def _panel(axes, names: Sequence[str], ratios: dict[str, float]) -> None:  # type: ignore[no-untyped-def]
    values = [ratios.get(name, 0.0) for name in names]
    colours = [_COLOURS.get(name, _OTHERS) for name in names]
    bars = axes.barh(names, [max(value, _LEFT) for value in values], color=colours, height=0.66)
    axes.axvline(1.0, color="0.3", linewidth=0.8, linestyle="--")
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    labels = [_label(value) for value in values]
    for text in axes.bar_label(bars, labels, fontsize=8, color="0.2", padding=3.0):
        if text.get_text():
            text.set_bbox(ground)
    axes.set_xscale("log")
    axes.set_xlim(_LEFT, max(30.0, 25.0 * max(values, default=1.0)))
    axes.set_xticks([])
    axes.minorticks_off()
    axes.tick_params(labelsize=9, left=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _label(value: float) -> str:
    if not value:
        return ""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"


def _rank(name: str, lines: Sequence[Line]) -> float:
    ratios = [line.ratio for line in lines if line.who == name and line.ratio]
    return ratios[0] if ratios else float("inf")
